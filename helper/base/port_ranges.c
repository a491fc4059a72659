/* SPDX-License-Identifier: Apache-2.0 */
/* Walks from one covered range to the next instead of marking 65536 ports. */
#include "helper/base/port_ranges.h"

#include <stdlib.h>
#include <string.h>

/* Whether one of the ranges covers port; *end receives that range's last port. */
static int covered(const char *list, int port, int *end)
{
    while (*list != '\0') {
        char *after;
        long low = strtol(list, &after, 10), high = low;
        if (after == list) {
            list++; /* a comma, a line end */
            continue;
        }
        if (*after == '-')
            high = strtol(after + 1, &after, 10);
        if (low <= port && port <= high && high <= 65535) {
            *end = (int)high;
            return 1;
        }
        list = after;
    }
    return 0;
}

int aphd_port_ranges_gap(const char *list, int first, int last)
{
    int end;
    for (int port = first; port <= last; port = end + 1)
        if (!covered(list, port, &end))
            return port;
    return 0;
}
