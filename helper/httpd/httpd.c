/* SPDX-License-Identifier: Apache-2.0 */
/* Asking httpd what it has.
 *
 * Debian's apache2ctl sources /etc/apache2/envvars and passes every option it does not know itself
 * to apache2; Fedora's and everybody else's httpd takes them directly. So one argument list serves
 * all.
 *
 * It is asked with -D APPHOST_CANDIDATE, and without a candidate: that is its configuration as it
 * is without any virtual host of ours. */
#include "helper/httpd/httpd.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include <apr_strings.h>

#include "helper/httpd/check.h"
#include "helper/httpd/dump.h"
#include "helper/httpd/run.h"
#include "helper/httpd/sets.h"

#define WAITS_MAX 50
#define WAIT_MS   100

static const char *const places[] = {"/usr/sbin/apache2ctl", "/usr/sbin/httpd",
                                     "/usr/local/apache2/bin/httpd", "/usr/local/sbin/httpd",
                                     "/usr/local/bin/httpd"};

static int is_usual(const char *const *command)
{
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++)
        if (command[1] == NULL && strcmp(command[0], places[i]) == 0)
            return 1;
    return 0;
}

static apr_status_t find_command(aphd_httpd_t *httpd, aph_error_t *err)
{
    httpd->command = httpd->settings->httpd_command;
    httpd->usual = httpd->command == NULL || is_usual(httpd->command);
    if (httpd->command != NULL && access(httpd->command[0], X_OK) == 0)
        return APR_SUCCESS;
    if (httpd->command != NULL)
        return aph_error_set(err, APH_ECONFIG, 2063,
                             "httpd's command %s (Command in section [httpd] of %s) cannot be run: "
                             "%s",
                             httpd->command[0], httpd->settings->path, strerror(errno));
    const char **words = apr_pcalloc(httpd->p, 2 * sizeof *words);
    httpd->command = words;
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++)
        if (access(places[i], X_OK) == 0) {
            words[0] = places[i];
            return APR_SUCCESS;
        }
    return aph_error_set(err, APH_ENOTFOUND, 2064,
                         "there is no httpd: install the package apache2 (Fedora: httpd), or name "
                         "its program by Command in section [httpd] of %s",
                         httpd->settings->path);
}

apr_status_t aphd_httpd_open(aphd_httpd_t **httpd, const aphd_settings_t *settings, apr_pool_t *p,
                             aph_error_t *err)
{
    *httpd = apr_pcalloc(p, sizeof **httpd);
    **httpd = (aphd_httpd_t){
        .p = p, .settings = settings, .lock_fd = -1, .room_ms = 5000, .proof_ms = 10000};
    return find_command(*httpd, err);
}

static apr_status_t dump(aphd_httpd_facts_t *facts, apr_array_header_t *lonely,
                         const aphd_httpd_t *httpd, const char *const *words, aph_error_t *err)
{
    aphd_run_t run;
    for (int waits = 0;; waits++) {
        aphd_cause_t cause;
        apr_status_t rv = aphd_run_httpd(&run, httpd, words, APHD_RUN_CHECK, err);
        if (rv != APR_SUCCESS)
            return rv;
        if (run.exit_code == 0)
            break;
        aphd_dump_cause(&cause, run.errors, httpd->p);
        /* Who has the lock may be checking a candidate that is broken; that is over soon. */
        if (aphd_check_whose(httpd, cause.file) == 0 || waits == WAITS_MAX)
            return aphd_check_not_ours(&cause, httpd, err);
        poll(NULL, 0, WAIT_MS);
    }
    aphd_dump_read(facts, lonely, run.out, httpd->p);
    return APR_SUCCESS;
}

static void make_arrays(aphd_httpd_facts_t *facts, apr_pool_t *p)
{
    facts->defines = apr_array_make(p, 16, sizeof(const char *));
    facts->includes = apr_array_make(p, 64, sizeof(const char *));
    facts->modules = apr_array_make(p, 64, sizeof(const char *));
    facts->names = apr_array_make(p, 32, sizeof(aphd_httpd_name_t));
}

/* httpd prints the aliases of a virtual host only where it has to tell it from another one of the
 * same address. So it is asked once more, with another one on its command line. */
static apr_status_t ask_for_aliases(aphd_httpd_facts_t *facts, const apr_array_header_t *lonely,
                                    const aphd_httpd_t *httpd, aph_error_t *err)
{
    apr_array_header_t *words = apr_array_make(httpd->p, 32, sizeof(const char *));
    aphd_httpd_facts_t again = {0};
    static const char *const begin[] = {"-t", "-D", "APPHOST_CANDIDATE", "-D", "DUMP_VHOSTS"};
    for (size_t i = 0; i < sizeof begin / sizeof begin[0]; i++)
        APR_ARRAY_PUSH(words, const char *) = begin[i];
    for (int i = 0; i < lonely->nelts; i++) {
        const char *address = APR_ARRAY_IDX(lonely, i, const char *);
        const char *lines[] = {apr_psprintf(httpd->p, "<VirtualHost %s>", address),
                               "ServerName apphost-asks.invalid", "</VirtualHost>"};
        for (int line = 0; line < 3; line++) {
            APR_ARRAY_PUSH(words, const char *) = "-c";
            APR_ARRAY_PUSH(words, const char *) = lines[line];
        }
    }
    APR_ARRAY_PUSH(words, const char *) = NULL;
    make_arrays(&again, httpd->p);
    apr_status_t rv = dump(&again, NULL, httpd, (const char *const *)words->elts, err);
    facts->names = again.names;
    return rv;
}

apr_status_t aphd_httpd_ask(aphd_httpd_facts_t **facts, aphd_httpd_t *httpd, aph_error_t *err)
{
    static const char *const words[] = {"-t",           "-D", "APPHOST_CANDIDATE", "-D",
                                        "DUMP_RUN_CFG", "-D", "DUMP_INCLUDES",     "-D",
                                        "DUMP_MODULES", "-D", "DUMP_VHOSTS",       NULL};
    apr_array_header_t *lonely = apr_array_make(httpd->p, 4, sizeof(const char *));
    *facts = apr_pcalloc(httpd->p, sizeof **facts);
    make_arrays(*facts, httpd->p);
    apr_status_t rv = dump(*facts, lonely, httpd, words, err);
    if (rv == APR_SUCCESS && lonely->nelts > 0)
        rv = ask_for_aliases(*facts, lonely, httpd, err);
    if (rv != APR_SUCCESS)
        return rv;
    aphd_dump_drop_ours(*facts, aphd_sets_folders(httpd));
    if ((*facts)->server_root != NULL && (*facts)->pid_file != NULL)
        return APR_SUCCESS;
    return aph_error_set(
        err, APH_ECONFIG, 2065,
        "%s does not say where its ServerRoot and its PidFile are: is it httpd 2.4 "
        "or newer? Name the right program by Command in section [httpd] of %s",
        httpd->command[0], httpd->settings->path);
}

apr_status_t aphd_httpd_build(aphd_httpd_build_t *build, aphd_httpd_t *httpd, aph_error_t *err)
{
    static const char *const words[] = {"-V", NULL};
    aphd_run_t run;
    apr_status_t rv = aphd_run_httpd(&run, httpd, words, APHD_RUN_CHECK, err);
    if (rv != APR_SUCCESS)
        return rv;
    aphd_dump_build(build, run.out, httpd->p);
    if (*build->version != '\0')
        return APR_SUCCESS;
    return aph_error_set(
        err, APH_ECONFIG, 2066,
        "%s -V does not answer as httpd does: name the right program by Command in "
        "section [httpd] of %s",
        httpd->command[0], httpd->settings->path);
}
