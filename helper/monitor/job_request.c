/* SPDX-License-Identifier: Apache-2.0 */
/* A job's request, as far as it is kept: what its record tells, and what it is known again by,
 * when the same is asked once more. */
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

apr_status_t aphd_job_tell_end(aphd_monitor_t *monitor, aphd_conn_t *conn, int64_t job_id,
                               aph_error_t *err)
{
    json_auto_t *row = NULL;
    apr_status_t status = aphd_store_job_json(monitor->store, job_id, 0, &row, err);
    const char *code = json_string_value(json_object_get(row, "code"));
    json_t *answer = json_object_get(row, "answer");
    if (status == APR_SUCCESS && code != NULL)
        return aph_error_receive(err, code, json_string_value(json_object_get(row, "tag")),
                                 json_string_value(json_object_get(row, "message")));
    if (status == APR_SUCCESS)
        aphd_job_tell(monitor, conn, job_id, json_incref(answer), answer);
    return status;
}
