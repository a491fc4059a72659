/* SPDX-License-Identifier: Apache-2.0 */
#include "helper/job/engine_images.h"

#include <string.h>
#include <apr_strings.h>

void aphd_image_split(const char *ref, const char **name, const char **tag, apr_pool_t *p)
{
    const char *digest = strchr(ref, '@');
    const char *end = digest != NULL ? digest : ref + strlen(ref);
    /* Before the digest: in what is no reference, a slash may come after it. */
    const char *slash = memrchr(ref, '/', (size_t)(end - ref));
    const char *colon = memchr(slash != NULL ? slash : ref, ':',
                               (size_t)(end - (slash != NULL ? slash : ref)));
    *name = apr_pstrndup(p, ref, (size_t)((colon != NULL ? colon : end) - ref));
    if (digest != NULL)
        *tag = apr_pstrdup(p, digest + 1);
    else
        *tag = colon != NULL ? apr_pstrdup(p, colon + 1) : "latest";
}

/* The digest under which the registry of ref knows the image: the one whose name is ref's. */
static const char *digest_of(const json_t *image, const char *ref, apr_pool_t *p)
{
    const char *name, *tag, *found = NULL;
    aphd_image_split(ref, &name, &tag, p);
    size_t i;
    json_t *value;
    json_array_foreach(json_object_get(image, "RepoDigests"), i, value) {
        const char *text = json_string_value(value);
        const char *at = text != NULL ? strchr(text, '@') : NULL;
        if (at == NULL)
            continue;
        if (found == NULL || ((size_t)(at - text) == strlen(name)
                              && strncmp(text, name, strlen(name)) == 0))
            found = text;
    }
    return found != NULL ? apr_pstrdup(p, found) : NULL;
}

/* The value of NAME in the image's environment. */
static const char *variable(const json_t *config, const char *name, apr_pool_t *p)
{
    size_t i, length = strlen(name);
    json_t *item;
    json_array_foreach(json_object_get(config, "Env"), i, item) {
        const char *text = json_string_value(item);
        if (text != NULL && strncmp(text, name, length) == 0 && text[length] == '=')
            return apr_pstrdup(p, text + length + 1);
    }
    return NULL;
}

static void read_user(const json_t *body, aphd_image_t *image, apr_pool_t *p)
{
    const json_t *config = json_object_get(body, "Config");
    const char *user = json_string_value(json_object_get(config, "User"));
    image->user = user != NULL ? apr_pstrdup(p, user) : "";
    image->puid = variable(config, "PUID", p);
    image->pgid = variable(config, "PGID", p);
}

apr_status_t aphd_image_find(aphd_engine_t *engine, const char *ref, aphd_image_t *image,
                             apr_pool_t *p, aph_error_t *err)
{
    json_auto_t *body = NULL;
    const char *name = aphd_engine_escape(engine, ref, p);
    const char *path = apr_pstrcat(p, "/images/", name, "/json", NULL);
    memset(image, 0, sizeof *image);
    apr_status_t status = aphd_engine_get(engine, path, "look an image up", &body, err);
    if (status != APR_SUCCESS)
        return status;
    image->id = apr_pstrdup(p, json_string_value(json_object_get(body, "Id")));
    image->digest = digest_of(body, ref, p);
    image->size = json_integer_value(json_object_get(body, "Size"));
    image->tagged = json_array_size(json_object_get(body, "RepoTags")) > 0;
    read_user(body, image, p);
    if (image->id == NULL)
        return aph_error_set(err, APH_EENGINE, 1050, "the engine knows image %s and gives it no id",
                             ref);
    return APR_SUCCESS;
}

apr_status_t aphd_image_tag(aphd_engine_t *engine, const char *image, const char *ref,
                            apr_pool_t *p, aph_error_t *err)
{
    const char *name, *tag;
    aphd_image_split(ref, &name, &tag, p);
    aphd_call_t call = {
        .method = "POST", .seconds = 60,
        .path = apr_pstrcat(p, "/images/", aphd_engine_escape(engine, image, p), "/tag?repo=",
                            aphd_engine_escape(engine, name, p), "&tag=",
                            aphd_engine_escape(engine, tag, p), NULL),
    };
    aphd_answer_t answer;
    apr_status_t status = aphd_engine_call(engine, &call, &answer, err);
    if (status == APR_SUCCESS)
        status = aphd_answer_check(&answer, "name an image", err);
    aphd_answer_clear(&answer);
    return status;
}

apr_status_t aphd_image_drop(aphd_engine_t *engine, const char *ref, int *kept, apr_pool_t *p,
                             aph_error_t *err)
{
    aphd_call_t call = {
        .method = "DELETE", .seconds = 120,
        .path = apr_pstrcat(p, "/images/", aphd_engine_escape(engine, ref, p), NULL),
    };
    aphd_answer_t answer;
    apr_status_t status = aphd_engine_call(engine, &call, &answer, err);
    *kept = status == APR_SUCCESS && answer.status == 409;
    if (status == APR_SUCCESS && answer.status != 404 && answer.status != 409)
        status = aphd_answer_check(&answer, "remove an image", err);
    aphd_answer_clear(&answer);
    return status;
}
