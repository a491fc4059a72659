/* SPDX-License-Identifier: Apache-2.0 */
/* Any octets as an install and as an uninstall script. Whatever is accepted names only clean
 * paths below the app's folder. */
#include <stdlib.h>
#include <string.h>

#include <apr_general.h>

#include "helper/policy/grammar.h"
#include "helper/policy/model.h"
#include "helper/read/script.h"

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t size);

static const aphd_words_t words = {.host_port = "35007",
                                   .webapp_path = "/srv/data/7",
                                   .app_identifier = "apphost-12345678-7",
                                   .app_hostname = "a.home.arpa"};

static void must(int condition)
{
    if (!condition)
        abort();
}

static void check_paths(const json_t *rows)
{
    size_t i;
    json_t *row;
    json_array_foreach(rows, i, row) {
        const char *path = json_string_value(json_object_get(row, "path"));
        must(path != NULL && *path != '\0' && *path != '/');
        for (const char *part = path; *part != '\0';) {
            size_t length = strcspn(part, "/");
            must(length > 0 && !(length == 1 && *part == '.')
                 && !(length == 2 && memcmp(part, "..", 2) == 0));
            part += length + (part[length] == '/');
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t size)
{
    static int begun;
    apr_pool_t *p;
    json_t *normal = NULL;
    if (!begun)
        begun = apr_initialize() == APR_SUCCESS;
    apr_pool_create(&p, NULL);
    aph_error_t err = APH_ERROR_INIT;
    if (aphd_script_install((const char *)octets, size, &words, &normal, p, &err) == APR_SUCCESS) {
        must(aphd_model_check(json_object_get(normal, "compose"), &err) == APR_SUCCESS);
        check_paths(json_object_get(normal, "files"));
        check_paths(json_object_get(normal, "folders"));
        check_paths(json_object_get(normal, "modes"));
        json_decref(normal);
    }
    normal = NULL;
    err = (aph_error_t)APH_ERROR_INIT;
    if (aphd_script_uninstall((const char *)octets, size, &words, &normal, p, &err)
        == APR_SUCCESS) {
        check_paths(json_object_get(normal, "purge"));
        json_decref(normal);
    }
    apr_pool_destroy(p);
    return 0;
}
