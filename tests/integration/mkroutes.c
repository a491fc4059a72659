/* SPDX-License-Identifier: Apache-2.0 */
/* Writes a route snapshot without a daemon, for the tests of the module.
 *
 *   mkroutes PATH GENERATION < lines of
 *       "host app_id port state flags max_inflight max_upgrades name", name "-": none */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/route_map.h"

#define ENTRIES_MAX 4096

int main(int argc, char **argv)
{
    static aph_route_entry_t entries[ENTRIES_MAX];
    static char hosts[ENTRIES_MAX][APH_HOST_MAX + 1];
    char state[16];
    unsigned port;
    uint32_t count = 0;
    if (argc != 3)
        return 2;
    for (; count < ENTRIES_MAX; count++) {
        aph_route_t *route = &entries[count].route;
        if (scanf("%253s %u %u %15s %u %u %u %63s", hosts[count], &route->app_id, &port,
                  state, &route->flags, &route->max_inflight, &route->max_upgrades,
                  route->name) != 8)
            break;
        if (strcmp(route->name, "-") == 0)
            memset(route->name, 0, sizeof route->name);
        route->port = (uint16_t)port;
        route->state = (uint8_t)aph_route_state_parse(state);
        entries[count].host = hosts[count];
    }
    aph_error_t err = APH_ERROR_INIT;
    if (aph_route_map_write(argv[1], strtoull(argv[2], NULL, 10), entries, count, &err) !=
        APR_SUCCESS) {
        fprintf(stderr, "%s: %s\n", err.tag, err.message);
        return 1;
    }
    return 0;
}
