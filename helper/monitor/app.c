/* SPDX-License-Identifier: Apache-2.0 */
#include "helper/monitor/app.h"

#include <string.h>

const char *aphd_app_state_name(aphd_app_state_t state)
{
    return state == APHD_APP_KEPT ? "kept" : aph_route_state_name((int)state);
}

aphd_app_state_t aphd_app_state_parse(const char *name)
{
    if (strcmp(name, "kept") == 0)
        return APHD_APP_KEPT;
    return (aphd_app_state_t)aph_route_state_parse(name);
}
