/* SPDX-License-Identifier: Apache-2.0 */
/* Who is at the other end of a connection, and what they may ask for. */
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

/* The one place that says who may do what. request is the whole frame (borrowed), for the
 * credentials it may carry. APH_EFORBIDDEN. */
apr_status_t aphd_peer_may(const aphd_peer_t *peer, const aph_op_t *op, const json_t *request,
                           aph_error_t *err);

#endif
