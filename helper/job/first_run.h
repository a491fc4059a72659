/* SPDX-License-Identifier: Apache-2.0 */
/* A service that runs once, to its end, before the others start ("prepare" of an entry): it fills a
 * database or writes what they need. It is in no model that is kept, so no later start runs it again and
 * nothing waits for it; a new revision runs its own. */
#ifndef APHD_FIRST_RUN_H
#define APHD_FIRST_RUN_H

#include "helper/job/job.h"

/* Takes service out of model (rendered text): *first is a model of it alone, without ports and restarts,
 * *rest is all others, which no longer wait for it. Both malloc'd. Networks and volumes stay in both. Pure.
 * APH_EDENIED where there is no such service, or nothing else. */
apr_status_t aphd_first_run_split(const char *model, const char *service, char **first, char **rest,
                                  aph_error_t *err);

/* Writes first, starts it, holds it against what was judged, waits for its end and takes its container and
 * network away. The model that is written afterwards is first: the caller writes the other.
 * APH_EUNHEALTHY with its last lines where it fails or does not end. */
apr_status_t aphd_first_run(aphd_job_t *job, const char *first, aph_error_t *err);

#endif
