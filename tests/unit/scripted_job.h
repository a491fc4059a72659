/* SPDX-License-Identifier: Apache-2.0 */
/* The other side of a test of jobs: the test's own program, started again as apphost-job. */
#ifndef SCRIPTED_JOB_H
#define SCRIPTED_JOB_H

/* What the script "chatter" logs: 3 MB, more than all buffers on the way hold. */
#define CHATTER_LINES 5000

/* Plays the script that argument names, "FOLDER:SCRIPT", on APHD_JOB_FD; returns the exit status. */
int scripted_job_play(char *argument);

#endif
