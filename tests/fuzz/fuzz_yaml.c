/* SPDX-License-Identifier: Apache-2.0 */
/* Any octets as a compose file: read, checked, judged, rendered. What the reader makes must
 * always be a normal form, and what is allowed must render to JSON without a lone $. */
#include <stdlib.h>
#include <string.h>

#include <apr_general.h>

#include "helper/policy/model.h"
#include "helper/policy/policy.h"
#include "helper/read/compose_normal.h"

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t size);

static const aphd_policy_site_t site = {.app_id = 7,
                                        .port = 35007,
                                        .max_app_id = 999,
                                        .project = "apphost-12345678-7",
                                        .instance = "i",
                                        .data_dir = "/srv/data/7",
                                        .subnet = "10.213.0.0/28"};

static void must(int condition)
{
    if (!condition)
        abort();
}

static void check_rendered(const aphd_policy_result_t *result)
{
    char *text = NULL;
    must(aphd_render(result->compose, NULL, &text, NULL) == APR_SUCCESS);
    for (const char *at = strchr(text, '$'); at != NULL; at = strchr(at + 2, '$'))
        must(at[1] == '$');
    must(strstr(text, "\"privileged\"") == NULL || strstr(text, "\"privileged\": true") == NULL);
    json_t *again = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
    must(again != NULL);
    json_decref(again);
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t size)
{
    static int begun;
    apr_pool_t *p;
    json_t *normal = NULL;
    aph_error_t err = APH_ERROR_INIT;
    if (!begun)
        begun = apr_initialize() == APR_SUCCESS;
    apr_pool_create(&p, NULL);
    aphd_foreign_t foreign = {(const char *)octets, size, 1};
    if (aphd_compose_read(&foreign, NULL, &normal, p, &err) == APR_SUCCESS) {
        aphd_policy_result_t result;
        must(aphd_policy_judge(normal, &site, &result, &err) == APR_SUCCESS);
        must((result.compose == NULL) == (result.verdict == APHD_DENY));
        if (result.compose != NULL)
            check_rendered(&result);
        aphd_policy_result_clear(&result);
        json_decref(normal);
    } else {
        must(err.status != APR_SUCCESS && err.message[0] != '\0');
    }
    apr_pool_destroy(p);
    return 0;
}
