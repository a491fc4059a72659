/* SPDX-License-Identifier: Apache-2.0 */
#include "helper/httpd/check.h"

#include <stdlib.h>
#include <string.h>

#include <apr_strings.h>

#include "helper/httpd/run.h"
#include "helper/httpd/sets.h"

/* --- who is to blame -------------------------------------------------------------------------- */

int aphd_check_whose(const aphd_httpd_t *httpd, const char *file)
{
    const char *name = file != NULL ? strrchr(file, '/') : NULL;
    if (name == NULL)
        return 0;
    for (const char *const *folder = aphd_sets_folders(httpd); *folder != NULL; folder++)
        if (strncmp(file, *folder, strlen(*folder)) == 0)
            return atoi(name + 1);
    return 0;
}

static const aphd_vhost_file_t *vhost_of(const apr_array_header_t *wanted, int app_id)
{
    for (int i = 0; wanted != NULL && i < wanted->nelts; i++)
        if (APR_ARRAY_IDX(wanted, i, aphd_vhost_file_t).app_id == app_id)
            return &APR_ARRAY_IDX(wanted, i, aphd_vhost_file_t);
    return NULL;
}

apr_status_t aphd_check_ours(const aphd_httpd_t *httpd, const apr_array_header_t *wanted,
                             int app_id, int line, const char *sentence, aph_error_t *err)
{
    const aphd_vhost_file_t *vhost = vhost_of(wanted, app_id);
    const char *template =
        vhost != NULL && vhost->template_path != NULL
            ? apr_psprintf(httpd->p, ", made from %s", vhost->template_path)
            : "";
    const char *name =
        vhost != NULL ? vhost->name : apr_psprintf(httpd->p, "app %d", app_id);
    return aph_error_set(err, APH_ECONFIG, 2082,
                         "the virtual host of %s cannot be used: %s (%s/%05d.conf, line %d%s); "
                         "correct the template or the app's options",
                         name, sentence, httpd->settings->vhosts_available, app_id, line, template);
}

apr_status_t aphd_check_not_ours(const aphd_cause_t *cause, const aphd_httpd_t *httpd,
                                 aph_error_t *err)
{
    if (cause->file == NULL)
        return aph_error_set(err, APH_ECONFIG, 2083,
                             "httpd's own configuration is broken, and nothing of ours is part of "
                             "that: %s; correct it (%s -t says the same). Until then the running "
                             "httpd keeps the configuration it has",
                             cause->sentence, httpd->command[0]);
    return aph_error_set(
        err, APH_ECONFIG, 2084,
        "httpd's own configuration is broken, and nothing of ours is part of that: "
        "%s, line %d: %s; correct it. Until then the running httpd keeps the "
        "configuration it has",
        cause->file, cause->line, cause->sentence);
}

/* Neither a file of ours, nor broken without us: the two do not go together. */
static apr_status_t not_together(const aphd_cause_t *cause, const aphd_httpd_t *httpd,
                                 aph_error_t *err)
{
    const char *place = cause->file == NULL ? ""
                                            : apr_psprintf(httpd->p, "%s, line %d: ", cause->file,
                                                           cause->line);
    return aph_error_set(err, APH_ECONFIG, 2085,
                         "httpd's configuration does not hold together with the virtual hosts of "
                         "the apps: %s%s",
                         place, cause->sentence);
}

static apr_status_t run_check(aphd_run_t *run, const aphd_httpd_t *httpd, int candidate,
                              aph_error_t *err)
{
    static const char *const words[] = {"-t",           "-D", "DUMP_INCLUDES", "-D",
                                        "APPHOST_CANDIDATE", NULL};
    static const char *const plain[] = {"-t", "-D", "DUMP_INCLUDES", NULL};
    return aphd_run_httpd(run, httpd, candidate ? words : plain, APHD_RUN_CHECK, err);
}

/* Looks whose fault it is. The candidate is taken out of the way for that. */
static apr_status_t blame(const aphd_run_t *run, const aphd_httpd_t *httpd,
                          const apr_array_header_t *wanted, aph_error_t *err)
{
    aphd_cause_t cause;
    aphd_run_t alone;
    aphd_dump_cause(&cause, run->errors, httpd->p);
    int app_id = aphd_check_whose(httpd, cause.file);
    if (app_id > 0)
        return aphd_check_ours(httpd, wanted, app_id, cause.line, cause.sentence, err);
    apr_status_t rv = aphd_sets_nominate(httpd, 0, err);
    if (rv == APR_SUCCESS)
        rv = run_check(&alone, httpd, 1, err);
    if (rv != APR_SUCCESS)
        return rv;
    if (alone.exit_code == 0)
        return not_together(&cause, httpd, err);
    aphd_dump_cause(&cause, alone.errors, httpd->p);
    return aphd_check_not_ours(&cause, httpd, err);
}

/* --- the whole configuration ------------------------------------------------------------------ */

static int was_read(const apr_array_header_t *files, const char *end)
{
    size_t length = strlen(end);
    for (int i = 0; i < files->nelts; i++) {
        const char *file = APR_ARRAY_IDX(files, i, const char *);
        size_t whole = strlen(file);
        if (whole >= length && strcmp(file + whole - length, end) == 0)
            return 1;
    }
    return 0;
}

/* A check that never saw our files would say that all is well. */
static apr_status_t see_all_read(const aphd_httpd_t *httpd, const apr_array_header_t *wanted,
                                 const char *folder, const apr_array_header_t *files,
                                 aph_error_t *err)
{
    for (int i = 0; wanted != NULL && i < wanted->nelts; i++) {
        const char *end = apr_psprintf(httpd->p, "/%s/%05d.conf", folder,
                                       APR_ARRAY_IDX(wanted, i, aphd_vhost_file_t).app_id);
        if (!was_read(files, end))
            return aph_error_set(
                err, APH_ECONFIG, 2105,
                "httpd does not include %s/%s/*.conf: its configuration needs the "
                "lines of apphost's apphost.conf, with -D APPHOST_CANDIDATE the one "
                "and without it the other",
                httpd->settings->state_dir, folder);
    }
    return APR_SUCCESS;
}

static apr_status_t check(const aphd_httpd_t *httpd, const apr_array_header_t *wanted,
                          int candidate, apr_array_header_t **files, aph_error_t *err)
{
    aphd_run_t run;
    aphd_httpd_facts_t facts = {.includes = apr_array_make(httpd->p, 64, sizeof(char *))};
    apr_status_t rv = run_check(&run, httpd, candidate, err);
    if (rv == APR_SUCCESS && run.exit_code != 0)
        rv = blame(&run, httpd, wanted, err);
    if (rv != APR_SUCCESS)
        return rv;
    aphd_dump_read(&facts, NULL, run.out, httpd->p);
    if (files != NULL)
        *files = facts.includes;
    return see_all_read(httpd, wanted, candidate ? "vhosts-candidate" : "vhosts-enabled",
                        facts.includes, err);
}

apr_status_t aphd_check_candidate(const aphd_httpd_t *httpd, const apr_array_header_t *wanted,
                                  aph_error_t *err)
{
    return check(httpd, wanted, 1, NULL, err);
}

apr_status_t aphd_check_enabled(const aphd_httpd_t *httpd, const apr_array_header_t *wanted,
                                apr_array_header_t **files, aph_error_t *err)
{
    return check(httpd, wanted, 0, files, err);
}
