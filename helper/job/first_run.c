/* SPDX-License-Identifier: Apache-2.0 */
#include "helper/job/first_run.h"

#include <string.h>
#include <apr_strings.h>
#include <apr_time.h>

#include "helper/job/bring_up.h"
#include "helper/job/engine_logs.h"
#include "helper/job/take_down.h"

#define LEAST_SECONDS 900 /* a database may be filled by it */
#define LOOK_EVERY_MS 200
#define LAST_LINES    20
#define TOLD_LINES    4  /* of them, in the sentence */
#define TOLD_OCTETS   500

/* Hands every line on, and keeps the last few for the sentence. */
typedef struct told_t {
    const aphd_job_t *job;
    const char *lines[TOLD_LINES];
    int count;
} told_t;

static void told_cb(void *baton, const char *line)
{
    told_t *told = baton;
    aphd_report_log(&told->job->report, "%s", line);
    told->lines[told->count++ % TOLD_LINES] =
        apr_pstrndup(told->job->p, line, TOLD_OCTETS / TOLD_LINES);
}

static const char *last_words(aphd_job_t *job, const json_t *container)
{
    told_t told = {.job = job};
    aphd_report_t report = {job->report.progress_cb, told_cb, &told};
    aph_error_t unheard = APH_ERROR_INIT;
    aphd_logs_spec_t spec = {.id = aphd_container_id(container),
                             .prefix = apr_pstrcat(job->p, aphd_container_service(container), ": ",
                                                   NULL),
                             .tail = LAST_LINES, .report = &report};
    const char *words = "";
    aphd_logs_read(job->engine, &spec, job->p, &unheard);
    for (int i = told.count > TOLD_LINES ? told.count - TOLD_LINES : 0; i < told.count; i++)
        words = apr_pstrcat(job->p, words, words[0] != '\0' ? " | " : "",
                            told.lines[i % TOLD_LINES], NULL);
    return words[0] != '\0' ? words : "none";
}

static apr_status_t judge_end(aphd_job_t *job, const json_t *container, const json_t *state,
                              aph_error_t *err)
{
    int code = (int)json_integer_value(json_object_get(state, "ExitCode"));
    int memory = json_is_true(json_object_get(state, "OOMKilled"));
    if (code == 0 && !memory)
        return APR_SUCCESS;
    return aph_error_set(err, APH_EUNHEALTHY, 2602,
                         "service %s, which prepares the app, %s (exit code %d); "
                         "its last words: %s",
                         aphd_container_service(container),
                         memory ? "was killed for want of memory" : "failed", code,
                         last_words(job, container));
}

static apr_status_t await_end(aphd_job_t *job, const json_t *container, aph_error_t *err)
{
    int usual = aphd_bring_seconds(job), seconds = usual > LEAST_SECONDS ? usual : LEAST_SECONDS;
    apr_time_t deadline = apr_time_now() + apr_time_from_sec(seconds);
    apr_status_t status = APR_SUCCESS;
    while (status == APR_SUCCESS) {
        json_auto_t *inspected = NULL;
        status = aphd_container_inspect(job->engine, aphd_container_id(container), &inspected,
                                        job->p, err);
        const json_t *state = json_object_get(inspected, "State");
        const char *word = json_string_value(json_object_get(state, "Status"));
        if (status == APR_SUCCESS && word != NULL
            && (strcmp(word, "exited") == 0 || strcmp(word, "dead") == 0))
            return judge_end(job, container, state, err);
        if (status == APR_SUCCESS && apr_time_now() > deadline)
            return aph_error_set(err, APH_EUNHEALTHY, 2603,
                                 "service %s, which prepares the app, did not end "
                                 "within %d seconds; its last words: %s",
                                 aphd_container_service(container), seconds,
                                 last_words(job, container));
        if (status == APR_SUCCESS)
            status = aphd_halt_sleep(&job->halt, LOOK_EVERY_MS, err);
    }
    return status;
}

apr_status_t aphd_first_run(aphd_job_t *job, const char *first, aph_error_t *err)
{
    json_auto_t *containers = NULL;
    apr_status_t status = aphd_bring_write(job, first, err);
    if (status == APR_SUCCESS)
        status = aphd_bring_wall(job, err);
    if (status == APR_SUCCESS)
        status = aphd_bring_compose(job, err);
    if (status == APR_SUCCESS)
        status = aphd_bring_verify(job, first, err);
    if (status == APR_SUCCESS)
        status = aphd_containers_list(job->engine, &job->app.owner, &containers, job->p, err);
    if (status == APR_SUCCESS && json_array_size(containers) != 1)
        return aph_error_set(err, APH_EUNHEALTHY, 2604,
                             "the service that prepares the app has %d containers "
                             "after its start; read the log of this operation",
                             (int)json_array_size(containers));
    if (status == APR_SUCCESS)
        status = await_end(job, json_array_get(containers, 0), err);
    /* With its network: compose does not take up one that Podman describes otherwise than it asked
     * for. */
    return status == APR_SUCCESS ? aphd_take_containers(job, err) : status;
}
