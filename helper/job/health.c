/* SPDX-License-Identifier: Apache-2.0 */
#include "helper/job/health.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <apr_time.h>

#define FIRST_PAUSE_MS 10
#define LAST_PAUSE_MS  1000

int aphd_health_is_answer(const char *octets, size_t length)
{
    static const char start[] = "HTTP/1.";
    return length > sizeof start && memcmp(octets, start, sizeof start - 1) == 0;
}

int aphd_health_is_well(const char *octets, size_t length)
{
    static const char start[] = "HTTP/1.1 200";
    return aphd_health_is_answer(octets, length) && length >= sizeof start - 1
        && octets[9] >= '1' && octets[9] < '5';
}

int aphd_health_pause(int attempt)
{
    int pause = attempt < 7 ? FIRST_PAUSE_MS << attempt : LAST_PAUSE_MS;
    return pause < LAST_PAUSE_MS ? pause : LAST_PAUSE_MS;
}

static int remaining(apr_time_t deadline)
{
    apr_time_t left = deadline - apr_time_now();
    return left > 0 ? (int)apr_time_as_msec(left) + 1 : 0;
}

/* A free port from the ephemeral range can connect to itself; that is nobody's answer. */
static int connected_to_itself(int fd)
{
    struct sockaddr_in here = {0}, there = {0};
    socklen_t here_length = sizeof here, there_length = sizeof there;
    return getsockname(fd, (struct sockaddr *)&here, &here_length) == 0
        && getpeername(fd, (struct sockaddr *)&there, &there_length) == 0
        && here.sin_port == there.sin_port && here.sin_addr.s_addr == there.sin_addr.s_addr;
}

static int connected(int fd)
{
    int cause = 0;
    socklen_t length = sizeof cause;
    return getsockopt(fd, SOL_SOCKET, SO_ERROR, &cause, &length) == 0 && cause == 0
        && !connected_to_itself(fd);
}

/* Reads until the octets decide. */
static apr_status_t await_answer(int fd, const aphd_health_at_t *at, apr_time_t deadline,
                                 const aphd_halt_t *halt, int *answered, aph_error_t *err)
{
    char octets[64] = "";
    size_t have = 0;
    while (have < 16 && remaining(deadline) > 0) {
        int ready;
        apr_status_t status = aphd_halt_wait(halt, fd, POLLIN, remaining(deadline), &ready, err);
        if (status != APR_SUCCESS)
            return status;
        if (!ready)
            continue;
        ssize_t got = recv(fd, octets + have, sizeof octets - have, 0);
        if (got == 0 || (got < 0 && errno != EINTR && errno != EAGAIN))
            break;
        have += got > 0 ? (size_t)got : 0;
    }
    *answered = at->path != NULL ? aphd_health_is_well(octets, have)
                                 : aphd_health_is_answer(octets, have);
    return APR_SUCCESS;
}

apr_status_t aphd_health_probe(const aphd_health_at_t *at, int milliseconds,
                               const aphd_halt_t *halt, int *answered, aph_error_t *err)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((unsigned short)at->port),
                             .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
    apr_time_t deadline = apr_time_now() + apr_time_from_msec(milliseconds);
    apr_status_t status = APR_SUCCESS;
    char request[APHD_HEALTH_PATH_MAX + 512];
    int ready = 0;
    *answered = 0;
    if (at->https)
        return aphd_health_probe_https(at, milliseconds, halt, answered, err);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return aphd_halt_check(halt, err);
    if (connect(fd, (struct sockaddr *)&to, sizeof to) == 0 || errno == EINPROGRESS)
        status = aphd_halt_wait(halt, fd, POLLOUT, remaining(deadline), &ready, err);
    else
        status = aphd_halt_check(halt, err);
    if (status == APR_SUCCESS && ready && connected(fd)) {
        int length = snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: %s\r\n"
                              "User-Agent: apphost\r\nAccept: */*\r\nConnection: close\r\n\r\n",
                              at->path != NULL ? at->path : "/", at->host);
        if (send(fd, request, (size_t)length, MSG_NOSIGNAL) == length)
            status = await_answer(fd, at, deadline, halt, answered, err);
    }
    close(fd);
    return status;
}
