/* SPDX-License-Identifier: Apache-2.0 */
#include "helper/httpd/run.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <apr_strings.h>

#include "common/child.h"

#define DRAIN_MS 200 /* for what a child wrote just before its end */

/* One stream of the child: what fits in limit is kept. */
typedef struct stream_t {
    int fd;
    size_t length, room, limit;
    char *octets;
    int cut;
} stream_t;

/* apache2ctl needs PATH for the few programs it calls; both read messages in English. */
static const char *const environment[] = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LANG=C", NULL};

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Takes what is there; the end of the stream closes it. */
static void take(stream_t *stream, apr_pool_t *p)
{
    char piece[16384];
    ssize_t got = read(stream->fd, piece, sizeof piece);
    if (got < 0 && (errno == EINTR || errno == EAGAIN))
        return;
    if (got <= 0) {
        close(stream->fd);
        stream->fd = -1;
        return;
    }
    size_t more = (size_t)got;
    if (more > stream->limit - stream->length) {
        more = stream->limit - stream->length;
        stream->cut = 1;
    }
    if (stream->length + more >= stream->room) {
        stream->room = (stream->length + more + 1) * 2;
        char *larger = apr_palloc(p, stream->room);
        if (stream->length > 0)
            memcpy(larger, stream->octets, stream->length);
        stream->octets = larger;
    }
    memcpy(stream->octets + stream->length, piece, more);
    stream->length += more;
    stream->octets[stream->length] = '\0';
}

/* Reads both streams until the child has ended; a server it leaves behind may hold them open, so
 * their end is not waited for. Returns 0 when the time was over first. */
static int follow(stream_t streams[2], int pidfd, apr_pool_t *p)
{
    int64_t until = now_ms() + APHD_RUN_SECONDS * 1000;
    int ended = 0;
    for (;;) {
        struct pollfd polled[3] = {{.fd = streams[0].fd, .events = POLLIN},
                                   {.fd = streams[1].fd, .events = POLLIN},
                                   {.fd = ended ? -1 : pidfd, .events = POLLIN}};
        int64_t left = until - now_ms();
        if (left <= 0 || (ended && streams[0].fd < 0 && streams[1].fd < 0))
            return ended;
        int ready = poll(polled, 3, (int)left);
        if (ready < 0 && errno != EINTR)
            return ended;
        for (int i = 0; ready > 0 && i < 2; i++)
            if (polled[i].fd >= 0 && polled[i].revents != 0)
                take(&streams[i], p);
        if (ready > 0 && !ended && polled[2].revents != 0) {
            ended = 1;
            until = now_ms() + DRAIN_MS;
        }
    }
}

static apr_status_t open_streams(stream_t streams[2], int ends[2], apr_pool_t *p, aph_error_t *err)
{
    static const size_t limits[2] = {APHD_RUN_OUT_MAX, APHD_RUN_ERRORS_MAX};
    for (int i = 0; i < 2; i++) {
        int fds[2];
        if (pipe2(fds, O_CLOEXEC) != 0) {
            int cause = errno;
            if (i == 1) {
                close(streams[0].fd);
                close(ends[0]);
            }
            return aph_error_set(err, APR_FROM_OS_ERROR(cause), 2060,
                                 "cannot make a pipe for httpd's command: %s", strerror(cause));
        }
        fcntl(fds[0], F_SETFL, O_NONBLOCK);
        streams[i] = (stream_t){.fd = fds[0], .limit = limits[i], .octets = apr_pstrdup(p, "")};
        ends[i] = fds[1];
    }
    return APR_SUCCESS;
}

static apr_status_t finish(aphd_run_t *run, stream_t streams[2], pid_t pid, const char *program,
                           apr_pool_t *p, aph_error_t *err)
{
    int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
    int ended = pidfd >= 0 && follow(streams, pidfd, p);
    if (pidfd >= 0)
        close(pidfd);
    for (int i = 0; i < 2; i++)
        if (streams[i].fd >= 0)
            close(streams[i].fd);
    if (!ended)
        kill(-pid, SIGKILL);
    apr_status_t rv = aph_child_wait(pid, &run->exit_code, err);
    if (rv != APR_SUCCESS)
        return rv;
    if (!ended)
        return aph_error_set(err, APH_ECONFIG, 2061,
                             "%s did not end within %d seconds and was stopped: run it by hand to "
                             "see what it waits for",
                             program, APHD_RUN_SECONDS);
    if (streams[0].cut)
        return aph_error_set(err, APH_ECONFIG, 2062, "%s says more than %d octets", program,
                             APHD_RUN_OUT_MAX);
    run->out = streams[0].octets;
    run->errors = streams[1].octets;
    return APR_SUCCESS;
}

apr_status_t aphd_run(aphd_run_t *run, const char *const *words, aphd_run_kind_t kind,
                      apr_pool_t *p, aph_error_t *err)
{
    stream_t streams[2] = {{.fd = -1}, {.fd = -1}};
    int ends[2] = {-1, -1};
    apr_status_t rv = open_streams(streams, ends, p, err);
    if (rv != APR_SUCCESS)
        return rv;
    aph_child_spec_t spec = {.argv = words,
                             .envp = environment,
                             .fds = {-1, ends[0], ends[1], -1},
                             .own_session = 1,
                             .dies_with_parent = kind != APHD_RUN_START,
                             .unprivileged = kind == APHD_RUN_UNPRIVILEGED};
    pid_t pid;
    rv = aph_child_start(&spec, &pid, err);
    close(ends[0]);
    close(ends[1]);
    if (rv == APR_SUCCESS)
        return finish(run, streams, pid, words[0], p, err);
    close(streams[0].fd);
    close(streams[1].fd);
    return rv;
}

apr_status_t aphd_run_httpd(aphd_run_t *run, const aphd_httpd_t *httpd, const char *const *more,
                            aphd_run_kind_t kind, aph_error_t *err)
{
    apr_array_header_t *words = apr_array_make(httpd->p, 16, sizeof(const char *));
    for (const char *const *word = httpd->command; *word != NULL; word++)
        APR_ARRAY_PUSH(words, const char *) = *word;
    for (const char *const *word = more; *word != NULL; word++)
        APR_ARRAY_PUSH(words, const char *) = *word;
    APR_ARRAY_PUSH(words, const char *) = NULL;
    return aphd_run(run, (const char *const *)words->elts, kind, httpd->p, err);
}
