/* SPDX-License-Identifier: Apache-2.0 */
#include "helper/job/engine_containers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <apr_strings.h>

#include "helper/base/job_wire.h"

#define STOP_SECONDS 200 /* the policy allows a grace of two minutes */

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

apr_status_t aphd_container_start(aphd_engine_t *engine, const char *id, apr_pool_t *p,
                                  aph_error_t *err)
{
    aphd_call_t call = {.method = "POST", .seconds = 120,
                        .path = apr_pstrcat(p, "/containers/", id, "/start", NULL)};
    aphd_answer_t answer;
    apr_status_t status = aphd_engine_call(engine, &call, &answer, err);
    int taken = strstr(answer.message, "address already in use") != NULL
             || strstr(answer.message, "port is already allocated") != NULL;
    if (status == APR_SUCCESS && answer.status >= 400 && taken)
        status = aph_error_set(err, APH_ETAKEN, 2261, "a port of the app is in use (%.300s)",
                               answer.message);
    else if (status == APR_SUCCESS && answer.status != 304)
        status = aphd_answer_check(&answer, "start a container", err);
    aphd_answer_clear(&answer);
    return status;
}

apr_status_t aphd_container_stop(aphd_engine_t *engine, const char *id, apr_pool_t *p,
                                 aph_error_t *err)
{
    aphd_call_t call = {.method = "POST", .seconds = STOP_SECONDS,
                        .path = apr_pstrcat(p, "/containers/", id, "/stop", NULL)};
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
