/* SPDX-License-Identifier: Apache-2.0 */
/* Which IPv4 subnets are taken on this machine: the engine's networks and the host's own routes. */
#ifndef APHD_SUBNETS_H
#define APHD_SUBNETS_H

#include <jansson.h>

#include "common/error.h"

#define APHD_CIDR_MAX 20 /* "255.255.255.255/32" and NUL */

/* networks: the engine's list, borrowed. routes: the file with the kernel's table
 * ("/proc/net/route"). *taken: new array of CIDR strings. */
apr_status_t aphd_subnets_taken(const json_t *networks, const char *routes, json_t **taken,
                                aph_error_t *err);

/* One line of the kernel's table as CIDR. Zero for what is no route to a subnet: the heading, the
 * default route, an unusable line. Pure. */
int aphd_route_cidr(const char *line, char cidr[APHD_CIDR_MAX]);

#endif
