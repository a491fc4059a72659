/* SPDX-License-Identifier: Apache-2.0 */
/* Who is at the other end of a connection, as the kernel knows it. */
#ifndef APHD_PEER_H
#define APHD_PEER_H

#include <sys/types.h>

#include "common/ops.h"

/* As the kernel recorded it when the connection was made. pid is for the log only: it may belong to
 * another process by now. */
typedef struct aphd_peer_t {
    uid_t uid;
    gid_t gid;
    pid_t pid;
} aphd_peer_t;

apr_status_t aphd_peer_read(int fd, aphd_peer_t *peer, aph_error_t *err);

#endif
