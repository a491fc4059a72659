/* SPDX-License-Identifier: Apache-2.0 */
/* Fetching what is new in the catalogs. */
#include "helper/catalog/stories.h"

apr_status_t aphd_story_catalog_refresh(aphd_job_t *job, aph_error_t *err)
{
    apr_status_t status = aph_error_set(err, APH_EINTERNAL, 2538, "%s is not built yet", job->op);
    return aphd_job_finish(job, status, NULL, err);
}
