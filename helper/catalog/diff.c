/* SPDX-License-Identifier: Apache-2.0 */
/* Which members of two manifests differ. */
#include "helper/catalog/stories.h"

apr_status_t aphd_story_revision_diff(aphd_job_t *job, aph_error_t *err)
{
    apr_status_t status = aph_error_set(err, APH_EINTERNAL, 2550, "%s is not built yet", job->op);
    return aphd_job_finish(job, status, NULL, err);
}
