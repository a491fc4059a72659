/* SPDX-License-Identifier: Apache-2.0 */
/* Where a catalog is, and where its files may lead. Pure.
 *
 *   https://HOST[:PORT]/FOLDER/   port 443, or one from 1024 on; no user, query, fragment or ".."
 *   file:///FOLDER/
 *
 * "index.json" at the end may be written and is dropped. */
#ifndef APHD_CATALOG_PLACE_H
#define APHD_CATALOG_PLACE_H

#include <apr_pools.h>

#include "common/error.h"
#include "helper/job/registry_address.h"

typedef struct aphd_place_t {
    const char *url;    /* with a "/" at its end */
    const char *folder; /* of a file: place, without one; NULL: https */
    const char *host;   /* of an https place, in lower case; NULL */
    int port;
} aphd_place_t;

/* APH_EUSAGE says what is wrong with url. Lives in p. */
apr_status_t aphd_place_read(aphd_place_t *place, const char *url, apr_pool_t *p, aph_error_t *err);

/* Nonzero where a connection may be made to an address of that kind and port: the internet for all,
 * this machine and the local network only for a catalog root said that of, and not by a redirect
 * (hop) unless it leads back to the address it came from (home). */
int aphd_place_fits(aphd_address_t kind, int port, int allow_private, int hop, int home);

#endif
