/* SPDX-License-Identifier: Apache-2.0 */
/* After a reload that did not succeed. The check a moment before cannot see everything (the folder
 * of a log, a certificate's key); httpd then ends while it restarts, and nobody answers until
 * somebody starts it. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <apr_strings.h>

#include "helper/httpd/change.h"
#include "helper/httpd/check.h"
#include "helper/httpd/dump.h"
#include "helper/httpd/probe.h"
#include "helper/httpd/run.h"
#include "helper/httpd/sets.h"

#define SYSTEMCTL "/usr/bin/systemctl"
#define TAIL_MAX  16384

/* What httpd wrote into its error log since it was signalled; "" when that cannot be had. */
static const char *log_tail(const aphd_change_t *change)
{
    char *tail = apr_pcalloc(change->httpd->p, TAIL_MAX + 1);
    if (change->facts->error_log == NULL || change->log_length < 0)
        return tail;
    int fd = open(change->facts->error_log, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    ssize_t length = fd >= 0 ? pread(fd, tail, TAIL_MAX, (off_t)change->log_length) : 0;
    if (fd >= 0)
        close(fd);
    tail[length > 0 ? length : 0] = '\0';
    return tail;
}

/* "cause (place)", as far as httpd said it. */
static const char *reason(const aphd_change_t *change)
{
    aphd_cause_t cause;
    apr_pool_t *p = change->httpd->p;
    aphd_dump_cause(&cause, log_tail(change), p);
    int app_id = aphd_check_whose(change->httpd, cause.file);
    if (app_id > 0)
        return apr_psprintf(p, "%s (%s/%05d.conf, line %d)", cause.sentence,
                            change->httpd->settings->vhosts_available, app_id, cause.line);
    if (cause.file != NULL)
        return apr_psprintf(p, "%s (%s, line %d)", cause.sentence, cause.file, cause.line);
    if (change->facts->error_log != NULL)
        return apr_psprintf(p, "%s (%s)", cause.sentence, change->facts->error_log);
    return cause.sentence;
}

/* systemd must know of a start where it has httpd in its care; that is so where httpd is the
 * distribution's. */
static apr_status_t start(const aphd_change_t *change, aph_error_t *err)
{
    static const char *const plain[] = {"-k", "start", NULL};
    const aphd_httpd_t *httpd = change->httpd;
    const char *unit = strstr(httpd->command[0], "apache2") != NULL ? "apache2" : "httpd";
    const char *const words[] = {SYSTEMCTL, "restart", unit, NULL};
    aphd_run_t run;
    int by_systemd = httpd->usual && access("/run/systemd/system", F_OK) == 0 &&
                     access(SYSTEMCTL, X_OK) == 0;
    apr_status_t rv = by_systemd ? aphd_run(&run, words, APHD_RUN_START, httpd->p, err)
                                 : aphd_run_httpd(&run, httpd, plain, APHD_RUN_START, err);
    if (rv != APR_SUCCESS || run.exit_code == 0)
        return rv;
    aphd_cause_t cause;
    aphd_dump_cause(&cause, run.errors, httpd->p);
    return aph_error_set(err, APH_EUNHEALTHY, 2101, "%s%s%s", cause.sentence,
                         cause.file != NULL ? " in " : "", cause.file != NULL ? cause.file : "");
}

static apr_status_t after_death(aphd_change_t *change, aph_error_t *err)
{
    aph_error_t why = APH_ERROR_INIT;
    const char *cause = reason(change);
    close(change->parent_fd);
    change->parent_fd = -1;
    if (aphd_probe_pid_file(change->facts->pid_file) == 0)
        unlink(change->facts->pid_file); /* httpd takes an unburied process for itself */
    apr_status_t rv = start(change, &why);
    if (rv == APR_SUCCESS && aphd_change_prove(change, change->fallback, -1) == APHD_PROVEN)
        return aph_error_set(
            err, APH_EUNHEALTHY, 2102,
            "httpd ended when it was to read its configuration: %s; it was started "
            "again with the virtual hosts it had before",
            cause);
    return aph_error_set(err, APH_EUNHEALTHY, 2103,
                         "httpd ended when it was to read its configuration: %s; the virtual hosts "
                         "it had before are back, but it could not be started again: %s. It is not "
                         "running: correct this, and start it",
                         cause, *why.message != '\0' ? why.message : "it does not answer");
}

/* It lives and answers, or it hangs; a check has to pass before it is signalled again. */
static apr_status_t after_silence(aphd_change_t *change, aph_error_t *err)
{
    aphd_probe_t now;
    int moved = change->fallback != change->target;
    int answers = aphd_httpd_probe(&now, change->httpd, NULL) == APR_SUCCESS;
    const char *state = answers ? apr_psprintf(change->httpd->p,
                                               "it answers with generation %d and "
                                               "the virtual hosts \"%s\"",
                                               (int)now.generation, now.set)
                                : "it does not answer";
    change->wanted = NULL; /* what is in place now is another set */
    if (moved && aphd_change_last_check(change, NULL) == APR_SUCCESS) {
        change->target = change->fallback;
        aphd_change_reload(change);
    }
    return aph_error_set(err, APH_EUNHEALTHY, 2104,
                         "httpd (process %d) did not show its new configuration within %d seconds; "
                         "%s.%s Does it include %s/*.conf? Its error log may say more",
                         change->before.parent, change->httpd->proof_ms / 1000, state,
                         moved ? " What was before is back." : "",
                         change->httpd->settings->vhosts_enabled);
}

apr_status_t aphd_change_revive(aphd_change_t *change, aphd_proof_t proof, aph_error_t *err)
{
    aphd_sets_enable(change->httpd, change->fallback, NULL);
    return proof == APHD_DIED ? after_death(change, err) : after_silence(change, err);
}
