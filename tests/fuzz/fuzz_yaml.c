/* SPDX-License-Identifier: Apache-2.0 */
/* Any octets as a compose file, from end to end: read, judged, rendered. */
#include <string.h>

#include <apr_general.h>

#include "helper/policy/model.h"
#include "helper/read/compose_normal.h"
#include "tests/fuzz/judge_invariants.h"

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t size);

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
        aph_must(aphd_model_check(normal, &err) == APR_SUCCESS);
        aph_judge_invariants(normal);
        json_decref(normal);
    } else {
        aph_must(err.status != APR_SUCCESS && err.message[0] != '\0');
    }
    apr_pool_destroy(p);
    return 0;
}
