/* SPDX-License-Identifier: Apache-2.0 */
/* One request, one connection. The socket and SIGINT are waited for together: Ctrl-C must be able
 * to leave a job running, and must not be lost between two frames. */
#include "config.h"

#include "ctl/peer.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/frame.h"
#include "common/peer.h"

/* Answers may be longer than requests: a job's log, a long list. Bounded all the same. */
#define ANSWER_MAX      APH_JOB_FRAME_MAX
#define CONNECT_SECONDS 10

typedef struct peer_t {
    int socket;
    int interrupts; /* a signalfd, so that waiting needs neither a handler nor a global flag */
    aph_frame_reader_t reader;
    sigset_t before;
} peer_t;

static apr_status_t explain_connect(int reason, const char *path, aph_error_t *err)
{
    switch (reason) {
    case ENOENT:
    case ENOTDIR:
        return aph_error_set(err, APH_EDAEMON, 1710,
                             "apphostd is not running: there is no socket %s. Start it (systemctl "
                             "start apphostd), or name its socket with --socket",
                             path);
    case ECONNREFUSED:
        return aph_error_set(err, APH_EDAEMON, 1711,
                             "apphostd is not running: nobody listens on the socket %s it left "
                             "behind. Start it (systemctl start apphostd); apphostctl doctor may "
                             "say why it stopped",
                             path);
    case EACCES:
    case EPERM:
        return aph_error_set(err, APH_EFORBIDDEN, 1712,
                             "permission denied on the socket %s. Run apphostctl as root (sudo)",
                             path);
    case EPROTOTYPE:
    case ENOTSOCK:
    case EISDIR:
        return aph_error_set(err, APH_EDAEMON, 1713,
                             "%s is not a socket apphostd made. Name its socket with --socket",
                             path);
    case ENAMETOOLONG:
        return aph_error_set(err, APH_EUSAGE, 1716,
                             "the socket's path is longer than the %zu octets a socket may have: "
                             "%.200s",
                             sizeof ((struct sockaddr_un *)NULL)->sun_path - 1, path);
    case EAGAIN:
    case EINPROGRESS:
        return aph_error_set(err, APH_EDAEMON, 1714,
                             "apphostd accepts no connection on %s. See its log (journalctl -u "
                             "apphostd)",
                             path);
    default:
        return aph_error_set(err, APH_EDAEMON, 1715, "cannot connect to apphostd on %s: %s", path,
                             strerror(reason));
    }
}

static apr_status_t connect_peer(peer_t *peer, const char *path, aph_error_t *err)
{
    int reason = aph_peer_connect(path, CONNECT_SECONDS, &peer->socket);
    return reason == 0 ? APR_SUCCESS : explain_connect(reason, path, err);
}

static apr_status_t hold_interrupts(peer_t *peer, aph_error_t *err)
{
    sigset_t held;
    sigemptyset(&held);
    sigaddset(&held, SIGINT);
    if (sigprocmask(SIG_BLOCK, &held, &peer->before) != 0)
        return aph_error_set(err, APH_EINTERNAL, 1718, "SIGINT cannot be held back: %s",
                             strerror(errno));
    peer->interrupts = signalfd(-1, &held, SFD_CLOEXEC | SFD_NONBLOCK);
    if (peer->interrupts < 0) {
        sigprocmask(SIG_SETMASK, &peer->before, NULL);
        return aph_error_set(err, APH_EINTERNAL, 1719, "no signalfd can be made: %s",
                             strerror(errno));
    }
    return APR_SUCCESS;
}

static void let_interrupts(peer_t *peer)
{
    /* One that was already answered must not kill us now. */
    struct signalfd_siginfo taken;
    while (read(peer->interrupts, &taken, sizeof taken) > 0)
        continue;
    close(peer->interrupts);
    sigprocmask(SIG_SETMASK, &peer->before, NULL);
}

static apr_status_t send_request(const peer_t *peer, const aphc_call_t *call, aph_error_t *err)
{
    json_t *request =
        json_pack("{s:i, s:s, s:O}", "v", APH_PROTOCOL_VERSION, "op", call->op, "args", call->args);
    if (request == NULL)
        return aph_error_set(err, APH_EINTERNAL, 1720, "no memory is left for the request");
    apr_status_t status = aph_frame_write(peer->socket, request, APH_FRAME_MAX, err);
    json_decref(request);
    /* A closed peer may still have left its reason to read. */
    return status == APR_EOF ? APR_SUCCESS : status;
}

/* Waits until a frame may be readable. APR_EINTR for SIGINT. */
static apr_status_t wait_readable(const peer_t *peer, const aphc_call_t *call, aph_error_t *err)
{
    struct pollfd fds[] = {{.fd = peer->socket, .events = POLLIN},
                           {.fd = peer->interrupts, .events = POLLIN}};
    int limit = call->silence_seconds > 0 ? call->silence_seconds * 1000 : -1;
    int ready = poll(fds, 2, limit);
    if (ready == 0)
        return aph_error_set(err, APH_EDAEMON, 1721,
                             "apphostd has said nothing for %d seconds. See its log (journalctl -u "
                             "apphostd)",
                             call->silence_seconds);
    if (ready < 0 && errno != EINTR)
        return aph_error_set(err, APH_EINTERNAL, 1722, "waiting for apphostd failed: %s",
                             strerror(errno));
    return ready > 0 && fds[1].revents != 0 ? APR_EINTR : APR_SUCCESS;
}

/* APR_EAGAIN when frame was not the last one. */
static apr_status_t take_frame(const json_t *frame, const aphc_call_t *call, json_t **answer,
                               aph_error_t *err)
{
    json_t *value;
    switch (aph_peer_kind(frame, &value)) {
    case APH_FRAME_PROGRESS:
        if (call->progress_cb != NULL)
            call->progress_cb(call->baton, value);
        return APR_EAGAIN;
    case APH_FRAME_LOG:
        if (call->log_cb != NULL)
            call->log_cb(call->baton, json_string_value(value));
        return APR_EAGAIN;
    case APH_FRAME_OK:
        *answer = json_incref(value);
        return APR_SUCCESS;
    case APH_FRAME_FAILED:
        return aph_peer_fault(frame, err);
    default:
        return aph_error_set(err, APH_EVERSION, 1723,
                             "apphostd sent something apphostctl %s does not know; the two are of "
                             "different versions",
                             PACKAGE_VERSION);
    }
}

/* What went wrong while reading is apphostd's fault, never the command's. */
static apr_status_t explain_read(apr_status_t status, const aph_error_t *cause, aph_error_t *err)
{
    if (status == APR_EOF)
        return aph_error_set(err, APH_EDAEMON, 1724,
                             "apphostd closed the connection before it answered. See its log "
                             "(journalctl -u apphostd)");
    return aph_error_set(err, status == APH_EUSAGE ? APH_EDAEMON : status, 1725,
                         "the answer of apphostd cannot be read: %.800s", cause->message);
}

static apr_status_t receive(peer_t *peer, const aphc_call_t *call, json_t **answer,
                            aph_error_t *err)
{
    for (;;) {
        json_t *frame = NULL;
        aph_error_t cause = APH_ERROR_INIT;
        apr_status_t status = wait_readable(peer, call, err);
        if (status != APR_SUCCESS)
            return status;
        status = aph_frame_read(&peer->reader, peer->socket, &frame, &cause);
        if (status == APR_EAGAIN)
            continue;
        if (status != APR_SUCCESS)
            return explain_read(status, &cause, err);
        status = take_frame(frame, call, answer, err);
        json_decref(frame);
        if (status != APR_EAGAIN)
            return status;
    }
}

apr_status_t aphc_peer_call(const aphc_call_t *call, json_t **answer, aph_error_t *err)
{
    peer_t peer = {.socket = -1};
    apr_status_t status = connect_peer(&peer, call->socket_path, err);
    if (status == APR_SUCCESS)
        status = hold_interrupts(&peer, err);
    if (status != APR_SUCCESS) {
        if (peer.socket >= 0)
            close(peer.socket);
        return status;
    }
    aph_frame_reader_init(&peer.reader, ANSWER_MAX);
    status = send_request(&peer, call, err);
    if (status == APR_SUCCESS)
        status = receive(&peer, call, answer, err);
    aph_frame_reader_clear(&peer.reader);
    close(peer.socket);
    let_interrupts(&peer);
    return status;
}
