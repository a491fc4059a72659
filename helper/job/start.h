/* SPDX-License-Identifier: Apache-2.0 */
/* Starting what is installed, without its end: restart and recover do it, too. */
#ifndef APHD_START_H
#define APHD_START_H

#include "helper/job/job.h"

/* Starts the app's containers, makes those that vanished, and publishes its route once it answers.
 * On failure its state is "failing", with the reason. */
apr_status_t aphd_start_app(aphd_job_t *job, aph_error_t *err);

/* The same with containers made anew from the stored model, for an update that goes back to it: it writes
 * no journal, and reason is the row's from then on. */
apr_status_t aphd_start_again(aphd_job_t *job, const char *reason, aph_error_t *err);

/* Withdraws the route, then stops the containers. */
apr_status_t aphd_stop_app(aphd_job_t *job, const char *desired, aph_error_t *err);

#endif
