/* SPDX-License-Identifier: Apache-2.0 */
#include "helper/monitor/peer.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

apr_status_t aphd_peer_read(int fd, aphd_peer_t *peer, aph_error_t *err)
{
    struct ucred credentials;
    socklen_t length = sizeof credentials;
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &length) != 0)
        return aph_error_set(err, APR_FROM_OS_ERROR(errno), 800,
                             "the kernel does not say who connected: %s", strerror(errno));
    peer->uid = credentials.uid;
    peer->gid = credentials.gid;
    peer->pid = credentials.pid;
    return APR_SUCCESS;
}
