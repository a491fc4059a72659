/* SPDX-License-Identifier: Apache-2.0 */
/* The container engine's API (Docker's, and Podman's copy of it) over its Unix socket.
 *
 * One engine object belongs to one process and one thread. Calls run side by side as streams; a
 * plain call is a stream that is waited for. Every wait also heeds halt, so APH_ECANCELLED and
 * APR_EOF come out of any function here. What else can go wrong is APH_EENGINE, with cause and next
 * step. */
#ifndef APHD_ENGINE_H
#define APHD_ENGINE_H

#include <jansson.h>
#include <apr_pools.h>

#include "common/error.h"
#include "helper/job/halt.h"

#define APHD_ENGINE_BODY_MAX (16u << 20) /* octets of an answer that is kept whole */

typedef struct aphd_engine_t aphd_engine_t;
typedef struct aphd_stream_t aphd_stream_t;

/* Receives an answer's body as it comes (2xx only). Anything but APR_SUCCESS ends the stream. */
typedef apr_status_t aphd_octets_cb(void *baton, const char *octets, size_t length);

typedef struct aphd_call_t {
    const char *method;
    const char *path;          /* without the version: "/containers/json?all=1" */
    const json_t *body;        /* borrowed; NULL: none */
    int seconds;               /* for the whole call; 0: no limit */
    int quiet_seconds;         /* without a single octet; 0: no limit */
    aphd_octets_cb *octets_cb; /* NULL: the body is kept and parsed */
    void *baton;
} aphd_call_t;

typedef struct aphd_answer_t {
    long status;       /* of HTTP */
    json_t *body;      /* owned; NULL where there was none, or it was streamed */
    char message[512]; /* what the engine said of a refusal */
} aphd_answer_t;

#define APHD_ANSWER_INIT {0, NULL, ""}

/* In what engines that speak this API differ, as far as anything here depends on it. */
typedef struct aphd_engine_facts_t {
    unsigned tells_layers : 1; /* a pull is told by layers begun and done, not by octets */
    unsigned keeps_ports : 1;  /* the port of a start that failed stays bound for a while */
    unsigned restarts_at_once : 1; /* what ended is started again without a pause, and in between it
                                    * counts as stopped already */
} aphd_engine_facts_t;

/* Asks the engine at socket for its version and settles on the highest both know. halt is borrowed
 * for the life of the engine, which is that of p. */
apr_status_t aphd_engine_open(aphd_engine_t **engine, const char *socket, const aphd_halt_t *halt,
                              apr_pool_t *p, aph_error_t *err);

/* Learnt when it was opened; lives as long as the engine. */
const aphd_engine_facts_t *aphd_engine_facts(const aphd_engine_t *engine);

/* One call and its answer, whatever its HTTP status. An engine that hangs is noticed within a quarter
 * of a minute, however long the call itself may take. Clear the answer with aphd_answer_clear. */
apr_status_t aphd_engine_call(aphd_engine_t *engine, const aphd_call_t *call,
                              aphd_answer_t *answer, aph_error_t *err);
void aphd_answer_clear(aphd_answer_t *answer);

/* APR_SUCCESS where the engine answers anything at all within 10 seconds. */
apr_status_t aphd_engine_alive(aphd_engine_t *engine, aph_error_t *err);

/* A refusal (status 400 and above) as an error: "the engine refused to DOING: what it said". A full
 * disk is APH_ENOSPACE. */
apr_status_t aphd_answer_check(const aphd_answer_t *answer, const char *doing, aph_error_t *err);

/* GET of path that must succeed; *body is a new reference. APH_ENOTFOUND for 404. */
apr_status_t aphd_engine_get(aphd_engine_t *engine, const char *path, const char *doing,
                             json_t **body, aph_error_t *err);

/* text as it may stand in a query or a path segment. Lives in p. */
const char *aphd_engine_escape(aphd_engine_t *engine, const char *text, apr_pool_t *p);

/* Calls that run side by side. The stream belongs to the caller until aphd_stream_end. */
apr_status_t aphd_stream_begin(aphd_engine_t *engine, const aphd_call_t *call,
                               aphd_stream_t **stream, aph_error_t *err);

/* Moves every stream on, waiting at most milliseconds for something to happen on one of them, on
 * halt or on the peer's descriptor. */
apr_status_t aphd_engine_pump(aphd_engine_t *engine, int milliseconds, aph_error_t *err);

/* Nonzero once nothing more will come. */
int aphd_stream_done(const aphd_stream_t *stream);

/* Closes the stream, finished or not, and says how it ended; answer may be NULL. */
apr_status_t aphd_stream_end(aphd_stream_t *stream, aphd_answer_t *answer, aph_error_t *err);

#endif
