/* SPDX-License-Identifier: Apache-2.0 */
#include "helper/monitor/observe.h"

aphd_app_state_t aphd_observe_state(const aphd_app_t *app, aphd_app_state_t observed, int busy)
{
    if (busy || app->state == APHD_APP_KEPT || app->state == APHD_APP_INSTALLING)
        return app->state;
    /* Stopped on purpose: a container somebody started behind our back does not open the route. */
    if (!app->desired_running)
        return APHD_APP_STOPPED;
    switch (observed) {
    case APHD_APP_RUNNING:
    case APHD_APP_STARTING:
        return observed;
    case APHD_APP_STOPPED: /* should run, and its containers are gone or have ended */
    case APHD_APP_FAILING:
        return APHD_APP_FAILING;
    default:
        return app->state;
    }
}
