/* SPDX-License-Identifier: Apache-2.0 */
/* The judged model as the text compose runs: JSON, which is YAML to every compose, with every $
 * doubled so that none of them finds a variable in it. */
#include <stdlib.h>
#include <string.h>

#include "helper/policy/policy.h"

static json_t *double_dollars(const char *text)
{
    char *out = malloc(2 * strlen(text) + 1);
    if (out == NULL)
        return NULL;
    size_t length = 0;
    for (; *text != '\0'; text++) {
        if (*text == '$')
            out[length++] = '$';
        out[length++] = *text;
    }
    json_t *value = json_stringn(out, length);
    free(out);
    return value;
}

/* A copy in which every string value is doubled. Keys are left: compose fills in no variables
 * there, and the policy lets no $ into one. NULL when memory ran out. */
static json_t *escape(const json_t *value)
{
    if (json_is_string(value))
        return double_dollars(json_string_value(value));
    json_t *copy;
    int failed = 0;
    if (json_is_array(value)) {
        size_t i;
        json_t *item;
        copy = json_array();
        json_array_foreach(value, i, item)
            failed |= json_array_append_new(copy, escape(item)) != 0;
    } else if (json_is_object(value)) {
        const char *key;
        json_t *member;
        copy = json_object();
        json_object_foreach((json_t *)value, key, member)
            failed |= json_object_set_new(copy, key, escape(member)) != 0;
    } else {
        return json_copy((json_t *)value);
    }
    if (failed) {
        json_decref(copy);
        return NULL;
    }
    return copy;
}

static apr_status_t set_images(json_t *compose, const json_t *image_ids, aph_error_t *err)
{
    const char *name;
    json_t *service;
    json_object_foreach(json_object_get(compose, "services"), name, service) {
        json_t *id = json_object_get(image_ids, name);
        if (!json_is_string(id))
            return aph_error_set(err, APH_EINTERNAL, 610, "no image id for the service %s", name);
        json_object_set(service, "image", id);
    }
    return APR_SUCCESS;
}

apr_status_t aphd_render(const json_t *compose, const json_t *image_ids, char **text,
                         aph_error_t *err)
{
    json_t *copy = escape(compose);
    if (copy == NULL)
        return aph_error_set(err, APR_ENOMEM, 611, "no memory to render the compose file");
    apr_status_t rv = image_ids != NULL ? set_images(copy, image_ids, err) : APR_SUCCESS;
    if (rv == APR_SUCCESS) {
        *text = json_dumps(copy, JSON_INDENT(2) | JSON_PRESERVE_ORDER);
        if (*text == NULL)
            rv = aph_error_set(err, APR_ENOMEM, 612, "no memory to render the compose file");
    }
    json_decref(copy);
    return rv;
}
