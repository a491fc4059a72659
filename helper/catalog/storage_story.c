/* SPDX-License-Identifier: Apache-2.0 */
/* The folders of this machine that apps may be given: list, add, remove. */
#include "helper/catalog/stories.h"

apr_status_t aphd_story_storage_list(aphd_job_t *job, aph_error_t *err)
{
    apr_status_t status = aph_error_set(err, APH_EINTERNAL, 2539, "%s is not built yet", job->op);
    return aphd_job_finish(job, status, NULL, err);
}

apr_status_t aphd_story_storage_add(aphd_job_t *job, aph_error_t *err)
{
    apr_status_t status = aph_error_set(err, APH_EINTERNAL, 2540, "%s is not built yet", job->op);
    return aphd_job_finish(job, status, NULL, err);
}

apr_status_t aphd_story_storage_remove(aphd_job_t *job, aph_error_t *err)
{
    apr_status_t status = aph_error_set(err, APH_EINTERNAL, 2541, "%s is not built yet", job->op);
    return aphd_job_finish(job, status, NULL, err);
}
