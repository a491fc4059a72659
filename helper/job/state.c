/* SPDX-License-Identifier: Apache-2.0 */
/* How an app is, by our word and by the engine's. Never an error for an app that exists or is about
 * to: before its first container there are no services, and without an engine there is a message
 * instead. */
#include "helper/job/job.h"

#include <string.h>

/* Of our row what says how it is; the rest is for "status". */
static json_t *our_word(const aphd_job_t *job)
{
    static const char *const members[] = {"app_id", "name", "state", "desired", "kept",    "kind",
                                          "web",    "port", "vhost", "entry",   "revision"};
    json_t *ours = json_object();
    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++)
        if (json_object_get(job->app.row, members[i]) != NULL)
            json_object_set(ours, members[i], json_object_get(job->app.row, members[i]));
    if (job->app.row == NULL) {
        const char *name = aphd_job_text(job, "name");
        json_object_set_new(ours, "name", json_string(name != NULL ? name : ""));
        json_object_set_new(ours, "state", json_string("queued"));
    }
    return ours;
}

static void copy(json_t *row, const char *as, const json_t *state, const char *member)
{
    json_t *value = json_object_get(state, member);
    json_object_set_new(row, as, value != NULL ? json_incref(value) : json_null());
}

/* The engine's word on one container; what is no word of this engine is null. */
static json_t *service_json(const json_t *listed, const json_t *container)
{
    static const struct {
        const char *as, *member;
    } members[] = {
        {"status", "Status"},      {"running", "Running"},      {"paused", "Paused"},
        {"restarting", "Restarting"}, {"oom_killed", "OOMKilled"}, {"dead", "Dead"},
        {"pid", "Pid"},            {"exit_code", "ExitCode"},   {"error", "Error"},
        {"started", "StartedAt"},  {"finished", "FinishedAt"},
    };
    const json_t *state = json_object_get(container, "State");
    json_t *row =
        json_pack("{s:s, s:s, s:s}", "service", aphd_container_service(listed), "container",
                  aphd_container_name(listed), "id", aphd_container_id(listed));
    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++)
        copy(row, members[i].as, state, members[i].member);
    copy(row, "health", json_object_get(state, "Health"), "Status");
    copy(row, "restart_count", container, "RestartCount");
    copy(row, "image", json_object_get(container, "Config"), "Image");
    return row;
}

static apr_status_t ask_engine(aphd_job_t *job, json_t *services, aph_error_t *err)
{
    json_auto_t *containers = NULL;
    size_t i;
    const json_t *listed;
    apr_status_t status = aphd_job_meet_engine(job, 0, err);
    if (status == APR_SUCCESS)
        status = aphd_containers_list(job->engine, &job->app.owner, &containers, job->p, err);
    json_array_foreach(containers, i, listed) {
        json_auto_t *container = NULL;
        if (status == APR_SUCCESS)
            status = aphd_container_inspect(job->engine, aphd_container_id(listed), &container,
                                            job->p, err);
        if (status == APR_SUCCESS)
            json_array_append_new(services, service_json(listed, container));
        else if (status == APH_ENOTFOUND)
            status = APR_SUCCESS; /* it went while we looked */
    }
    return status;
}

apr_status_t aphd_story_state(aphd_job_t *job, aph_error_t *err)
{
    json_t *services = json_array();
    aph_error_t why = APH_ERROR_INIT;
    apr_status_t status = APR_SUCCESS;
    if (job->app.row != NULL && !job->app.files)
        status = ask_engine(job, services, &why);
    if (status == APR_EOF || status == APH_ECANCELLED) {
        json_decref(services);
        *err = why;
        return status;
    }
    json_t *engine = json_pack("{s:s, s:s, s:o}", "state", status == APR_SUCCESS ? "up" : "down",
                               "message", status == APR_SUCCESS ? "" : why.message, "services",
                               services);
    return aphd_job_finish(job, APR_SUCCESS,
                           json_pack("{s:o, s:o}", "ours", our_word(job), "engine", engine), err);
}
