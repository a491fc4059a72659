/* SPDX-License-Identifier: Apache-2.0 */
/* apphostd: the monitor. Small, root, and without the engine, the network or foreign text: those
 * are in its jobs, which are its children, or started by systemd where -j says so.
 *
 * Its start is a story in ten steps, told by run() below:
 *    1. settings          apphostd.conf, read once; a change needs a restart (SIGHUP says so)
 *    2. places            the directories are ours and nobody else writes to them
 *    3. lock              the only apphostd here; held until the end
 *    4. store             opened, copied and brought to today's schema. Where that fails, apphostd
 *                         still answers `status`, changes nothing and leaves the routes as they are
 *    5. routes            written where they differ from the database
 *    6. interrupted jobs  taken up, so that their apps are busy before anyone can ask for them
 *    7. socket            bound in the directory only root writes to
 *    8. watcher           the child that observes the engine
 *    9. copies            one of the database a day
 *   10. ready             told to systemd where it waits for that; then the loop
 *
 * SIGTERM and SIGINT end it at once: no more connections, and running jobs read the end of their
 * socket, stop where they are and are recovered from the journal by the next start, just as after a
 * crash. So there is one way to come back, and it is the one that is tried most. */
#include <errno.h>
#include <malloc.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include <apr_general.h>
#include <apr_strings.h>

#include "config.h"
#include "helper/monitor/copies.h"
#include "helper/monitor/jobs.h"
#include "helper/monitor/log.h"
#include "helper/monitor/places.h"
#include "helper/monitor/publish.h"
#include "helper/monitor/watcher.h"

#define LOOP_CAPACITY 192
#define EXIT_START_FAILED 1
#define EXIT_USAGE 2

static const char usage[] =
    "usage: apphostd [-c CONFIG] [-j SOCKET] [-f | -t | -b | -V | -h]\n"
    "  -c CONFIG  read CONFIG instead of " APHD_SETTINGS_PATH "\n"
    "  -j SOCKET  have jobs started by whoever listens there, instead of as children\n"
    "  -f         stay in the foreground; it always does, a service manager puts it elsewhere\n"
    "  -t         check the configuration and end\n"
    "  -b         make today's copy of the database and end\n"
    "  -V         print the version\n"
    "Exit status: 0 ended on request, 1 could not start (also: another apphostd runs), 2 usage,\n"
    "20 the configuration cannot be used.\n";

typedef struct daemon_t {
    aphd_monitor_t monitor;
    aphd_copies_t copies;
    aphd_watch_t signals;
    int lock_fd;
    char machine[256];
} daemon_t;

/* --- the loop's callbacks --- */

static void signal_cb(void *self, short revents)
{
    daemon_t *daemon = self;
    struct signalfd_siginfo info;
    while (read(daemon->signals.fd, &info, sizeof info) == (ssize_t)sizeof info) {
        if (info.ssi_signo == SIGHUP) {
            aphd_log(APHD_LOG_INFO, "SIGHUP: settings are read at start only; restart apphostd");
            continue;
        }
        aphd_log(APHD_LOG_INFO, "signal %u: ending; running jobs are recovered at the next start",
                 info.ssi_signo);
        aphd_loop_stop(daemon->monitor.loop);
    }
}

static void round_cb(void *self)
{
    aphd_monitor_t *monitor = self;
    if (monitor->jobs != NULL)
        aphd_jobs_round(monitor->jobs);
    if (monitor->watcher != NULL)
        aphd_watcher_round(monitor->watcher);
    if (monitor->server != NULL)
        aphd_server_sweep(monitor->server);
}

static void drained_cb(void *self, aphd_conn_t *conn)
{
    aphd_monitor_t *monitor = self;
    if (monitor->jobs != NULL)
        aphd_jobs_drained(monitor->jobs, conn);
}

/* --- the steps --- */

static apr_status_t open_loop(daemon_t *daemon, aph_error_t *err)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGHUP);
    signal(SIGPIPE, SIG_IGN);
    sigprocmask(SIG_BLOCK, &set, NULL);
    apr_status_t status = aphd_loop_create(&daemon->monitor.loop, LOOP_CAPACITY, err);
    if (status != APR_SUCCESS)
        return status;
    int fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    if (fd < 0)
        return aph_error_set(err, APR_FROM_OS_ERROR(errno), 905, "no descriptor for signals: %s",
                             strerror(errno));
    daemon->signals =
        (aphd_watch_t){.fd = fd, .events = POLLIN, .ready_cb = signal_cb, .self = daemon};
    aphd_loop_hook(daemon->monitor.loop, round_cb, &daemon->monitor);
    return aphd_loop_watch(daemon->monitor.loop, &daemon->signals, err);
}

/* Steps 4 to 6. A database that cannot be used leaves a daemon that says so. */
static apr_status_t open_store(aphd_monitor_t *monitor, aph_error_t *err)
{
    if (aphd_store_open(&monitor->store, monitor->settings->database_path, &monitor->store_error)
        != APR_SUCCESS) {
        aphd_log_error(APHD_LOG_ERROR, "database", &monitor->store_error);
        return APR_SUCCESS;
    }
    apr_status_t status = aphd_publish(monitor->store, monitor->settings, err);
    if (status == APR_SUCCESS)
        status = aphd_jobs_create(&monitor->jobs, monitor, err);
    if (status == APR_SUCCESS)
        status = aphd_jobs_recover(monitor->jobs, err);
    return status;
}

/* Step 7. */
static apr_status_t open_socket(aphd_monitor_t *monitor, gid_t gid, aph_error_t *err)
{
    int fd = -1;
    aphd_server_calls_t calls = {monitor, aphd_monitor_request_cb, drained_cb};
    apr_status_t status = aphd_server_bind(monitor->settings->socket_path, gid, &fd, err);
    if (status == APR_SUCCESS)
        status = aphd_server_create(&monitor->server, monitor->loop, fd, &calls, err);
    return status;
}

/* Step 10: one datagram to the address systemd names; nothing where it names none. */
static void say_ready(void)
{
    const char *path = getenv("NOTIFY_SOCKET");
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (path == NULL || strlen(path) >= sizeof address.sun_path || strlen(path) < 2)
        return;
    memcpy(address.sun_path, path, strlen(path));
    if (address.sun_path[0] == '@')
        address.sun_path[0] = '\0'; /* an abstract name */
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    socklen_t length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(path));
    if (fd >= 0 && sendto(fd, "READY=1", 7, MSG_NOSIGNAL, (struct sockaddr *)&address, length) < 0)
        aphd_log(APHD_LOG_WARNING, "%s does not take our word: %s", path, strerror(errno));
    if (fd >= 0)
        close(fd);
}

static void close_all(daemon_t *daemon)
{
    aphd_monitor_t *monitor = &daemon->monitor;
    if (monitor->server != NULL)
        unlink(monitor->settings->socket_path);
    aphd_server_destroy(monitor->server);
    monitor->server = NULL;
    aphd_copies_end(&daemon->copies);
    aphd_watcher_destroy(monitor->watcher);
    aphd_jobs_destroy(monitor->jobs);
    aphd_store_close(monitor->store);
    aphd_loop_destroy(monitor->loop);
    if (daemon->lock_fd >= 0)
        close(daemon->lock_fd);
}

static apr_status_t run(daemon_t *daemon, aph_error_t *err)
{
    aphd_monitor_t *monitor = &daemon->monitor;
    gid_t gid = 0;
    apr_status_t status = aphd_places_group(monitor->settings, &gid, err);
    if (status == APR_SUCCESS)
        status = aphd_places_prepare(monitor->settings, gid, err);
    if (status == APR_SUCCESS)
        status = aphd_places_lock(monitor->settings, &daemon->lock_fd, err);
    if (status == APR_SUCCESS)
        status = open_loop(daemon, err);
    if (status == APR_SUCCESS)
        status = open_store(monitor, err);
    if (status == APR_SUCCESS)
        status = open_socket(monitor, gid, err);
    if (status == APR_SUCCESS && monitor->store != NULL)
        status = aphd_watcher_create(&monitor->watcher, monitor, err);
    if (status == APR_SUCCESS && monitor->store != NULL)
        status = aphd_copies_begin(&daemon->copies, monitor->loop, monitor->settings->path, err);
    if (status != APR_SUCCESS)
        return status;
    say_ready();
    aphd_log(APHD_LOG_INFO, "apphost %s listens on %s", PACKAGE_VERSION,
             monitor->settings->socket_path);
    return aphd_loop_run(monitor->loop, err);
}

/* --- the program --- */

typedef struct options_t {
    const char *config_path;
    const char *job_socket; /* NULL: jobs are our children */
    unsigned check : 1;
    unsigned copy : 1;
} options_t;

/* Returns -1 to go on, or the exit status. */
static int read_options(int argc, char **argv, options_t *options)
{
    int letter;
    options->config_path = APHD_SETTINGS_PATH;
    while ((letter = getopt(argc, argv, "c:j:ftbVh")) != -1)
        switch (letter) {
        case 'c':
            options->config_path = optarg;
            break;
        case 'j':
            options->job_socket = optarg;
            break;
        case 'f':
            break;
        case 't':
            options->check = 1;
            break;
        case 'b':
            options->copy = 1;
            break;
        case 'V':
            puts("apphostd " PACKAGE_VERSION);
            return EXIT_SUCCESS;
        case 'h':
            fputs(usage, stdout);
            return EXIT_SUCCESS;
        default:
            fputs(usage, stderr);
            return EXIT_USAGE;
        }
    if (optind == argc)
        return -1;
    fputs(usage, stderr);
    return EXIT_USAGE;
}

static apr_status_t make_copy(const aphd_settings_t *settings, apr_pool_t *p, aph_error_t *err)
{
    return aphd_store_copy(settings->database_path,
                           apr_pstrcat(p, settings->state_dir, "/copies", NULL),
                           aphd_monitor_clock(), err);
}

static apr_status_t serve(const aphd_settings_t *settings, const char *job_socket, aph_error_t *err)
{
    daemon_t daemon = {.lock_fd = -1};
    aphd_monitor_t *monitor = &daemon.monitor;
    monitor->settings = settings;
    monitor->program.path = APH_LIBEXECDIR "/apphost-job";
    monitor->program.config_path = settings->path;
    monitor->program.socket_path = job_socket;
    monitor->started = aphd_monitor_clock();
    if (gethostname(daemon.machine, sizeof daemon.machine - 1) == 0)
        monitor->machine = daemon.machine;
    apr_status_t status = run(&daemon, err);
    close_all(&daemon);
    return status;
}

static int exit_status_of(apr_status_t status)
{
    if (status == APR_SUCCESS)
        return EXIT_SUCCESS;
    return status == APH_ECONFIG ? aph_error_exit_code(status) : EXIT_START_FAILED;
}

int main(int argc, char **argv)
{
    options_t options = {0};
    aphd_settings_t *settings = NULL;
    apr_pool_t *p = NULL;
    aph_error_t err = APH_ERROR_INIT;
    int early = read_options(argc, argv, &options);
    if (early >= 0)
        return early;

    umask(077);
    /* Give large blocks back to the kernel when they are freed: a big answer once must not make the
     * idle monitor big for ever. */
    mallopt(M_MMAP_THRESHOLD, 65536);
    mallopt(M_TRIM_THRESHOLD, 131072);
    if (apr_initialize() != APR_SUCCESS || apr_pool_create(&p, NULL) != APR_SUCCESS)
        return EXIT_START_FAILED;
    apr_status_t status = aphd_settings_load(&settings, options.config_path, p, &err);
    gid_t gid;
    if (status == APR_SUCCESS && options.check)
        status = aphd_places_group(settings, &gid, &err);
    else if (status == APR_SUCCESS && options.copy)
        status = make_copy(settings, p, &err);
    else if (status == APR_SUCCESS)
        status = serve(settings, options.job_socket, &err);
    if (status != APR_SUCCESS)
        aphd_log_error(APHD_LOG_ERROR, "cannot go on", &err);
    else if (options.check)
        printf("%s is in order\n", options.config_path);
    apr_terminate();
    return exit_status_of(status);
}
