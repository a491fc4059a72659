/* SPDX-License-Identifier: Apache-2.0 */
/* Which of an app's containers a request is about. */
#ifndef APHD_PICK_H
#define APHD_PICK_H

#include "helper/job/job.h"

/* Meets the engine and lists the app's containers; with the argument "service" only those of it.
 * Where there are none, APH_ENOTFOUND says why. *containers: new reference. */
apr_status_t aphd_pick_containers(aphd_job_t *job, json_t **containers, aph_error_t *err);

#endif
