/* SPDX-License-Identifier: Apache-2.0 */
/* Whether a port can be had, and who has it if not. */
#ifndef APHD_PORT_PROBE_H
#define APHD_PORT_PROBE_H

#include <stddef.h>
#include <sys/types.h>

#define APHD_PORT_OWNER_MAX 128

/* Nonzero where a server could listen on address:port now (it binds and listens for a moment, as
 * the engine's proxy will). address is dotted: "127.0.0.1" or "0.0.0.0". */
int aphd_port_free(const char *address, int port);

/* The same for UDP. */
int aphd_port_free_udp(const char *address, int port);

/* The process that has the socket with that inode; 0 where none is to be seen. */
pid_t aphd_port_holder(unsigned long inode);

/* Says who has the port, for a sentence: "process 123 (nginx)", or "another process" where the
 * kernel does not tell. */
void aphd_port_owner(int port, char owner[APHD_PORT_OWNER_MAX]);

/* The inode of the socket in one line of /proc/net/tcp or tcp6, where its local port is port; else
 * 0. *listening is nonzero for a server's. Pure. */
unsigned long aphd_port_line_inode(const char *line, int port, int *listening);

#endif
