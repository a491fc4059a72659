/* SPDX-License-Identifier: Apache-2.0 */
/* Files of one catalog, a few side by side, from https or from a folder of this machine.
 *
 * https: GET and nothing else; certificate and name verified, TLS 1.2 or later; at most three
 * redirects, to https; no proxy, cookie, password or setting of the environment; no content
 * encoding. Every address is looked at when it is connected to (place.h), so that a name cannot
 * mean one thing to the check and another to the connection. Connections are kept and used again
 * within one source: all of its requests follow the same rules.
 *
 * file: the folder and all above it belong to root and nobody else may write there; below it no
 * link is followed and no mount crossed. */
#ifndef APHD_CATALOG_FETCH_H
#define APHD_CATALOG_FETCH_H

#include <stddef.h>
#include <apr_pools.h>
#include <apr_time.h>

#include "common/error.h"
#include "helper/catalog/place.h"
#include "helper/job/halt.h"

typedef struct aphd_origin_t aphd_origin_t;

typedef struct aphd_origin_spec_t {
    const aphd_place_t *place;
    int allow_private;       /* the host may be this machine, or one of the local network */
    const char *ca_file;     /* certificates to believe instead of the system's; NULL */
    const aphd_halt_t *halt;
    int connect_ms;          /* until TLS is settled; 0: 10 s */
    int slow_seconds;        /* below 1 KiB/s for so long is given up; 0: 15 */
} aphd_origin_spec_t;

/* All of it is borrowed for the life of p. */
apr_status_t aphd_origin_open(aphd_origin_t **source, const aphd_origin_spec_t *spec, apr_pool_t *p,
                              aph_error_t *err);

/* One file that is wanted, and what came of it. */
typedef struct aphd_wanted_t {
    const char *file;  /* below the catalog's folder */
    size_t most;       /* octets */
    const char *etag;  /* as it came the last time; "" or NULL: send it anyhow */

    apr_status_t status; /* APR_SUCCESS, APH_ENOTFOUND, APH_ETOOLARGE, or what hindered it */
    char why[512];       /* the reason, as a sentence without its subject */
    int unchanged;       /* it is the one etag names; octets is NULL */
    int unheard;         /* the host did not answer, or not in time: others will fare the same */
    char *octets;        /* malloc'd, caller frees; a NUL follows */
    size_t length;
    char new_etag[256];  /* "" where none came */
} aphd_wanted_t;

/* Gets all of them; each is given up when until has passed. Only halt is an error here. */
apr_status_t aphd_origin_get(aphd_origin_t *source, aphd_wanted_t *wanted, size_t count,
                             apr_time_t until, aph_error_t *err);

/* --- folder.c */

/* Opens an absolute path as the folder of a catalog. fd stays open until p ends. */
apr_status_t aphd_folder_open(int *fd, const char *path, apr_pool_t *p, aph_error_t *err);
void aphd_folder_get(int folder, aphd_wanted_t *wanted);

/* Notes why it did not come. */
void aphd_wanted_fail(aphd_wanted_t *wanted, apr_status_t status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
