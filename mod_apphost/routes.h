/* SPDX-License-Identifier: Apache-2.0 */
/* The routes of this child: the last good snapshot, kept until a newer good one is there. */
#ifndef APHM_ROUTES_H
#define APHM_ROUTES_H

#include <apr_pools.h>
#include <httpd.h>

#include "common/route_map.h"

typedef struct aphm_routes_t aphm_routes_t;

/* Made once per child, in its pool; a file that is missing or damaged is logged, not an error. path
 * must outlive it. */
apr_status_t aphm_routes_create(aphm_routes_t **routes, const char *path, server_rec *s,
                                apr_pool_t *p);

/* Looks at the file when the last look is more than 5 ms ago, then copies the route of host.
 * APR_NOTFOUND: no such route. APR_EAGAIN: no good snapshot was ever seen. Any thread. */
apr_status_t aphm_routes_find(aphm_routes_t *routes, const char *host, size_t length,
                              aph_route_t *route);

#endif
