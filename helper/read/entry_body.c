/* SPDX-License-Identifier: Apache-2.0 */
/* What an app consists of: the compose part of a manifest through the one path that all compose
 * text takes, so that the policy judges it like any other; or its script, likewise; and its
 * files. */
#include <stdlib.h>
#include <string.h>
#include <apr_strings.h>

#include "helper/read/compose_normal.h"
#include "helper/read/entry_parts.h"
#include "helper/read/script.h"

#define FILES_MAX 64

static const char *text_of(const json_t *object, const char *member)
{
    const char *text = json_string_value(json_object_get(object, member));
    return text != NULL ? text : "";
}

/* --- files ---------------------------------------------------------------------------------- */

/* One below the other would need a folder and a file of one name. */
static int collide(const char *one, const char *other)
{
    size_t a = strlen(one), b = strlen(other), shorter = a < b ? a : b;
    if (memcmp(one, other, shorter) != 0)
        return 0;
    return a == b || (a < b ? other[a] : one[b]) == '/';
}

static apr_status_t add_file(json_t *script, const json_t *file, aphd_filling_t *filling,
                             aph_error_t *err)
{
    const char *path = text_of(file, "path"), *mode = text_of(file, "mode"), *text = NULL;
    json_t *files = json_object_get(script, "files");
    for (size_t i = 0; i < json_array_size(files); i++)
        if (collide(path, text_of(json_array_get(files, i), "path")))
            return aph_error_set(err, APH_EUNREADABLE, 2434,
                                 "files: %s stands in the way of another file", path);
    apr_status_t rv = aphd_fill(filling, text_of(file, "text"), &text, err);
    if (rv != APR_SUCCESS) {
        aph_error_wrap(err, "files: %s", path);
        return rv;
    }
    json_array_append_new(files, json_pack("{s:s,s:i,s:s}", "path", path, "line", 1, "text", text));
    if (*mode != '\0')
        json_array_append_new(json_object_get(script, "modes"),
                              json_pack("{s:s,s:i,s:s,s:b}", "path", path, "line", 1, "mode", mode,
                                        "recursive", 0));
    return APR_SUCCESS;
}

static apr_status_t add_files(json_t *script, const json_t *manifest, aphd_filling_t *filling,
                              aph_error_t *err)
{
    const json_t *files = json_object_get(manifest, "files");
    apr_status_t rv = APR_SUCCESS;
    for (size_t i = 0; i < json_array_size(files) && rv == APR_SUCCESS; i++)
        rv = add_file(script, json_array_get(files, i), filling, err);
    return rv;
}

/* --- compose -------------------------------------------------------------------------------- */

/* JSON is YAML where the string escapes are; jansson writes no others than libyaml reads, for what
 * is not ASCII goes out as it is. Twelve digits carry every number a person writes. */
static apr_status_t read_text(json_t *tree, const json_t *files, const aphd_filling_t *filling,
                              json_t **compose, aph_error_t *err)
{
    aphd_bundle_file_t bundled[FILES_MAX];
    aphd_bundle_t bundle = {bundled, 0};
    for (size_t i = 0; i < json_array_size(files) && i < FILES_MAX; i++) {
        const json_t *file = json_array_get(files, i);
        bundled[bundle.count++] =
            (aphd_bundle_file_t){text_of(file, "path"), text_of(file, "text"), 1};
    }
    char *text = json_dumps(tree, JSON_REAL_PRECISION(12));
    if (text == NULL)
        return aph_error_set(err, APH_EUNREADABLE, 2435, "compose is not read");
    const char *placed =
        aphd_lines_restore(filling->source, filling->source_length, "compose", text, filling->p);
    aphd_foreign_t foreign = {placed, strlen(placed), 1};
    apr_status_t rv = aphd_compose_read(&foreign, &bundle, compose, filling->p, err);
    free(text);
    return rv;
}

/* In compose a $ begins a variable, and $$ is a $. */
static apr_status_t fill_compose(aphd_filling_t *filling, json_t *tree, aph_error_t *err)
{
    filling->dollars = 1;
    apr_status_t rv = aphd_fill_tree(filling, tree, err);
    filling->dollars = 0;
    return rv;
}

static apr_status_t read_compose(const json_t *manifest, const json_t *files,
                                 aphd_filling_t *filling, json_t **compose, aph_error_t *err)
{
    json_t *tree = json_deep_copy(json_object_get(manifest, "compose"));
    apr_status_t rv = APR_SUCCESS;
    if (!json_is_object(json_object_get(tree, "services")))
        rv = aph_error_set(err, APH_EUNREADABLE, 2436, "it has no services");
    if (rv == APR_SUCCESS)
        rv = fill_compose(filling, tree, err);
    if (rv == APR_SUCCESS)
        rv = read_text(tree, files, filling, compose, err);
    if (rv != APR_SUCCESS)
        aph_error_wrap(err, "compose");
    json_decref(tree);
    return rv;
}

/* --- all of it ------------------------------------------------------------------------------ */

apr_status_t aphd_body_read(const json_t *manifest, aphd_filling_t *filling, json_t **script,
                            aph_error_t *err)
{
    const char *text = json_string_value(json_object_get(manifest, "script"));
    json_t *made = NULL;
    apr_status_t rv = APR_SUCCESS;
    if ((text != NULL) == (json_object_get(manifest, "compose") != NULL))
        return aph_error_set(err, APH_EUNREADABLE, 2438,
                             "a manifest has either compose or script; this one has %s",
                             text != NULL ? "both" : "none");
    if (text != NULL) {
        rv = aphd_script_install(text, strlen(text), filling->words, &made, filling->p, err);
        if (rv != APR_SUCCESS)
            aph_error_wrap(err, "script");
    } else {
        made =
            json_pack("{s:[],s:[],s:[],s:b,s:n}", "files", "folders", "modes", "up", 1, "compose");
    }
    if (rv == APR_SUCCESS)
        rv = add_files(made, manifest, filling, err);
    json_t *compose = NULL;
    if (rv == APR_SUCCESS && text == NULL)
        rv = read_compose(manifest, json_object_get(made, "files"), filling, &compose, err);
    if (compose != NULL)
        json_object_set_new(made, "compose", compose);
    if (rv == APR_SUCCESS)
        *script = made;
    else
        json_decref(made);
    return rv;
}

static int is_service(const json_t *script, const char *name)
{
    const json_t *services = json_object_get(json_object_get(script, "compose"), "services");
    for (size_t i = 0; i < json_array_size(services); i++)
        if (strcmp(text_of(json_array_get(services, i), "name"), name) == 0)
            return 1;
    return 0;
}

static apr_status_t name_service(const json_t *script, const char *where, const json_t *service,
                                 aph_error_t *err)
{
    const char *name = json_string_value(service);
    if (name == NULL || is_service(script, name))
        return APR_SUCCESS;
    return aph_error_set(err, APH_EUNREADABLE, 2439,
                         "%s names the service %s, and there is none of that name", where, name);
}

apr_status_t aphd_body_names(const json_t *script, const json_t *entry, apr_pool_t *p,
                             aph_error_t *err)
{
    const json_t *questions = json_object_get(entry, "questions");
    apr_status_t rv =
        name_service(script, "web", json_object_get(json_object_get(entry, "web"), "service"), err);
    if (rv == APR_SUCCESS)
        rv = name_service(script, "prepare", json_object_get(entry, "prepare"), err);
    for (size_t i = 0; i < json_array_size(questions) && rv == APR_SUCCESS; i++) {
        const json_t *question = json_array_get(questions, i);
        rv = name_service(script, apr_pstrcat(p, "question ", text_of(question, "id"), NULL),
                          json_object_get(question, "service"), err);
    }
    return rv;
}
