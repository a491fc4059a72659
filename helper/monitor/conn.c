/* SPDX-License-Identifier: Apache-2.0 */
/* One connection: request, frames before the answer, answer; then the next request. */
#include "helper/monitor/conn.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Who has not said anything that is worth a connection gets no longer than this to do so. */
#define STRANGER_MILLISECONDS (APH_FRAME_SECONDS * 1000)
/* A peer that neither reads its last answer nor leaves is not waited for. */
#define CLOSING_MILLISECONDS (APH_FRAME_SECONDS * 1000)

int aphd_conn_idle(const aphd_conn_t *conn)
{
    return !conn->busy && !conn->closing && !conn->stream.closed && conn->stream.first == NULL
           && !aph_frame_reader_partial(&conn->stream.reader);
}

void aphd_conn_close(aphd_conn_t *conn)
{
    conn->topic = NULL;
    aphd_stream_close(&conn->stream);
}

void aphd_conn_say(int fd, const aph_error_t *err)
{
    char *octets = NULL;
    size_t length = 0;
    json_t *frame = aph_frame_error(err);
    if (aph_frame_encode(frame, APH_FRAME_MAX, &octets, &length, NULL) == APR_SUCCESS) {
        ssize_t ignored = send(fd, octets, length, MSG_NOSIGNAL | MSG_DONTWAIT);
        (void)ignored;
    }
    free(octets);
    json_decref(frame);
}

static void request_cb(void *self, json_t *frame)
{
    aphd_conn_t *conn = self;
    conn->busy = 1;
    aphd_stream_pause(&conn->stream);
    conn->server->calls.request_cb(conn->server->calls.self, conn, frame);
}

/* The peer left, or what it sent is no frame: then it is told so, once. */
static void end_cb(void *self, apr_status_t status, const aph_error_t *err)
{
    aphd_conn_t *conn = self;
    if (status != APR_EOF && err != NULL && !conn->closing) {
        aphd_conn_say(conn->stream.watch.fd, err);
        aphd_server_refused(conn->server, &conn->peer, err);
    }
    aphd_conn_close(conn);
}

static void drained_cb(void *self)
{
    aphd_conn_t *conn = self;
    if (conn->closing) {
        aphd_conn_close(conn);
        return;
    }
    if (!conn->busy)
        aphd_stream_resume(&conn->stream);
    if (conn->server->calls.drained_cb != NULL)
        conn->server->calls.drained_cb(conn->server->calls.self, conn);
}

apr_status_t aphd_conn_create(aphd_server_t *server, int fd, const aphd_peer_t *peer,
                              aph_error_t *err)
{
    aphd_conn_t *conn = calloc(1, sizeof *conn);
    if (conn == NULL) {
        close(fd);
        return aph_error_set(err, APR_ENOMEM, 835, "no memory for a connection");
    }
    conn->server = server;
    conn->peer = *peer;
    conn->idle_since = aphd_loop_now();
    conn->stream.self = conn;
    conn->stream.frame_seconds = APH_FRAME_SECONDS;
    conn->stream.frame_cb = request_cb;
    conn->stream.end_cb = end_cb;
    conn->stream.drained_cb = drained_cb;
    apr_status_t status = aphd_stream_open(&conn->stream, server->loop, fd, APH_FRAME_MAX, err);
    if (status == APR_SUCCESS && peer->uid != 0)
        status = aphd_stream_expect(&conn->stream, STRANGER_MILLISECONDS, err);
    if (status != APR_SUCCESS) {
        aphd_stream_close(&conn->stream);
        free(conn);
        return status;
    }
    conn->next = server->conns;
    server->conns = conn;
    return APR_SUCCESS;
}

/* Sends the last frame of a request, and reads the next one unless the connection is to end. */
static void conclude(aphd_conn_t *conn, json_t *frame, int then_close)
{
    aph_error_t err = APH_ERROR_INIT;
    conn->topic = NULL;
    conn->started = 0;
    conn->busy = 0;
    conn->idle_since = aphd_loop_now();
    if (conn->stream.closed) {
        json_decref(frame);
        return;
    }
    apr_status_t status = aphd_stream_send(&conn->stream, frame, &err);
    json_decref(frame);
    if (status != APR_SUCCESS && status != APR_EOF) { /* an answer no frame can hold */
        json_t *instead = aph_frame_error(&err);
        status = aphd_stream_send(&conn->stream, instead, NULL);
        json_decref(instead);
    }
    if (status != APR_SUCCESS || (then_close && conn->stream.first == NULL)) {
        aphd_conn_close(conn);
    } else if (then_close) {
        conn->closing = 1;
        aphd_stream_expect(&conn->stream, CLOSING_MILLISECONDS, NULL);
    } else if (conn->stream.first == NULL) {
        aphd_stream_resume(&conn->stream); /* else once the answer was taken: see drained_cb */
    }
}

const aphd_peer_t *aphd_conn_peer(const aphd_conn_t *conn)
{
    return &conn->peer;
}

aphd_nonce_t *aphd_conn_nonce(aphd_conn_t *conn)
{
    return &conn->nonce;
}

void aphd_conn_answer(aphd_conn_t *conn, json_t *value)
{
    json_t *frame = json_pack("{s:o}", "ok", value != NULL ? value : json_null());
    conclude(conn, frame != NULL ? frame : json_object(), 0);
}

void aphd_conn_fail(aphd_conn_t *conn, const aph_error_t *err)
{
    conclude(conn, aph_frame_error(err), 0);
}

void aphd_conn_reject(aphd_conn_t *conn, const aph_error_t *err)
{
    aphd_server_refused(conn->server, &conn->peer, err);
    conclude(conn, aph_frame_error(err), 1);
}

void aphd_conn_relay(aphd_conn_t *conn, const json_t *frame)
{
    if (conn->stream.queued > APHD_FOLLOWER_QUEUE_MAX
        || aphd_stream_send(&conn->stream, frame, NULL) != APR_SUCCESS)
        aphd_conn_close(conn);
}

void aphd_conn_relay_log(aphd_conn_t *conn, const char *text)
{
    while (*text != '\0' && !conn->stream.closed) {
        size_t length = strcspn(text, "\n");
        json_t *frame = json_pack("{s:s%}", "log", text, length);
        aphd_conn_relay(conn, frame);
        json_decref(frame);
        text += length + (text[length] == '\n');
    }
}

size_t aphd_conn_queued(const aphd_conn_t *conn)
{
    return conn->stream.queued;
}

void aphd_conn_follow(aphd_conn_t *conn, const void *topic, int started)
{
    conn->topic = topic;
    conn->started = started != 0;
}

int aphd_conn_heard(const aphd_conn_t *conn)
{
    return !conn->stream.closed && conn->stream.first == NULL;
}

int aphd_conn_started(const aphd_conn_t *conn)
{
    return conn->started;
}
