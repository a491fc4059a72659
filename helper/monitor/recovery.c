/* SPDX-License-Identifier: Apache-2.0 */
#include "helper/monitor/recovery.h"

#include <string.h>

aphd_recovery_t aphd_recovery_at_start(const aphd_job_row_t *job)
{
    if (!job->running)
        return APHD_RECOVERY_QUEUE;
    return job->step == NULL ? APHD_RECOVERY_CLOSE : APHD_RECOVERY_RUN;
}

aphd_recovery_t aphd_recovery_after_death(const char *step, int recoveries)
{
    if (recoveries >= APHD_RECOVERIES_MAX || (recoveries > 0 && step == NULL))
        return APHD_RECOVERY_GIVE_UP;
    return step == NULL ? APHD_RECOVERY_CLOSE : APHD_RECOVERY_RUN;
}

aphd_app_end_t aphd_recovery_app_end(const char *op, const char *word, int kept)
{
    int installing = strcmp(op, "install") == 0;
    if (word == NULL) /* closed before its first step: only an installation has made a row */
        word = installing ? "gone" : "keep";
    if (strcmp(word, "keep") == 0)
        return APHD_END_KEEP;
    if (strcmp(word, "kept-data") == 0 || (installing && kept))
        return APHD_END_KEPT_DATA;
    return APHD_END_GONE;
}
