/* SPDX-License-Identifier: Apache-2.0 */
/* The engine starts containers by itself, after a boot or when one ended, and follows the paths of its
 * mounts as it finds them then. What an app has in storage locations is looked at afterwards. */
#ifndef APHD_WATCH_STORAGE_H
#define APHD_WATCH_STORAGE_H

#include "helper/job/job.h"
#include "helper/job/watch_apps.h"

/* Nonzero where its folders are there, so that its containers may be started; else the log says why. */
int aphd_watch_storage_ready(const aphd_job_t *job, const aphd_watched_t *app);

/* Looks once, each time the app's containers come up, whether they have the folders they should have,
 * and stops all of them where one has not. containers: the engine's list of ours, borrowed. */
void aphd_watch_storage(aphd_job_t *job, aphd_watched_t *app, const json_t *containers, apr_pool_t *p);

#endif
