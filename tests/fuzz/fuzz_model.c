/* SPDX-License-Identifier: Apache-2.0 */
/* Any JSON as the answer of a reader that was taken over: what passes the check of the form is judged,
 * and no rule is broken by how it came about. */
#include <stdint.h>
#include <apr_general.h>

#include "helper/policy/model.h"
#include "tests/fuzz/judge_invariants.h"

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t size)
{
    static int begun;
    if (!begun)
        begun = apr_initialize() == APR_SUCCESS;
    json_t *compose = json_loadb((const char *)octets, size, JSON_REJECT_DUPLICATES, NULL);
    if (compose != NULL && aphd_model_check(compose, NULL) == APR_SUCCESS)
        aph_judge_invariants(compose);
    json_decref(compose);
    return 0;
}
