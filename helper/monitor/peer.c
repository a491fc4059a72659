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

/* Root may do all. A uid that is not root grants nothing: httpd's is shared with every CGI and PHP
 * script. Whoever else is let in later is let in by what the request proves about a person. */
apr_status_t aphd_peer_may(const aphd_peer_t *peer, const aph_op_t *op, const json_t *request,
                           aph_error_t *err)
{
    if (peer->uid == 0)
        return APR_SUCCESS;
    return aph_error_set(err, APH_EFORBIDDEN, 801,
                         "%s: user id %u may not do that; run the command as root", op->name,
                         (unsigned)peer->uid);
}
