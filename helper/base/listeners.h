/* SPDX-License-Identifier: Apache-2.0 */
/* Who listens on a TCP port of this machine, as /proc tells. */
#ifndef APHD_LISTENERS_H
#define APHD_LISTENERS_H

#include <sys/types.h>

typedef struct aphd_listener_t {
    unsigned long inode; /* of its socket */
    pid_t pid;           /* 0 where /proc does not tell */
    char program[32];    /* its name, "" where unknown */
} aphd_listener_t;

/* Finds a socket that listens on port where 127.0.0.1 would reach it or could not be bound any
 * more. Nonzero when there is one. */
int aphd_listener_find(int port, aphd_listener_t *listener);

/* The ports on which that process listens so; at most room of them. Returns how many. */
int aphd_listener_ports(pid_t pid, int *ports, int room);

/* One line of /proc/net/tcp or tcp6: nonzero when it is a socket that listens on port, on 127.0.0.1
 * or on every address; *inode receives its socket. Pure. */
int aphd_listener_line(const char *line, int port, unsigned long *inode);

#endif
