/* SPDX-License-Identifier: Apache-2.0 */
/* The other end of the socket: one request to apphostd, and what comes back. */
#ifndef APHC_PEER_H
#define APHC_PEER_H

#include <jansson.h>

#include "common/error.h"

typedef struct aphc_call_t {
    const char *socket_path;
    const char *op;
    const json_t *args;  /* object, borrowed */
    int silence_seconds; /* how long no frame at all may come; 0: as long as it takes */
    void (*progress_cb)(void *baton, const json_t *progress); /* either may be NULL */
    void (*log_cb)(void *baton, const char *line);
    void *baton;
} aphc_call_t;

/* Sends one request and waits for its end. *answer receives a new reference to the value of "ok".
 *   APR_EINTR     SIGINT came; the connection is closed, apphostd goes on with a job; no sentence
 *   APH_EDAEMON   not running, a stale socket, closed without an answer, silent
 *   APH_EFORBIDDEN the socket may not be opened by this user
 *   APH_ETOOLARGE nothing was sent
 *   APH_EVERSION  what came is not the protocol
 *   or what apphostd said. SIGINT is blocked only while waiting. */
apr_status_t aphc_peer_call(const aphc_call_t *call, json_t **answer, aph_error_t *err);

#endif
