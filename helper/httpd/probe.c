/* SPDX-License-Identifier: Apache-2.0 */
/* A request of our own instead of a library: one line out, one small answer in, and the monitor
 * that links us stays without curl. The connection is a new one each time, because an old child
 * keeps answering on an old one. */
#include "helper/httpd/probe.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <apr_strings.h>
#include <jansson.h>

#include "common/file_replace.h"

#define ANSWER_MAX 16384
#define ANSWER_MS  5000
#define PROBE      "apphost-probe"
#define PID_LARGEST 4194304

int64_t aphd_probe_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_BOOTTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int aphd_probe_has_room(const aphd_probe_t *probe)
{
    int fresh = probe->start_servers > 2 ? probe->start_servers : 2;
    return probe->slots_used + fresh <= probe->slots_total;
}

int aphd_probe_pid_file(const char *path)
{
    char *text = NULL;
    size_t length;
    if (path == NULL || aph_file_read(path, 64, &text, &length, NULL) != APR_SUCCESS)
        return 0;
    long pid = strtol(text, NULL, 10);
    free(text);
    int fd = pid > 1 && pid <= PID_LARGEST ? (int)syscall(SYS_pidfd_open, (pid_t)pid, 0) : -1;
    if (fd < 0)
        return 0;
    struct pollfd polled = {.fd = fd, .events = POLLIN};
    int ended = poll(&polled, 1, 0) > 0; /* also while nobody has waited for it yet */
    close(fd);
    return ended ? 0 : (int)pid;
}

/* --- the answer ------------------------------------------------------------------------------- */

static int number_of(json_t *object, const char *key)
{
    return (int)json_integer_value(json_object_get(object, key));
}

static const char *text_of(json_t *object, const char *key, apr_pool_t *p)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text != NULL ? apr_pstrdup(p, text) : NULL;
}

int aphd_probe_read(aphd_probe_t *probe, const char *json, size_t length, apr_pool_t *p)
{
    json_auto_t *answer = json_loadb(json, length, JSON_REJECT_DUPLICATES, NULL);
    json_t *slots = json_object_get(answer, "slots"), *threads = json_object_get(answer, "threads");
    *probe = (aphd_probe_t){
        .parent = number_of(answer, "parent"),
        .generation = json_integer_value(json_object_get(answer, "generation")),
        .set = text_of(answer, "set", p),
        .module = text_of(answer, "module", p),
        .routes = text_of(answer, "routes", p),
        .slots_total = number_of(slots, "total"),
        .slots_used = number_of(slots, "used"),
        .slots_quiescing = number_of(slots, "quiescing"),
        .start_servers = number_of(answer, "start_servers"),
        .threads_busy = number_of(threads, "busy"),
        .threads_idle = number_of(threads, "idle"),
    };
    return probe->parent > 1 && probe->set != NULL && probe->module != NULL &&
           probe->slots_total > 0;
}

/* --- the connection --------------------------------------------------------------------------- */

/* Waits until fd is ready. 0 when the time is over. */
static int ready(int fd, short events, int64_t until)
{
    int64_t left = until - aphd_probe_now();
    struct pollfd polled = {.fd = fd, .events = events};
    return left > 0 && poll(&polled, 1, (int)left) > 0;
}

/* httpd answers only who comes from a loopback address; a connection to another address of this
 * machine has that very address otherwise. */
static int open_socket(const aphd_httpd_t *httpd, int64_t until)
{
    struct sockaddr_in here = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct sockaddr_in there = {.sin_family = AF_INET,
                                .sin_port = htons((uint16_t)httpd->settings->public_port)};
    int cause = 0;
    socklen_t size = sizeof cause;
    if (inet_pton(AF_INET, httpd->settings->httpd_address, &there.sin_addr) != 1) {
        errno = EINVAL;
        return -1;
    }
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return -1;
    if (bind(fd, (struct sockaddr *)&here, sizeof here) != 0 ||
        (connect(fd, (struct sockaddr *)&there, sizeof there) != 0 && errno != EINPROGRESS))
        cause = errno;
    else if (!ready(fd, POLLOUT, until))
        cause = ETIMEDOUT;
    else
        getsockopt(fd, SOL_SOCKET, SO_ERROR, &cause, &size);
    if (cause == 0)
        return fd;
    close(fd);
    errno = cause;
    return -1;
}

/* Everything until httpd closes; 0 when that did not come to an end in time. */
static int exchange(int fd, const char *request, char *answer, size_t *length, int64_t until)
{
    size_t left = strlen(request);
    *length = 0;
    while (left > 0) {
        ssize_t sent = ready(fd, POLLOUT, until) ? send(fd, request, left, MSG_NOSIGNAL) : 0;
        if (sent <= 0)
            return 0;
        request += sent;
        left -= (size_t)sent;
    }
    for (;;) {
        if (!ready(fd, POLLIN, until))
            return 0;
        ssize_t got = recv(fd, answer + *length, ANSWER_MAX - *length, 0);
        if (got == 0 || *length + (size_t)(got > 0 ? got : 0) == ANSWER_MAX) {
            answer[*length] = '\0';
            return *length > 0;
        }
        if (got < 0 && errno != EINTR && errno != EAGAIN)
            return 0;
        *length += got > 0 ? (size_t)got : 0;
    }
}

static const char *address_of(const aphd_httpd_t *httpd)
{
    return apr_psprintf(httpd->p, "%s:%d", httpd->settings->httpd_address,
                        httpd->settings->public_port);
}

static apr_status_t no_connection(const aphd_httpd_t *httpd, aph_error_t *err)
{
    if (errno == ECONNREFUSED)
        return aph_error_set(
            err, APH_ENOTFOUND, 2087,
            "nothing listens on %s: start httpd, or correct Address and PublicPort "
            "in %s",
            address_of(httpd), httpd->settings->path);
    return aph_error_set(err, APH_ECONFIG, 2088,
                         "httpd cannot be reached on %s: %s; correct Address and PublicPort in %s",
                         address_of(httpd), strerror(errno), httpd->settings->path);
}

/* A page where the module's word should be: the module is not there, or not for this host. */
static apr_status_t not_the_module(const aphd_httpd_t *httpd, const char *answer, aph_error_t *err)
{
    int status = strncmp(answer, "HTTP/1.", 7) == 0 ? atoi(answer + 8) : 0;
    return aph_error_set(err, APH_ECONFIG, 2089,
                         "who answers on %s (status %d) is not an httpd with mod_apphost for *.%s: "
                         "include apphost.conf in its configuration with AppHostDomain %s and a "
                         "virtual host for *.%s in which AppHost is on, and restart it, or correct "
                         "Address and PublicPort in %s",
                         address_of(httpd), status, httpd->settings->domains[0],
                         httpd->settings->domains[0], httpd->settings->domains[0],
                         httpd->settings->path);
}

/* Before the first app there is no such file, and only the name can tell. */
static int same_file(const char *path, const char *other)
{
    struct stat one, two;
    return strcmp(path, other) == 0 || (stat(path, &one) == 0 && stat(other, &two) == 0 &&
                                        one.st_dev == two.st_dev && one.st_ino == two.st_ino);
}

apr_status_t aphd_httpd_probe(aphd_probe_t *probe, aphd_httpd_t *httpd, aph_error_t *err)
{
    const aphd_settings_t *settings = httpd->settings;
    int64_t until = aphd_probe_now() + ANSWER_MS;
    char answer[ANSWER_MAX + 1] = "";
    size_t length;
    int fd = open_socket(httpd, until);
    if (fd < 0)
        return no_connection(httpd, err);
    int whole = exchange(fd,
                         apr_psprintf(httpd->p,
                                      "GET / HTTP/1.1\r\nHost: " PROBE
                                      ".%s\r\nConnection: close\r\n\r\n",
                                      settings->domains[0]),
                         answer, &length, until);
    close(fd);
    if (!whole)
        return aph_error_set(err, APH_ECONFIG, 2090,
                             "httpd took a connection on %s, but did not answer within %d seconds: "
                             "look at its error log and at what its children do (apachectl status)",
                             address_of(httpd), ANSWER_MS / 1000);
    const char *body = strstr(answer, "\r\n\r\n");
    if (body == NULL || strncmp(answer, "HTTP/1.1 200 ", 13) != 0 ||
        !aphd_probe_read(probe, body + 4, length - (size_t)(body + 4 - answer), httpd->p))
        return not_the_module(httpd, answer, err);
    if (probe->routes == NULL || same_file(probe->routes, settings->routes_path))
        return APR_SUCCESS;
    return aph_error_set(err, APH_ECONFIG, 2091,
                         "httpd reads the routes in %s, apphostd writes them to %s: set "
                         "AppHostRoutes %s in httpd's configuration and restart httpd",
                         probe->routes, settings->routes_path, settings->routes_path);
}
