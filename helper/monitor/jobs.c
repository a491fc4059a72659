/* SPDX-License-Identifier: Apache-2.0 */
/* The queue of jobs, and their children's frames. */
#include "helper/monitor/jobs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "helper/base/job_wire.h"
#include "helper/monitor/admission.h"
#include "helper/monitor/job.h"
#include "helper/monitor/log.h"
#include "helper/monitor/recovery.h"

/* Octets one reader may be behind before a stream's child is not read any more. */
#define STREAM_QUEUE_MAX 131072
#define KEY_SECONDS 86400 /* that an idempotency key is remembered */

static void retry_cb(void *self)
{
    /* Nothing to do here: the round that follows starts what waited. */
}

apr_status_t aphd_jobs_create(aphd_jobs_t **jobs, aphd_monitor_t *monitor, aph_error_t *err)
{
    *jobs = calloc(1, sizeof **jobs);
    if (*jobs == NULL)
        return aph_error_set(err, APR_ENOMEM, 840, "no memory for the queue of jobs");
    (*jobs)->monitor = monitor;
    (*jobs)->retry.due_cb = retry_cb;
    return APR_SUCCESS;
}

static void free_job(aphd_job_t *job)
{
    json_decref(job->args);
    json_decref(job->undo);
    json_decref(job->progress);
    aphd_log_tail_clear(&job->log);
    free(job->step);
    if (job->hash != NULL)
        json_decref(job->hash->asked);
    free(job->hash);
    free(job);
}

void aphd_jobs_destroy(aphd_jobs_t *jobs)
{
    if (jobs == NULL)
        return;
    while (jobs->first != NULL) {
        aphd_job_t *job = jobs->first;
        jobs->first = job->next;
        aphd_job_child_forget(&job->child);
        free_job(job);
    }
    aphd_loop_untimer(jobs->monitor->loop, &jobs->retry);
    free(jobs);
}

/* Streams have no number: a client that asks for job 0 must not meet somebody's stream. */
static aphd_job_t *find_job(const aphd_jobs_t *jobs, int64_t job_id)
{
    for (aphd_job_t *job = jobs->first; job != NULL; job = job->next)
        if (job->op->kind == APH_OP_JOB && job->job_id == job_id && !job->ended)
            return job;
    return NULL;
}

static aphd_job_t *find_open(const aphd_jobs_t *jobs, const char *name)
{
    for (aphd_job_t *job = jobs->first; job != NULL; job = job->next)
        if (job->op->kind == APH_OP_JOB && !job->ended && strcmp(job->name, name) == 0)
            return job;
    return NULL;
}

int aphd_jobs_busy(const aphd_jobs_t *jobs, const char *name)
{
    return find_open(jobs, name) != NULL;
}

const char *aphd_jobs_log(const aphd_jobs_t *jobs, int64_t job_id)
{
    const aphd_job_t *job = find_job(jobs, job_id);
    return job != NULL ? aphd_log_tail_text(&job->log) : NULL;
}

static aphd_job_t *append_job(aphd_jobs_t *jobs, const aph_op_t *op, const char *name)
{
    aphd_job_t *job = calloc(1, sizeof *job);
    if (job == NULL)
        return NULL;
    job->jobs = jobs;
    job->op = op;
    snprintf(job->name, sizeof job->name, "%s", name);
    aphd_job_t **link = &jobs->first;
    while (*link != NULL)
        link = &(*link)->next;
    *link = job;
    return job;
}

void aphd_job_event(const aphd_job_t *job, const char *state)
{
    aphd_event_t event = {.at = aphd_monitor_clock(), .job_id = job->job_id};
    if (job->op->kind != APH_OP_JOB)
        return;
    snprintf(event.name, sizeof event.name, "%s", job->name);
    snprintf(event.op, sizeof event.op, "%s", job->op->name);
    snprintf(event.state, sizeof event.state, "%s", state);
    aphd_events_add(&job->jobs->monitor->events, &event);
}

/* --- what a child says --- */

void aphd_job_relay(aphd_job_t *job, json_t *frame)
{
    const aphd_server_t *server = job->jobs->monitor->server;
    aphd_conn_t *conn = NULL;
    while (server != NULL && (conn = aphd_server_next(server, job, conn)) != NULL) {
        aphd_conn_relay(conn, frame);
        if (job->op->kind == APH_OP_STREAM && aphd_conn_queued(conn) > STREAM_QUEUE_MAX) {
            job->held_back = 1;
            aphd_stream_pause(&job->child.stream);
        }
    }
    json_decref(frame);
}

static void note_progress(aphd_job_t *job, const json_t *frame)
{
    json_t *inner = json_object();
    static const char *const members[] = {"step", "text", "done", "total", "unit"};
    json_object_set_new(inner, "job", json_integer(job->job_id));
    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++)
        if (json_object_get(frame, members[i]) != NULL)
            json_object_set(inner, members[i], json_object_get(frame, members[i]));
    json_decref(job->progress);
    job->progress = json_pack("{s:o}", "progress", inner);
    aphd_job_relay(job, json_incref(job->progress));
}

static void note(aphd_job_t *job, const char *kind, const json_t *frame)
{
    const char *line = json_string_value(json_object_get(frame, "line"));
    if (strcmp(kind, "progress") == 0) {
        note_progress(job, frame);
    } else if (strcmp(kind, "log") == 0 && line != NULL) {
        if (job->op->kind == APH_OP_JOB)
            aphd_log_tail_add(&job->log, line);
        aphd_job_relay(job, json_pack("{s:s}", "log", line));
    }
}

static void frame_cb(void *self, json_t *frame)
{
    aphd_job_t *job = self;
    const char *kind = json_string_value(json_object_get(frame, "note"));
    if (kind != NULL) {
        note(job, kind, frame);
    } else if (json_object_get(frame, "call") != NULL) {
        json_t *reply = aphd_job_call(job, frame);
        aphd_stream_send(&job->child.stream, reply, NULL);
        json_decref(reply);
    } else {
        aphd_log(APHD_LOG_ERROR, "job %lld sent a frame that is neither call nor note",
                 (long long)job->job_id);
        aphd_job_child_hang_up(&job->child);
    }
}

static void gone_cb(void *self, int exit_code)
{
    aphd_job_t *job = self;
    job->running = 0;
    if (job->again) {
        job->again = 0;
        job->not_before = aphd_loop_now() + APHD_RETRY_MILLISECONDS;
        aphd_loop_timer(job->jobs->monitor->loop, &job->jobs->retry, APHD_RETRY_MILLISECONDS, NULL);
    } else if (!job->ended && !job->unstored) {
        aphd_job_lost(job, exit_code);
    }
}

/* --- starting --- */

static apr_status_t request_of(aphd_job_t *job, json_t **request, aph_error_t *err)
{
    aphd_monitor_t *monitor = job->jobs->monitor;
    json_t *app = NULL;
    apr_status_t status = APR_SUCCESS;
    if (job->app_id != 0)
        status = aphd_store_app_json(monitor->store, job->app_id, 1, &app, err);
    if (status != APR_SUCCESS)
        return status;
    json_t *recover = json_null();
    if (job->recovering)
        recover = json_pack("{s:s, s:O}", "step", job->step, "undo", job->undo);
    *request = json_pack("{s:I, s:s, s:O, s:s, s:o, s:o}", "job_id", (json_int_t)job->job_id, "op",
                         job->op->name, "args", job->args, "instance",
                         aphd_store_instance(monitor->store), "app",
                         app != NULL ? app : json_null(), "recover", recover);
    if (*request == NULL)
        return aph_error_set(err, APH_EINTERNAL, 841, "the request of a job cannot be written");
    return APR_SUCCESS;
}

static apr_status_t start_child(aphd_job_t *job, aph_error_t *err)
{
    aphd_monitor_t *monitor = job->jobs->monitor;
    json_t *request = NULL;
    apr_status_t status = request_of(job, &request, err);
    if (status == APR_SUCCESS) {
        memset(&job->child, 0, sizeof job->child);
        job->child.self = job;
        job->child.frame_cb = frame_cb;
        job->child.gone_cb = gone_cb;
        status = aphd_job_child_start(&job->child, monitor->loop, &monitor->program, err);
    }
    if (status == APR_SUCCESS) {
        job->running = 1;
        aphd_stream_send(&job->child.stream, request, NULL);
    }
    json_decref(request);
    return status;
}

static void start_job(aphd_job_t *job)
{
    aph_error_t err = APH_ERROR_INIT;
    apr_status_t status = APR_SUCCESS;
    if (job->op->kind == APH_OP_JOB)
        status = aphd_store_job_run(job->jobs->monitor->store, job->job_id, job->recovering,
                                    aphd_monitor_clock(), &err);
    if (status == APR_SUCCESS)
        status = start_child(job, &err);
    if (status == APR_SUCCESS) {
        aphd_job_event(job, "running");
        return;
    }
    aphd_ending_t ending = {.result = "failed", .reason = err,
                            .app = job->recovering ? APHD_END_FAILING : APHD_END_KEEP};
    aphd_job_conclude(job, &ending);
}

/* A webapp has nothing in the engine, so that its undoing need not wait for one. */
static int needs_engine(const aphd_job_t *job)
{
    aphd_app_t app;
    return job->app_id == 0 ||
           aphd_store_app_by_id(job->jobs->monitor->store, job->app_id, &app, NULL) !=
               APR_SUCCESS ||
           strcmp(app.kind, APHD_KIND_FILES) != 0;
}

static int may_start(const aphd_job_t *job)
{
    const aphd_engine_t *engine = &job->jobs->monitor->engine;
    if (job->running || job->ended || job->unstored || job->not_before > aphd_loop_now())
        return 0;
    if (!job->recovering || engine->state != APHD_ENGINE_DOWN || !needs_engine(job))
        return 1;
    /* Undoing needs the engine; without it the attempt would only fail and leave things behind. */
    aphd_job_postponed(job, engine->message);
    return 0;
}

static void start_waiting(aphd_jobs_t *jobs)
{
    int at_once = jobs->monitor->settings->parallel_jobs;
    int running = 0, hashes = 0;
    if (at_once > APHD_JOBS_AT_ONCE_MAX)
        at_once = APHD_JOBS_AT_ONCE_MAX;
    for (aphd_job_t *job = jobs->first; job != NULL; job = job->next) {
        running += job->running && job->op->kind == APH_OP_JOB;
        hashes += job->running && job->hash != NULL;
    }
    for (aphd_job_t *job = jobs->first; job != NULL; job = job->next) {
        if (job->unstored && !job->ended && job->not_before <= aphd_loop_now())
            aphd_job_retry_end(job);
        if (!may_start(job) || (job->op->kind == APH_OP_JOB && running >= at_once)
            || (job->hash != NULL && hashes >= APHD_HASHES_AT_ONCE))
            continue;
        start_job(job);
        hashes += job->running && job->hash != NULL;
        running += job->running && job->op->kind == APH_OP_JOB;
    }
}

static void end_unheard(aphd_jobs_t *jobs)
{
    const aphd_server_t *server = jobs->monitor->server;
    for (aphd_job_t *job = jobs->first; job != NULL; job = job->next)
        if (job->op->kind == APH_OP_STREAM && server != NULL
            && aphd_server_next(server, job, NULL) == NULL) {
            job->ended = 1;
            if (job->running)
                aphd_job_child_hang_up(&job->child);
        }
}

void aphd_jobs_round(aphd_jobs_t *jobs)
{
    end_unheard(jobs);
    start_waiting(jobs);
    aphd_job_t **link = &jobs->first;
    while (*link != NULL) {
        aphd_job_t *job = *link;
        if (job->ended && !job->running) {
            *link = job->next;
            free_job(job);
        } else {
            link = &job->next;
        }
    }
}

void aphd_jobs_drained(aphd_jobs_t *jobs, aphd_conn_t *conn)
{
    for (aphd_job_t *job = jobs->first; job != NULL; job = job->next)
        if (job->held_back && aphd_server_next(jobs->monitor->server, job, NULL) == conn) {
            job->held_back = 0;
            if (job->running && !job->child.stream.closed)
                aphd_stream_resume(&job->child.stream);
        }
}

void aphd_jobs_engine_up(aphd_jobs_t *jobs)
{
    for (aphd_job_t *job = jobs->first; job != NULL; job = job->next)
        job->not_before = 0;
}

/* --- admitting --- */

/* Streams and jobs that are open, against their bounds. */
static apr_status_t check_room(const aphd_jobs_t *jobs, const aph_op_t *op, aph_error_t *err)
{
    int open = 0;
    int most = op->kind == APH_OP_STREAM ? APHD_STREAMS_MAX : APHD_JOBS_OPEN_MAX;
    for (const aphd_job_t *job = jobs->first; job != NULL; job = job->next)
        open += job->op->kind == op->kind && job->hash == NULL && !job->ended;
    if (open < most)
        return APR_SUCCESS;
    return aph_error_set(err, APH_EBUSY, 842, "%s: %d of the kind are under way; try again later",
                         op->name, open);
}

static apr_status_t refuse_busy(const aphd_job_t *open, aph_error_t *err)
{
    return aph_error_set(err, APH_EBUSY, 843,
                         "job %lld (%s %s) is under way; follow it with `apphostctl job %lld -f`, "
                         "or stop it with --cancel",
                         (long long)open->job_id, open->op->name, open->name,
                         (long long)open->job_id);
}

/* What is about no single app: one at a time of each of the two names. Who only reads does not
 * wait. */
static apr_status_t admit_for_all(aphd_jobs_t *jobs, const aph_op_t *op, const char *name,
                                  aph_error_t *err)
{
    const aphd_job_t *open = op->kind == APH_OP_JOB ? find_open(jobs, name) : NULL;
    return open != NULL ? refuse_busy(open, err) : check_room(jobs, op, err);
}

static apr_status_t admit(aphd_jobs_t *jobs, const aph_op_t *op, const json_t *args,
                          const char *name, int *app_id, aph_error_t *err)
{
    aphd_monitor_t *monitor = jobs->monitor;
    aphd_app_t app = {0};
    aph_error_t absent = APH_ERROR_INIT;
    const aphd_job_t *open = find_open(jobs, name);
    if (open != NULL && op->kind == APH_OP_JOB)
        return refuse_busy(open, err);
    apr_status_t status = APR_SUCCESS;
    if (strcmp(op->name, "install") == 0)
        status = aphd_admission_name(name, monitor->machine, monitor->settings->domains, err);
    if (status == APR_SUCCESS)
        status = check_room(jobs, op, err);
    if (status != APR_SUCCESS)
        return status;
    status = aphd_store_app_by_name(monitor->store, name, &app, &absent);
    if (status != APR_SUCCESS && status != APH_ENOTFOUND)
        return aph_error_set(err, status, 844, "%s", absent.message);
    *app_id = app.app_id;
    if (open != NULL && strcmp(op->name, "state") == 0)
        return APR_SUCCESS; /* asked about before it has a row */
    return aphd_admission_check(op->name, args, name, app.state, err);
}

static void greet(aphd_job_t *job)
{
    int before = 0;
    for (const aphd_job_t *other = job->jobs->first; other != job; other = other->next)
        before += other->op->kind == APH_OP_JOB && !other->ended;
    job->progress = json_pack("{s:{s:I, s:s, s:s, s:i, s:i, s:s}}", "progress", "job",
                              (json_int_t)job->job_id, "step", "queued", "text",
                              before > 0 ? "waiting for earlier jobs" : "starting", "done", 0,
                              "total", 0, "unit", "steps");
    aphd_job_relay(job, json_incref(job->progress));
    aphd_job_event(job, "queued");
}

static apr_status_t journal_new(aphd_jobs_t *jobs, const aphd_order_t *order, aphd_job_row_t *row,
                                int64_t *job_id, aph_error_t *err)
{
    char *text = json_dumps(order->args, JSON_COMPACT);
    json_auto_t *detail = aphd_job_detail(order->args);
    if (text == NULL)
        return aph_error_set(err, APR_ENOMEM, 845, "no memory for a job");
    row->key = order->key;
    row->args = text;
    row->who = order->who;
    row->detail = detail;
    row->uid = order->who->uid;
    row->pid = order->who->pid;
    apr_status_t status =
        aphd_store_job_add(jobs->monitor->store, row, aphd_monitor_clock(), job_id, err);
    free(text);
    return status;
}

/* The same person's request with the same key, within a day, is this one: its job is followed, or
 * its end told. *again is nonzero then. */
static apr_status_t answer_again(aphd_jobs_t *jobs, aphd_conn_t *conn, const aphd_order_t *order,
                                 const char *digest, int *again, aph_error_t *err)
{
    int64_t job_id = 0;
    char before[APHD_DIGEST_DIGITS + 1];
    apr_status_t status =
        aphd_store_job_by_key(jobs->monitor->store, order->who->user_id, order->key,
                              aphd_monitor_clock() - KEY_SECONDS, &job_id, before, err);
    *again = status != APR_NOTFOUND;
    if (status != APR_SUCCESS)
        return *again ? status : APR_SUCCESS;
    if (strcmp(before, digest) != 0)
        return aph_error_set(err, APH_ETAKEN, 3081,
                             "this key was used for another request, of job %lld",
                             (long long)job_id);
    int open = 0;
    aphd_jobs_follow(jobs, conn, job_id, &open);
    if (open) {
        aphd_conn_follow(conn, find_job(jobs, job_id), 1);
        return APR_SUCCESS;
    }
    aphd_conn_follow(conn, NULL, 1); /* it is who began it */
    return aphd_job_tell_end(jobs->monitor, conn, job_id, err);
}

apr_status_t aphd_jobs_submit(aphd_jobs_t *jobs, aphd_conn_t *conn, const aphd_order_t *order,
                              aph_error_t *err)
{
    const aph_op_t *op = order->op;
    const char *given = json_string_value(json_object_get(order->args, "name"));
    const char *all = strchr(op->name, '-') != NULL ? APHD_CATALOG : APHD_ALL_APPS;
    const char *name = given != NULL ? given : all;
    aphd_job_row_t row = {.op = op->name, .name = name};
    int64_t job_id = 0;
    char digest[APHD_DIGEST_DIGITS + 1] = "";
    int again = 0;
    apr_status_t status = order->key != NULL ? aphd_job_digest(order, digest, err) : APR_SUCCESS;
    row.request = order->key != NULL ? digest : NULL;
    if (status == APR_SUCCESS && order->key != NULL)
        status = answer_again(jobs, conn, order, digest, &again, err);
    if (status != APR_SUCCESS || again)
        return status;
    status = given != NULL ? admit(jobs, op, order->args, name, &row.app_id, err)
                                        : admit_for_all(jobs, op, name, err);
    if (status == APR_SUCCESS && op->kind == APH_OP_JOB)
        status = journal_new(jobs, order, &row, &job_id, err);
    if (status != APR_SUCCESS)
        return status;
    aphd_job_t *job = append_job(jobs, op, name);
    if (job == NULL)
        return aph_error_set(err, APR_ENOMEM, 847, "no memory for a job");
    job->job_id = job_id;
    job->app_id = row.app_id;
    job->args = json_incref((json_t *)order->args);
    aphd_conn_follow(conn, job, 1);
    if (op->kind == APH_OP_JOB)
        greet(job);
    return APR_SUCCESS;
}

apr_status_t aphd_jobs_hash(aphd_jobs_t *jobs, aphd_conn_t *conn, const aphd_order_t *order,
                            json_t *args, aph_error_t *err)
{
    int open = 0;
    for (const aphd_job_t *job = jobs->first; job != NULL; job = job->next)
        open += job->hash != NULL && !job->ended;
    aphd_hash_t *hash = open < APHD_HASHES_MAX ? calloc(1, sizeof *hash) : NULL;
    aphd_job_t *job = hash != NULL ? append_job(jobs, order->op, "") : NULL;
    if (job == NULL) {
        free(hash);
        json_decref(args);
        return aph_error_set(err, APH_ETOOFAST, 3006,
                             "wait 1 second: %d passwords are being looked at already", open);
    }
    hash->who = *order->who;
    hash->asked = json_incref((json_t *)order->args);
    job->hash = hash;
    job->args = args;
    aphd_conn_follow(conn, job, 1);
    return APR_SUCCESS;
}

/* --- taking up what an earlier apphostd left --- */

static apr_status_t take_up_cb(void *self, const aphd_job_row_t *row)
{
    aphd_jobs_t *jobs = self;
    const aph_op_t *op = aph_op_find(row->op);
    aphd_job_t *job = op != NULL && op->kind == APH_OP_JOB ? append_job(jobs, op, row->name) : NULL;
    if (job == NULL) {
        aphd_log(APHD_LOG_ERROR, "job %lld: an operation %s is not known", (long long)row->job_id,
                 row->op);
        return APR_SUCCESS;
    }
    job->job_id = row->job_id;
    job->app_id = row->app_id;
    job->args = json_loads(row->args, 0, NULL);
    job->step = row->step != NULL ? strdup(row->step) : NULL;
    job->undo = row->undo != NULL ? json_loads(row->undo, JSON_DECODE_ANY, NULL) : NULL;
    if (job->undo == NULL)
        job->undo = json_object();
    job->recovering = aphd_recovery_at_start(row) == APHD_RECOVERY_RUN;
    job->recoveries = job->recovering;
    job->untouched = aphd_recovery_at_start(row) == APHD_RECOVERY_CLOSE;
    return APR_SUCCESS;
}

apr_status_t aphd_jobs_recover(aphd_jobs_t *jobs, aph_error_t *err)
{
    apr_status_t status = aphd_store_jobs_open(jobs->monitor->store, take_up_cb, jobs, err);
    for (aphd_job_t *job = jobs->first; job != NULL && status == APR_SUCCESS; job = job->next) {
        if (job->untouched) {
            aphd_job_lost(job, 0);
        } else {
            aphd_log(APHD_LOG_INFO, "job %lld (%s %s) was %s; taken up again",
                     (long long)job->job_id, job->op->name, job->name,
                     job->recovering ? "interrupted" : "queued");
        }
    }
    return status;
}

/* --- following and cancelling --- */

void aphd_jobs_follow(aphd_jobs_t *jobs, aphd_conn_t *conn, int64_t job_id, int *open)
{
    aphd_job_t *job = find_job(jobs, job_id);
    *open = job != NULL;
    if (job == NULL)
        return;
    aphd_conn_relay_log(conn, aphd_log_tail_text(&job->log));
    if (job->progress != NULL)
        aphd_conn_relay(conn, job->progress);
    aphd_conn_follow(conn, job, 0);
}

apr_status_t aphd_jobs_cancel(aphd_jobs_t *jobs, int64_t job_id, int *ended, aph_error_t *err)
{
    aphd_job_t *job = find_job(jobs, job_id);
    *ended = 0;
    if (job == NULL) {
        json_t *row = NULL;
        apr_status_t status =
            aphd_store_job_json(jobs->monitor->store, job_id, 0, &row, err);
        json_decref(row);
        return status != APR_SUCCESS
                   ? status
                   : aph_error_set(err, APH_ENOTFOUND, 848, "job %lld has ended already",
                                   (long long)job_id);
    }
    if (job->recovering || job->unstored)
        return aph_error_set(err, APH_EBUSY, 849,
                             "job %lld is being recovered after an interruption, which cannot be "
                             "cancelled",
                             (long long)job_id);
    job->cancelled = 1;
    if (job->running) {
        aphd_job_child_ask_stop(&job->child);
        return APR_SUCCESS;
    }
    *ended = 1;
    aphd_ending_t ending = {.result = "rolled-back", .app = APHD_END_KEEP};
    aph_error_set(&ending.reason, APH_ECANCELLED, 850, "cancelled before it began");
    return aphd_job_end(job, &ending, err);
}
