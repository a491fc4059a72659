/* SPDX-License-Identifier: Apache-2.0 */
/* Installing, the end: the app becomes reachable. Its virtual host comes before its route, so that
 * nobody is let in before the access rules are there. */
#include "helper/job/install.h"

#include "helper/job/vhosts.h"

apr_status_t aphd_install_vhost(aphd_install_t *install, aph_error_t *err)
{
    aphd_job_t *job = install->job;
    if (install->site.vhost.text == NULL)
        return APR_SUCCESS;
    /* Once more: the template may be another one since the plan, and others were rendered from it. */
    apr_status_t status = aphd_site_render(job, &job->app, &install->site, err);
    if (status != APR_SUCCESS)
        return status;
    aphd_install_step(install, 10, "vhost", install->site.enabled
                                                ? "writing its virtual host and reloading httpd"
                                                : "writing its virtual host");
    if (install->undo == NULL)
        install->undo = json_object();
    json_object_set_new(install->undo, "vhost", json_true());
    json_auto_t *fields = aphd_site_fields(&install->site, 0);
    status = aphd_ask_step(job->ask, "vhost", install->undo, err);
    if (status == APR_SUCCESS)
        status = aphd_ask_record(job->ask, fields, err);
    if (status == APR_SUCCESS)
        status = aphd_vhosts_write(job, &job->app, &install->site, err);
    return status == APR_SUCCESS ? aphd_vhosts_enable(job, &install->site, err) : status;
}

apr_status_t aphd_install_publish(aphd_install_t *install, aph_error_t *err)
{
    aphd_job_t *job = install->job;
    aphd_install_step(install, 11, "publish", "publishing its address");
    apr_status_t status = aphd_ask_step(job->ask, "publish", install->undo, err);
    return status == APR_SUCCESS
         ? aphd_ask_state(job->ask, "running", "running", "", err) : status;
}
