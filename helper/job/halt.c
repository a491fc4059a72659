/* SPDX-License-Identifier: Apache-2.0 */
#include "helper/job/halt.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>

apr_status_t aphd_halt_open(aphd_halt_t *halt, int peer_fd, aph_error_t *err)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    memset(halt, 0, sizeof *halt);
    halt->peer_fd = peer_fd;
    halt->signal_fd = sigprocmask(SIG_BLOCK, &set, NULL) == 0
                    ? signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK) : -1;
    if (halt->signal_fd < 0)
        return aph_error_set(err, APR_FROM_OS_ERROR(errno), 1000,
                             "cannot wait for signals: %s", strerror(errno));
    return APR_SUCCESS;
}

/* Polls the two descriptors and, where fd is not -1, one more. A time that ran out while it was worked
 * out is over: to poll, less than nothing means for ever. */
static apr_status_t wait_for(const aphd_halt_t *halt, struct pollfd *third, int milliseconds,
                             aph_error_t *err)
{
    struct pollfd fds[3] = {
        {.fd = halt->heedless ? -1 : halt->signal_fd, .events = POLLIN},
        /* Only the hang-up counts: watch is sent events over the same socket. */
        {.fd = halt->peer_fd, .events = POLLRDHUP},
        *third,
    };
    int count = poll(fds, 3, milliseconds > 0 ? milliseconds : 0);
    third->revents = count > 0 ? fds[2].revents : 0;
    if (count < 0 && errno != EINTR)
        return aph_error_set(err, APR_FROM_OS_ERROR(errno), 1001, "cannot wait: %s",
                             strerror(errno));
    if (count > 0 && fds[1].revents != 0)
        return aph_error_set(err, APR_EOF, 1002, "apphostd is gone");
    if (count > 0 && fds[0].revents != 0)
        return aph_error_set(err, APH_ECANCELLED, 1003, "stopped on request");
    return APR_SUCCESS;
}

apr_status_t aphd_halt_check(const aphd_halt_t *halt, aph_error_t *err)
{
    return aphd_halt_sleep(halt, 0, err);
}

apr_status_t aphd_halt_sleep(const aphd_halt_t *halt, int milliseconds, aph_error_t *err)
{
    struct pollfd none = {.fd = -1};
    return wait_for(halt, &none, milliseconds, err);
}

apr_status_t aphd_halt_wait(const aphd_halt_t *halt, int fd, short events, int milliseconds,
                            int *ready, aph_error_t *err)
{
    struct pollfd third = {.fd = fd, .events = events};
    apr_status_t status = wait_for(halt, &third, milliseconds, err);
    *ready = third.revents != 0;
    return status;
}
