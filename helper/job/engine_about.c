/* SPDX-License-Identifier: Apache-2.0 */
#include "helper/job/engine_about.h"

#include <string.h>
#include <apr_strings.h>

#include "helper/job/registry_name.h"

#define IMAGES_MAX 1000 /* looked at for layers that are here; beyond, downloads are overestimated */

void aphd_engine_machine(const char *name, const char **architecture, const char **variant)
{
    static const struct {
        const char *machine, *architecture, *variant;
    } rows[] = {
        {"x86_64", "amd64", ""},   {"aarch64", "arm64", ""},  {"armv8l", "arm", "v8"},
        {"armv7l", "arm", "v7"},   {"armv6l", "arm", "v6"},   {"armv5tel", "arm", "v5"},
        {"i686", "386", ""},       {"i386", "386", ""},       {"loongarch64", "loong64", ""},
    };
    *architecture = name;
    *variant = "";
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (strcmp(name, rows[i].machine) == 0) {
            *architecture = rows[i].architecture;
            *variant = rows[i].variant;
        }
}

static int has_option(const json_t *info, const char *wanted)
{
    size_t i;
    json_t *option;
    json_array_foreach(json_object_get(info, "SecurityOptions"), i, option) {
        const char *text = json_string_value(option);
        if (text != NULL && strncmp(text, wanted, strlen(wanted)) == 0)
            return 1;
    }
    return 0;
}

apr_status_t aphd_engine_about(aphd_engine_t *engine, aphd_engine_about_t *about, apr_pool_t *p,
                               aph_error_t *err)
{
    memset(about, 0, sizeof *about);
    apr_status_t status = aphd_engine_get(engine, "/info", "describe itself", &about->info, err);
    if (status != APR_SUCCESS)
        return status;
    const char *machine = json_string_value(json_object_get(about->info, "Architecture"));
    const char *root = json_string_value(json_object_get(about->info, "DockerRootDir"));
    aphd_engine_machine(machine != NULL ? apr_pstrdup(p, machine) : "", &about->architecture,
                        &about->variant);
    about->root = root != NULL && root[0] == '/' ? apr_pstrdup(p, root) : NULL;
    about->remapped = has_option(about->info, "name=userns")
                   || has_option(about->info, "name=rootless");
    return APR_SUCCESS;
}

void aphd_engine_about_clear(aphd_engine_about_t *about)
{
    json_decref(about->info);
    about->info = NULL;
}

apr_status_t aphd_engine_chains(aphd_engine_t *engine, json_t **chains, apr_pool_t *p,
                                aph_error_t *err)
{
    json_auto_t *images = NULL;
    size_t i;
    json_t *image;
    *chains = json_array();
    apr_status_t status = aphd_engine_get(engine, "/images/json", "list its images", &images, err);
    json_array_foreach(images, i, image) {
        json_auto_t *whole = NULL;
        aph_error_t why = APH_ERROR_INIT;
        const char *id = json_string_value(json_object_get(image, "Id"));
        if (status != APR_SUCCESS || id == NULL || i >= IMAGES_MAX)
            continue;
        status = aphd_engine_get(engine, apr_pstrcat(p, "/images/", aphd_engine_escape(engine, id, p),
                                                     "/json", NULL), "describe an image", &whole,
                                 &why);
        json_t *layers = json_object_get(json_object_get(whole, "RootFS"), "Layers");
        if (status == APR_SUCCESS && json_is_array(layers))
            json_array_append(*chains, layers);
        else if (status == APH_ENOTFOUND)
            status = APR_SUCCESS;
        else if (status != APR_SUCCESS)
            *err = why;
    }
    return status;
}

apr_status_t aphd_engine_full_name(aphd_engine_t *engine, const char *ref, const char **full,
                                   apr_pool_t *p, aph_error_t *err)
{
    aphd_call_t call = {.method = "GET", .seconds = 30,
                        .path = apr_pstrcat(p, "/images/", aphd_engine_escape(engine, ref, p),
                                            "/json", NULL)};
    aphd_answer_t answer;
    *full = NULL;
    apr_status_t status = aphd_engine_call(engine, &call, &answer, err);
    if (status == APR_SUCCESS && answer.status == 404)
        *full = aphd_registry_full(ref, answer.message, p);
    aphd_answer_clear(&answer);
    return status;
}
