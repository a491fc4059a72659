/* SPDX-License-Identifier: Apache-2.0 */
#include "helper/job/watch_metrics.h"

#include <apr_strings.h>

void aphd_watch_metrics_open(aphd_watch_metrics_t *watch, aphd_job_t *job)
{
    watch->job = job;
    watch->path = apr_pstrcat(job->p, job->settings->runtime_dir, "/" APHD_METRICS_FILE, NULL);
    aphd_metrics_load(&watch->metrics, watch->path);
}

void aphd_watch_metrics_drop(aphd_watch_metrics_t *watch)
{
    aphd_stats_close(watch->round);
    watch->round = NULL;
}

void aphd_watch_metrics_close(aphd_watch_metrics_t *watch)
{
    aphd_watch_metrics_drop(watch);
    aphd_metrics_clear(&watch->metrics);
}

void aphd_watch_metrics_begin(aphd_watch_metrics_t *watch, const json_t *containers)
{
    apr_time_t now = apr_time_now();
    if (watch->round != NULL || now < watch->due)
        return;
    watch->due = now + apr_time_from_sec(APHD_METRICS_SECONDS);
    watch->round = aphd_stats_open(watch->job->engine, containers);
}

static int is_there_cb(void *self, int app_id)
{
    return aphd_watched_find(self, app_id) != NULL;
}

void aphd_watch_metrics_move(aphd_watch_metrics_t *watch, aphd_watched_list_t *list)
{
    size_t count;
    aph_error_t why = APH_ERROR_INIT;
    if (watch->round == NULL || !aphd_stats_move(watch->round))
        return;
    const aphd_stats_target_t *targets = aphd_stats_targets(watch->round, &count);
    aphd_metrics_add(&watch->metrics, targets, count, apr_time_sec(apr_time_now()));
    aphd_metrics_keep(&watch->metrics, is_there_cb, list);
    aphd_watch_metrics_drop(watch);
    if (aphd_metrics_save(&watch->metrics, watch->path, &why) == APR_SUCCESS) {
        watch->failed = 0;
    } else if (!watch->failed) {
        watch->failed = 1;
        aphd_report_log(&watch->job->report, "what apps use is not kept: %s", why.message);
    }
}
