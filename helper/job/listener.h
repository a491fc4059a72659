/* SPDX-License-Identifier: Apache-2.0 */
/* Whether what listens on an app's port is the engine's, for a container of the app.
 *
 * An engine that publishes a port listens on it itself: docker-proxy or dockerd, conmon or podman, as
 * the user the engine runs as. Another process may have come first, or come when a proxy died; the
 * engine does not always notice, and httpd would send visitors to it. So the kernel's table of
 * sockets is asked who has the port, after the app answered and before its route is published. */
#ifndef APHD_LISTENER_H
#define APHD_LISTENER_H

#include <jansson.h>
#include <sys/types.h>

#include "common/error.h"

/* One line of /proc/net/tcp, tcp6, udp or udp6 about a port that somebody waits on. */
typedef struct aphd_listener_t {
    int rank;            /* how a connection to 127.0.0.1 is matched: 4 that address, 3 every
                          * address, 2 and 1 the same of IPv6, 0 not at all */
    uid_t uid;
    unsigned long inode;
} aphd_listener_t;

/* Zero where the line is about another port, or about a connection. Pure. */
int aphd_listener_line(const char *line, int udp, int port, aphd_listener_t *listener);

typedef struct aphd_listener_ask_t {
    int port;
    int udp;
    int everywhere;         /* not the web port: any address of this machine counts */
    uid_t engine_uid;       /* who the engine runs as, beside root */
    const json_t *addresses; /* the app's containers', as strings: whom a proxy may serve */
} aphd_listener_ask_t;

/* APH_ETAKEN names who has the port, where that is not the engine for the app. No listener at all is
 * success: an engine may publish by the kernel's address translation alone. */
apr_status_t aphd_listener_check(const aphd_listener_ask_t *ask, aph_error_t *err);

/* The addresses of an inspected container, appended to addresses. Pure. */
void aphd_listener_addresses(const json_t *container, json_t *addresses);

/* Nonzero where the engine says that it publishes this port of the container on 127.0.0.1. Pure. */
int aphd_listener_published(const json_t *container, int port);

#endif
