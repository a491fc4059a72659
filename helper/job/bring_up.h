/* SPDX-License-Identifier: Apache-2.0 */
/* From a rendered model to an app that answers: what install, start, restart and recover share. */
#ifndef APHD_BRING_UP_H
#define APHD_BRING_UP_H

#include "helper/job/job.h"

/* Writes the rendered model and the empty environment file into the app's own folder, which is made
 * where it is missing: root's, 0700. */
apr_status_t aphd_bring_write(aphd_job_t *job, const char *model, aph_error_t *err);

/* Sees to the firewall, which must stand before a container does. It knows the app by its model, so
 * that has to be written. APH_ECONFIG where it cannot be had. */
apr_status_t aphd_bring_wall(aphd_job_t *job, aph_error_t *err);

/* The one compose call. */
apr_status_t aphd_bring_compose(aphd_job_t *job, aph_error_t *err);

/* Compares what runs with the model (rendered text); each service must have its container. */
apr_status_t aphd_bring_verify(aphd_job_t *job, const char *model, aph_error_t *err);

/* How long it may take: StartSeconds, or what its entry says where that is more. */
int aphd_bring_seconds(const aphd_job_t *job);

/* Waits until the app answers over HTTP, or, where it has no route, until its containers have run
 * for a moment. APH_EUNHEALTHY after StartSeconds or when a container gives up; its last lines are
 * logged. APH_ETAKEN where another process has one of the ports of model (rendered text): then
 * whatever answered was not the app. */
apr_status_t aphd_bring_await(aphd_job_t *job, const char *model, aph_error_t *err);

#endif
