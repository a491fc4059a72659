/* SPDX-License-Identifier: Apache-2.0 */
/* Containers, by our two labels only. There is no function here that reaches another one. */
#ifndef APHD_ENGINE_CONTAINERS_H
#define APHD_ENGINE_CONTAINERS_H

#include "helper/job/engine.h"

/* Whose objects are meant: the values of APHD_LABEL_INSTANCE and APHD_LABEL_APP. */
typedef struct aphd_owner_t {
    const char *instance;
    int app_id; /* 0: every app of the instance */
} aphd_owner_t;

/* The query "filters=..." for objects with both labels, escaped. Lives in p. */
const char *aphd_owner_filter(aphd_engine_t *engine, const aphd_owner_t *owner, apr_pool_t *p);

/* Nonzero where labels (the object of a listed thing) name owner. */
int aphd_owner_has(const aphd_owner_t *owner, const json_t *labels);

/* *containers: new reference to the engine's list, stopped ones included, the newest first. */
apr_status_t aphd_containers_list(aphd_engine_t *engine, const aphd_owner_t *owner,
                                  json_t **containers, apr_pool_t *p, aph_error_t *err);

/* Every container of the engine: only to see which names are in use. */
apr_status_t aphd_containers_all(aphd_engine_t *engine, json_t **containers, aph_error_t *err);

apr_status_t aphd_container_inspect(aphd_engine_t *engine, const char *id, json_t **container,
                                    apr_pool_t *p, aph_error_t *err);

/* Starting one that runs, stopping one that does not, removing one that is gone: success. Stopping
 * gives it the time its own stop_grace_period says (10 s where it says none), then kills. */
apr_status_t aphd_container_start(aphd_engine_t *engine, const char *id, apr_pool_t *p,
                                  aph_error_t *err);
apr_status_t aphd_container_stop(aphd_engine_t *engine, const char *id, apr_pool_t *p,
                                 aph_error_t *err);
apr_status_t aphd_container_remove(aphd_engine_t *engine, const char *id, apr_pool_t *p,
                                   aph_error_t *err);

/* Of a listed container: its id; its compose service; its first name without the slash; whether it
 * runs. Borrowed from container. */
const char *aphd_container_id(const json_t *container);
const char *aphd_container_service(const json_t *container);
const char *aphd_container_name(const json_t *container);
int aphd_container_runs(const json_t *container);

#endif
