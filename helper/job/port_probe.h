/* SPDX-License-Identifier: Apache-2.0 */
/* Whether a TCP port can be had, and who has it if not. */
#ifndef APHD_PORT_PROBE_H
#define APHD_PORT_PROBE_H

#include <stddef.h>

#define APHD_PORT_OWNER_MAX 128

/* Nonzero where a server could listen on address:port now (it binds and listens for a moment, as
 * the engine's proxy will). address is dotted: "127.0.0.1" or "0.0.0.0". */
int aphd_port_free(const char *address, int port);

/* Says who has the port, for a sentence: "process 123 (nginx)", or "another process" where the
 * kernel does not tell. */
void aphd_port_owner(int port, char owner[APHD_PORT_OWNER_MAX]);

/* The inode of the socket in one line of /proc/net/tcp or tcp6, where its local port is port; else
 * 0. *listening is nonzero for a server's. Pure. */
unsigned long aphd_port_line_inode(const char *line, int port, int *listening);

#endif
