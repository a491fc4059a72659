/* SPDX-License-Identifier: Apache-2.0 */
/* What apps use: what the watcher kept, or with "live" a pair of samples taken now.
 *
 *   1. The apps are named: the one that was asked for, or all of them.
 *   2. What the watcher kept is read; no engine is needed for that.
 *   3. Live: two rounds of samples a second apart, of these apps.
 *   4. The history is added where one app was asked for: of all it would be megabytes. */
#include "helper/job/job.h"

#include <string.h>
#include <apr_strings.h>

#include "helper/base/job_wire.h"
#include "helper/job/metrics.h"
#include "helper/job/watch_metrics.h"

#define LIVE_PAUSE apr_time_from_sec(1)
#define PUMP_MS    200

static apr_status_t take_round(aphd_job_t *job, const json_t *containers, aphd_metrics_t *live,
                               aph_error_t *err)
{
    size_t count;
    apr_status_t status = APR_SUCCESS;
    aphd_stats_t *stats = aphd_stats_open(job->engine, containers);
    if (stats == NULL)
        return aph_error_set(err, APR_ENOMEM, 3201, "no memory for what apps use");
    while (status == APR_SUCCESS && !aphd_stats_move(stats))
        status = aphd_engine_pump(job->engine, PUMP_MS, err);
    const aphd_stats_target_t *targets = aphd_stats_targets(stats, &count);
    if (status == APR_SUCCESS)
        aphd_metrics_add(live, targets, count, apr_time_sec(apr_time_now()));
    aphd_stats_close(stats);
    return status;
}

static apr_status_t sample_now(aphd_job_t *job, aphd_metrics_t *live, aph_error_t *err)
{
    aphd_owner_t owner = {job->instance, job->app.row != NULL ? job->app.app_id : 0};
    json_auto_t *containers = NULL;
    apr_status_t status = aphd_job_meet_engine(job, 0, err);
    if (status == APR_SUCCESS)
        status = aphd_containers_list(job->engine, &owner, &containers, job->p, err);
    if (status == APR_SUCCESS)
        status = take_round(job, containers, live, err);
    apr_time_t until = apr_time_now() + LIVE_PAUSE;
    while (status == APR_SUCCESS && apr_time_now() < until)
        status = aphd_halt_sleep(&job->halt, PUMP_MS, err);
    if (status == APR_SUCCESS)
        status = take_round(job, containers, live, err);
    return status;
}

/* One that serves files only has no containers, and is left out of all. */
static int has_containers(const json_t *app)
{
    const char *kind = json_string_value(json_object_get(app, "kind"));
    return (kind == NULL || strcmp(kind, APHD_KIND_FILES) != 0)
        && !json_is_true(json_object_get(app, "kept"));
}

static void add_app(const json_t *app, const aphd_metrics_t *services, const aphd_metrics_t *kept,
                    int history, json_t *apps)
{
    int app_id = (int)json_integer_value(json_object_get(app, "app_id"));
    json_t *row = aphd_metrics_json(services, app_id, 0);
    json_object_set(row, "name", json_object_get(app, "name"));
    if (history) {
        json_auto_t *past = aphd_metrics_json(kept, app_id, 1);
        json_object_set(row, "history", json_object_get(past, "history"));
    }
    json_array_append_new(apps, row);
}

apr_status_t aphd_story_metrics(aphd_job_t *job, aph_error_t *err)
{
    aphd_metrics_t kept, fresh = APHD_METRICS_INIT;
    int live = aphd_job_flag(job, "live");
    json_auto_t *rows = NULL;
    json_t *apps = json_array();
    size_t i;
    const json_t *app;
    apr_status_t status = APR_SUCCESS;
    aphd_metrics_load(&kept, apr_pstrcat(job->p, job->settings->runtime_dir,
                                         "/" APHD_METRICS_FILE, NULL));
    if (live && !(job->app.row != NULL && job->app.files))
        status = sample_now(job, &fresh, err);
    if (status == APR_SUCCESS && job->app.row == NULL)
        status = aphd_ask_apps(job->ask, &rows, err);
    if (job->app.row != NULL)
        add_app(job->app.row, live ? &fresh : &kept, &kept, 1, apps);
    json_array_foreach(rows, i, app)
        if (has_containers(app))
            add_app(app, live ? &fresh : &kept, &kept, 0, apps);
    aphd_metrics_clear(&kept);
    aphd_metrics_clear(&fresh);
    return aphd_job_finish(job, status, json_pack("{s:o, s:i}", "apps", apps, "every_seconds",
                                                  APHD_METRICS_SECONDS), err);
}
