/* SPDX-License-Identifier: Apache-2.0 */
/* The route snapshot: host name -> app, as one immutable file.
 *
 * apphostd writes a new file and renames it over the old one; httpd's children read it and look
 * names up in it. A file is never changed after it has its name, so a reader needs no lock.
 *
 *   header | buckets[bucket_count] (u32: 1 + entry index, 0 = empty) | entries[entry_count] | names
 *
 * Open addressing with linear probing over FNV-1a of the host; bucket_count is a power of two at
 * least twice entry_count. All numbers are in the machine's own order: the file never leaves it. A
 * reader accepts version N and N-1 (a route of version 1 ends before name) and checks checksum and
 * every offset once, when it opens the file. It looks names up in a read-only copy of its own: a
 * file truncated in place would otherwise kill every process that has it mapped. */
#ifndef APH_ROUTE_MAP_H
#define APH_ROUTE_MAP_H

#include <stdint.h>
#include <apr_pools.h>

#include "common/error.h"
#include "common/limits.h"

#define APH_ROUTE_MAP_VERSION 2

/* What the module does with a request for the app. */
typedef enum aph_route_state_t {
    APH_ROUTE_INSTALLING = 1, /* page, nothing listens yet */
    APH_ROUTE_STARTING,       /* page, not healthy yet */
    APH_ROUTE_RUNNING,        /* proxied; the only state in which a connection is made */
    APH_ROUTE_STOPPED,        /* page: stopped on purpose */
    APH_ROUTE_FAILING         /* page: should run, and does not */
} aph_route_state_t;

#define APH_ROUTE_HTTPS     0x1u /* the container speaks https on its port */
#define APH_ROUTE_OWN_VHOST 0x2u /* only a server that names the host itself may serve it */
#define APH_ROUTE_FILES     0x4u /* no container: httpd serves files, in such a server as well */

typedef struct aph_route_t {
    uint32_t app_id;
    uint16_t port;        /* on 127.0.0.1; 0 only with APH_ROUTE_FILES */
    uint8_t state;        /* aph_route_state_t */
    uint8_t reserved;
    uint32_t flags;       /* APH_ROUTE_... */
    uint32_t max_inflight; /* requests under way at once; 0: the server's default */
    uint32_t max_upgrades; /* upgraded connections at once; 0: the server's default */
    char name[APH_LABEL_MAX + 1]; /* the app's, whatever the host is; zeros to its end. "": not
                                   * said (version 1): the first label of the host */
} aph_route_t;

typedef struct aph_route_map_t aph_route_map_t;

/* Reads the file at path. The map lives until aph_route_map_close; it holds no descriptor.
 * APR_ENOENT: no such file. APH_EUNREADABLE: not a whole snapshot (truncated, other magic, an
 * offset outside, another version), message says which. */
apr_status_t aph_route_map_open(aph_route_map_t **map, const char *path, aph_error_t *err);
void aph_route_map_close(aph_route_map_t *map);

/* Copies the route of host (normalised, length octets) to *route; APR_NOTFOUND where there is none.
 * Safe from any number of threads; no pointer into the map gets out. */
apr_status_t aph_route_map_find(const aph_route_map_t *map, const char *host, size_t length,
                                aph_route_t *route);

/* Rises with every snapshot written. */
uint64_t aph_route_map_generation(const aph_route_map_t *map);
uint32_t aph_route_map_count(const aph_route_map_t *map);

typedef struct aph_route_entry_t {
    const char *host; /* normalised full name */
    aph_route_t route;
} aph_route_entry_t;

/* Writes entries (hosts unique, else APH_ETAKEN) as a new snapshot and renames it over path, mode
 * 0644, with file and directory synced. */
apr_status_t aph_route_map_write(const char *path, uint64_t generation,
                                 const aph_route_entry_t *entries, uint32_t count,
                                 aph_error_t *err);

/* "installing", "starting", ... and back; NULL / 0 where there is none. */
const char *aph_route_state_name(int state);
int aph_route_state_parse(const char *name);

#endif
