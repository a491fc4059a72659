/* SPDX-License-Identifier: Apache-2.0 */
/* How jobs end: said by the job itself, or concluded by us when its process is gone. */
#include <stdio.h>
#include <string.h>

#include "helper/monitor/job.h"
#include "helper/monitor/log.h"
#include "helper/monitor/people_ops.h"
#include "helper/monitor/recovery.h"

static int went_well(const aphd_ending_t *ending)
{
    return ending->reason.status == APR_SUCCESS;
}

/* What was told to nobody yet is for whoever began the job, and then for root on the machine: not for
 * everybody who may read a job. */
static void withhold(const aphd_conn_t *conn, const json_t *answer)
{
    if (!aphd_conn_started(conn) && aphd_conn_peer(conn)->uid != 0)
        json_object_del((json_t *)answer, "credentials");
}

void aphd_job_tell(aphd_monitor_t *monitor, aphd_conn_t *conn, int64_t job_id, json_t *value,
                   const json_t *answer)
{
    withhold(conn, answer);
    aph_error_t err = APH_ERROR_INIT;
    json_auto_t *rest = json_copy((json_t *)answer);
    int secret = json_object_get(answer, "credentials") != NULL;
    aphd_conn_answer(conn, value);
    if (!secret || !aphd_conn_heard(conn))
        return;
    json_object_del(rest, "credentials");
    if (aphd_store_job_told(monitor->store, job_id, rest, &err) != APR_SUCCESS)
        aphd_log_error(APHD_LOG_ERROR, "what was told once is still there", &err);
}

/* Whoever began the job gets its answer or its error; whoever came to watch gets its row, without
 * what the other one was told. */
static void tell_everyone(aphd_job_t *job, const aphd_ending_t *ending)
{
    aphd_monitor_t *monitor = job->jobs->monitor;
    aphd_conn_t *conn = NULL;
    if (monitor->server == NULL)
        return;
    while ((conn = aphd_server_next(monitor->server, job, conn)) != NULL)
        if (aphd_conn_started(conn) && went_well(ending))
            aphd_job_tell(monitor, conn, job->job_id, json_incref((json_t *)ending->answer),
                          ending->answer);
        else if (aphd_conn_started(conn))
            aphd_conn_fail(conn, &ending->reason);
    while ((conn = aphd_server_next(monitor->server, job, NULL)) != NULL) {
        aph_error_t err = APH_ERROR_INIT;
        json_t *row = NULL;
        if (aphd_store_job_json(monitor->store, job->job_id, 0, &row, &err) == APR_SUCCESS)
            aphd_job_tell(monitor, conn, job->job_id, row, json_object_get(row, "answer"));
        else
            aphd_conn_fail(conn, &err);
    }
}

void aphd_job_postponed(const aphd_job_t *job, const char *why)
{
    const aphd_server_t *server = job->jobs->monitor->server;
    aphd_conn_t *conn = NULL;
    aph_error_t err = APH_ERROR_INIT;
    aph_error_set(&err, APH_EENGINE, 1980,
                  "%s; what job %lld (%s %s) began is brought to an end as soon as the engine "
                  "answers: follow it with `apphostctl job %lld -f`",
                  why, (long long)job->job_id, job->op->name, job->name, (long long)job->job_id);
    while (server != NULL && (conn = aphd_server_next(server, job, conn)) != NULL)
        if (aphd_conn_started(conn))
            aphd_conn_fail(conn, &err);
}

static apr_status_t write_end(aphd_job_t *job, const aphd_ending_t *ending, aph_error_t *err)
{
    int well = went_well(ending);
    aphd_job_end_t end = {
        .job_id = job->job_id,
        .result = ending->result,
        .answer = ending->answer,
        .record = ending->record,
        .code = well ? NULL : aph_error_wire(ending->reason.status),
        .tag = well ? NULL : ending->reason.tag,
        .message = well ? NULL : ending->reason.message,
        .log = aphd_log_tail_text(&job->log),
        .app_id = job->app_id,
        .app = ending->app,
        .now = aphd_monitor_clock(),
    };
    return aphd_store_job_end(job->jobs->monitor->store, &end, err);
}

apr_status_t aphd_job_end(aphd_job_t *job, const aphd_ending_t *ending, aph_error_t *err)
{
    aph_error_t stale = APH_ERROR_INIT;
    if (job->op->kind == APH_OP_JOB) {
        apr_status_t status = write_end(job, ending, err);
        if (status != APR_SUCCESS)
            return status;
        aphd_job_event(job, ending->result);
        if (job->name[0] != '*')
            aphd_monitor_app_event(job->jobs->monitor, job->name);
        /* The end stands; routes that cannot be written are tried again by themselves. */
        if (aphd_monitor_apps_changed(job->jobs->monitor, &stale) != APR_SUCCESS)
            aphd_log_error(APHD_LOG_ERROR, "routes", &stale);
        aphd_log(went_well(ending) ? APHD_LOG_INFO : APHD_LOG_WARNING, "job %lld: %s %s%s: %s%s%s",
                 (long long)job->job_id, job->op->name, job->name,
                 json_is_true(json_object_get(job->args, "plan_only")) ? " (only its plan)" : "",
                 ending->result,
                 went_well(ending) ? "" : ": ", ending->reason.message);
    }
    aphd_ending_t told = *ending;
    json_auto_t *answer = NULL;
    if (job->hash != NULL && went_well(ending)) {
        aphd_order_t order = {job->op, job->hash->asked, &job->hash->who, NULL};
        apr_status_t status = aphd_people_hashed(job->jobs->monitor, &order, ending->answer,
                                                 job->args, &answer, &told.reason);
        if (status != APR_SUCCESS)
            aph_error_set(&told.reason, status, 3007, "%s", aph_error_sentence(status));
        told.answer = answer;
    }
    job->ended = 1;
    tell_everyone(job, &told);
    return APR_SUCCESS;
}

static void try_again_later(aphd_job_t *job)
{
    aphd_jobs_t *jobs = job->jobs;
    job->not_before = aphd_loop_now() + APHD_RETRY_MILLISECONDS;
    aphd_loop_timer(jobs->monitor->loop, &jobs->retry, APHD_RETRY_MILLISECONDS, NULL);
}

void aphd_job_conclude(aphd_job_t *job, const aphd_ending_t *ending)
{
    aph_error_t err = APH_ERROR_INIT;
    if (aphd_job_end(job, ending, &err) == APR_SUCCESS)
        return;
    aphd_log_error(APHD_LOG_ERROR, "the end of a job cannot be stored yet", &err);
    job->ending = *ending;
    job->ending.answer = NULL;
    job->ending.record = NULL;
    job->unstored = 1;
    try_again_later(job);
    aphd_ending_t told = {.result = ending->result};
    aph_error_set(&told.reason, ending->reason.status, 1950,
                  "%s (nor can this be written down yet: %s)", ending->reason.message, err.message);
    tell_everyone(job, &told);
}

void aphd_job_retry_end(aphd_job_t *job)
{
    aph_error_t err = APH_ERROR_INIT;
    if (aphd_job_end(job, &job->ending, &err) != APR_SUCCESS)
        try_again_later(job);
}

static void describe_death(const aphd_job_t *job, int exit_code, aph_error_t *why)
{
    if (job->cancelled)
        aph_error_set(why, APH_ECANCELLED, 855, "cancelled on request");
    else if (job->untouched)
        aph_error_set(why, APH_EINTERNAL, 856,
                      "apphostd ended before the job changed anything; run the command again");
    else if (exit_code == APHD_EXIT_UNKNOWN)
        aph_error_set(why, APH_EINTERNAL, 2350,
                      "the job's process ended without saying why; see `journalctl -t "
                      "apphost-job`");
    else if (exit_code > 128)
        aph_error_set(why, APH_EINTERNAL, 857, "the job's process was ended by signal %d",
                      exit_code - 128);
    else
        aph_error_set(
            why, APH_EINTERNAL, 858,
            "the job's process ended with status %d without saying why; see apphostd's log",
            exit_code);
}

static int app_is_kept(const aphd_job_t *job)
{
    aphd_app_t app;
    return job->app_id != 0
           && aphd_store_app_by_id(job->jobs->monitor->store, job->app_id, &app, NULL)
                  == APR_SUCCESS
           && app.kept;
}

void aphd_job_lost(aphd_job_t *job, int exit_code)
{
    aph_error_t died;
    aphd_ending_t ending = {.result = "rolled-back"};
    int installing =
        strcmp(job->op->name, "install") == 0 || strcmp(job->op->name, "uninstall") == 0;
    describe_death(job, exit_code, &ending.reason);
    if (job->op->kind == APH_OP_STREAM) {
        aphd_job_conclude(job, &ending);
        return;
    }
    switch (aphd_recovery_after_death(job->step, job->recoveries)) {
    case APHD_RECOVERY_RUN:
        aphd_log(APHD_LOG_WARNING, "job %lld (%s %s) at step %s: %s; recovering",
                 (long long)job->job_id, job->op->name, job->name, job->step,
                 ending.reason.message);
        job->recovering = 1;
        job->recoveries++;
        return;
    case APHD_RECOVERY_GIVE_UP:
        ending.result = "failed";
        ending.app = APHD_END_FAILING;
        died = ending.reason;
        ending.reason = (aph_error_t)APH_ERROR_INIT;
        aph_error_set(&ending.reason, died.status, 1921,
                      "%s of %s was interrupted at step %s and could not be undone (%s); "
                      "`apphostctl %s %s` %s",
                      job->op->name, job->name, job->step, died.message,
                      installing ? "uninstall" : "restart", job->name,
                      installing ? "removes what is there" : "starts what it was before");
        break;
    default:
        ending.app = aphd_recovery_app_end(job->op->name, NULL, app_is_kept(job));
    }
    aphd_job_conclude(job, &ending);
}
