/* SPDX-License-Identifier: Apache-2.0 */
/* The catalogs this machine trusts: list, add, remove. */
#include "helper/catalog/stories.h"

apr_status_t aphd_story_catalog_list(aphd_job_t *job, aph_error_t *err)
{
    apr_status_t status = aph_error_set(err, APH_EINTERNAL, 2535, "%s is not built yet", job->op);
    return aphd_job_finish(job, status, NULL, err);
}

apr_status_t aphd_story_catalog_add(aphd_job_t *job, aph_error_t *err)
{
    apr_status_t status = aph_error_set(err, APH_EINTERNAL, 2536, "%s is not built yet", job->op);
    return aphd_job_finish(job, status, NULL, err);
}

apr_status_t aphd_story_catalog_remove(aphd_job_t *job, aph_error_t *err)
{
    apr_status_t status = aph_error_set(err, APH_EINTERNAL, 2537, "%s is not built yet", job->op);
    return aphd_job_finish(job, status, NULL, err);
}
