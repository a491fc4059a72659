/* SPDX-License-Identifier: Apache-2.0 */
/* Networks and volumes, by our two labels only. */
#ifndef APHD_ENGINE_NETWORKS_H
#define APHD_ENGINE_NETWORKS_H

#include "helper/job/engine_containers.h"

/* Every network of the engine: for its names and subnets. New reference. */
apr_status_t aphd_networks_all(aphd_engine_t *engine, json_t **networks, aph_error_t *err);

/* Removes the owner's networks; there must be no container in them any more. */
apr_status_t aphd_networks_remove(aphd_engine_t *engine, const aphd_owner_t *owner, apr_pool_t *p,
                                  aph_error_t *err);

/* The names of the owner's volumes: new array of strings. */
apr_status_t aphd_volumes_list(aphd_engine_t *engine, const aphd_owner_t *owner, json_t **names,
                               apr_pool_t *p, aph_error_t *err);

/* Removes the owner's volumes with what is in them. */
apr_status_t aphd_volumes_remove(aphd_engine_t *engine, const aphd_owner_t *owner, apr_pool_t *p,
                                 aph_error_t *err);

#endif
