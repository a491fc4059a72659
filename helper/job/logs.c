/* SPDX-License-Identifier: Apache-2.0 */
/* What an app's containers wrote: all of them at once, until they end or the reader goes.
 *
 *   1. The app's containers are found.
 *   2. Each log is opened; where there are several, a line begins with its service.
 *   3. Lines are passed on as they come. */
#include "helper/job/job.h"

#include <apr_strings.h>

#include "helper/job/engine_logs.h"
#include "helper/job/pick.h"

#define CONTAINERS_MAX 64

typedef struct reading_t {
    aphd_logs_t *logs[CONTAINERS_MAX];
    size_t count;
} reading_t;

static apr_status_t open_logs(aphd_job_t *job, const json_t *containers, reading_t *reading,
                              aph_error_t *err)
{
    size_t i;
    json_t *container;
    json_array_foreach(containers, i, container) {
        aphd_logs_spec_t *spec = apr_pcalloc(job->p, sizeof *spec);
        spec->id = apr_pstrdup(job->p, aphd_container_id(container));
        spec->prefix = json_array_size(containers) > 1
                     ? apr_pstrcat(job->p, aphd_container_service(container), " | ", NULL) : "";
        spec->tail = aphd_job_number(job, "tail", -1);
        spec->since = aphd_job_number(job, "since", 0);
        spec->timestamps = aphd_job_flag(job, "timestamps");
        spec->follow = aphd_job_flag(job, "follow");
        spec->report = &job->report;
        if (reading->count == CONTAINERS_MAX)
            break;
        apr_status_t status = aphd_logs_begin(job->engine, spec, &reading->logs[reading->count],
                                              job->p, err);
        if (status != APR_SUCCESS)
            return status;
        reading->count++;
    }
    return APR_SUCCESS;
}

static int all_done(const reading_t *reading)
{
    for (size_t i = 0; i < reading->count; i++)
        if (!aphd_logs_done(reading->logs[i]))
            return 0;
    return 1;
}

static apr_status_t pass_on(aphd_job_t *job, reading_t *reading, aph_error_t *err)
{
    apr_status_t status = APR_SUCCESS;
    while (status == APR_SUCCESS && !all_done(reading))
        status = aphd_engine_pump(job->engine, 60000, err);
    for (size_t i = 0; i < reading->count; i++) {
        apr_status_t ended = aphd_logs_end(reading->logs[i], err);
        if (status == APR_SUCCESS)
            status = ended;
    }
    return status;
}

apr_status_t aphd_story_logs(aphd_job_t *job, aph_error_t *err)
{
    json_auto_t *containers = NULL;
    reading_t reading = {.count = 0};
    apr_status_t status = aphd_pick_containers(job, &containers, err);
    if (status == APR_SUCCESS)
        status = open_logs(job, containers, &reading, err);
    apr_status_t passed = pass_on(job, &reading, err);
    if (status == APR_SUCCESS)
        status = passed;
    return aphd_job_finish(job, status, json_object(), err);
}
