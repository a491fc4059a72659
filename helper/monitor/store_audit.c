/* SPDX-License-Identifier: Apache-2.0 */
/* The audit log: one record for each change, and for what was refused. */
#include "helper/monitor/people.h"
#include "helper/monitor/store_private.h"

apr_status_t aphd_store_audit(aphd_store_t *store, const aphd_who_t *who,
                              const aphd_audit_t *record, int64_t now, aph_error_t *err)
{
    apr_status_t status = aphd_sql_run(
        store, SQL_AUDIT_ADD, err, "iiittttttj", now, (int64_t)who->uid, (int64_t)who->pid,
        record->op, record->name, record->result, who->user[0] != '\0' ? who->user : NULL, who->via,
        who->from[0] != '\0' ? who->from : NULL, record->detail);
    if (status == APR_SUCCESS)
        status = aphd_sql_run(store, SQL_AUDIT_PRUNE, err, "i", (int64_t)APHD_AUDITS_KEPT);
    if (status == APR_SUCCESS)
        status =
            aphd_sql_run(store, SQL_AUDIT_PRUNE_REFUSED, err, "i", (int64_t)APHD_REFUSALS_KEPT);
    return status;
}

static json_t *read_audit(aphd_store_t *store)
{
    int64_t job_id = aphd_sql_int(store, SQL_AUDIT, 5);
    return json_pack("{s:I, s:I, s:I, s:s, s:s, s:o, s:s, s:s?, s:s, s:s?, s:o}", "id",
                     (json_int_t)aphd_sql_int(store, SQL_AUDIT, 0), "at",
                     (json_int_t)aphd_sql_int(store, SQL_AUDIT, 1), "uid",
                     (json_int_t)aphd_sql_int(store, SQL_AUDIT, 2), "op",
                     aphd_sql_text(store, SQL_AUDIT, 3), "name", aphd_sql_text(store, SQL_AUDIT, 4),
                     "job_id", job_id != 0 ? json_integer(job_id) : json_null(), "result",
                     aphd_sql_text(store, SQL_AUDIT, 6), "user", aphd_sql_text(store, SQL_AUDIT, 7),
                     "via", aphd_sql_text(store, SQL_AUDIT, 8), "from",
                     aphd_sql_text(store, SQL_AUDIT, 9), "detail",
                     aphd_sql_json(store, SQL_AUDIT, 10));
}

apr_status_t aphd_store_audits(aphd_store_t *store, const aphd_audit_query_t *query,
                               json_t **records, aph_error_t *err)
{
    apr_status_t status = aphd_sql_bind(store, SQL_AUDIT, err, "itti", query->before, query->name,
                                        query->user, (int64_t)query->limit);
    return status == APR_SUCCESS ? aphd_sql_list(store, SQL_AUDIT, read_audit, records, err)
                                 : status;
}
