/* SPDX-License-Identifier: Apache-2.0 */
/* Whether an app answers. The engine's proxy accepts connections though nothing listens inside, so
 * a connection proves nothing: an answered HTTP request does, whatever its status. */
#ifndef APHD_HEALTH_H
#define APHD_HEALTH_H

#include <stddef.h>

#include "common/error.h"
#include "helper/job/halt.h"

/* Whom to ask. */
typedef struct aphd_health_at_t {
    int port;         /* on 127.0.0.1 */
    const char *host; /* for the Host header */
    const char *path; /* asked for; NULL: "/", and then any answer will do, whatever its status */
    int https;        /* it speaks TLS; its certificate is nobody's business on loopback */
} aphd_health_at_t;

#define APHD_HEALTH_PATH_MAX 512

/* Sends one GET and waits at most milliseconds for the beginning of an answer. *answered is nonzero
 * where it came; for a path of its author's choice, one that tells of no trouble of its own (5xx). Only halt is an error. */
apr_status_t aphd_health_probe(const aphd_health_at_t *at, int milliseconds,
                               const aphd_halt_t *halt, int *answered, aph_error_t *err);

/* The same for one that speaks TLS; aphd_health_probe calls it. health_https.c */
apr_status_t aphd_health_probe_https(const aphd_health_at_t *at, int milliseconds,
                                     const aphd_halt_t *halt, int *answered, aph_error_t *err);

/* Nonzero where octets begin like an HTTP/1 status line. Pure. */
int aphd_health_is_answer(const char *octets, size_t length);

/* Nonzero where they are one whose status is below 500. Pure. */
int aphd_health_is_well(const char *octets, size_t length);

/* How long to wait before try number attempt (0, 1, ...): 10 ms doubling up to a second. Pure. */
int aphd_health_pause(int attempt);

#endif
