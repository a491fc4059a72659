/* SPDX-License-Identifier: Apache-2.0 */
/* Asking apphostd. */
#include "mod_apphost/admin/call.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>
#include <apr_time.h>

#include "mod_apphost/admin/followers.h"

#define CONNECT_SECONDS 2
#define QUERY_SECONDS   10
#define CHILD_SECONDS   30 /* operations a child performs: it may have to ask the engine */
#define PLACE_TRIES     20
#define PLACE_PAUSE     APR_TIME_C(25000) /* of microseconds */
#define LINES_MAX       10000
#define LINES_OCTETS    (2 * 1024 * 1024)

static aphm_followers_t *followers_of(const aphm_admin_t *admin)
{
    return admin->config->context->followers;
}

/* -- connecting ------------------------------------------------------------------------------ */

static apr_status_t explain(int reason, const char *path, aph_error_t *err)
{
    if (reason == EACCES || reason == EPERM)
        return aph_error_set(
            err, APH_EDAEMON, 3125,
            "httpd may not open the socket of apphostd, %s: its folder must belong to the "
            "group httpd runs as",
            path);
    return aph_error_set(err, APH_EDAEMON, 3126,
                         "apphostd does not answer on %s (%s). Apps are served "
                         "all the same",
                         path, strerror(reason));
}

/* A place among those who wait; for half a second others may give one back. */
static apr_status_t enter(aphm_call_t *call, aph_error_t *err)
{
    aphm_followers_t *followers = followers_of(call->admin);
    if (aphm_followers_is_silent(followers))
        return aph_error_set(err, APH_EDAEMON, 3127,
                             "apphostd was silent a moment ago. Apps are served all the same");
    for (int i = 0; i < PLACE_TRIES; i++) {
        call->place = aphm_followers_enter(followers, APHM_PLACE_CALL, 0, 0);
        if (call->place >= 0)
            return APR_SUCCESS;
        apr_sleep(PLACE_PAUSE);
    }
    return aph_error_set(err, APH_EDAEMON, 3128,
                         "as many requests wait for apphostd as may. Try again in a moment");
}

/* {"v","op","args"} and what the request proves of a person. */
static json_t *make_request(const aphm_admin_t *admin, const char *op, const json_t *args,
                            int with_key)
{
    json_t *request = json_pack("{s:i, s:s, s:O, s:s}", "v", APH_PROTOCOL_VERSION, "op", op, "args",
                                args, "from", admin->r->useragent_ip);
    if (admin->secret != NULL)
        json_object_set_new(
            request, "auth",
            json_pack("{s:s}", admin->by_token ? "token" : "session", admin->secret));
    if (with_key && admin->key != NULL)
        json_object_set_new(request, "key", json_string(admin->key));
    return request;
}

apr_status_t aphm_call_open(aphm_call_t *call, aphm_admin_t *admin, const char *op,
                            const json_t *args, int with_key, aph_error_t *err)
{
    const char *path = aphm_config_admin_socket(admin->config);
    *call = (aphm_call_t){.admin = admin, .fd = -1, .place = -1};
    aph_frame_reader_init(&call->reader, APH_JOB_FRAME_MAX);
    apr_status_t status = enter(call, err);
    if (status != APR_SUCCESS)
        return status;
    int reason = aph_peer_connect(path, CONNECT_SECONDS, &call->fd);
    if (reason != 0) {
        if (reason == EAGAIN)
            aphm_followers_note(followers_of(admin), 1);
        return explain(reason, path, err);
    }
    json_auto_t *request = make_request(admin, op, args, with_key);
    if (request == NULL)
        return aph_error_set(err, APH_EINTERNAL, 3129, "no memory is left for the request");
    status = aph_frame_write(call->fd, request, APH_FRAME_MAX, err);
    /* A closed peer may still have left its reason to read. */
    return status == APR_EOF ? APR_SUCCESS : status;
}

void aphm_call_close(aphm_call_t *call)
{
    aph_frame_reader_clear(&call->reader);
    if (call->fd >= 0)
        close(call->fd);
    aphm_followers_leave(followers_of(call->admin), call->place);
    call->fd = call->place = -1;
}

/* -- frames ---------------------------------------------------------------------------------- */

static apr_status_t explain_read(apr_status_t status, const aph_error_t *cause, aph_error_t *err)
{
    if (status == APR_EOF)
        return aph_error_set(
            err, APH_EDAEMON, 3130,
            "apphostd closed the connection before it answered. Its log says more");
    return aph_error_set(err, APH_EDAEMON, 3131, "the answer of apphostd cannot be read: %.800s",
                         cause->message);
}

apr_status_t aphm_call_next(aphm_call_t *call, int milliseconds, json_t **frame, aph_error_t *err)
{
    apr_time_t end = apr_time_now() + apr_time_from_msec(milliseconds);
    for (;;) {
        aph_error_t cause = APH_ERROR_INIT;
        apr_time_t left = end - apr_time_now();
        struct pollfd fd = {.fd = call->fd, .events = POLLIN};
        int ready = poll(&fd, 1, left > 0 ? (int)apr_time_as_msec(left) : 0);
        if (ready == 0)
            return APR_TIMEUP;
        if (ready < 0 && errno != EINTR)
            return aph_error_set(err, APH_EINTERNAL, 3132, "waiting for apphostd failed: %s",
                                 strerror(errno));
        if (ready < 0)
            continue;
        apr_status_t status = aph_frame_read(&call->reader, call->fd, frame, &cause);
        if (status == APR_SUCCESS) {
            aphm_followers_note(followers_of(call->admin), 0);
            return APR_SUCCESS;
        }
        if (status != APR_EAGAIN)
            return explain_read(status, &cause, err);
    }
}

typedef struct collecting_t {
    json_t *lines;
    int more;
    size_t octets;
} collecting_t;

static void collect(collecting_t *collecting, const json_t *line)
{
    collecting->octets += json_string_length(line);
    if (collecting->lines == NULL)
        return;
    if (json_array_size(collecting->lines) >= LINES_MAX || collecting->octets > LINES_OCTETS)
        collecting->more = 1;
    else
        json_array_append(collecting->lines, (json_t *)line);
}

/* APR_EAGAIN when there is more to come. */
static apr_status_t take(const json_t *frame, collecting_t *collecting, json_t **answer,
                         aph_error_t *err)
{
    json_t *value;
    switch (aph_peer_kind(frame, &value)) {
    case APH_FRAME_LOG:
        collect(collecting, value);
        return collecting->more ? APR_SUCCESS : APR_EAGAIN;
    case APH_FRAME_PROGRESS:
    case APH_FRAME_DATA:
        return APR_EAGAIN;
    case APH_FRAME_OK:
        *answer = json_incref(value);
        return APR_SUCCESS;
    case APH_FRAME_FAILED:
        return aph_peer_fault(frame, err);
    default:
        return aph_error_set(err, APH_EVERSION, 3133,
                             "apphostd and mod_apphost are of different versions: install the same "
                             "release of both, and restart httpd");
    }
}

static apr_status_t receive(aphm_call_t *call, apr_time_t end, collecting_t *collecting,
                            json_t **answer, aph_error_t *err)
{
    for (;;) {
        json_t *frame = NULL;
        apr_time_t left = end - apr_time_now();
        apr_status_t status =
            aphm_call_next(call, left > 0 ? (int)apr_time_as_msec(left) : 0, &frame, err);
        if (status == APR_TIMEUP) {
            aphm_followers_note(followers_of(call->admin), 1);
            return aph_error_set(err, APH_EDAEMON, 3134,
                                 "apphostd has not answered in time. Apps are served all the same");
        }
        if (status == APR_SUCCESS)
            status = take(frame, collecting, answer, err);
        json_decref(frame);
        if (status != APR_EAGAIN)
            return status;
    }
}

static apr_status_t perform(aphm_admin_t *admin, const char *name, const json_t *args,
                            collecting_t *collecting, json_t **answer, aph_error_t *err)
{
    const aph_op_t *op = aph_op_find(name);
    int seconds = op == NULL || op->kind == APH_OP_QUERY ? QUERY_SECONDS : CHILD_SECONDS;
    aphm_call_t call;
    apr_status_t status = aphm_call_open(&call, admin, name, args, 0, err);
    if (status == APR_SUCCESS)
        status =
            receive(&call, apr_time_now() + apr_time_from_sec(seconds), collecting, answer, err);
    aphm_call_close(&call);
    return status;
}

apr_status_t aphm_call_once(aphm_admin_t *admin, const char *op, const json_t *args,
                            json_t **answer, aph_error_t *err)
{
    collecting_t collecting = {0};
    *answer = NULL;
    return perform(admin, op, args, &collecting, answer, err);
}

apr_status_t aphm_call_lines(aphm_admin_t *admin, const char *op, const json_t *args, json_t *lines,
                             int *more, aph_error_t *err)
{
    collecting_t collecting = {.lines = lines};
    json_t *answer = NULL;
    apr_status_t status = perform(admin, op, args, &collecting, &answer, err);
    json_decref(answer);
    *more = collecting.more;
    return status;
}
