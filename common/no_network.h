/* SPDX-License-Identifier: Apache-2.0 */
/* A process that reaches nobody: a filter on its system calls, which every program it becomes
 * keeps.
 *
 * Sockets may be made (httpd makes one for each Listen when it reads its configuration), but never
 * connected, bound, listened on or sent through, of whatever family; nor may io_uring, which would
 * do the same unseen. That takes no privilege, where a network namespace takes CAP_SYS_ADMIN, and
 * it also holds for the sockets of the file system. What forbidden calls get is EACCES, io_uring
 * ENOSYS. */
#ifndef APH_NO_NETWORK_H
#define APH_NO_NETWORK_H

/* For a child between fork and exec: allocates nothing. no_new_privs must be set. Returns 0, or -1
 * with errno; ENOSYS where we do not know how calls are numbered. */
int aph_no_network(void);

#endif
