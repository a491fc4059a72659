/* SPDX-License-Identifier: Apache-2.0 */
/* Server-sent events, and long polls. */
#include "mod_apphost/admin/stream.h"

#include <stdlib.h>
#include <string.h>
#include <ap_mpm.h>
#include <apr_strings.h>
#include <http_protocol.h>
#include <sodium.h>

#include "mod_apphost/admin/answer.h"
#include "mod_apphost/admin/followers.h"

#define LIFE_SECONDS                                                                               \
    600 /* then the client comes again: a session may have ended, a server be reloaded */
#define BEAT_SECONDS    5    /* between signs of life, by which a client that left is noticed */
#define ASK_MILLISECONDS 500 /* between two questions to apphostd */

static aphm_followers_t *followers_of(const aphm_admin_t *admin)
{
    return admin->config->context->followers;
}

int aphm_stream_place(const aphm_admin_t *admin, int kind)
{
    unsigned char hash[crypto_generichash_BYTES_MIN] = {0};
    uint64_t whoever;
    const char *secret = admin->secret != NULL ? admin->secret : "";
    crypto_generichash(hash, sizeof hash, (const unsigned char *)secret, strlen(secret), NULL, 0);
    memcpy(&whoever, hash, sizeof whoever);
    return aphm_followers_enter(followers_of(admin), kind, whoever,
                                admin->config->context->max_followers);
}

static int answer_full(aphm_admin_t *admin)
{
    aph_error_t err = APH_ERROR_INIT;
    aph_error_set(
        &err, APH_EBUSY, 3150,
        "as many follow as may, all together or of one person. Ask for the state instead, or with "
        "?wait=SECONDS");
    return aphm_answer_problem(admin, HTTP_SERVICE_UNAVAILABLE, &err);
}

/* -- events ---------------------------------------------------------------------------------- */

typedef struct events_t {
    request_rec *r;
    apr_time_t end;  /* of this stream */
    apr_time_t beat; /* when the next sign of life is due */
} events_t;

static void begin(events_t *events, aphm_admin_t *admin)
{
    request_rec *r = admin->r;
    *events = (events_t){.r = r, .end = apr_time_now() + apr_time_from_sec(LIFE_SECONDS)};
    events->beat = apr_time_now() + apr_time_from_sec(BEAT_SECONDS);
    ap_set_content_type(r, "text/event-stream");
    apr_table_setn(r->headers_out, "Cache-Control", "no-store");
    apr_table_setn(r->headers_out, "X-Accel-Buffering", "no");
    apr_table_setn(r->subprocess_env, "no-gzip", "1");
    apr_table_setn(r->subprocess_env, "no-brotli", "1");
    ap_rputs("retry: 2000\n\n", r);
    ap_rflush(r);
}

static void send_event(events_t *events, const char *name, const json_t *value)
{
    char *text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
    if (text != NULL)
        ap_rprintf(events->r, "event: %s\ndata: %s\n\n", name, text);
    free(text);
    ap_rflush(events->r);
    events->beat = apr_time_now() + apr_time_from_sec(BEAT_SECONDS);
}

static void send_problem(events_t *events, const aph_error_t *err)
{
    json_auto_t *problem =
        json_pack("{s:s, s:s, s:i, s:s, s:s, s:s}", "type", "about:blank", "title",
                  aph_error_sentence(err->status), "status", aph_error_http_status(err->status),
                  "detail", err->message, "code", aph_error_wire(err->status), "tag", err->tag);
    send_event(events, "problem", problem);
}

/* Nonzero while the stream is to go on; says something now and then, to learn whether anybody hears
 * it. */
static int goes_on(events_t *events)
{
    int state = AP_MPMQ_RUNNING;
    ap_mpm_query(AP_MPMQ_MPM_STATE, &state);
    if (apr_time_now() > events->beat) {
        ap_rputs(":\n\n", events->r);
        ap_rflush(events->r);
        events->beat = apr_time_now() + apr_time_from_sec(BEAT_SECONDS);
    }
    return !events->r->connection->aborted && state == AP_MPMQ_RUNNING &&
           apr_time_now() < events->end;
}

/* -- a call, frame by frame ------------------------------------------------------------------ */

/* Nonzero when frame was the last one. */
static int relay(events_t *events, const json_t *frame)
{
    static const char *const names[] = {[APH_FRAME_PROGRESS] = "progress", [APH_FRAME_LOG] = "log",
                                        [APH_FRAME_DATA] = "data", [APH_FRAME_OK] = "end"};
    aph_error_t err = APH_ERROR_INIT;
    json_t *value;
    aph_frame_kind_t kind = aph_peer_kind(frame, &value);
    if (kind <= APH_FRAME_OK) {
        send_event(events, names[kind], value);
        return kind == APH_FRAME_OK;
    }
    if (kind == APH_FRAME_FAILED)
        aph_peer_fault(frame, &err);
    else
        aph_error_set(&err, APH_EVERSION, 3151,
                      "apphostd and mod_apphost are of different versions");
    send_problem(events, &err);
    return 1;
}

static void relay_all(events_t *events, aphm_call_t *call, json_t *first)
{
    int last = relay(events, first);
    while (!last && goes_on(events)) {
        aph_error_t err = APH_ERROR_INIT;
        json_t *frame = NULL;
        apr_status_t status = aphm_call_next(call, 1000, &frame, &err);
        if (status == APR_SUCCESS)
            last = relay(events, frame);
        else if (status != APR_TIMEUP)
            send_problem(events, &err);
        json_decref(frame);
        if (status != APR_SUCCESS && status != APR_TIMEUP)
            return;
    }
}

/* The first frame decides: a refusal is a problem with its status, not a stream. */
static int stream_opened(aphm_admin_t *admin, aphm_call_t *call, aph_error_t *err)
{
    json_auto_t *first = NULL;
    json_t *value;
    events_t events;
    int quiet = (admin->row->flags & APHM_API_LINES) != 0; /* an app may say nothing for hours */
    apr_status_t status = aphm_call_next(call, quiet ? 3000 : 30000, &first, err);
    if (status == APR_TIMEUP && quiet) {
        first = json_pack("{s:{}}", "progress");
        status = APR_SUCCESS;
    }
    if (status == APR_TIMEUP)
        status = aph_error_set(err, APH_EDAEMON, 3152, "apphostd has not answered in time");
    if (status == APR_SUCCESS && aph_peer_kind(first, &value) == APH_FRAME_FAILED)
        status = aph_peer_fault(first, err);
    if (status != APR_SUCCESS)
        return aphm_answer_problem(admin, 0, err);
    begin(&events, admin);
    relay_all(&events, call, first);
    return OK;
}

int aphm_stream_call(aphm_admin_t *admin)
{
    aph_error_t err = APH_ERROR_INIT;
    aphm_call_t call;
    int place = aphm_stream_place(admin, APHM_PLACE_STREAM);
    if (place < 0)
        return answer_full(admin);
    int answered;
    json_t *args = admin->asked.args;
    if ((admin->row->flags & APHM_API_LINES) != 0)
        json_object_set_new(args, "follow", json_true());
    if (aphm_call_open(&call, admin, admin->op->name, args, 1, &err) == APR_SUCCESS) {
        aphm_followers_leave(followers_of(admin),
                             call.place); /* the one to stream counts instead */
        call.place = -1;
        answered = stream_opened(admin, &call, &err);
    } else {
        answered = aphm_answer_problem(admin, 0, &err);
    }
    aphm_call_close(&call);
    aphm_followers_leave(followers_of(admin), place);
    return answered;
}

/* -- a job ----------------------------------------------------------------------------------- */

static int has_ended(const json_t *job)
{
    const char *state = json_string_value(json_object_get(job, "state"));
    return state != NULL && strcmp(state, "ended") == 0;
}

/* What was added to the log since, line by line. */
static void send_log(events_t *events, const json_t *job, size_t *sent)
{
    const char *log = json_string_value(json_object_get(job, "log"));
    size_t length = log != NULL ? strlen(log) : 0;
    if (length < *sent)
        *sent = 0; /* a log is bounded: its beginning went */
    while (*sent < length) {
        size_t line = strcspn(log + *sent, "\n");
        json_auto_t *text = json_stringn(log + *sent, line);
        send_event(events, "log", text);
        *sent += line + (log[*sent + line] == '\n');
    }
}

/* 0 when job is as it was last time. */
static int has_changed(json_t *job, char **before)
{
    char *now = json_dumps(job, JSON_COMPACT);
    int changed = now == NULL || *before == NULL || strcmp(now, *before) != 0;
    free(*before);
    *before = now;
    return changed;
}

static void follow_job(aphm_admin_t *admin, events_t *events, json_t *job)
{
    char *before = NULL;
    size_t sent = 0;
    while (job != NULL) {
        aph_error_t err = APH_ERROR_INIT;
        int ended = has_ended(job);
        send_log(events, job, &sent);
        json_object_del(job, "log");
        if (has_changed(job, &before))
            send_event(events, ended ? "end" : "job", job);
        json_decref(job);
        job = NULL;
        if (ended || !goes_on(events))
            break;
        apr_sleep(APR_TIME_C(1000) * ASK_MILLISECONDS);
        if (aphm_call_once(admin, admin->op->name, admin->asked.args, &job, &err) != APR_SUCCESS)
            send_problem(events, &err);
    }
    free(before);
}

int aphm_stream_job(aphm_admin_t *admin)
{
    aph_error_t err = APH_ERROR_INIT;
    events_t events;
    json_t *job = NULL;
    if (aphm_call_once(admin, admin->op->name, admin->asked.args, &job, &err) != APR_SUCCESS)
        return aphm_answer_problem(admin, 0, &err);
    int place = aphm_stream_place(admin, APHM_PLACE_FOLLOW);
    if (place < 0) {
        json_decref(job);
        return answer_full(admin);
    }
    begin(&events, admin);
    follow_job(admin, &events, job);
    aphm_followers_leave(followers_of(admin), place);
    return OK;
}

int aphm_stream_wait_job(aphm_admin_t *admin)
{
    aph_error_t err = APH_ERROR_INIT;
    json_auto_t *job = NULL;
    /* Without a place the answer comes at once: true, and the client may ask again. */
    int place = admin->asked.wait > 0 ? aphm_stream_place(admin, APHM_PLACE_FOLLOW) : -1;
    apr_time_t end = apr_time_now() + apr_time_from_sec(place >= 0 ? admin->asked.wait : 0);
    apr_status_t status;
    for (;;) {
        status = aphm_call_once(admin, admin->op->name, admin->asked.args, &job, &err);
        if (status != APR_SUCCESS || has_ended(job) || apr_time_now() >= end)
            break;
        json_decref(job);
        job = NULL;
        apr_sleep(APR_TIME_C(1000) * ASK_MILLISECONDS);
    }
    aphm_followers_leave(followers_of(admin), place);
    if (status != APR_SUCCESS)
        return aphm_answer_problem(admin, 0, &err);
    return aphm_answer_json(admin, HTTP_OK, job);
}
