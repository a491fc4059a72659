/* SPDX-License-Identifier: Apache-2.0 */
#include "helper/job/engine_networks.h"

#include <apr_strings.h>

apr_status_t aphd_networks_all(aphd_engine_t *engine, json_t **networks, aph_error_t *err)
{
    return aphd_engine_get(engine, "/networks", "list its networks", networks, err);
}

static apr_status_t remove_one(aphd_engine_t *engine, const char *path, const char *doing,
                               aph_error_t *err)
{
    aphd_call_t call = {.method = "DELETE", .path = path, .seconds = 60};
    aphd_answer_t answer;
    apr_status_t status = aphd_engine_call(engine, &call, &answer, err);
    if (status == APR_SUCCESS && answer.status != 404)
        status = aphd_answer_check(&answer, doing, err);
    aphd_answer_clear(&answer);
    return status;
}

apr_status_t aphd_networks_remove(aphd_engine_t *engine, const aphd_owner_t *owner, apr_pool_t *p,
                                  aph_error_t *err)
{
    json_auto_t *networks = NULL;
    const char *path = apr_pstrcat(p, "/networks?", aphd_owner_filter(engine, owner, p), NULL);
    apr_status_t status = aphd_engine_get(engine, path, "list the app's networks", &networks, err);
    size_t i;
    json_t *network;
    json_array_foreach(networks, i, network) {
        const char *id = json_string_value(json_object_get(network, "Id"));
        if (status != APR_SUCCESS || id == NULL
            || !aphd_owner_has(owner, json_object_get(network, "Labels")))
            continue;
        status = remove_one(engine, apr_pstrcat(p, "/networks/", id, NULL),
                            "remove the app's network", err);
    }
    return status;
}

apr_status_t aphd_volumes_list(aphd_engine_t *engine, const aphd_owner_t *owner, json_t **names,
                               apr_pool_t *p, aph_error_t *err)
{
    json_auto_t *body = NULL;
    *names = json_array();
    const char *path = apr_pstrcat(p, "/volumes?", aphd_owner_filter(engine, owner, p), NULL);
    apr_status_t status = aphd_engine_get(engine, path, "list the app's volumes", &body, err);
    size_t i;
    json_t *volume;
    json_array_foreach(json_object_get(body, "Volumes"), i, volume)
        if (aphd_owner_has(owner, json_object_get(volume, "Labels")))
            json_array_append(*names, json_object_get(volume, "Name"));
    return status;
}

apr_status_t aphd_volumes_remove(aphd_engine_t *engine, const aphd_owner_t *owner, apr_pool_t *p,
                                 aph_error_t *err)
{
    json_auto_t *names = NULL;
    apr_status_t status = aphd_volumes_list(engine, owner, &names, p, err);
    size_t i;
    json_t *name;
    json_array_foreach(names, i, name) {
        const char *segment = aphd_engine_escape(engine, json_string_value(name), p);
        if (status == APR_SUCCESS)
            status = remove_one(engine, apr_pstrcat(p, "/volumes/", segment, NULL),
                                "remove the app's volume", err);
    }
    return status;
}
