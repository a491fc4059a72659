/* SPDX-License-Identifier: Apache-2.0 */
#include "helper/monitor/job_child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/child.h"
#include "helper/base/job_wire.h"
#include "helper/monitor/peer.h"

#define PATIENCE_MILLISECONDS 10000
#define LOOK_MILLISECONDS     50

static void settle(aphd_job_child_t *child)
{
    if (!child->reaped || !child->eof || !child->started)
        return;
    child->started = 0;
    aphd_loop_untimer(child->loop, &child->patience);
    aphd_stream_close(&child->stream);
    child->gone_cb(child->self, child->exit_code);
}

static void wait_patiently(aphd_job_child_t *child)
{
    if (child->patience.slot == 0)
        aphd_loop_timer(child->loop, &child->patience, PATIENCE_MILLISECONDS, NULL);
}

/* Only what certainly is our job is sent a signal: a child that was not reaped, the process of a
 * pidfd, or, where there are none, one that still holds its end of our socket. */
static void send_signal(const aphd_job_child_t *child, int number)
{
    if (!child->connected)
        kill(child->pid, number);
    else if (child->exit_watch.fd >= 0)
        syscall(SYS_pidfd_send_signal, child->exit_watch.fd, number, NULL, 0);
    else if (child->pid > 1 && !child->eof)
        kill(child->pid, number);
}

/* Nothing more will be read. A connected one whose process we cannot watch counts as ended, too. */
static void end_stream(aphd_job_child_t *child)
{
    child->eof = 1;
    if (child->connected && child->exit_watch.fd < 0)
        child->reaped = 1;
}

/* Its end of the socket is closed and it lives on: it has nothing to tell us any more. Or it is
 * dead and something it left behind holds the socket: nothing of interest comes from there. */
static void impatient_cb(void *self)
{
    aphd_job_child_t *child = self;
    if (!child->reaped) {
        send_signal(child, SIGKILL);
        return;
    }
    child->eof = 1;
    settle(child);
}

/* Stops watching for the exit. */
static void unwatch_exit(aphd_job_child_t *child)
{
    aphd_loop_untimer(child->loop, &child->look);
    aphd_loop_unwatch(child->loop, &child->exit_watch);
    if (child->exit_watch.fd >= 0)
        close(child->exit_watch.fd);
    child->exit_watch.fd = -1;
}

static void exited_cb(void *self, short revents)
{
    aphd_job_child_t *child = self;
    int status = 0;
    if (!child->connected && waitpid(child->pid, &status, WNOHANG) != child->pid)
        return;
    if (!child->connected)
        child->exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    child->reaped = 1;
    unwatch_exit(child);
    wait_patiently(child);
    settle(child);
}

/* A connected one says who it is. It still holds its end of the socket after the pidfd was opened:
 * then that is the process we talk to, and no later one of the same number. */
static void meet(aphd_job_child_t *child, pid_t pid)
{
    struct pollfd peer = {.fd = child->stream.watch.fd, .events = POLLRDHUP};
    if (!child->connected || child->pid != 0 || pid <= 1)
        return;
    int fd = (int)syscall(SYS_pidfd_open, pid, 0);
    if (poll(&peer, 1, 0) != 0) {
        if (fd >= 0)
            close(fd);
        return;
    }
    child->pid = pid;
    if (fd >= 0) {
        child->exit_watch = (aphd_watch_t){
            .fd = fd, .events = POLLIN, .ready_cb = exited_cb, .self = child};
        if (aphd_loop_watch(child->loop, &child->exit_watch, NULL) != APR_SUCCESS) {
            close(fd);
            child->exit_watch.fd = -1;
        }
    }
    if (child->stop_asked)
        send_signal(child, SIGTERM);
}

static void frame_cb(void *self, json_t *frame)
{
    aphd_job_child_t *child = self;
    const char *note = json_string_value(json_object_get(frame, "note"));
    if (note != NULL && strcmp(note, "process") == 0)
        meet(child, (pid_t)json_integer_value(json_object_get(frame, "pid")));
    else
        child->frame_cb(child->self, frame);
}

static void end_cb(void *self, apr_status_t status, const aph_error_t *err)
{
    aphd_job_child_t *child = self;
    end_stream(child);
    /* Out of step with its own protocol: what it says next cannot be understood. */
    if (status != APR_EOF && !child->reaped)
        send_signal(child, SIGKILL);
    wait_patiently(child);
    settle(child);
}

/* Where the kernel (or what stands between it and us) has no pidfd: looked at now and then. */
static void look_cb(void *self)
{
    aphd_job_child_t *child = self;
    aphd_loop_timer(child->loop, &child->look, LOOK_MILLISECONDS, NULL);
    exited_cb(child, 0);
}

static apr_status_t watch_exit(aphd_job_child_t *child, aph_error_t *err)
{
    int fd = (int)syscall(SYS_pidfd_open, child->pid, 0);
    child->exit_watch.fd = -1;
    child->look.due_cb = look_cb;
    child->look.self = child;
    if (fd < 0 && errno == ENOSYS)
        return aphd_loop_timer(child->loop, &child->look, LOOK_MILLISECONDS, err);
    if (fd < 0)
        return aph_error_set(err, APR_FROM_OS_ERROR(errno), 815, "cannot watch process %d: %s",
                             (int)child->pid, strerror(errno));
    child->exit_watch = (aphd_watch_t){
        .fd = fd, .events = POLLIN, .ready_cb = exited_cb, .self = child};
    return aphd_loop_watch(child->loop, &child->exit_watch, err);
}

/* The process exists and cannot be watched: it must not be left running. A connected one reads the
 * end of its socket before it has begun. */
static void discard(aphd_job_child_t *child)
{
    if (!child->connected) {
        kill(child->pid, SIGKILL);
        waitpid(child->pid, NULL, 0);
    }
    unwatch_exit(child);
}

static apr_status_t start_forked(aphd_job_child_t *child, const aphd_job_program_t *program,
                                 int *fd, aph_error_t *err)
{
    int pair[2];
    const char *argv[] = {program->path, "-c", program->config_path, NULL};
    static const char *const envp[] = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C.UTF-8",
                                       NULL};
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
        return aph_error_set(err, APR_FROM_OS_ERROR(errno), 816, "no socket for a job: %s",
                             strerror(errno));
    aph_child_spec_t spec = {
        .argv = argv, .envp = envp, .fds = {-1, -1, STDERR_FILENO, pair[1]}, .own_session = 1};
    _Static_assert(APHD_JOB_FD == 3, "the descriptor a job looks for");
    apr_status_t status = aph_child_start(&spec, &child->pid, err);
    close(pair[1]);
    if (status != APR_SUCCESS)
        close(pair[0]);
    *fd = pair[0];
    return status;
}

/* What listens there is given scripts and instances: it has to be root's, as we are. */
static apr_status_t start_connected(const char *path, int *fd, aph_error_t *err)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    aphd_peer_t peer;
    if (strlen(path) >= sizeof address.sun_path)
        return aph_error_set(err, APH_ECONFIG, 2351, "%s: longer than a socket's path may be",
                             path);
    memcpy(address.sun_path, path, strlen(path));
    *fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    apr_status_t status = APR_SUCCESS;
    if (*fd < 0 || connect(*fd, (struct sockaddr *)&address, sizeof address) != 0)
        status = aph_error_set(err, APR_FROM_OS_ERROR(errno), 2352,
                               "no job can be started: %s: %s; `systemctl restart apphostd` makes "
                               "systemd listen there",
                               path, strerror(errno));
    if (status == APR_SUCCESS)
        status = aphd_peer_read(*fd, &peer, err);
    if (status == APR_SUCCESS && peer.uid != geteuid())
        status = aph_error_set(err, APH_EFORBIDDEN, 2353,
                               "no job can be started: %s belongs to user id %u; remove it, then "
                               "`systemctl restart apphostd`",
                               path, (unsigned)peer.uid);
    if (status != APR_SUCCESS && *fd >= 0)
        close(*fd);
    return status;
}

apr_status_t aphd_job_child_start(aphd_job_child_t *child, aphd_loop_t *loop,
                                  const aphd_job_program_t *program, aph_error_t *err)
{
    int fd = -1;
    child->loop = loop;
    child->exit_watch.fd = -1;
    child->connected = program->socket_path != NULL;
    child->exit_code = child->connected ? APHD_EXIT_UNKNOWN : 0;
    apr_status_t status = child->connected ? start_connected(program->socket_path, &fd, err)
                                           : start_forked(child, program, &fd, err);
    if (status != APR_SUCCESS)
        return status;
    child->patience.due_cb = impatient_cb;
    child->patience.self = child;
    child->stream.self = child;
    child->stream.frame_cb = frame_cb;
    child->stream.end_cb = end_cb;
    status = aphd_stream_open(&child->stream, loop, fd, APH_JOB_FRAME_MAX, err);
    if (status == APR_SUCCESS && !child->connected)
        status = watch_exit(child, err);
    if (status != APR_SUCCESS) {
        aphd_stream_close(&child->stream);
        discard(child);
        return status;
    }
    child->started = 1;
    return APR_SUCCESS;
}

void aphd_job_child_ask_stop(aphd_job_child_t *child)
{
    child->stop_asked = 1;
    if (child->started && !child->reaped)
        send_signal(child, SIGTERM);
}

void aphd_job_child_hang_up(aphd_job_child_t *child)
{
    if (!child->started || child->eof)
        return;
    end_stream(child);
    aphd_stream_close(&child->stream);
    wait_patiently(child);
    settle(child);
}

void aphd_job_child_forget(aphd_job_child_t *child)
{
    if (!child->started)
        return;
    child->started = 0;
    unwatch_exit(child);
    aphd_loop_untimer(child->loop, &child->patience);
    aphd_stream_close(&child->stream);
}
