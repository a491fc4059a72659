/* SPDX-License-Identifier: Apache-2.0 */
/* A manifest becomes a revision of the catalog "local". */
#include "helper/catalog/stories.h"

apr_status_t aphd_story_revision_import(aphd_job_t *job, aph_error_t *err)
{
    apr_status_t status = aph_error_set(err, APH_EINTERNAL, 2549, "%s is not built yet", job->op);
    return aphd_job_finish(job, status, NULL, err);
}
