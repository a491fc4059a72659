/* SPDX-License-Identifier: Apache-2.0 */
/* An app goes to another revision of its entry. */
#include "helper/job/job.h"

apr_status_t aphd_story_update(aphd_job_t *job, aph_error_t *err)
{
    apr_status_t status = aph_error_set(err, APH_EINTERNAL, 2551, "%s is not built yet", job->op);
    return aphd_job_finish(job, status, NULL, err);
}
