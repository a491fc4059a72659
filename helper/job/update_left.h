/* SPDX-License-Identifier: Apache-2.0 */
/* What an update leaves where it can neither be ended nor taken back, for its recovery died again
 * and again and was given up. The journal ends with the job; so a copy of its "undo" (update.h)
 * stands in the app's own folder, where no container comes: StateDir/apps/ID/undo.json, written
 * before the journal says the same, and gone as soon as the data folder is the old app's again.
 *
 * While a job of the app is open, it is that job's. After that it is there for one of two reasons:
 * the update was given up, or it was done and killed before it tidied up. "aside_dir" tells: it is
 * that of the app's "previous" (job_wire.h) only where it was done. */
#ifndef APHD_UPDATE_LEFT_H
#define APHD_UPDATE_LEFT_H

#include "helper/job/job.h"

/* undo: borrowed. On disk when this returns. */
apr_status_t aphd_left_write(const aphd_job_t *job, const json_t *undo, aph_error_t *err);

/* *undo: new reference; NULL where nothing was left. APH_EUNREADABLE where it is no journal. */
apr_status_t aphd_left_read(const aphd_job_t *job, json_t **undo, aph_error_t *err);

/* Not there: success. */
apr_status_t aphd_left_drop(const aphd_job_t *job, aph_error_t *err);

/* For who sees that no job of that app is open: nonzero where an update of it was given up. One that is
 * about to be the app says so in its journal ("published"), which may be there for a moment after
 * its end; whoever takes it back removes that word first. failing: apphostd said that the app fails,
 * so that journal is none of such a moment. */
int aphd_left_given_up(const aphd_job_t *job, int app_id, int failing, apr_pool_t *p);

/* Makes data folder, images and engine what the app's row says, with none of its containers; the
 * rest is for who starts it. Nothing was left: nothing is done. To be called again where it was cut
 * off. update_back.c */
apr_status_t aphd_update_settle(aphd_job_t *job, aph_error_t *err);

#endif
