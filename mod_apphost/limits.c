/* SPDX-License-Identifier: Apache-2.0 */
/* How much of the server one app may hold at once. */
#include "mod_apphost/limits.h"

static uint32_t own_or_default(uint32_t own, int standard)
{
    return own != 0 ? own : (uint32_t)standard;
}

/* The request itself is already counted. Counting first and looking then may refuse two where one
 * had room; the other order would let two in where one has room. */
static apr_status_t judge(const aphm_limits_t *limits, const aphm_counters_t *counters,
                          const aph_route_t *route, int upgrade, aph_error_t *err)
{
    uint32_t inflight_max = own_or_default(route->max_inflight, limits->inflight_per_app);
    uint32_t upgrades_max = own_or_default(route->max_upgrades, limits->upgrades_per_app);
    aphm_usage_t app = aphm_counters_usage(counters, route->app_id);
    if (app.inflight > inflight_max)
        return aph_error_set(err, APH_EBUSY, 230,
                             "app %u has %u requests under way, which is its share "
                             "(AppHostMaxInFlight)",
                             route->app_id, inflight_max);
    if (!upgrade)
        return APR_SUCCESS;
    if (app.upgrades > upgrades_max)
        return aph_error_set(err, APH_EBUSY, 231,
                             "app %u has %u upgraded connections, which is its share "
                             "(AppHostMaxUpgrades)",
                             route->app_id, upgrades_max);
    if (aphm_counters_usage(counters, 0).upgrades > (uint32_t)limits->upgrades)
        return aph_error_set(err, APH_EBUSY, 232,
                             "all apps together have %d upgraded connections, which is the limit "
                             "(AppHostMaxUpgrades)",
                             limits->upgrades);
    return APR_SUCCESS;
}

apr_status_t aphm_limits_enter(const aphm_limits_t *limits, aphm_counters_t *counters,
                               const aph_route_t *route, int upgrade, aph_error_t *err)
{
    aphm_counters_enter(counters, route->app_id, upgrade);
    if (judge(limits, counters, route, upgrade, NULL) == APR_SUCCESS)
        return APR_SUCCESS;
    /* Only on the way to a refusal is it worth asking who is still alive. */
    aphm_counters_forget_dead(counters);
    apr_status_t rv = judge(limits, counters, route, upgrade, err);
    if (rv != APR_SUCCESS)
        aphm_counters_leave(counters, route->app_id, upgrade);
    return rv;
}

void aphm_limits_leave(aphm_counters_t *counters, const aph_route_t *route, int upgrade)
{
    aphm_counters_leave(counters, route->app_id, upgrade);
}
