/* SPDX-License-Identifier: Apache-2.0 */
/* How an app is put to rest.
 *
 *   1. The route is withdrawn: visitors see that it was stopped on purpose.
 *   2. Its containers are stopped, the last started first. They stay, and so does its data.
 *
 * Once the route is withdrawn there is no way back: containers that went on behind a page that says
 * "stopped" would be of no use to anybody. */
#include "helper/job/start.h"

#include "helper/job/take_down.h"

apr_status_t aphd_stop_app(aphd_job_t *job, const char *desired, aph_error_t *err)
{
    json_auto_t *undo = json_object();
    aphd_job_step(job, "stop", 1, 2, "withdrawing its address");
    apr_status_t status = aphd_ask_step(job->ask, "stop", undo, err);
    if (status == APR_SUCCESS)
        status = aphd_ask_state(job->ask, "stopped", desired, "", err);
    if (status != APR_SUCCESS || job->app.files)
        return status;
    unsigned heedless = job->halt.heedless;
    job->halt.heedless = 1;
    aphd_job_step(job, "containers", 2, 2, "stopping its containers");
    status = aphd_take_stop(job, err);
    job->halt.heedless = heedless & 1;
    return status;
}

apr_status_t aphd_story_stop(aphd_job_t *job, aph_error_t *err)
{
    apr_status_t status = aphd_job_meet_engine(job, 0, err);
    if (status == APR_SUCCESS)
        status = aphd_stop_app(job, "stopped", err);
    return aphd_job_finish(job, status, json_pack("{s:i, s:s, s:s}", "app_id", job->app.app_id,
                                                  "name", job->app.name, "state", "stopped"), err);
}
