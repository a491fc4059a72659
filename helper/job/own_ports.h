/* SPDX-License-Identifier: Apache-2.0 */
/* Whether a started app has its ports, all of them, and nobody else has one. */
#ifndef APHD_OWN_PORTS_H
#define APHD_OWN_PORTS_H

#include "helper/job/job.h"

/* Holds the ports of model (rendered text) against what the engine says it publishes and what the
 * kernel says of who listens. APH_ETAKEN names the process that has one of them. */
apr_status_t aphd_own_ports_check(aphd_job_t *job, const char *model, aph_error_t *err);

/* Nonzero where it is the app's container that answers on its web port. p: for the time of the call. */
int aphd_own_web_port_answered(const aphd_job_t *job, int app_id, int port, apr_pool_t *p);

/* Puts before err who has the app's web port, where somebody has it. */
void aphd_own_ports_name_taker(const aphd_job_t *job, aph_error_t *err);

#endif
