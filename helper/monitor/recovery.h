/* SPDX-License-Identifier: Apache-2.0 */
/* What becomes of a job that did not finish. Pure decisions over the journal; jobs.c acts on
 * them. */
#ifndef APHD_RECOVERY_H
#define APHD_RECOVERY_H

#include "helper/monitor/store.h"

typedef enum aphd_recovery_t {
    APHD_RECOVERY_QUEUE,  /* it had not begun: begin it */
    APHD_RECOVERY_CLOSE,  /* it had begun and changed nothing: end it as rolled back */
    APHD_RECOVERY_RUN,    /* it may have changed something: run it in recover mode */
    APHD_RECOVERY_GIVE_UP /* it died in recover mode too, again and again: end it as failed */
} aphd_recovery_t;

/* For a job found open when apphostd starts. The journal row is written before the effect, so a job
 * without a step has had none. */
aphd_recovery_t aphd_recovery_at_start(const aphd_job_row_t *job);

#define APHD_RECOVERIES_MAX 3 /* one may be killed; what dies of itself does so every time */

/* For a job whose process ended without a finish. recoveries: how often it was run in recover
 * mode. */
aphd_recovery_t aphd_recovery_after_death(const char *step, int recoveries);

/* What an end means for the app's row. word is the job's "app", NULL where nobody said. kept: the
 * row holds data of an earlier installation, which an installation that is rolled back must not
 * give up. */
aphd_app_end_t aphd_recovery_app_end(const char *op, const char *word, int kept);

#endif
