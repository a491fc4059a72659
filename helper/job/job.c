/* SPDX-License-Identifier: Apache-2.0 */
#include "helper/job/job.h"

#include <stdlib.h>
#include <string.h>
#include <apr_strings.h>

#include "common/route_map.h"
#include "helper/base/job_wire.h"
#include "helper/job/health.h"
#include "helper/job/secrets.h"

#define HEALTH_SECONDS_MOST 1800 /* an author's word does not hold a job for longer */

static void progress_cb(void *baton, const aphd_progress_t *progress)
{
    aphd_ask_note_progress(((aphd_job_t *)baton)->ask, progress);
}

static void log_cb(void *baton, const char *line)
{
    aphd_ask_note_log(((aphd_job_t *)baton)->ask, line);
}

apr_status_t aphd_job_open(aphd_job_t *job, const char *settings_path, int fd, apr_pool_t *p,
                           aph_error_t *err)
{
    aphd_settings_t *settings;
    memset(job, 0, sizeof *job);
    job->p = p;
    job->report = (aphd_report_t){progress_cb, log_cb, job};
    apr_status_t status = aphd_halt_open(&job->halt, fd, err);
    if (status == APR_SUCCESS)
        status = aphd_ask_open(&job->ask, fd, &job->request, p, err);
    /* Set by a service manager, and never by a monitor, which knows whom it has started. */
    if (status == APR_SUCCESS && getenv("LISTEN_FDS") != NULL)
        aphd_ask_note_process(job->ask);
    if (status == APR_SUCCESS)
        status = aphd_settings_load(&settings, settings_path, p, err);
    if (status != APR_SUCCESS)
        return status;
    job->settings = settings;
    job->op = json_string_value(json_object_get(job->request, "op"));
    job->instance = json_string_value(json_object_get(job->request, "instance"));
    if (job->op == NULL || job->instance == NULL || strlen(job->instance) < 8)
        return aph_error_set(err, APH_EINTERNAL, 1140, "apphostd's request names no operation");
    json_t *row = json_object_get(job->request, "app");
    return json_is_object(row) ? aphd_job_take_app(job, json_incref(row), err) : APR_SUCCESS;
}

void aphd_job_close(aphd_job_t *job)
{
    json_decref(job->app.row);
    json_decref(job->request);
}

int aphd_job_is_path(const char *path)
{
    size_t length = path != NULL ? strlen(path) : 0;
    for (size_t i = 0; i < length; i++)
        if (path[i] <= ' ' || path[i] > '~')
            return 0;
    return length > 0 && length <= APHD_HEALTH_PATH_MAX && path[0] == '/';
}

void aphd_job_take_health(const aphd_job_t *job, const json_t *health, aphd_job_app_t *app)
{
    const char *path = json_string_value(json_object_get(health, "path"));
    json_int_t seconds = json_integer_value(json_object_get(health, "seconds"));
    app->health_path = aphd_job_is_path(path) ? apr_pstrdup(job->p, path) : NULL;
    app->health_seconds = seconds < 0 ? 0 : seconds > HEALTH_SECONDS_MOST ? HEALTH_SECONDS_MOST
                                                                          : (int)seconds;
}

apr_status_t aphd_job_read_app(const aphd_job_t *job, json_t *row, aphd_job_app_t *app,
                               aph_error_t *err)
{
    const aphd_settings_t *settings = job->settings;
    const char *name = json_string_value(json_object_get(row, "name"));
    memset(app, 0, sizeof *app);
    app->app_id = (int)json_integer_value(json_object_get(row, "app_id"));
    app->port = (int)json_integer_value(json_object_get(row, "port"));
    if (name == NULL || app->app_id < APH_APP_ID_MIN || app->app_id > APH_APP_ID_MAX
        || app->port != APH_PORT_BASE + app->app_id)
        return aph_error_set(err, APH_EINTERNAL, 1141, "apphostd's row of an app makes no sense");
    app->web = json_is_true(json_object_get(row, "web"));
    const char *kind = json_string_value(json_object_get(row, "kind"));
    app->files = kind != NULL && strcmp(kind, APHD_KIND_FILES) == 0;
    app->https = (json_integer_value(json_object_get(row, "route_flags")) & APH_ROUTE_HTTPS) != 0;
    app->kept = json_is_true(json_object_get(row, "kept"));
    app->name = apr_pstrdup(job->p, name);
    app->host = apr_pstrcat(job->p, name, ".", settings->domains[0], NULL);
    app->url = settings->public_port == 80
             ? apr_pstrcat(job->p, "http://", app->host, "/", NULL)
             : apr_psprintf(job->p, "http://%s:%d/", app->host, settings->public_port);
    aphd_job_take_health(job, json_object_get(json_object_get(row, "plan"), "health"), app);
    app->project = apr_psprintf(job->p, APHD_PROJECT_FORMAT, job->instance, app->app_id);
    app->app_dir = apr_psprintf(job->p, "%s/%d", settings->apps_dir, app->app_id);
    app->data_dir = apr_psprintf(job->p, "%s/%d", settings->data_dir, app->app_id);
    app->site_dir = apr_psprintf(job->p, "%s/%d", settings->sites_dir, app->app_id);
    app->compose_path = apr_pstrcat(job->p, app->app_dir, "/compose.json", NULL);
    app->owner = (aphd_owner_t){job->instance, app->app_id};
    return APR_SUCCESS;
}

apr_status_t aphd_job_take_app(aphd_job_t *job, json_t *row, aph_error_t *err)
{
    json_auto_t *secrets = aphd_secrets_of_row(row);
    aphd_ask_hide(job->ask, secrets);
    json_decref(job->app.row);
    job->app.row = NULL;
    apr_status_t status = aphd_job_read_app(job, row, &job->app, err);
    job->app.row = row;
    return status;
}

apr_status_t aphd_job_meet_engine(aphd_job_t *job, int patience, aph_error_t *err)
{
    for (int waited = 0; !job->app.files; waited++) {
        aph_error_t why = APH_ERROR_INIT;
        apr_status_t status = aphd_engine_open(&job->engine, job->settings->engine_socket,
                                               &job->halt, job->p, &why);
        if (status == APR_SUCCESS)
            return APR_SUCCESS;
        job->engine = NULL;
        if (status != APH_EENGINE || waited >= patience) {
            *err = why;
            return status;
        }
        status = aphd_halt_sleep(&job->halt, 1000, err);
        if (status != APR_SUCCESS)
            return status;
    }
    return APR_SUCCESS;
}

const char *aphd_job_text(const aphd_job_t *job, const char *name)
{
    return json_string_value(json_object_get(json_object_get(job->request, "args"), name));
}

json_t *aphd_job_list(const aphd_job_t *job, const char *name)
{
    return json_object_get(json_object_get(job->request, "args"), name);
}

int aphd_job_flag(const aphd_job_t *job, const char *name)
{
    return json_is_true(json_object_get(json_object_get(job->request, "args"), name));
}

int aphd_job_number(const aphd_job_t *job, const char *name, int fallback)
{
    const json_t *value = json_object_get(json_object_get(job->request, "args"), name);
    return json_is_integer(value) ? (int)json_integer_value(value) : fallback;
}

void aphd_job_step(const aphd_job_t *job, const char *step, int done, int total, const char *text)
{
    aphd_progress_t progress = {step, text, done, total, "steps"};
    aphd_report_progress(&job->report, &progress);
}

apr_status_t aphd_job_finish(aphd_job_t *job, apr_status_t status, json_t *answer,
                             aph_error_t *err)
{
    json_auto_t *given = answer;
    if (status == APR_EOF)
        return status;
    if (status != APR_SUCCESS && err->status == APR_SUCCESS)
        aph_error_set(err, status, 1142, "the operation ended with status %d", (int)status);
    aphd_ending_t ending = {
        .result = status == APR_SUCCESS ? "done"
                : status == APH_ECANCELLED ? "rolled-back" : "failed",
        .app = "keep",
        .answer = status == APR_SUCCESS ? given : NULL,
        .reason = status == APR_SUCCESS ? NULL : err,
    };
    aph_error_t unheard = APH_ERROR_INIT;
    return aphd_ask_finish(job->ask, &ending, &unheard);
}
