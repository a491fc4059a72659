/* SPDX-License-Identifier: Apache-2.0 */
/* A connection from the inside: for server.c and conn.c only. */
#ifndef APHD_CONN_H
#define APHD_CONN_H

#include "helper/monitor/server.h"
#include "helper/monitor/stream.h"

struct aphd_conn_t {
    aphd_server_t *server;
    aphd_conn_t *next;
    aphd_stream_t stream;   /* stream.closed: to be freed by the sweep */
    aphd_peer_t peer;
    const void *topic;
    int64_t idle_since;
    unsigned busy : 1;      /* a request is under way */
    unsigned started : 1;
    unsigned closing : 1;   /* closed once what is queued has been written */
};

struct aphd_server_t {
    aphd_loop_t *loop;
    aphd_watch_t watch;
    aphd_conn_t *conns;
    aphd_server_calls_t calls;
    int spare_fd;
    int refusals_unlogged;
    int64_t refusal_logged;
};

/* Takes fd over, closes it where this fails. */
apr_status_t aphd_conn_create(aphd_server_t *server, int fd, const aphd_peer_t *peer,
                              aph_error_t *err);
void aphd_conn_close(aphd_conn_t *conn);

/* Writes err to fd as one frame, or not at all: one frame into an empty socket buffer always fits,
 * and who left his buffer full is not waited for. */
void aphd_conn_say(int fd, const aph_error_t *err);

/* No request under way, none half received, nothing left to write. */
int aphd_conn_idle(const aphd_conn_t *conn);

/* Logs why a peer was sent away, not more often than makes sense. */
void aphd_server_refused(aphd_server_t *server, const aphd_peer_t *peer, const aph_error_t *why);

#endif
