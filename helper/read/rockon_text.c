/* SPDX-License-Identifier: Apache-2.0 */
/* A rock-on definition becomes a manifest of ours. The steps, in aphd_rockon_convert:
 *
 *  1. the text is one JSON object with one member, the rock-on by its name
 *  2. keys that were published at the wrong level go where they belong; others that nobody knows
 * are refused by name
 *  3. containers are put into the order they start in; each becomes a service
 *  4. arguments of docker run become compose keys, shared volumes are shared
 *  5. what is left to the person becomes questions
 *  6. passwords that are the same on every machine become secrets
 *  7. names and texts */
#include <string.h>
#include <strings.h>
#include <apr_strings.h>

#include "helper/read/entry_parts.h"
#include "helper/read/rockon.h"

static int is_among(const char *key, const char *const *list)
{
    for (; *list != NULL; list++)
        if (strcmp(*list, key) == 0)
            return 1;
    return 0;
}

static const char *const rockon_keys[] = {
    "description", "version", "website",         "containers",    "more_info", "volume_add_support",
    "icon",        "ui",      "container_links", "custom_config", NULL};
static const char *const container_keys[] = {"image",   "tag",         "launch_order",  "ports",
                                             "volumes", "environment", "opts",          "uid",
                                             "gid",     "devices",     "cmd_arguments", NULL};
/* Published at either level by mistake: harmless where they say something about people, and certain
 * where only one container can be meant. */
static const char *const stray_keys[] = {"label",   "description", "volume_add_support",
                                         "index",   "more_info",   "website",
                                         "version", "icon",        NULL};
static const char *const lost_keys[] = {"opts", "environment", "devices", "cmd_arguments", "tag",
                                        "uid",  "gid",         "ports",   "volumes",       NULL};
static const char *const raised_keys[] = {"custom_config", "container_links", "ui", NULL};

static apr_status_t unknown(aphd_rockon_t *r, const char *place, const char *key)
{
    return aph_error_set(r->err, APH_EUNREADABLE, 2460,
                         "%.80s: %.60s is not a key of a rock-on, and what it should mean is not "
                         "known",
                         place, key);
}

/* --- 1. the text --- */

static apr_status_t open_rockon(aphd_rockon_t *r, json_t *root)
{
    void *only = json_is_object(root) ? json_object_iter(root) : NULL;
    if (only == NULL || json_object_size(root) != 1)
        return aph_error_set(
            r->err, APH_EUNREADABLE, 2459,
            "a rock-on is one object with one member, whose name is the rock-on's; "
            "here are %zu",
            json_object_size(root));
    r->title = json_object_iter_key(only);
    r->text = json_object_iter_value(only);
    json_t *containers = json_object_get(r->text, "containers");
    if (!json_is_object(containers) || json_object_size(containers) == 0 ||
        json_object_size(containers) > APHD_ROCKON_CONTAINERS)
        return aph_error_set(r->err, APH_EUNREADABLE, 2461,
                             "%.80s.containers: is not an object with 1 to %d containers", r->title,
                             APHD_ROCKON_CONTAINERS);
    return APR_SUCCESS;
}

/* --- 2. keys in wrong places --- */

/* A port that stands among the keys of its container. */
static int is_lost_port(const char *key, const json_t *value)
{
    return *key != '\0' && key[strspn(key, "0123456789")] == '\0' && json_is_object(value);
}

static json_t *object_of(json_t *text, const char *key)
{
    json_t *value = json_object_get(text, key);
    if (json_is_object(value))
        return value;
    value = json_object();
    json_object_set_new(text, key, value);
    return value;
}

static apr_status_t mend_container(aphd_rockon_t *r, const char *name, json_t *text)
{
    const char *key;
    void *next;
    json_t *value;
    json_object_foreach_safe(text, next, key, value) {
        if (is_among(key, container_keys) || is_among(key, stray_keys))
            continue;
        if (is_lost_port(key, value)) {
            json_object_set(object_of(text, "ports"), key, value);
        } else if (is_among(key, raised_keys)) {
            if (json_object_get(r->text, key) == NULL)
                json_object_set(r->text, key, value);
        } else {
            return unknown(r, name, key);
        }
    }
    return APR_SUCCESS;
}

static const char *const text_keys[] = {"description", "version", "website", "more_info", "icon", NULL};
static const char *const object_keys[] = {"ui", "container_links", "custom_config", NULL};

static apr_status_t misfit(aphd_rockon_t *r, const char *key, const char *wanted)
{
    return aph_error_set(r->err, APH_EUNREADABLE, 2810, "%.80s.%.80s: is not %s", r->title, key, wanted);
}

/* Texts are texts and objects are objects; an empty list is an empty object that a program wrote. */
static apr_status_t check_types(aphd_rockon_t *r)
{
    const char *key;
    json_t *value;
    json_object_foreach(r->text, key, value) {
        int empty = json_is_null(value) || (json_is_array(value) && json_array_size(value) == 0);
        if (is_among(key, text_keys) && !json_is_null(value) && aphd_rockon_text(value, r->p) == NULL)
            return misfit(r, key, "a text");
        if (is_among(key, object_keys) && !empty && !json_is_object(value))
            return misfit(r, key, "an object");
    }
    json_object_foreach(json_object_get(r->text, "container_links"), key, value)
        if (!json_is_array(value))
            return misfit(r, apr_pstrcat(r->p, "container_links.", key, NULL), "a list of links");
    return APR_SUCCESS;
}

/* What stands beside the containers and belongs into one: only where there is one. */
static apr_status_t mend_rockon(aphd_rockon_t *r)
{
    json_t *containers = json_object_get(r->text, "containers"), *value;
    json_t *single = json_object_size(containers) == 1
                         ? json_object_iter_value(json_object_iter(containers))
                         : NULL;
    const char *key;
    json_object_foreach(r->text, key, value) {
        if (is_among(key, rockon_keys) || is_among(key, stray_keys))
            continue;
        if (single == NULL || !is_among(key, lost_keys) || json_object_get(single, key) != NULL)
            return unknown(r, r->title, key);
        json_object_set(single, key, value);
    }
    return APR_SUCCESS;
}

/* custom_config asks for what a program of Rockstor did with the answers. */
static apr_status_t refuse_custom(aphd_rockon_t *r)
{
    json_t *custom = json_object_get(r->text, "custom_config");
    if (!json_is_object(custom) || json_object_size(custom) == 0)
        return APR_SUCCESS;
    return aph_error_set(
        r->err, APH_EDENIED, 2462,
        "custom_config.%.60s: a program of Rockstor's own sets the app up with this "
        "answer, outside of its containers; apphost runs nothing of the kind",
        json_object_iter_key(json_object_iter(custom)));
}

/* --- 3. containers --- */

static int is_name(const char *text)
{
    size_t length = strlen(text);
    return length >= 1 && length <= 63 && strchr("._-", *text) == NULL &&
           strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") ==
               length;
}

static apr_status_t set_image(aphd_rockon_t *r, aphd_rockon_container_t *c)
{
    const char *image = aphd_rockon_text(json_object_get(c->text, "image"), r->p);
    json_t *given = json_object_get(c->text, "tag");
    const char *tag = aphd_rockon_text(given, r->p);
    if (image == NULL || !aphd_grammar_fits(APHD_GRAMMAR_REFERENCE, image))
        return aph_error_set(r->err, APH_EUNREADABLE, 2463,
                             "containers.%.60s.image: is not the name of an image", c->name);
    json_object_set_new(c->text, "image", json_string(image)); /* without blanks around it */
    const char *slash = strrchr(image, '/');
    int tagged = strchr(slash != NULL ? slash : image, ':') != NULL || strchr(image, '@') != NULL;
    if (tag != NULL && *tag != '\0' && !tagged)
        image = apr_pstrcat(r->p, image, ":", tag, NULL);
    if ((given != NULL && !json_is_null(given) && tag == NULL) ||
        !aphd_grammar_fits(APHD_GRAMMAR_REFERENCE, image))
        return aph_error_set(r->err, APH_EUNREADABLE, 2464,
                             "containers.%.60s.tag: is not the tag of an image", c->name);
    json_object_set_new(c->service, "image", json_string(image));
    return APR_SUCCESS;
}

static apr_status_t add_container(aphd_rockon_t *r, const char *name, json_t *text)
{
    json_int_t order = APHD_ROCKON_CONTAINERS + 1; /* who says nothing starts last */
    json_t *given = json_object_get(text, "launch_order");
    if (!is_name(name))
        return aph_error_set(
            r->err, APH_EUNREADABLE, 2465,
            "containers.%.80s: is not a name of a container: letters, digits, and . "
            "_ - inside",
            name);
    if (!json_is_object(text))
        return aph_error_set(r->err, APH_EUNREADABLE, 2466, "containers.%.60s: is not an object",
                             name);
    if (given != NULL && !json_is_null(given) && !aphd_rockon_number(given, &order))
        return aph_error_set(r->err, APH_EUNREADABLE, 2467,
                             "containers.%.60s.launch_order: is not a number", name);
    apr_status_t rv = mend_container(r, name, text);
    size_t at = r->count++;
    for (; at > 0 && r->containers[at - 1].order > order; at--)
        r->containers[at] = r->containers[at - 1];
    r->containers[at] = (aphd_rockon_container_t){.name = name, .text = text, .order = order};
    return rv;
}

static apr_status_t add_containers(aphd_rockon_t *r)
{
    const char *name;
    json_t *text;
    apr_status_t rv = mend_rockon(r);
    json_object_foreach(json_object_get(r->text, "containers"), name, text)
        if (rv == APR_SUCCESS)
            rv = add_container(r, name, text);
    if (rv == APR_SUCCESS)
        rv = check_types(r);
    if (rv == APR_SUCCESS)
        rv = refuse_custom(r);
    for (size_t i = 0; i < r->count && rv == APR_SUCCESS; i++) {
        aphd_rockon_container_t *c = &r->containers[i];
        c->service = json_pack("{s:{},s:s}", "environment", "restart", "unless-stopped");
        json_object_set_new(r->services, c->name, c->service);
        rv = set_image(r, c);
    }
    return rv;
}

/* Each needs those of the number before its own. */
static void set_order(aphd_rockon_t *r)
{
    for (size_t i = 0; i < r->count; i++) {
        const aphd_rockon_container_t *c = &r->containers[i];
        json_int_t before = 0;
        int any = 0;
        for (size_t k = 0; k < i; k++)
            if (!r->containers[k].folded && r->containers[k].order < c->order) {
                before = r->containers[k].order;
                any = 1;
            }
        for (size_t k = 0; any && !c->folded && k < i; k++)
            if (!r->containers[k].folded && r->containers[k].order == before)
                aphd_rockon_add(c->service, "depends_on", json_string(r->containers[k].name));
    }
}

/* --- 5. questions --- */

typedef apr_status_t (*container_cb)(aphd_rockon_t *r, aphd_rockon_container_t *c);

static apr_status_t for_all(aphd_rockon_t *r, container_cb take)
{
    apr_status_t rv = APR_SUCCESS;
    for (size_t i = 0; i < r->count && rv == APR_SUCCESS; i++)
        if (!r->containers[i].folded)
            rv = take(r, &r->containers[i]);
    return rv;
}

static apr_status_t ask(aphd_rockon_t *r)
{
    static const container_cb asks[] = {aphd_rockon_volumes, aphd_rockon_ports, aphd_rockon_devices,
                                        aphd_rockon_environment, aphd_rockon_owner};
    apr_status_t rv = APR_SUCCESS;
    for (size_t i = 0; i < sizeof asks / sizeof asks[0] && rv == APR_SUCCESS; i++)
        rv = for_all(r, asks[i]);
    return rv;
}

/* --- the whole --- */

static apr_status_t convert(aphd_rockon_t *r, json_t *root)
{
    apr_status_t rv = open_rockon(r, root);
    if (rv == APR_SUCCESS)
        rv = add_containers(r);
    if (rv == APR_SUCCESS)
        rv = for_all(r, aphd_rockon_opts);
    if (rv == APR_SUCCESS)
        rv = aphd_rockon_share(r);
    if (rv == APR_SUCCESS)
        rv = ask(r);
    if (rv != APR_SUCCESS)
        return rv;
    set_order(r);
    aphd_rockon_passwords(r);
    return aphd_rockon_about(r);
}

/* Whether the page is the only way in. */
static int is_only_way(const aphd_rockon_t *r)
{
    size_t i;
    json_t *question;
    json_array_foreach(r->questions, i, question)
        if (strcmp(json_string_value(json_object_get(question, "kind")), "port") == 0)
            return 0;
    return 1;
}

/* Puts the parts together, without those that only stood for something else. */
static void finish(aphd_rockon_t *r)
{
    for (size_t i = 0; i < r->count; i++) {
        if (json_object_size(json_object_get(r->containers[i].service, "environment")) == 0)
            json_object_del(r->containers[i].service, "environment");
        if (r->containers[i].folded)
            json_object_del(r->services, r->containers[i].name);
    }
    json_t *web = json_object_get(r->manifest, "web");
    if (web != NULL)
        json_object_set_new(web, "only", json_boolean(is_only_way(r)));
    json_t *compose = json_pack("{s:O}", "services", r->services);
    if (json_object_size(r->volumes) > 0)
        json_object_set(compose, "volumes", r->volumes);
    json_object_set_new(r->manifest, "compose", compose);
    json_object_set(r->manifest, "questions", r->questions);
    json_object_set(r->manifest, "permissions", r->permissions);
    json_object_set(r->manifest, "credentials", r->credentials);
}

apr_status_t aphd_rockon_convert(const char *text, size_t length, json_t **manifest, apr_pool_t *p,
                                 aph_error_t *err)
{
    json_t *root = NULL;
    apr_status_t rv = aphd_manifest_load(text, length, &root, err);
    if (rv != APR_SUCCESS)
        return rv;
    aphd_rockon_t *r = apr_pcalloc(p, sizeof *r);
    r->p = p;
    r->err = err;
    r->manifest = json_pack("{s:i,s:i}", "apphost", 1, "revision", 0);
    r->services = json_object();
    r->volumes = json_object();
    r->questions = json_array();
    r->permissions = json_array();
    r->credentials = json_array();
    rv = convert(r, root);
    if (rv == APR_SUCCESS) {
        finish(r);
        *manifest = json_incref(r->manifest);
    }
    json_decref(r->manifest);
    json_decref(r->services);
    json_decref(r->volumes);
    json_decref(r->questions);
    json_decref(r->permissions);
    json_decref(r->credentials);
    json_decref(root);
    return rv;
}
