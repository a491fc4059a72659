/* SPDX-License-Identifier: Apache-2.0 */
#include "helper/job/watch_storage.h"

#include <stdlib.h>

#include "helper/base/job_wire.h"
#include "helper/catalog/storage_check.h"
#include "helper/job/verify_storage.h"

int aphd_watch_storage_ready(const aphd_job_t *job, const aphd_watched_t *app)
{
    aph_error_t why = APH_ERROR_INIT;
    if (aphd_storage_check(job, app->storage, &why) == APR_SUCCESS)
        return 1;
    aphd_report_log(&job->report, "%s is not started: %s", app->host, why.message);
    return 0;
}

static int is_of(const json_t *container, const aphd_watched_t *app)
{
    const char *id = json_string_value(
        json_object_get(json_object_get(container, "Labels"), APHD_LABEL_APP));
    return id != NULL && atoi(id) == app->app_id;
}

static apr_status_t look(aphd_job_t *job, const aphd_watched_t *app, const json_t *container,
                         apr_pool_t *p, aph_error_t *err)
{
    json_auto_t *inspected = NULL;
    apr_status_t status = aphd_container_inspect(job->engine, aphd_container_id(container),
                                                 &inspected, p, err);
    return status == APR_SUCCESS
         ? aphd_verify_storage_rows(app->storage, aphd_container_service(container), inspected, err)
         : status;
}

static void stop_all(aphd_job_t *job, const aphd_watched_t *app, const json_t *containers,
                     const char *reason, apr_pool_t *p)
{
    size_t i;
    json_t *container;
    aphd_report_log(&job->report, "%s: %s", app->host, reason);
    json_array_foreach((json_t *)containers, i, container) {
        aph_error_t why = APH_ERROR_INIT;
        if (is_of(container, app)
            && aphd_container_stop(job->engine, aphd_container_id(container), p, &why) != APR_SUCCESS)
            aphd_report_log(&job->report, "%s: %s", app->host, why.message);
    }
}

/* A job that works on the app looks for itself. */
void aphd_watch_storage(aphd_job_t *job, aphd_watched_t *app, const json_t *containers, apr_pool_t *p)
{
    apr_status_t status = APR_SUCCESS;
    aph_error_t why = APH_ERROR_INIT;
    size_t i;
    json_t *container;
    if (json_array_size(app->storage) == 0 || app->storage_seen || app->busy || !app->up)
        return;
    json_array_foreach((json_t *)containers, i, container)
        if (status == APR_SUCCESS && is_of(container, app))
            status = look(job, app, container, p, &why);
    app->storage_seen = status == APR_SUCCESS;
    if (status == APH_EDENIED)
        stop_all(job, app, containers, why.message, p);
}
