/* SPDX-License-Identifier: Apache-2.0 */
/* A job's request, as far as it is kept: what its record tells, and what it is known again by. */
#include <stdlib.h>

#include "helper/monitor/job.h"

json_t *aphd_job_detail(const json_t *args)
{
    static const char *const told[] = {"entry",    "revision", "plan_hash", "catalog",
                                       "location", "kind",     "path",      "allow",
                                       "consents", "ids",      "changes",   "aliases"};
    json_t *detail = json_object();
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)args, key, value)
        if (json_is_boolean(value) || json_is_integer(value))
            json_object_set(detail, key, value);
    for (size_t i = 0; i < sizeof told / sizeof told[0]; i++)
        if ((value = json_object_get(args, told[i])) != NULL)
            json_object_set(detail, told[i], value);
    return detail;
}

apr_status_t aphd_job_digest(const aphd_order_t *order, char digest[APHD_DIGEST_DIGITS + 1],
                             aph_error_t *err)
{
    json_auto_t *both = json_pack("[s, O]", order->op->name, (json_t *)order->args);
    char *text = json_dumps(both, JSON_COMPACT | JSON_SORT_KEYS);
    if (text == NULL)
        return aph_error_set(err, APR_ENOMEM, 3080, "no memory for a job");
    aphd_secret_digest(text, digest);
    free(text);
    return APR_SUCCESS;
}
