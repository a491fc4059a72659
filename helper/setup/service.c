/* SPDX-License-Identifier: Apache-2.0 */
#include "helper/setup/service.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "helper/httpd/run.h"
#include "helper/setup/plan.h"
#include "helper/setup/show.h"

#define UNIT          "apphostd.service"
#define STEP_MS       50
#define RELOAD_MS     15000
#define DAEMON_END_MS 30000

static void pause_ms(int milliseconds)
{
    poll(NULL, 0, milliseconds);
}

apr_status_t aphd_service_reserve(const char *list, aph_error_t *err)
{
    int fd = open(APHD_RESERVED_PORTS, O_WRONLY | O_CLOEXEC);
    /* An empty list is written as an empty line: nothing at all would be no write. */
    const char *octets = *list != '\0' ? list : "\n";
    int failed = fd < 0 || write(fd, octets, strlen(octets)) < 0;
    int cause = errno;
    if (fd >= 0)
        close(fd);
    return failed ? aph_error_set(err, APR_FROM_OS_ERROR(cause), 2189,
                                  "the kernel does not take the reserved ports (%s): %s",
                                  APHD_RESERVED_PORTS, strerror(cause))
                  : APR_SUCCESS;
}

/* --- systemd ---------------------------------------------------------------------------------- */

int aphd_service_systemd(void)
{
    return access("/run/systemd/system", F_OK) == 0;
}

static const char *systemctl(void)
{
    return access("/usr/bin/systemctl", X_OK) == 0 ? "/usr/bin/systemctl" : "/bin/systemctl";
}

int aphd_service_enabled(apr_pool_t *p)
{
    const char *words[] = {systemctl(), "--quiet", "is-enabled", UNIT, NULL};
    aphd_run_t run;
    return aphd_run(&run, words, APHD_RUN_CHECK, p, NULL) == APR_SUCCESS && run.exit_code == 0;
}

apr_status_t aphd_service_systemctl(const char *verb, int now, apr_pool_t *p, aph_error_t *err)
{
    const char *words[] = {systemctl(), verb, now ? "--now" : UNIT, now ? UNIT : NULL, NULL};
    aphd_run_t run;
    apr_status_t status = aphd_run(&run, words, APHD_RUN_CHECK, p, err);
    if (status == APR_SUCCESS && run.exit_code != 0)
        status = aph_error_set(err, APH_EDAEMON, 2190, "systemctl %s " UNIT " failed: %.300s", verb,
                               *run.errors != '\0' ? run.errors : "it does not say why");
    return status;
}

/* --- apphostd --------------------------------------------------------------------------------- */

pid_t aphd_service_daemon(const aphd_settings_t *settings)
{
    char text[24];
    int fd = open(settings->lock_path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return 0;
    pid_t pid = 0;
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        ssize_t length = pread(fd, text, sizeof text - 1, 0);
        text[length > 0 ? length : 0] = '\0';
        pid = (pid_t)strtol(text, NULL, 10);
    }
    close(fd);
    return pid;
}

apr_status_t aphd_service_stop_daemon(const aphd_settings_t *settings, aph_error_t *err)
{
    pid_t pid = aphd_service_daemon(settings);
    if (pid <= 1)
        return APR_SUCCESS;
    kill(pid, SIGTERM);
    for (int waited = 0; waited < DAEMON_END_MS; waited += STEP_MS) {
        if (aphd_service_daemon(settings) == 0)
            return APR_SUCCESS;
        pause_ms(STEP_MS);
    }
    return aph_error_set(err, APH_EDAEMON, 2191,
                         "apphostd (process %d) does not end; end it, then run teardown again",
                         (int)pid);
}

/* --- httpd ------------------------------------------------------------------------------------ */

/* Until the parent answers as it shall. */
static apr_status_t await(aphd_setup_t *setup, int with_apphost, aph_error_t *err)
{
    aphd_probe_t probe;
    aph_error_t why = APH_ERROR_INIT;
    for (int waited = 0; waited < RELOAD_MS; waited += STEP_MS) {
        why = (aph_error_t)APH_ERROR_INIT;
        apr_status_t status = aphd_httpd_probe(&probe, setup->httpd, &why);
        if (with_apphost ? status == APR_SUCCESS : status == APH_ECONFIG)
            return APR_SUCCESS;
        if (kill(setup->parent, 0) != 0)
            return aph_error_set(err, APH_EUNHEALTHY, 2192,
                                 "httpd (process %d) ended when it was reloaded; its error log%s%s "
                                 "says why",
                                 (int)setup->parent, setup->facts->error_log != NULL ? " " : "",
                                 setup->facts->error_log != NULL ? setup->facts->error_log : "");
        pause_ms(STEP_MS);
    }
    return aph_error_set(err, APH_EUNHEALTHY, 2193,
                         "httpd was reloaded, and still does not answer %s mod_apphost after %d "
                         "seconds%s%s",
                         with_apphost ? "with" : "without", RELOAD_MS / 1000,
                         *why.message != '\0' ? ": " : "", why.message);
}

apr_status_t aphd_service_reload(aphd_setup_t *setup, int with_apphost, aph_error_t *err)
{
    aphd_probe_t probe;
    aphd_httpd_result_t result;
    if (setup->parent == 0)
        return APR_SUCCESS;
    if (with_apphost && aphd_httpd_probe(&probe, setup->httpd, NULL) == APR_SUCCESS)
        return aphd_httpd_reload(&result, setup->httpd, err);
    if (kill(setup->parent, SIGUSR1) != 0)
        return aph_error_set(err, APR_FROM_OS_ERROR(errno), 2194,
                             "httpd (process %d) cannot be told to reload: %s", (int)setup->parent,
                             strerror(errno));
    return await(setup, with_apphost, err);
}
