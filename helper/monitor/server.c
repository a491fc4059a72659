/* SPDX-License-Identifier: Apache-2.0 */
/* Accepting connections within bounds. What a connection does is in conn.c. */
#include "helper/monitor/server.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "helper/monitor/conn.h"
#include "helper/monitor/log.h"

/* A connection younger than this is not idle: its request may be on the way. */
#define YOUNG_MILLISECONDS 250
/* Refusals are logged at most this often; the next line says how many were not. */
#define REFUSAL_LOG_MILLISECONDS 1000

apr_status_t aphd_server_bind(const char *path, gid_t gid, int *fd, aph_error_t *err)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct stat there;
    if (strlen(path) >= sizeof address.sun_path)
        return aph_error_set(err, APH_ECONFIG, 825, "%s: longer than a socket's path may be", path);
    memcpy(address.sun_path, path, strlen(path));
    if (lstat(path, &there) == 0) {
        if (!S_ISSOCK(there.st_mode))
            return aph_error_set(err, APH_ECONFIG, 826,
                                 "%s is there and is not a socket; move it away", path);
        unlink(path); /* left by an apphostd that ended: the lock says that none runs */
    }
    *fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    /* The directory decides who reaches the socket; its own mode is a second wall. */
    if (*fd < 0 || bind(*fd, (struct sockaddr *)&address, sizeof address) != 0
        || lchown(path, (uid_t)-1, gid) != 0 || chmod(path, 0660) != 0 || listen(*fd, 64) != 0) {
        int cause = errno;
        if (*fd >= 0)
            close(*fd);
        *fd = -1;
        return aph_error_set(err, APR_FROM_OS_ERROR(cause), 827, "cannot listen on %s: %s", path,
                             strerror(cause));
    }
    return APR_SUCCESS;
}

void aphd_server_refused(aphd_server_t *server, const aphd_peer_t *peer, const aph_error_t *why)
{
    int64_t now = aphd_loop_now();
    if (now - server->refusal_logged < REFUSAL_LOG_MILLISECONDS) {
        server->refusals_unlogged++;
        return;
    }
    aphd_log(APHD_LOG_WARNING, "%s: uid %u, pid %d: %s", why->tag, (unsigned)peer->uid,
             (int)peer->pid, why->message);
    if (server->refusals_unlogged > 0)
        aphd_log(APHD_LOG_WARNING, "%d refusals before that one were not logged",
                 server->refusals_unlogged);
    server->refusal_logged = now;
    server->refusals_unlogged = 0;
}

/* Closes the connection that was idle longest among those for which the bound is met: of the uid
 * itself, or of anyone. 0 where none is idle. */
static int make_room(aphd_server_t *server, const aphd_peer_t *of)
{
    aphd_conn_t *oldest = NULL;
    int64_t now = aphd_loop_now();
    for (aphd_conn_t *conn = server->conns; conn != NULL; conn = conn->next) {
        if (!aphd_conn_idle(conn) || now - conn->idle_since < YOUNG_MILLISECONDS)
            continue;
        if (of != NULL && conn->peer.uid != of->uid)
            continue;
        if (oldest == NULL || conn->idle_since < oldest->idle_since)
            oldest = conn;
    }
    if (oldest != NULL)
        aphd_conn_close(oldest);
    return oldest != NULL;
}

/* Its peer is gone, which its next turn will show: until then it takes nobody's place. */
static int has_left(const aphd_conn_t *conn)
{
    struct pollfd look = {.fd = conn->stream.watch.fd};
    return poll(&look, 1, 0) == 1 && (look.revents & (POLLHUP | POLLERR)) != 0;
}

static apr_status_t admit(aphd_server_t *server, const aphd_peer_t *peer, aph_error_t *err)
{
    int all = 0, same = 0, not_root = 0;
    for (aphd_conn_t *conn = server->conns; conn != NULL; conn = conn->next) {
        if (conn->stream.closed || has_left(conn))
            continue;
        all++;
        same += conn->peer.uid == peer->uid;
        not_root += conn->peer.uid != 0;
    }
    if (same >= APHD_CONNECTIONS_PER_UID && !make_room(server, peer))
        return aph_error_set(err, APH_EBUSY, 828,
                             "user id %u has %d connections open; close one and try again",
                             (unsigned)peer->uid, same);
    if (peer->uid != 0 && not_root >= APHD_CONNECTIONS_NOT_ROOT && same < APHD_CONNECTIONS_PER_UID)
        return aph_error_set(err, APH_EBUSY, 829, "all connections are in use; try again");
    if (all >= APHD_CONNECTIONS_MAX && same < APHD_CONNECTIONS_PER_UID && !make_room(server, NULL))
        return aph_error_set(err, APH_EBUSY, 830, "all %d connections are in use; try again", all);
    return APR_SUCCESS;
}

static void take(aphd_server_t *server, int fd)
{
    aphd_peer_t peer = {0};
    aph_error_t err = APH_ERROR_INIT;
    apr_status_t status = aphd_peer_read(fd, &peer, &err);
    if (status == APR_SUCCESS)
        status = admit(server, &peer, &err);
    if (status != APR_SUCCESS) {
        aphd_conn_say(fd, &err);
        aphd_server_refused(server, &peer, &err);
        close(fd);
        return;
    }
    status = aphd_conn_create(server, fd, &peer, &err);
    if (status != APR_SUCCESS)
        aphd_server_refused(server, &peer, &err);
}

/* Out of descriptors, a connection would stay in the queue and poll would spin. The spare
 * descriptor lets us take it out and hang up. */
static void shed(aphd_server_t *server)
{
    if (server->spare_fd >= 0)
        close(server->spare_fd);
    int fd = accept4(server->watch.fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd >= 0)
        close(fd);
    server->spare_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
}

static void accept_cb(void *self, short revents)
{
    aphd_server_t *server = self;
    for (int i = 0; i < 16; i++) {
        int fd = accept4(server->watch.fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (fd >= 0)
            take(server, fd);
        else if (errno == EMFILE || errno == ENFILE)
            shed(server);
        else if (errno != EINTR && errno != ECONNABORTED)
            return;
        aphd_server_sweep(server);
    }
}

apr_status_t aphd_server_create(aphd_server_t **server, aphd_loop_t *loop, int fd,
                                const aphd_server_calls_t *calls, aph_error_t *err)
{
    aphd_server_t *made = calloc(1, sizeof *made);
    if (made == NULL) {
        close(fd);
        return aph_error_set(err, APR_ENOMEM, 831, "no memory for the server");
    }
    made->loop = loop;
    made->calls = *calls;
    made->refusal_logged = -REFUSAL_LOG_MILLISECONDS;
    made->spare_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    made->watch = (aphd_watch_t){.fd = fd, .events = POLLIN, .ready_cb = accept_cb, .self = made};
    apr_status_t status = aphd_loop_watch(loop, &made->watch, err);
    if (status != APR_SUCCESS)
        aphd_server_destroy(made);
    else
        *server = made;
    return status;
}

void aphd_server_sweep(aphd_server_t *server)
{
    aphd_conn_t **link = &server->conns;
    while (*link != NULL) {
        aphd_conn_t *conn = *link;
        if (conn->stream.closed) {
            *link = conn->next;
            free(conn);
        } else {
            link = &conn->next;
        }
    }
}

void aphd_server_destroy(aphd_server_t *server)
{
    if (server == NULL)
        return;
    for (aphd_conn_t *conn = server->conns; conn != NULL; conn = conn->next)
        aphd_conn_close(conn);
    aphd_server_sweep(server);
    aphd_loop_unwatch(server->loop, &server->watch);
    close(server->watch.fd);
    if (server->spare_fd >= 0)
        close(server->spare_fd);
    free(server);
}

int aphd_server_connections(const aphd_server_t *server)
{
    int count = 0;
    for (const aphd_conn_t *conn = server->conns; conn != NULL; conn = conn->next)
        count += !conn->stream.closed;
    return count;
}

aphd_conn_t *aphd_server_next(const aphd_server_t *server, const void *topic, aphd_conn_t *after)
{
    aphd_conn_t *conn = after == NULL ? server->conns : after->next;
    while (conn != NULL && (conn->topic != topic || conn->stream.closed))
        conn = conn->next;
    return conn;
}
