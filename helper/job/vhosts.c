/* SPDX-License-Identifier: Apache-2.0 */
#include "helper/job/vhosts.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <apr_strings.h>

#include "common/file_replace.h"
#include "helper/base/purge.h"

static const char *available_path(const aphd_job_t *job, int app_id)
{
    return apr_psprintf(job->p, "%s/" APHD_VHOST_FORMAT, job->settings->vhosts_available, app_id);
}

/* With exactly that mode: whoever checks these files for httpd is not root. */
static apr_status_t make_folder(const char *path, mode_t mode, aph_error_t *err)
{
    int made = mkdir(path, mode) == 0;
    if ((made && chmod(path, mode) == 0) || (!made && errno == EEXIST))
        return aph_name_sync(path, err);
    return aph_error_set(err, errno == ENOSPC ? APH_ENOSPACE : APR_FROM_OS_ERROR(errno), 1261,
                         "cannot make the folder %s: %s", path, strerror(errno));
}

apr_status_t aphd_vhosts_write(const aphd_job_t *job, const aphd_job_app_t *app,
                               const aphd_site_t *site, aph_error_t *err)
{
    if (site->vhost.text == NULL)
        return APR_SUCCESS;
    apr_status_t status = make_folder(job->settings->vhosts_available, 0755, err);
    if (status == APR_SUCCESS)
        status = make_folder(job->settings->sites_dir, 0755, err);
    if (status == APR_SUCCESS)
        status = make_folder(app->site_dir, 0755, err);
    return status == APR_SUCCESS
         ? aph_file_replace(available_path(job, app->app_id), site->vhost.text,
                            site->vhost.length, 0644, err)
         : status;
}

apr_status_t aphd_vhosts_remove(const aphd_job_t *job, const aphd_job_app_t *app, int logs,
                                aph_error_t *err)
{
    const char *path = available_path(job, app->app_id);
    if (unlink(path) != 0 && errno != ENOENT)
        return aph_error_set(err, APR_FROM_OS_ERROR(errno), 1262, "cannot delete %s: %s", path,
                             strerror(errno));
    apr_status_t status = access(job->settings->vhosts_available, F_OK) == 0
                        ? aph_name_sync(path, err) : APR_SUCCESS;
    if (status != APR_SUCCESS)
        return status;
    return logs ? aphd_purge_path(app->site_dir, err) : APR_SUCCESS;
}

/* --- names --------------------------------------------------------------------------------- */

static const char *const *hosts_of(const aphd_job_t *job, const aphd_job_app_t *app,
                                   const aphd_site_t *site)
{
    apr_array_header_t *hosts = apr_array_make(job->p, 8, sizeof(const char *));
    for (int i = 0; job->settings->domains[i] != NULL; i++)
        APR_ARRAY_PUSH(hosts, const char *) = apr_pstrcat(job->p, app->name, ".",
                                                          job->settings->domains[i], NULL);
    for (int i = 0; site->aliases[i] != NULL; i++)
        APR_ARRAY_PUSH(hosts, const char *) = site->aliases[i];
    APR_ARRAY_PUSH(hosts, const char *) = NULL;
    return (const char *const *)hosts->elts;
}

apr_status_t aphd_vhosts_names_free(const aphd_job_t *job, const aphd_job_app_t *app,
                                    const aphd_site_t *site, aph_error_t *err)
{
    aphd_httpd_t *httpd;
    const apr_array_header_t *names;
    aph_error_t why = APH_ERROR_INIT;
    apr_status_t status = app->web ? aphd_httpd_open(&httpd, job->settings, job->p, &why)
                                   : APH_ENOTFOUND;
    if (status == APH_ENOTFOUND)
        return APR_SUCCESS;
    if (status == APR_SUCCESS)
        status = aphd_httpd_names(&names, httpd, &why);
    if (status != APR_SUCCESS) {
        aphd_report_log(&job->report, "whether httpd serves these names already cannot be told: %s",
                        why.message);
        return APR_SUCCESS;
    }
    return aphd_httpd_names_free(names, hosts_of(job, app, site), job->settings->domains, err);
}

/* --- the set ------------------------------------------------------------------------------- */

/* Adds the virtual host of row where its row says that it is enabled. */
static apr_status_t add_vhost(const aphd_job_t *job, json_t *row, apr_array_header_t *wanted,
                              aph_error_t *err)
{
    aphd_job_app_t app;
    aphd_site_t site;
    if (!json_is_true(json_object_get(row, "vhost")))
        return APR_SUCCESS;
    apr_status_t status = aphd_job_read_app(job, row, &app, err);
    app.row = row;
    if (status == APR_SUCCESS && (status = aphd_site_from_row(job, &app, &site, err)) != APR_SUCCESS)
        aph_error_wrap(err, "the app %s", app.name);
    if (status != APR_SUCCESS || site.vhost.text == NULL)
        return status;
    APR_ARRAY_PUSH(wanted, aphd_vhost_file_t) = (aphd_vhost_file_t){
        .app_id = app.app_id, .name = app.name, .text = site.vhost.text,
        .template_path = site.template_path,
    };
    return APR_SUCCESS;
}

/* Under httpd's lock, so that the set is never older than one that somebody else applied. */
static apr_status_t apply(aphd_job_t *job, aphd_httpd_t *httpd, aph_error_t *err)
{
    json_auto_t *rows = NULL;
    aphd_httpd_result_t result = {0};
    apr_array_header_t *wanted = apr_array_make(job->p, 16, sizeof(aphd_vhost_file_t));
    size_t i;
    json_t *row;
    apr_status_t status = aphd_ask_apps(job->ask, &rows, err);
    json_array_foreach(rows, i, row)
        if (status == APR_SUCCESS)
            status = add_vhost(job, row, wanted, err);
    if (status == APR_SUCCESS)
        status = aphd_httpd_apply(&result, httpd, wanted, err);
    if (status == APR_SUCCESS && result.sentence != NULL)
        aphd_report_log(&job->report, "%s", result.sentence);
    return status;
}

static apr_status_t open_locked(const aphd_job_t *job, aphd_httpd_t **httpd, aph_error_t *err)
{
    apr_status_t status = aphd_httpd_open(httpd, job->settings, job->p, err);
    return status == APR_SUCCESS ? aphd_httpd_lock(*httpd, err) : status;
}

static apr_status_t record_enabled(aphd_job_t *job, int enabled, aph_error_t *err)
{
    json_auto_t *fields = json_pack("{s:i}", "vhost", enabled);
    json_object_set_new(job->app.row, "vhost", json_boolean(enabled));
    return aphd_ask_record(job->ask, fields, err);
}

/* The row changes under the same lock as httpd: nobody else may apply a set in between that has in it
 * what was not proven, or has not what was. */
apr_status_t aphd_vhosts_enable(aphd_job_t *job, const aphd_site_t *site, aph_error_t *err)
{
    aphd_httpd_t *httpd;
    aph_error_t unheard = APH_ERROR_INIT;
    if (!site->enabled)
        return APR_SUCCESS;
    apr_status_t status = open_locked(job, &httpd, err);
    if (status != APR_SUCCESS) {
        aph_error_wrap(err, "the virtual host of %s cannot be enabled", job->app.name);
        return status;
    }
    status = record_enabled(job, 1, err);
    if (status == APR_SUCCESS)
        status = apply(job, httpd, err);
    if (status != APR_SUCCESS) {
        record_enabled(job, 0, &unheard);
        aph_error_wrap(err, "the virtual host of %s cannot be enabled", job->app.name);
    }
    aphd_httpd_unlock(httpd);
    return status;
}

/* Whether httpd may have it, whatever the row says: a job may have been killed between the two. */
static int is_in_set(const aphd_job_t *job)
{
    return access(apr_psprintf(job->p, "%s/" APHD_VHOST_FORMAT, job->settings->vhosts_enabled,
                               job->app.app_id), F_OK) == 0;
}

apr_status_t aphd_vhosts_disable(aphd_job_t *job, aph_error_t *left, aph_error_t *err)
{
    aphd_httpd_t *httpd;
    if (!json_is_true(json_object_get(job->app.row, "vhost")) && !is_in_set(job))
        return APR_SUCCESS;
    if (open_locked(job, &httpd, left) != APR_SUCCESS)
        return record_enabled(job, 0, err);
    apr_status_t status = record_enabled(job, 0, err);
    if (status == APR_SUCCESS && apply(job, httpd, left) == APR_EOF)
        status = APR_EOF;
    aphd_httpd_unlock(httpd);
    return status;
}
