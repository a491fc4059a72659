/* SPDX-License-Identifier: Apache-2.0 */
/* What is found and shown of the catalogs. */
#include "helper/catalog/stories.h"

apr_status_t aphd_story_search(aphd_job_t *job, aph_error_t *err)
{
    apr_status_t status = aph_error_set(err, APH_EINTERNAL, 2542, "%s is not built yet", job->op);
    return aphd_job_finish(job, status, NULL, err);
}

apr_status_t aphd_story_show(aphd_job_t *job, aph_error_t *err)
{
    apr_status_t status = aph_error_set(err, APH_EINTERNAL, 2543, "%s is not built yet", job->op);
    return aphd_job_finish(job, status, NULL, err);
}
