/* SPDX-License-Identifier: Apache-2.0 */
#include "helper/job/bring_up.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <apr_strings.h>
#include <apr_time.h>

#include "common/file_replace.h"
#include "helper/base/wall.h"
#include "helper/job/compose.h"
#include "helper/job/engine_logs.h"
#include "helper/job/health.h"
#include "helper/job/own_ports.h"
#include "helper/job/verify.h"
#include "helper/job/verify_storage.h"

#define COMPOSE_SECONDS  600
#define PROBE_MS         10000 /* for one answer: a first page may be slow */
#define LOOK_EVERY       apr_time_from_msec(500)
#define HEADLESS_MOMENT  apr_time_from_msec(1500)
#define RESTARTS_ALLOWED 4     /* an app may give up a few times while its database comes up */
#define LAST_LINES       20

int aphd_bring_seconds(const aphd_job_t *job)
{
    int wanted = job->app.health_seconds, usual = job->settings->start_seconds;
    return wanted > usual ? wanted : usual;
}

static const char *empty_file(const aphd_job_t *job)
{
    return apr_pstrcat(job->p, job->app.app_dir, "/empty.env", NULL);
}

apr_status_t aphd_bring_write(aphd_job_t *job, const char *model, aph_error_t *err)
{
    if (mkdir(job->app.app_dir, 0700) != 0 && errno != EEXIST)
        return aph_error_set(err, errno == ENOSPC ? APH_ENOSPACE : APR_FROM_OS_ERROR(errno), 1150,
                             "cannot make the folder %s: %s", job->app.app_dir, strerror(errno));
    apr_status_t status = aph_name_sync(job->app.app_dir, err);
    if (status == APR_SUCCESS)
        status = aph_file_replace(job->app.compose_path, model, strlen(model), 0600, err);
    return status == APR_SUCCESS ? aph_file_replace(empty_file(job), "", 0, 0600, err) : status;
}

apr_status_t aphd_bring_wall(aphd_job_t *job, aph_error_t *err)
{
    aphd_wall_t wall = {.settings = job->settings, .instance = job->instance};
    int built;
    apr_status_t status = aphd_wall_build(&wall, &built, job->p, err);
    if (wall.without_raw)
        aphd_report_log(&job->report, "this kernel has no rpfilter for iptables: packets that only "
                        "claim to come from an app are not dropped");
    aphd_wall_clear(&wall);
    return status;
}

/* Compose itself waits for a hanging engine without end. */
static apr_status_t alive_cb(void *baton, aph_error_t *err)
{
    return aphd_engine_alive(((aphd_job_t *)baton)->engine, err);
}

apr_status_t aphd_bring_compose(aphd_job_t *job, aph_error_t *err)
{
    aphd_compose_program_t compose;
    apr_status_t status = aphd_compose_program_find(&compose, job->settings->compose, err);
    if (status != APR_SUCCESS)
        return status;
    aphd_compose_up_t up = {
        .project = job->app.project, .file = job->app.compose_path, .directory = job->app.app_dir,
        .empty_file = empty_file(job), .engine_socket = job->settings->engine_socket,
        .seconds = COMPOSE_SECONDS, .alive_cb = alive_cb, .baton = job,
    };
    status = aphd_compose_up(&compose, &up, &job->halt, &job->report, job->p, err);
    if (status == APH_ETAKEN)
        aphd_own_ports_name_taker(job, err);
    return status;
}

static int has_service(const json_t *containers, const char *service)
{
    size_t i;
    json_t *container;
    json_array_foreach(containers, i, container)
        if (strcmp(aphd_container_service(container), service) == 0)
            return 1;
    return 0;
}

static apr_status_t verify_storage(const json_t *model, const char *service,
                                   const json_t *container, aph_error_t *err)
{
    return aphd_verify_storage(json_object_get(json_object_get(model, "services"), service),
                               service, container, err);
}

apr_status_t aphd_bring_verify(aphd_job_t *job, const char *model, aph_error_t *err)
{
    json_auto_t *parsed = json_loads(model, 0, NULL);
    json_auto_t *containers = NULL;
    aphd_verify_t verify = {parsed, job->app.project, job->instance, job->app.app_id};
    apr_status_t status = aphd_containers_list(job->engine, &job->app.owner, &containers, job->p,
                                               err);
    const char *service;
    json_t *ignored, *container;
    size_t i;
    json_object_foreach(json_object_get(parsed, "services"), service, ignored)
        if (status == APR_SUCCESS && !has_service(containers, service))
            status = aph_error_set(err, APH_EUNHEALTHY, 1151, "service %s has no container after "
                                   "the start; read the log of this operation", service);
    json_array_foreach(containers, i, container) {
        json_auto_t *inspected = NULL;
        if (status == APR_SUCCESS)
            status = aphd_container_inspect(job->engine, aphd_container_id(container), &inspected,
                                            job->p, err);
        if (status == APR_SUCCESS)
            status = aphd_verify_container(&verify, aphd_container_service(container), inspected,
                                           err);
        if (status == APR_SUCCESS)
            status = verify_storage(parsed, aphd_container_service(container), inspected, err);
    }
    return status;
}

/* Keeps the last line that was handed on, for the sentence. */
typedef struct last_line_t {
    const aphd_job_t *job;
    char line[400];
} last_line_t;

static void last_line_cb(void *baton, const char *line)
{
    last_line_t *last = baton;
    apr_cpystrn(last->line, line, sizeof last->line);
    aphd_report_log(&last->job->report, "%s", line);
}

static apr_status_t gave_up(aphd_job_t *job, const json_t *container, const json_t *state,
                            aph_error_t *err)
{
    last_line_t last = {.job = job};
    aphd_report_t report = {job->report.progress_cb, last_line_cb, &last};
    aph_error_t unheard = APH_ERROR_INIT;
    const char *service = aphd_container_service(container);
    aphd_logs_spec_t spec = {.id = aphd_container_id(container),
                             .prefix = apr_pstrcat(job->p, service, ": ", NULL),
                             .tail = LAST_LINES, .report = &report};
    aphd_logs_read(job->engine, &spec, job->p, &unheard);
    int code = (int)json_integer_value(json_object_get(state, "ExitCode"));
    int memory = json_is_true(json_object_get(state, "OOMKilled"));
    return aph_error_set(err, APH_EUNHEALTHY, 1152, "service %s %s (exit code %d); its last words: "
                         "%s", service, memory ? "was killed for want of memory" : "ended",
                         code, last.line[0] != '\0' ? last.line : "none");
}

typedef struct looking_t {
    int all_run;
    int restarts;
} looking_t;

/* Looks at every container once. One that did its work and ended with 0 is fine. */
static apr_status_t look(aphd_job_t *job, looking_t *looking, aph_error_t *err)
{
    json_auto_t *containers = NULL;
    apr_status_t status = aphd_containers_list(job->engine, &job->app.owner, &containers, job->p,
                                               err);
    size_t i;
    json_t *container;
    looking->all_run = json_array_size(containers) > 0;
    looking->restarts = 0;
    json_array_foreach(containers, i, container) {
        json_auto_t *inspected = NULL;
        if (status == APR_SUCCESS)
            status = aphd_container_inspect(job->engine, aphd_container_id(container), &inspected,
                                            job->p, err);
        if (status != APR_SUCCESS)
            return status;
        const json_t *state = json_object_get(inspected, "State");
        const char *word = json_string_value(json_object_get(state, "Status"));
        int restarts = (int)json_integer_value(json_object_get(inspected, "RestartCount"));
        int ended = word != NULL && (strcmp(word, "exited") == 0 || strcmp(word, "dead") == 0);
        int well = ended && json_integer_value(json_object_get(state, "ExitCode")) == 0;
        if ((ended && !well) || restarts > RESTARTS_ALLOWED)
            return gave_up(job, container, state, err);
        looking->restarts += restarts;
        int runs = word != NULL && strcmp(word, "running") == 0;
        looking->all_run = looking->all_run && (well || runs);
    }
    return status;
}

static apr_status_t too_late(aphd_job_t *job, aph_error_t *err)
{
    json_auto_t *containers = NULL;
    aph_error_t unheard = APH_ERROR_INIT;
    aphd_containers_list(job->engine, &job->app.owner, &containers, job->p, &unheard);
    for (size_t i = 0; i < json_array_size(containers); i++) {
        const json_t *container = json_array_get(containers, i);
        aphd_logs_spec_t spec = {
            .id = aphd_container_id(container),
            .prefix = apr_pstrcat(job->p, aphd_container_service(container), ": ", NULL),
            .tail = LAST_LINES,
            .report = &job->report};
        aphd_logs_read(job->engine, &spec, job->p, &unheard);
    }
    return aph_error_set(err, APH_EUNHEALTHY, 1153, "%s did not answer on 127.0.0.1:%d%s within %d "
                         "seconds; its last log lines stand in the log of this operation, and "
                         "StartSeconds in section [engine] gives slow apps longer", job->app.name,
                         job->app.port, job->app.health_path != NULL ? job->app.health_path : "",
                         aphd_bring_seconds(job));
}

static apr_status_t await_answer(aphd_job_t *job, aph_error_t *err)
{
    apr_time_t begun = apr_time_now();
    apr_time_t deadline = begun + apr_time_from_sec(aphd_bring_seconds(job));
    apr_time_t looked = begun, running_since = 0;
    apr_status_t status = APR_SUCCESS;
    for (int attempt = 0; status == APR_SUCCESS; attempt++) {
        apr_time_t now = apr_time_now();
        int answered = 0;
        looking_t looking = {0, 0};
        if (now >= deadline)
            return too_late(job, err);
        if (job->app.web) {
            int left = (int)apr_time_as_msec(deadline - now) + 1;
            aphd_health_at_t at = {.port = job->app.port, .host = job->app.host,
                                   .path = job->app.health_path, .https = job->app.https};
            status = aphd_health_probe(&at, left < PROBE_MS ? left : PROBE_MS, &job->halt,
                                       &answered, err);
        }
        if (status == APR_SUCCESS && !answered
            && (!job->app.web || apr_time_now() - looked >= LOOK_EVERY)) {
            looked = apr_time_now();
            status = look(job, &looking, err);
            if (!looking.all_run || looking.restarts > 0)
                running_since = 0;
            else if (running_since == 0)
                running_since = looked;
        }
        if (answered || (!job->app.web && running_since != 0
                         && apr_time_now() - running_since >= HEADLESS_MOMENT))
            return status;
        if (status == APR_SUCCESS)
            status = aphd_halt_sleep(&job->halt, aphd_health_pause(attempt), err);
    }
    return status;
}

apr_status_t aphd_bring_await(aphd_job_t *job, const char *model, aph_error_t *err)
{
    apr_status_t status = await_answer(job, err);
    return status == APR_SUCCESS ? aphd_own_ports_check(job, model, err) : status;
}
