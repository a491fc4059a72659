/* SPDX-License-Identifier: Apache-2.0 */
#include "helper/monitor/copies.h"

#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/child.h"
#include "helper/monitor/log.h"

#define DAY_MILLISECONDS (24 * 3600 * (int64_t)1000)

/* This very program, also where its file was replaced or removed meanwhile. */
#define OURSELVES "/proc/self/exe"

static void exited_cb(void *self, short revents)
{
    aphd_copies_t *copies = self;
    int status = 0;
    if (waitpid(copies->pid, &status, WNOHANG) != copies->pid)
        return;
    copies->pid = 0;
    aphd_loop_unwatch(copies->loop, &copies->exit_watch);
    close(copies->exit_watch.fd);
    if (status != 0)
        aphd_log(APHD_LOG_ERROR, "the daily copy of the database was not made; see the line above");
}

static void begin_copy_cb(void *self)
{
    aphd_copies_t *copies = self;
    aph_error_t err = APH_ERROR_INIT;
    const char *argv[] = {OURSELVES, "-c", copies->config_path, "-b", NULL};
    aph_child_spec_t spec = {
        .argv = argv, .fds = {-1, -1, STDERR_FILENO, -1}, .dies_with_parent = 1};
    pid_t pid = 0;
    aphd_loop_timer(copies->loop, &copies->timer, DAY_MILLISECONDS, NULL);
    if (copies->pid != 0)
        return;
    if (aph_child_start(&spec, &pid, &err) != APR_SUCCESS) {
        aphd_log_error(APHD_LOG_ERROR, "the daily copy of the database", &err);
        return;
    }
    int fd = (int)syscall(SYS_pidfd_open, pid, 0);
    copies->exit_watch =
        (aphd_watch_t){.fd = fd, .events = POLLIN, .ready_cb = exited_cb, .self = copies};
    copies->pid = (int)pid;
    if (fd < 0 || aphd_loop_watch(copies->loop, &copies->exit_watch, NULL) != APR_SUCCESS) {
        waitpid(pid, NULL, 0);
        copies->pid = 0;
        if (fd >= 0)
            close(fd);
    }
}

apr_status_t aphd_copies_begin(aphd_copies_t *copies, aphd_loop_t *loop, const char *config_path,
                               aph_error_t *err)
{
    copies->loop = loop;
    copies->config_path = config_path;
    copies->timer.due_cb = begin_copy_cb;
    copies->timer.self = copies;
    return aphd_loop_timer(loop, &copies->timer, 0, err);
}

void aphd_copies_end(aphd_copies_t *copies)
{
    if (copies->loop == NULL)
        return;
    aphd_loop_untimer(copies->loop, &copies->timer);
    if (copies->pid != 0) {
        aphd_loop_unwatch(copies->loop, &copies->exit_watch);
        close(copies->exit_watch.fd);
    }
}
