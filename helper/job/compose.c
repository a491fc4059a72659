/* SPDX-License-Identifier: Apache-2.0 */
#include "helper/job/compose.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <apr_strings.h>
#include <apr_time.h>

#include "common/child.h"
#include "helper/job/lines.h"

#define SILENCE_MS 10000

typedef struct running_t {
    pid_t pid;
    int output;
    aphd_lines_t lines;
    const aphd_report_t *report;
    char last[512];   /* its last words */
    char reason[512]; /* the last line that looks like the cause */
} running_t;

static int is_reason(const char *line)
{
    return strncasecmp(line, "error", 5) == 0
        || strstr(line, "Error response from daemon") != NULL || strstr(line, "Cannot ") == line;
}

static apr_status_t line_cb(void *baton, char *line, size_t length)
{
    running_t *running = baton;
    aphd_text_clean(line);
    if (line[strspn(line, " \t")] == '\0')
        return APR_SUCCESS;
    aphd_report_log(running->report, "compose: %s", line);
    snprintf(running->last, sizeof running->last, "%s", line);
    if (is_reason(line))
        snprintf(running->reason, sizeof running->reason, "%s", line);
    return APR_SUCCESS;
}

static apr_status_t start(running_t *running, const char *const *argv, const char *const *envp,
                          const char *directory, aph_error_t *err)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0)
        return aph_error_set(err, APR_FROM_OS_ERROR(errno), 1082, "cannot run compose: %s",
                             strerror(errno));
    aph_child_spec_t spec = {
        .argv = argv, .envp = envp, .directory = directory, .fds = {-1, ends[1], ends[1], -1},
        .dies_with_parent = 1, .own_session = 1,
    };
    apr_status_t status = aph_child_start(&spec, &running->pid, err);
    close(ends[1]);
    running->output = ends[0];
    if (status != APR_SUCCESS)
        close(ends[0]);
    return status;
}

/* Reads until the program closes its output, time is up, or it is time to stop. */
static apr_status_t follow(running_t *running, const aphd_halt_t *halt,
                           const aphd_compose_up_t *up, aph_error_t *err)
{
    apr_time_t deadline = apr_time_now() + apr_time_from_sec(up->seconds);
    for (;;) {
        char octets[4096];
        int ready;
        int left = (int)apr_time_as_msec(deadline - apr_time_now());
        if (left <= 0)
            return aph_error_set(err, APH_EUNHEALTHY, 1083, "compose did not finish within %d "
                                 "seconds; its last words: %s", up->seconds, running->last);
        apr_status_t status = aphd_halt_wait(halt, running->output, POLLIN,
                                             left < SILENCE_MS ? left : SILENCE_MS, &ready, err);
        if (status == APR_SUCCESS && !ready)
            status = up->alive_cb(up->baton, err);
        if (status != APR_SUCCESS)
            return status;
        if (!ready)
            continue;
        ssize_t got = read(running->output, octets, sizeof octets);
        if (got == 0 || (got < 0 && errno != EINTR))
            return aphd_lines_finish(&running->lines);
        if (got > 0)
            aphd_lines_feed(&running->lines, octets, (size_t)got);
    }
}

static apr_status_t judge(const running_t *running, int exit_code, aph_error_t *err)
{
    const char *said = running->reason[0] != '\0' ? running->reason : running->last;
    if (exit_code == 0)
        return APR_SUCCESS;
    if (strstr(said, "no space left on device") != NULL)
        return aph_error_set(err, APH_ENOSPACE, 1084, "the engine's disk is full (%s); free some "
                             "space and try again", said);
    if (strstr(said, "address already in use") != NULL
        || strstr(said, "port is already allocated") != NULL)
        return aph_error_set(err, APH_ETAKEN, 1085, "a port of the app is in use (%s); free it and "
                             "try again", said);
    if (strstr(said, "Pool overlaps") != NULL || strstr(said, "is already used on the host") != NULL)
        return aph_error_set(err, APH_ETAKEN, 1981, APHD_COMPOSE_SUBNET_LOST " (%s); try again, or "
                             "set another SubnetPool in section [engine]", said);
    return aph_error_set(err, APH_EUNHEALTHY, 1086, "compose could not start the app: %s",
                         said[0] != '\0' ? said : "it said nothing");
}

static const char *const *command(const aphd_compose_program_t *compose,
                                  const aphd_compose_up_t *up, apr_pool_t *p)
{
    const char *const rest[] = {
        "--ansi", "never", "-p", up->project, "-f", up->file, "--project-directory", up->directory,
        "--env-file", up->empty_file, "up", "-d", NULL,
    };
    const char **argv = apr_pcalloc(p, sizeof compose->words + sizeof rest);
    size_t count = 0;
    while (compose->words[count] != NULL) {
        argv[count] = compose->words[count];
        count++;
    }
    memcpy(argv + count, rest, sizeof rest);
    return argv;
}

static const char *const *environment(const aphd_compose_up_t *up, apr_pool_t *p)
{
    const char *const list[] = {
        "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        apr_pstrcat(p, "HOME=", up->directory, NULL),
        apr_pstrcat(p, "DOCKER_HOST=unix://", up->engine_socket, NULL),
        "LANG=C.UTF-8",
        "COMPOSE_DISABLE_ENV_FILE=1",
        "COMPOSE_EXPERIMENTAL_GIT_REMOTE=0",
        "COMPOSE_EXPERIMENTAL_OCI_REMOTE=0",
        "COMPOSE_MENU=0",
        NULL,
    };
    return apr_pmemdup(p, list, sizeof list);
}

apr_status_t aphd_compose_up(const aphd_compose_program_t *compose, const aphd_compose_up_t *up,
                             const aphd_halt_t *halt, const aphd_report_t *report, apr_pool_t *p,
                             aph_error_t *err)
{
    running_t *running = apr_pcalloc(p, sizeof *running);
    running->report = report;
    apr_status_t status = start(running, command(compose, up, p), environment(up, p), up->directory,
                                err);
    if (status != APR_SUCCESS)
        return status;
    aphd_lines_init(&running->lines, line_cb, running);
    status = follow(running, halt, up, err);
    if (status != APR_SUCCESS)
        kill(-running->pid, SIGKILL); /* it leads a session of its own: whatever it started, too */
    int exit_code = 1;
    apr_status_t waited = aph_child_wait(running->pid, &exit_code, err);
    aphd_lines_clear(&running->lines);
    close(running->output);
    if (status == APR_SUCCESS)
        status = waited == APR_SUCCESS ? judge(running, exit_code, err) : waited;
    return status;
}
