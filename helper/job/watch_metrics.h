/* SPDX-License-Identifier: Apache-2.0 */
/* The watcher's samples of what apps use: a round every 30 seconds, beside everything else it does.
 */
#ifndef APHD_WATCH_METRICS_H
#define APHD_WATCH_METRICS_H

#include <apr_time.h>

#include "helper/job/job.h"
#include "helper/job/metrics.h"
#include "helper/job/watch_apps.h"

/* Where they are kept: below RuntimeDir. */
#define APHD_METRICS_FILE "metrics"

typedef struct aphd_watch_metrics_t {
    aphd_job_t *job;
    const char *path;
    aphd_metrics_t metrics;
    aphd_stats_t *round;  /* under way, or NULL */
    apr_time_t due;       /* when the next one begins */
    int failed;           /* the file could not be written, and that was said */
} aphd_watch_metrics_t;

void aphd_watch_metrics_open(aphd_watch_metrics_t *watch, aphd_job_t *job);
void aphd_watch_metrics_close(aphd_watch_metrics_t *watch);

/* Begins a round when it is due; containers: the engine's list, borrowed. */
void aphd_watch_metrics_begin(aphd_watch_metrics_t *watch, const json_t *containers);

/* Goes on with it; when it is whole, keeps it. */
void aphd_watch_metrics_move(aphd_watch_metrics_t *watch, aphd_watched_list_t *list);

/* Gives up a round under way: the engine goes. */
void aphd_watch_metrics_drop(aphd_watch_metrics_t *watch);

#endif
