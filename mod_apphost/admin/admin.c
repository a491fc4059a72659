/* SPDX-License-Identifier: Apache-2.0 */
/* The admin handler: the story of one request.
 *
 *   1. Is it meant for us, and does its path mean one thing?         guard.c
 *   2. A page: a file, and done.                                     files.c
 *   3. Which row of api.def is it?                                   api.c
 *   4. Who asks, and was it a page of ours that asked?               guard.c
 *   5. What is asked, of path, query and body?                       body.c, api.c
 *   6. apphostd is asked, and decides.                               call.c
 *   7. The answer, the job that has begun, or what goes on live.     answer.c, stream.c */
#include "mod_apphost/admin/admin.h"

#include <string.h>
#include <apr_strings.h>
#include <http_protocol.h>

#include "mod_apphost/admin/answer.h"
#include "mod_apphost/admin/body.h"
#include "mod_apphost/admin/call.h"
#include "mod_apphost/admin/files.h"
#include "mod_apphost/admin/followers.h"
#include "mod_apphost/admin/guard.h"
#include "mod_apphost/admin/metrics.h"
#include "mod_apphost/admin/session.h"
#include "mod_apphost/admin/stream.h"

#define DOCUMENT    APHM_API_PREFIX "/openapi.json"
#define JOB_SECONDS 20 /* for the first word of a job: it may wait for its child */

/* -- jobs ------------------------------------------------------------------------------------ */

/* A job that ended while somebody waited: as GET /jobs/ID would show it, with the answer that is
 * for this client only. */
static int answer_end(aphm_admin_t *admin, json_int_t job_id, json_t *answer)
{
    json_auto_t *job =
        json_pack("{s:I, s:s, s:s, s:s, s:O}", "job_id", job_id, "op", admin->op->name, "state",
                  "ended", "result", "done", "answer", answer);
    return aphm_answer_json(admin, HTTP_OK, job);
}

typedef struct job_t {
    json_int_t id;      /* 0: not said yet */
    json_t *answer;     /* new reference, once it ended */
} job_t;

/* APR_EAGAIN when the job goes on. */
static apr_status_t take_job_frame(const json_t *frame, job_t *job, aph_error_t *err)
{
    json_t *value;
    aph_frame_kind_t kind = aph_peer_kind(frame, &value);
    if (kind == APH_FRAME_PROGRESS && job->id == 0)
        job->id = json_integer_value(json_object_get(value, "job"));
    if (kind == APH_FRAME_OK)
        job->answer = json_incref(value);
    if (kind == APH_FRAME_FAILED)
        return aph_peer_fault(frame, err);
    if (kind == APH_FRAME_STRANGE)
        return aph_error_set(
            err, APH_EVERSION, 3160,
            "apphostd and mod_apphost are of different versions: install the same release "
            "of both, and restart httpd");
    return kind == APH_FRAME_OK ? APR_SUCCESS : APR_EAGAIN;
}

/* Until the job has a number and the time to wait is over, or it ended. APR_TIMEUP: it goes on. */
static apr_status_t watch_job(aphm_call_t *call, int seconds, job_t *job, aph_error_t *err)
{
    apr_time_t begun = apr_time_now();
    for (;;) {
        json_auto_t *frame = NULL;
        apr_time_t limit =
            apr_time_from_sec(job->id == 0 && seconds < JOB_SECONDS ? JOB_SECONDS : seconds);
        apr_time_t left = begun + limit - apr_time_now();
        if (left <= 0)
            return job->id != 0 ? APR_TIMEUP
                                : aph_error_set(err, APH_EDAEMON, 3161,
                                                "apphostd has not said in time whether it began");
        apr_status_t status = aphm_call_next(call, (int)apr_time_as_msec(left) + 1, &frame, err);
        if (status == APR_SUCCESS)
            status = take_job_frame(frame, job, err);
        if (status != APR_EAGAIN && status != APR_TIMEUP)
            return status;
    }
}

static int perform_job(aphm_admin_t *admin)
{
    aph_error_t err = APH_ERROR_INIT;
    aphm_call_t call;
    job_t job = {0};
    aphm_followers_t *followers = admin->config->context->followers;
    int place = admin->asked.wait > 0 ? aphm_stream_place(admin, APHM_PLACE_FOLLOW) : -1;
    apr_status_t status = aphm_call_open(&call, admin, admin->op->name, admin->asked.args, 1, &err);
    if (status == APR_SUCCESS)
        status = watch_job(&call, place >= 0 ? admin->asked.wait : 0, &job, &err);
    aphm_call_close(&call);
    aphm_followers_leave(followers, place);
    json_auto_t *answer = job.answer;
    if (job.id != 0)
        apr_table_setn(admin->r->headers_out, "Location",
                       apr_psprintf(admin->r->pool, APHM_API_PREFIX "/jobs/%" APR_INT64_T_FMT,
                                    (apr_int64_t)job.id));
    if (status == APR_TIMEUP)
        return aphm_answer_begun(admin, job.id);
    return status == APR_SUCCESS ? answer_end(admin, job.id, answer)
                                 : aphm_answer_problem(admin, 0, &err);
}

/* -- everything else ------------------------------------------------------------------------- */

static int answer_lines(aphm_admin_t *admin)
{
    aph_error_t err = APH_ERROR_INIT;
    json_auto_t *lines = json_array();
    int more = 0;
    if (aphm_call_lines(admin, admin->op->name, admin->asked.args, lines, &more, &err) !=
        APR_SUCCESS)
        return aphm_answer_problem(admin, 0, &err);
    json_auto_t *answer = json_pack("{s:O, s:b}", "lines", lines, "more", more);
    return aphm_answer_json(admin, HTTP_OK, answer);
}

static int answer_once(aphm_admin_t *admin)
{
    aph_error_t err = APH_ERROR_INIT;
    json_auto_t *answer = NULL;
    if (aphm_call_once(admin, admin->op->name, admin->asked.args, &answer, &err) != APR_SUCCESS)
        return aphm_answer_problem(admin, 0, &err);
    if (admin->row->items != NULL)
        return aphm_answer_list(admin, answer);
    const json_t *text = json_object_get(answer, "text");
    if ((admin->row->flags & APHM_API_TEXT) != 0 && json_is_string(text)
        && !aphm_answer_takes(admin->r, "application/json"))
        return aphm_answer_text(admin, "text/plain; charset=utf-8", json_string_value(text),
                                json_string_length(text));
    if ((admin->row->flags & (APHM_API_SIGN_IN | APHM_API_SIGN_OUT | APHM_API_SESSION)) != 0)
        return aphm_session_answer(admin, answer);
    return aphm_answer_json(admin, admin->row->status, answer);
}

static int wants_events(const aphm_admin_t *admin)
{
    const char *accept = apr_table_get(admin->r->headers_in, "Accept");
    return accept != NULL && ap_strcasestr(accept, "text/event-stream") != NULL;
}

/* Whether the row has a live form at all. */
static int has_events(const aphm_admin_t *admin)
{
    return admin->op->kind == APH_OP_JOB ||
           (admin->row->flags & (APHM_API_LINES | APHM_API_WAIT)) != 0;
}

static int perform(aphm_admin_t *admin)
{
    int live =
        has_events(admin) && (wants_events(admin) || admin->asked.follow) && !admin->r->header_only;
    if (live && (admin->row->flags & APHM_API_WAIT) != 0)
        return aphm_stream_job(admin);
    if (live)
        return aphm_stream_call(admin);
    if (admin->op->kind == APH_OP_JOB)
        return perform_job(admin);
    if ((admin->row->flags & APHM_API_WAIT) != 0)
        return aphm_stream_wait_job(admin);
    return (admin->row->flags & APHM_API_LINES) != 0 ? answer_lines(admin) : answer_once(admin);
}

/* -- from the request to the row ------------------------------------------------------------- */

static apr_status_t forget_cb(void *args)
{
    json_decref(args);
    return APR_SUCCESS;
}

static int judge_accept(const aphm_admin_t *admin, aph_error_t *err)
{
    const request_rec *r = admin->r;
    if (aphm_answer_takes(r, "application/json") || aphm_answer_takes(r, "application/problem+json")
        || (has_events(admin) && aphm_answer_takes(r, "text/event-stream"))
        || ((admin->row->flags & APHM_API_TEXT) != 0 && aphm_answer_takes(r, "text/plain")))
        return 0;
    aph_error_set(err, APH_EUSAGE, 3162,
                  "this is answered as application/json, which Accept leaves out");
    return HTTP_NOT_ACCEPTABLE;
}

/* Path, query and body become what the operation is asked. */
static int read_asked(aphm_admin_t *admin, const json_t *params, aph_error_t *err)
{
    json_auto_t *query = json_object(), *body = NULL;
    int status = aphm_guard_is_safe(admin->r) ? 0 : aphm_body_read(admin, &body, err);
    if (status != 0)
        return status;
    if (aphm_api_query(admin->r->args, query, err) != APR_SUCCESS
        || aphm_api_ask(admin->row, params, query, body, &admin->asked, err) != APR_SUCCESS)
        return aph_error_http_status(err->status);
    apr_pool_cleanup_register(admin->r->pool, admin->asked.args, forget_cb, apr_pool_cleanup_null);
    aphm_session_ask(admin);
    if (aph_op_check(admin->op, admin->asked.args, err) != APR_SUCCESS)
        return aph_error_http_status(err->status);
    return 0;
}

static int refuse_method(aphm_admin_t *admin, const char *methods)
{
    aph_error_t err = APH_ERROR_INIT;
    if (*methods == '\0') {
        aph_error_set(&err, APH_ENOTFOUND, 3163,
                      "there is no %.200s here; " DOCUMENT " says what there is", admin->path);
        return aphm_answer_problem(admin, HTTP_NOT_FOUND, &err);
    }
    apr_table_set(admin->r->headers_out, "Allow", methods);
    if (admin->r->method_number == M_OPTIONS) {
        apr_table_setn(admin->r->headers_out, "Cache-Control", "no-store");
        admin->r->status = HTTP_NO_CONTENT;
        return OK;
    }
    aph_error_set(&err, APH_EUSAGE, 3164, "%.200s takes %s", admin->path, methods);
    return aphm_answer_problem(admin, HTTP_METHOD_NOT_ALLOWED, &err);
}

static int handle_api(aphm_admin_t *admin)
{
    aph_error_t err = APH_ERROR_INIT;
    char methods[APHM_API_METHODS_MAX];
    json_auto_t *params = json_object();
    admin->row =
        aphm_api_find(admin->r->method, admin->path + sizeof APHM_API_PREFIX - 1, params, methods);
    if (admin->row == NULL)
        return refuse_method(admin, methods);
    admin->op = aph_op_find(admin->row->op);
    if (admin->op == NULL) { /* an operation that this apphost's table does not have */
        aph_error_set(&err, APH_EINTERNAL, 3301, "operation %s is not known", admin->row->op);
        return aphm_answer_problem(admin, HTTP_INTERNAL_SERVER_ERROR, &err);
    }
    int status = aphm_guard_person(admin, &err);
    if (status == 0)
        status = judge_accept(admin, &err);
    if (status == 0)
        status = read_asked(admin, params, &err);
    if (status == 0 && !aphm_guard_is_safe(admin->r))
        status = aphm_answer_match(admin, &err);
    return status != 0 ? aphm_answer_problem(admin, status, &err) : perform(admin);
}

static int handle_metrics(aphm_admin_t *admin)
{
    aph_error_t err = APH_ERROR_INIT;
    int status = aphm_guard_person(admin, &err);
    if (admin->r->method_number != M_GET)
        return refuse_method(admin, "GET, HEAD, OPTIONS");
    return status != 0 ? aphm_answer_problem(admin, status, &err) : aphm_metrics_send(admin);
}

static int dispatch(aphm_admin_t *admin)
{
    const char *path = admin->path;
    if (strcmp(path, DOCUMENT) == 0)
        return aphm_files_send(admin, "openapi.json");
    if (strncmp(path, APHM_API_PREFIX "/", sizeof APHM_API_PREFIX) == 0)
        return handle_api(admin);
    if (strncmp(path, "/api", 4) == 0 && (path[4] == '/' || path[4] == '\0'))
        return refuse_method(admin, "");
    if (strcmp(path, "/metrics") == 0)
        return handle_metrics(admin);
    return aphm_files_send(admin, strcmp(path, "/") == 0 ? "index.html" : path + 1);
}

int aphm_admin_handle(request_rec *r)
{
    aph_error_t err = APH_ERROR_INIT;
    if (r->handler == NULL || strcmp(r->handler, APHM_ADMIN_HANDLER) != 0)
        return DECLINED;
    /* What another request leads to inside httpd was not asked by anybody. */
    if (r->main != NULL || r->prev != NULL)
        return HTTP_NOT_FOUND;
    aphm_admin_t admin = {.r = r, .config = aphm_config_of(r->server), .path = ""};
    aphm_answer_guard(&admin);
    if (admin.config->context == NULL || admin.config->context->followers == NULL) {
        aph_error_set(&err, APH_ECONFIG, 3165,
                      "SetHandler apphost-admin needs AppHost On in a server of this httpd");
        return aphm_answer_problem(&admin, 0, &err);
    }
    int status = aphm_guard_request(&admin, &err);
    return status != 0 ? aphm_answer_problem(&admin, status, &err) : dispatch(&admin);
}
