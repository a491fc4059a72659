/* SPDX-License-Identifier: Apache-2.0 */
/* Restarting: stop.c, then start.c, as one operation. Containers and data stay what they are. */
#include "helper/job/start.h"

apr_status_t aphd_story_restart(aphd_job_t *job, aph_error_t *err)
{
    apr_status_t status = aphd_job_meet_engine(job, 0, err);
    if (status == APR_SUCCESS)
        status = aphd_stop_app(job, "running", err);
    if (status == APR_SUCCESS)
        status = aphd_start_app(job, err);
    return aphd_job_finish(job, status, json_pack("{s:i, s:s, s:s}", "app_id", job->app.app_id,
                                                  "name", job->app.name, "state", "running"), err);
}
