/* SPDX-License-Identifier: Apache-2.0 */
/* The revisions of entries: list, activate, deactivate, categorize, clean. */
#include "helper/catalog/stories.h"

apr_status_t aphd_story_revision_list(aphd_job_t *job, aph_error_t *err)
{
    apr_status_t status = aph_error_set(err, APH_EINTERNAL, 2544, "%s is not built yet", job->op);
    return aphd_job_finish(job, status, NULL, err);
}

apr_status_t aphd_story_revision_activate(aphd_job_t *job, aph_error_t *err)
{
    apr_status_t status = aph_error_set(err, APH_EINTERNAL, 2545, "%s is not built yet", job->op);
    return aphd_job_finish(job, status, NULL, err);
}

apr_status_t aphd_story_revision_deactivate(aphd_job_t *job, aph_error_t *err)
{
    apr_status_t status = aph_error_set(err, APH_EINTERNAL, 2546, "%s is not built yet", job->op);
    return aphd_job_finish(job, status, NULL, err);
}

apr_status_t aphd_story_revision_categorize(aphd_job_t *job, aph_error_t *err)
{
    apr_status_t status = aph_error_set(err, APH_EINTERNAL, 2547, "%s is not built yet", job->op);
    return aphd_job_finish(job, status, NULL, err);
}

apr_status_t aphd_story_revision_clean(aphd_job_t *job, aph_error_t *err)
{
    apr_status_t status = aph_error_set(err, APH_EINTERNAL, 2548, "%s is not built yet", job->op);
    return aphd_job_finish(job, status, NULL, err);
}
