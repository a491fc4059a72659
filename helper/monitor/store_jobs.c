/* SPDX-License-Identifier: Apache-2.0 */
/* The jobs' rows: the journal that recovery reads, and the record that people read. */
#include <string.h>

#include "helper/monitor/store_private.h"

apr_status_t aphd_store_job_add(aphd_store_t *store, const aphd_job_row_t *job, int64_t now,
                                int64_t *job_id, aph_error_t *err)
{
    apr_status_t status = aphd_sql_run(store, SQL_JOB_ADD, err, "ttitiii", job->op, job->name,
                                       (int64_t)job->app_id, job->args, (int64_t)job->uid,
                                       (int64_t)job->pid, now);
    if (status == APR_SUCCESS)
        *job_id = sqlite3_last_insert_rowid(store->db);
    return status;
}

apr_status_t aphd_store_job_run(aphd_store_t *store, int64_t job_id, int recovering, int64_t now,
                                aph_error_t *err)
{
    return aphd_sql_run(store, SQL_JOB_RUN, err, "iii", job_id, (int64_t)(recovering != 0), now);
}

apr_status_t aphd_store_job_step(aphd_store_t *store, int64_t job_id, const char *step,
                                 const json_t *undo, const char *log, aph_error_t *err)
{
    return aphd_sql_run(store, SQL_JOB_STEP, err, "itjt", job_id, step, undo, log);
}

/* What the end of a job means for its app's row. */
static apr_status_t settle_app(aphd_store_t *store, const aphd_job_end_t *end, aph_error_t *err)
{
    int64_t app_id = end->app_id;
    apr_status_t status = APR_SUCCESS;
    if (app_id == 0)
        return APR_SUCCESS;
    switch (end->app) {
    case APHD_END_KEEP:
        if (strcmp(end->result, "done") == 0)
            status = aphd_sql_run(store, SQL_APP_SETTLE, err, "i", app_id);
        return status;
    case APHD_END_KEPT_DATA:
        status = aphd_sql_run(store, SQL_ALIASES_DROP, err, "i", app_id);
        return status == APR_SUCCESS
             ? aphd_app_keep_data(store, end->app_id, end->now, err) : status;
    case APHD_END_FAILING:
        return aphd_sql_run(store, SQL_APP_CHANGE, err, "ittti", app_id, "failing", (char *)NULL,
                            end->message, end->now);
    case APHD_END_GONE:
        /* An id under which nothing was ever to run, such as that of a mere plan, needs no rest. */
        status = aphd_sql_run(store, SQL_REST, err, "ii", app_id, end->now + APHD_ID_RESTS_SECONDS);
        if (status == APR_SUCCESS)
            status = aphd_sql_run(store, SQL_APP_DELETE, err, "i", app_id);
        return status;
    }
    return APR_SUCCESS;
}

static apr_status_t end_rows(aphd_store_t *store, const aphd_job_end_t *end, aph_error_t *err)
{
    apr_status_t status =
        aphd_sql_run(store, SQL_JOB_END, err, "itjtttti", end->job_id, end->result, end->answer,
                     end->code, end->tag, end->message, end->log, end->now);
    if (status == APR_SUCCESS && end->record != NULL && end->app_id != 0)
        status = aphd_store_record(store, end->app_id, end->record, end->now, err);
    if (status == APR_SUCCESS)
        status = settle_app(store, end, err);
    if (status == APR_SUCCESS)
        status = aphd_sql_run(store, SQL_AUDIT_JOB, err, "iit", end->job_id, end->now, end->result);
    if (status == APR_SUCCESS)
        status = aphd_sql_run(store, SQL_JOBS_PRUNE, err, "i", end->job_id - APHD_JOBS_KEPT);
    if (status == APR_SUCCESS)
        status = aphd_sql_run(store, SQL_AUDIT_PRUNE, err, "i", (int64_t)APHD_AUDITS_KEPT);
    if (status == APR_SUCCESS)
        status = aphd_sql_run(store, SQL_RESTED, err, "i", end->now);
    return status;
}

apr_status_t aphd_store_job_end(aphd_store_t *store, const aphd_job_end_t *end, aph_error_t *err)
{
    apr_status_t status = aphd_sql_begin(store, err);
    if (status != APR_SUCCESS)
        return status;
    return aphd_sql_end(store, end_rows(store, end, err), err);
}

apr_status_t aphd_store_job_told(aphd_store_t *store, int64_t job_id, const json_t *answer,
                                 aph_error_t *err)
{
    return aphd_sql_run(store, SQL_JOB_TOLD, err, "ij", job_id, answer);
}

apr_status_t aphd_store_jobs_open(aphd_store_t *store,
                                  apr_status_t (*job_cb)(void *self, const aphd_job_row_t *job),
                                  void *self, aph_error_t *err)
{
    apr_status_t status = aphd_sql_bind(store, SQL_JOBS_OPEN, err, "");
    while (status == APR_SUCCESS
           && (status = aphd_sql_next(store, SQL_JOBS_OPEN, err)) == APR_SUCCESS) {
        aphd_job_row_t job = {
            .job_id = aphd_sql_int(store, SQL_JOBS_OPEN, 0),
            .op = aphd_sql_text(store, SQL_JOBS_OPEN, 1),
            .name = aphd_sql_text(store, SQL_JOBS_OPEN, 2),
            .app_id = (int)aphd_sql_int(store, SQL_JOBS_OPEN, 3),
            .running = (int)aphd_sql_int(store, SQL_JOBS_OPEN, 4),
            .recoveries = (int)aphd_sql_int(store, SQL_JOBS_OPEN, 5),
            .args = aphd_sql_text(store, SQL_JOBS_OPEN, 6),
            .step = aphd_sql_text(store, SQL_JOBS_OPEN, 7),
            .undo = aphd_sql_text(store, SQL_JOBS_OPEN, 8),
            .uid = (unsigned)aphd_sql_int(store, SQL_JOBS_OPEN, 9),
            .pid = (int)aphd_sql_int(store, SQL_JOBS_OPEN, 10),
        };
        status = job_cb(self, &job);
    }
    aphd_sql_reset(store, SQL_JOBS_OPEN);
    return status == APR_NOTFOUND ? APR_SUCCESS : status;
}

static json_t *time_column(aphd_store_t *store, aphd_sql_t number, int column)
{
    if (aphd_sql_text(store, number, column) == NULL)
        return json_null();
    return json_integer(aphd_sql_int(store, number, column));
}

static json_t *read_job(aphd_store_t *store, aphd_sql_t number)
{
    return json_pack("{s:I, s:s, s:s, s:s, s:s?, s:s?, s:s?, s:s?, s:s?, s:o, s:o, s:o, s:o}",
                     "job_id", (json_int_t)aphd_sql_int(store, number, 0),
                     "op", aphd_sql_text(store, number, 1),
                     "name", aphd_sql_text(store, number, 2),
                     "state", aphd_sql_text(store, number, 3),
                     "result", aphd_sql_text(store, number, 4),
                     "code", aphd_sql_text(store, number, 5),
                     "tag", aphd_sql_text(store, number, 6),
                     "message", aphd_sql_text(store, number, 7),
                     "step", aphd_sql_text(store, number, 8),
                     "created", time_column(store, number, 9),
                     "started", time_column(store, number, 10),
                     "ended", time_column(store, number, 11),
                     "answer", aphd_sql_json(store, number, 12));
}

apr_status_t aphd_store_job_json(aphd_store_t *store, int64_t job_id, int log, json_t **job,
                                 aph_error_t *err)
{
    *job = NULL;
    apr_status_t status = aphd_sql_bind(store, SQL_JOB, err, "i", job_id);
    if (status == APR_SUCCESS)
        status = aphd_sql_next(store, SQL_JOB, err);
    if (status == APR_NOTFOUND)
        return aph_error_set(err, APH_ENOTFOUND, 785,
                             "there is no job %lld; `apphostctl jobs` lists the latest",
                             (long long)job_id);
    if (status != APR_SUCCESS)
        return status;
    *job = read_job(store, SQL_JOB);
    if (*job != NULL && log)
        json_object_set_new(*job, "log", json_string(aphd_sql_text(store, SQL_JOB, 13)));
    aphd_sql_reset(store, SQL_JOB);
    return *job != NULL ? APR_SUCCESS
                        : aph_error_set(err, APR_ENOMEM, 786, "no memory for job %lld",
                                        (long long)job_id);
}

static json_t *listed(json_t *row)
{
    int untold = json_object_del(json_object_get(row, "answer"), "credentials") == 0;
    json_object_set_new(row, "untold", json_boolean(untold));
    return row;
}

apr_status_t aphd_store_jobs_json(aphd_store_t *store, int count, json_t **jobs, aph_error_t *err)
{
    *jobs = json_array();
    apr_status_t status = aphd_sql_bind(store, SQL_JOBS, err, "i", (int64_t)count);
    while (status == APR_SUCCESS && (status = aphd_sql_next(store, SQL_JOBS, err)) == APR_SUCCESS)
        json_array_append_new(*jobs, listed(read_job(store, SQL_JOBS)));
    aphd_sql_reset(store, SQL_JOBS);
    if (status == APR_NOTFOUND)
        return APR_SUCCESS;
    json_decref(*jobs);
    *jobs = NULL;
    return status;
}
