/* SPDX-License-Identifier: Apache-2.0 */
#include "helper/job/engine_containers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <apr_strings.h>
#include <apr_time.h>

#include "helper/base/job_wire.h"

#define STOP_SECONDS  200 /* the policy allows a grace of two minutes */
#define RESTARTS_MAX  apr_time_from_sec(30)
#define PORT_TRIES    30
#define PORT_PAUSE_MS 100
#define STOP_PAUSE_MS 100

const char *aphd_owner_filter(aphd_engine_t *engine, const aphd_owner_t *owner, apr_pool_t *p)
{
    json_auto_t *labels = json_array();
    json_array_append_new(labels, json_sprintf("%s=%s", APHD_LABEL_INSTANCE, owner->instance));
    if (owner->app_id != 0)
        json_array_append_new(labels, json_sprintf("%s=%d", APHD_LABEL_APP, owner->app_id));
    else
        json_array_append_new(labels, json_string(APHD_LABEL_APP));
    json_auto_t *filters = json_pack("{s:O}", "label", labels);
    char *text = json_dumps(filters, JSON_COMPACT);
    const char *query = apr_pstrcat(p, "filters=",
                                    aphd_engine_escape(engine, text != NULL ? text : "", p), NULL);
    free(text);
    return query;
}

/* The engine filters already; what is about to be removed is looked at a second time. */
int aphd_owner_has(const aphd_owner_t *owner, const json_t *labels)
{
    const char *instance = json_string_value(json_object_get(labels, APHD_LABEL_INSTANCE));
    const char *app = json_string_value(json_object_get(labels, APHD_LABEL_APP));
    char wanted[16];
    snprintf(wanted, sizeof wanted, "%d", owner->app_id);
    return instance != NULL && app != NULL && strcmp(instance, owner->instance) == 0
        && (owner->app_id == 0 || strcmp(app, wanted) == 0);
}

static json_int_t created_at(const json_t *container)
{
    return json_integer_value(json_object_get(container, "Created"));
}

/* Podman lists in no order at all. */
static void newest_first(json_t *containers)
{
    for (size_t i = 1; i < json_array_size(containers); i++) {
        json_auto_t *one = json_incref(json_array_get(containers, i));
        size_t at = i;
        while (at > 0 && created_at(json_array_get(containers, at - 1)) < created_at(one))
            at--;
        if (at < i) {
            json_array_remove(containers, i);
            json_array_insert(containers, at, one);
        }
    }
}

apr_status_t aphd_containers_list(aphd_engine_t *engine, const aphd_owner_t *owner,
                                  json_t **containers, apr_pool_t *p, aph_error_t *err)
{
    const char *path = apr_pstrcat(p, "/containers/json?all=1&",
                                   aphd_owner_filter(engine, owner, p), NULL);
    apr_status_t status = aphd_engine_get(engine, path, "list the app's containers", containers,
                                          err);
    for (size_t i = json_array_size(*containers); i-- > 0;)
        if (!aphd_owner_has(owner, json_object_get(json_array_get(*containers, i), "Labels")))
            json_array_remove(*containers, i);
    newest_first(*containers);
    return status;
}

apr_status_t aphd_containers_all(aphd_engine_t *engine, json_t **containers, aph_error_t *err)
{
    return aphd_engine_get(engine, "/containers/json?all=1", "list its containers", containers,
                           err);
}

apr_status_t aphd_container_inspect(aphd_engine_t *engine, const char *id, json_t **container,
                                    apr_pool_t *p, aph_error_t *err)
{
    return aphd_engine_get(engine, apr_pstrcat(p, "/containers/", id, "/json", NULL),
                           "describe a container", container, err);
}

/* fine: a refusal that says the container already is as wanted. */
static apr_status_t change(aphd_engine_t *engine, const aphd_call_t *call, long fine,
                           const char *doing, aph_error_t *err)
{
    aphd_answer_t answer;
    apr_status_t status = aphd_engine_call(engine, call, &answer, err);
    if (status == APR_SUCCESS && answer.status != fine)
        status = aphd_answer_check(&answer, doing, err);
    aphd_answer_clear(&answer);
    return status;
}

/* Podman's service listens on a container's ports before it starts it, and leaves the sockets of a
 * start that failed to its collector of garbage: every call gives that more to collect. */
apr_status_t aphd_container_start(aphd_engine_t *engine, const char *id, apr_pool_t *p,
                                  aph_error_t *err)
{
    aphd_call_t call = {.method = "POST", .seconds = 120,
                        .path = apr_pstrcat(p, "/containers/", id, "/start", NULL)};
    int tries = aphd_engine_facts(engine)->keeps_ports ? PORT_TRIES : 1;
    for (;;) {
        aphd_answer_t answer;
        apr_status_t status = aphd_engine_call(engine, &call, &answer, err);
        int taken = answer.status >= 400
                 && (strstr(answer.message, "address already in use") != NULL
                     || strstr(answer.message, "port is already allocated") != NULL);
        int again = status == APR_SUCCESS && taken && --tries > 0;
        if (status == APR_SUCCESS && taken && !again)
            status = aph_error_set(err, APH_ETAKEN, 2261, "a port of the app is in use (%.300s)",
                                   answer.message);
        else if (status == APR_SUCCESS && !again && answer.status != 304)
            status = aphd_answer_check(&answer, "start a container", err);
        aphd_answer_clear(&answer);
        if (!again)
            return status;
        status = aphd_engine_pump(engine, PORT_PAUSE_MS, err);
        if (status != APR_SUCCESS)
            return status;
    }
}

/* Nonzero where the container has ended for good, or is gone. "stopped" is Podman's word for one that
 * its restart policy has not been applied to yet. */
static apr_status_t has_ended(aphd_engine_t *engine, const char *id, int *ended, apr_pool_t *p,
                              aph_error_t *err)
{
    json_auto_t *container = NULL;
    aph_error_t why = APH_ERROR_INIT;
    apr_status_t status = aphd_container_inspect(engine, id, &container, p, &why);
    const json_t *state = json_object_get(container, "State");
    const char *word = json_string_value(json_object_get(state, "Status"));
    *ended = status == APH_ENOTFOUND
          || (word != NULL && (strcmp(word, "exited") == 0 || strcmp(word, "created") == 0));
    if (status != APR_SUCCESS && status != APH_ENOTFOUND) {
        *err = why;
        return status;
    }
    return APR_SUCCESS;
}

/* Where ending and starting follow each other at once, it must be met in between; and Podman refuses
 * to stop what it looked at a moment too early or too late, so that a refusal is its last word only
 * when it stays with it. */
static apr_status_t stop_until_ended(aphd_engine_t *engine, const aphd_call_t *call, const char *id,
                                     apr_pool_t *p, aph_error_t *err)
{
    apr_time_t deadline = apr_time_now() + RESTARTS_MAX;
    for (;;) {
        int ended = 0;
        aph_error_t refusal = APH_ERROR_INIT;
        apr_status_t stopped = change(engine, call, 404, "stop a container", &refusal);
        apr_status_t status = has_ended(engine, id, &ended, p, err);
        if (status != APR_SUCCESS || ended)
            return status;
        if (stopped != APR_SUCCESS && (stopped != APH_EENGINE || apr_time_now() > deadline)) {
            *err = refusal;
            return stopped;
        }
        if (apr_time_now() > deadline)
            return aph_error_set(err, APH_EENGINE, 2140, "a container ends and is started again "
                                 "too fast to be stopped; try again, or uninstall its app");
        if (stopped != APR_SUCCESS)
            status = aphd_engine_pump(engine, STOP_PAUSE_MS, err);
        if (status != APR_SUCCESS)
            return status;
    }
}

apr_status_t aphd_container_stop(aphd_engine_t *engine, const char *id, apr_pool_t *p,
                                 aph_error_t *err)
{
    aphd_call_t call = {.method = "POST", .seconds = STOP_SECONDS,
                        .path = apr_pstrcat(p, "/containers/", id, "/stop", NULL)};
    if (aphd_engine_facts(engine)->restarts_at_once)
        return stop_until_ended(engine, &call, id, p, err);
    return change(engine, &call, 404, "stop a container", err);
}

apr_status_t aphd_container_remove(aphd_engine_t *engine, const char *id, apr_pool_t *p,
                                   aph_error_t *err)
{
    /* v=1: its anonymous volumes, which nothing could ever mount again. */
    aphd_call_t call = {.method = "DELETE", .seconds = 120,
                        .path = apr_pstrcat(p, "/containers/", id, "?force=1&v=1", NULL)};
    aphd_answer_t answer;
    apr_status_t status = aphd_engine_call(engine, &call, &answer, err);
    int fine = answer.status == 404
            || (answer.status == 409 && strstr(answer.message, "already in progress") != NULL);
    if (status == APR_SUCCESS && !fine)
        status = aphd_answer_check(&answer, "remove a container", err);
    aphd_answer_clear(&answer);
    return status;
}

const char *aphd_container_id(const json_t *container)
{
    const char *id = json_string_value(json_object_get(container, "Id"));
    return id != NULL ? id : "";
}

const char *aphd_container_service(const json_t *container)
{
    const json_t *labels = json_object_get(container, "Labels");
    const char *service = json_string_value(json_object_get(labels, "com.docker.compose.service"));
    return service != NULL ? service : aphd_container_name(container);
}

const char *aphd_container_name(const json_t *container)
{
    const char *name = json_string_value(json_array_get(json_object_get(container, "Names"), 0));
    return name != NULL ? name + (name[0] == '/') : aphd_container_id(container);
}

int aphd_container_runs(const json_t *container)
{
    const char *state = json_string_value(json_object_get(container, "State"));
    return state != NULL && strcmp(state, "running") == 0;
}
