/* SPDX-License-Identifier: Apache-2.0 */
#include "helper/job/subnets.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#define ROUTE_UP 0x1u

int aphd_route_cidr(const char *line, char cidr[APHD_CIDR_MAX])
{
    char interface[64], address[INET_ADDRSTRLEN];
    unsigned destination, gateway, flags, mask;
    if (sscanf(line, "%63s %8x %8x %x %*d %*d %*d %8x", interface, &destination, &gateway, &flags,
               &mask) != 5)
        return 0;
    /* The kernel prints both as they lie in memory, in network order. */
    unsigned bits = ntohl(mask);
    int length = __builtin_popcount(bits);
    unsigned whole = length == 0 ? 0 : ~0u << (32 - length);
    if (length == 0 || bits != whole || !(flags & ROUTE_UP))
        return 0;
    struct in_addr in = {.s_addr = destination};
    inet_ntop(AF_INET, &in, address, sizeof address);
    snprintf(cidr, APHD_CIDR_MAX, "%s/%d", address, length);
    return 1;
}

static void take_networks(const json_t *networks, json_t *taken)
{
    size_t i, k;
    json_t *network, *range;
    json_array_foreach(networks, i, network) {
        const json_t *ipam = json_object_get(network, "IPAM");
        json_array_foreach(json_object_get(ipam, "Config"), k, range) {
            const char *subnet = json_string_value(json_object_get(range, "Subnet"));
            if (subnet != NULL && strchr(subnet, ':') == NULL)
                json_array_append_new(taken, json_string(subnet));
        }
    }
}

apr_status_t aphd_subnets_taken(const json_t *networks, const char *routes, json_t **taken,
                                aph_error_t *err)
{
    char line[512], cidr[APHD_CIDR_MAX];
    *taken = json_array();
    take_networks(networks, *taken);
    FILE *stream = fopen(routes, "re");
    if (stream == NULL)
        return aph_error_set(err, APR_FROM_OS_ERROR(errno), 1090, "cannot read the host's routes "
                             "from %s: %s", routes, strerror(errno));
    while (fgets(line, sizeof line, stream) != NULL)
        if (aphd_route_cidr(line, cidr))
            json_array_append_new(*taken, json_string(cidr));
    fclose(stream);
    return APR_SUCCESS;
}
