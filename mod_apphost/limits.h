/* SPDX-License-Identifier: Apache-2.0 */
/* How much of the server one app may hold at once, so that it can never starve the others. */
#ifndef APHM_LIMITS_H
#define APHM_LIMITS_H

#include "common/route_map.h"
#include "mod_apphost/counters.h"

typedef struct aphm_limits_t {
    int upgrades;         /* of all apps together */
    int upgrades_per_app;
    int inflight_per_app; /* upgraded ones included */
} aphm_limits_t;

/* Counts a request for the route as under way, or refuses it: APH_EBUSY, with err saying which
 * limit was reached. upgrade: it asks for an upgrade. The route's own limits, where it has some,
 * go before the server's. Every success is followed by one aphm_limits_leave with the same
 * arguments. */
apr_status_t aphm_limits_enter(const aphm_limits_t *limits, aphm_counters_t *counters,
                               const aph_route_t *route, int upgrade, aph_error_t *err);
void aphm_limits_leave(aphm_counters_t *counters, const aph_route_t *route, int upgrade);

#endif
