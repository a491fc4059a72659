/* SPDX-License-Identifier: Apache-2.0 */
/* Jobs: at most one for an app, a bounded number at once, the rest in order. */
#ifndef APHD_JOBS_H
#define APHD_JOBS_H

#include "common/ops.h"
#include "helper/monitor/monitor.h"

#define APHD_JOBS_AT_ONCE_MAX 16 /* whatever [jobs] Parallel says */
#define APHD_JOBS_OPEN_MAX 256   /* queued and running */
#define APHD_STREAMS_MAX 8
#define APHD_ALL_APPS "*"        /* the name of a job that is about no single app */
#define APHD_CATALOG "*catalog"  /* and of one about the catalog, which is about no app at all */

typedef struct aphd_job_t aphd_job_t;

apr_status_t aphd_jobs_create(aphd_jobs_t **jobs, aphd_monitor_t *monitor, aph_error_t *err);

/* Hangs up on every running job: it stops, and the next start recovers it from the journal. */
void aphd_jobs_destroy(aphd_jobs_t *jobs);

/* Takes up the open jobs of the database: queued ones again, interrupted ones in recover mode.
 * Before
 * the server exists, so that their apps are busy for every client. */
apr_status_t aphd_jobs_recover(aphd_jobs_t *jobs, aph_error_t *err);

/* Admits a job or stream for conn, which then follows it to its end. args is borrowed. On error
 * nothing was begun. */
apr_status_t aphd_jobs_submit(aphd_jobs_t *jobs, aphd_conn_t *conn, const aph_op_t *op,
                              const json_t *args, aph_error_t *err);

/* Sends conn the log so far, makes it follow the job; *open is 0 where the job has ended
 * already. */
void aphd_jobs_follow(aphd_jobs_t *jobs, aphd_conn_t *conn, int64_t job_id, int *open);

/* Asks a job to stop; *ended is nonzero where it was only queued and is over now. */
apr_status_t aphd_jobs_cancel(aphd_jobs_t *jobs, int64_t job_id, int *ended, aph_error_t *err);

/* The log so far of a job that is not ended: text of APHD_LOG_TAIL_MAX at most, or NULL. */
const char *aphd_jobs_log(const aphd_jobs_t *jobs, int64_t job_id);

/* Nonzero when an open job concerns the app. */
int aphd_jobs_busy(const aphd_jobs_t *jobs, const char *name);

/* Answers conn with value (stolen). answer: what of it the job answered (borrowed, or NULL); its
 * "credentials" are forgotten as soon as the peer has them. */
void aphd_job_tell(aphd_monitor_t *monitor, aphd_conn_t *conn, int64_t job_id, json_t *value,
                   const json_t *answer);

/* The engine answers again: jobs that wait for it may go on. */
void aphd_jobs_engine_up(aphd_jobs_t *jobs);

/* Starts what can be started, ends streams nobody listens to, frees what is over. For the loop's
 * hook. */
void aphd_jobs_round(aphd_jobs_t *jobs);

/* A client reads again: a stream that was held back for it may go on. */
void aphd_jobs_drained(aphd_jobs_t *jobs, aphd_conn_t *conn);

#endif
