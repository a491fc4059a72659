/* SPDX-License-Identifier: Apache-2.0 */
/* The listening socket and its connections. A connection carries one request at a time; the next is
 * not read before the answer to the last was written.
 *
 * Bounds: 32 connections, 16 of one uid, 16 of all that are not root together; 64 KiB and 5 seconds
 * for a frame; while a request is worked on nothing is read. Where the bounds are met, the
 * connection that has been idle longest makes room. */
#ifndef APHD_SERVER_H
#define APHD_SERVER_H

#include <jansson.h>

#include "helper/monitor/loop.h"
#include "helper/monitor/peer.h"

#define APHD_CONNECTIONS_MAX 32
#define APHD_CONNECTIONS_PER_UID 16
#define APHD_CONNECTIONS_NOT_ROOT 16
/* Octets a connection may leave unread before its progress and log lines cost it the connection. */
#define APHD_FOLLOWER_QUEUE_MAX 1048576

typedef struct aphd_server_t aphd_server_t;
typedef struct aphd_conn_t aphd_conn_t;

typedef struct aphd_server_calls_t {
    void *self;
    /* A whole frame of a client: borrowed. Answers now or later with aphd_conn_answer or
     * aphd_conn_fail. */
    void (*request_cb)(void *self, aphd_conn_t *conn, const json_t *request);
    /* Nothing waits to be written to it any more. May be NULL. */
    void (*drained_cb)(void *self, aphd_conn_t *conn);
} aphd_server_calls_t;

/* Listens on fd (taken over). */
apr_status_t aphd_server_create(aphd_server_t **server, aphd_loop_t *loop, int fd,
                                const aphd_server_calls_t *calls, aph_error_t *err);

/* Closes the listening socket and every connection. */
void aphd_server_destroy(aphd_server_t *server);

/* Frees connections that ended in the round. For the loop's hook. */
void aphd_server_sweep(aphd_server_t *server);

int aphd_server_connections(const aphd_server_t *server);

/* Makes the socket at path, reachable for the group gid: a stale socket there is replaced, anything
 * else is an error. To be called in the directory only root may write to, with the lock held. */
apr_status_t aphd_server_bind(const char *path, gid_t gid, int *fd, aph_error_t *err);

/* --- a connection --- */

const aphd_peer_t *aphd_conn_peer(const aphd_conn_t *conn);

/* Ends the request: {"ok": value} (stolen), or the error. Then the next one is read. */
void aphd_conn_answer(aphd_conn_t *conn, json_t *value);
void aphd_conn_fail(aphd_conn_t *conn, const aph_error_t *err);

/* As aphd_conn_fail, and closes: for a peer that does not keep to the protocol. */
void aphd_conn_reject(aphd_conn_t *conn, const aph_error_t *err);

/* A frame before the answer (borrowed). A peer that reads too slowly loses the connection. */
void aphd_conn_relay(aphd_conn_t *conn, const json_t *frame);
size_t aphd_conn_queued(const aphd_conn_t *conn);

/* Each line of text as a {"log":LINE} before the answer. */
void aphd_conn_relay_log(aphd_conn_t *conn, const char *text);

/* What the request waits for; NULL again once it is answered. started: it is the one that began it,
 * not one that came to watch. */
void aphd_conn_follow(aphd_conn_t *conn, const void *topic, int started);
int aphd_conn_started(const aphd_conn_t *conn);

/* Nonzero where the peer is there and has all that was sent to it. */
int aphd_conn_heard(const aphd_conn_t *conn);

/* The connections that wait for topic: first, then each after the one before; NULL at the end. */
aphd_conn_t *aphd_server_next(const aphd_server_t *server, const void *topic, aphd_conn_t *after);

#endif
