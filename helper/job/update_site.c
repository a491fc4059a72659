/* SPDX-License-Identifier: Apache-2.0 */
/* Updating: the options of the app's virtual host, those of its author. Who gets in is a person's
 * word, and no revision's.
 *
 * httpd's set follows from the rows, so the row has to say it before the update is done; what the
 * row said stands in the journal, as "site". */
#include "helper/job/update.h"

#include "helper/job/vhosts.h"

/* What the app was made from may be a text that this release reads no more; then its options
 * stay. */
apr_status_t aphd_update_site(aphd_update_t *update, aph_error_t *err)
{
    aphd_job_t *job = update->install.job;
    aphd_site_t *site = &update->install.site;
    aphd_source_t *was = NULL;
    aph_error_t why = APH_ERROR_INIT;
    if (job->app.web && aphd_source_of_row(job, job->app.row, &was, &why) == APR_SUCCESS
        && was != NULL)
        return aphd_site_moved(job, &job->app, was->manifest, update->install.source->manifest,
                               site, err);
    if (why.status != APR_SUCCESS)
        aphd_report_log(&job->report, "its options stay as they are: %s", why.message);
    return aphd_site_from_row(job, &job->app, site, err);
}

static json_t *number_of(const json_t *row, const char *member)
{
    const json_t *value = json_object_get(row, member);
    return json_integer(json_is_true(value) ? 1 : json_integer_value(value));
}

static json_t *site_of(const json_t *row)
{
    return json_pack("{s:O, s:o, s:o, s:o, s:o}", "options", json_object_get(row, "options"),
                     "vhost", number_of(row, "vhost"), "route_flags", number_of(row, "route_flags"),
                     "max_requests", number_of(row, "max_requests"),
                     "max_websockets", number_of(row, "max_websockets"));
}

/* Once the row says it: the file, and httpd. */
static apr_status_t bring(aphd_job_t *job, const aphd_site_t *site, aph_error_t *err)
{
    aph_error_t left = APH_ERROR_INIT;
    apr_status_t status = aphd_vhosts_write(job, &job->app, site, err);
    if (status == APR_SUCCESS)
        status = site->enabled ? aphd_vhosts_enable(job, site, err)
                               : aphd_vhosts_disable(job, &left, err);
    if (left.status != APR_SUCCESS)
        aphd_report_log(&job->report, "httpd keeps the virtual host for now: %s", left.message);
    return status;
}

apr_status_t aphd_update_site_bring(aphd_update_t *update, aph_error_t *err)
{
    aphd_install_t *install = &update->install;
    aphd_job_t *job = install->job;
    const json_t *row = job->app.row;
    if (install->site.vhost.text == NULL
        || json_equal(install->site.option_list, json_object_get(row, "options")))
        return APR_SUCCESS;
    aphd_install_step(install, 0, "vhost", "writing its virtual host");
    json_auto_t *fields = aphd_site_fields(&install->site,
                                           json_is_true(json_object_get(row, "vhost")));
    json_object_set(fields, "options", install->site.option_list);
    json_object_set_new(install->undo, "site", site_of(row));
    apr_status_t status = aphd_install_journal(install, "vhost", err);
    if (status == APR_SUCCESS)
        status = aphd_ask_record(job->ask, fields, err);
    return status == APR_SUCCESS ? bring(job, &install->site, err) : status;
}

/* An httpd that cannot be brought to it now does not keep the app away: the row is right, and the
 * next change of any virtual host makes httpd right. */
apr_status_t aphd_update_site_back(aphd_job_t *job, const json_t *undo, aph_error_t *err)
{
    json_t *was = json_object_get(undo, "site");
    aphd_site_t site;
    aph_error_t why = APH_ERROR_INIT;
    if (!json_is_object(was))
        return APR_SUCCESS;
    apr_status_t status = aphd_ask_record(job->ask, was, err);
    if (status != APR_SUCCESS)
        return status;
    json_object_update(job->app.row, was);
    json_object_set_new(job->app.row, "vhost",
                        json_boolean(json_integer_value(json_object_get(was, "vhost"))));
    status = aphd_site_from_row(job, &job->app, &site, &why);
    if (status == APR_SUCCESS)
        status = bring(job, &site, &why);
    if (status == APR_EOF) {
        *err = why;
        return status;
    }
    if (status != APR_SUCCESS)
        aphd_report_log(&job->report, "its virtual host is not what it was yet: %s", why.message);
    return APR_SUCCESS;
}
