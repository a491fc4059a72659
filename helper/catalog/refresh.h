/* SPDX-License-Identifier: Apache-2.0 */
/* One catalog on its way from the network into the store. What was fetched and read waits outside
 * of the store (texts in a file without a name, rows in memory), so that no writer is kept waiting
 * by a slow host, and one transaction makes all of it visible. */
#ifndef APHD_CATALOG_REFRESH_H
#define APHD_CATALOG_REFRESH_H

#include <apr_tables.h>

#include "helper/catalog/fetch.h"
#include "helper/catalog/index.h"
#include "helper/catalog/store.h"
#include "helper/job/job.h"

/* A revision that waits for the transaction. */
typedef struct aphd_staged_t {
    json_t *row;   /* REVISION, owned by the refresh */
    off_t at;      /* of its text in the file */
    size_t length;
} aphd_staged_t;

typedef struct aphd_refresh_t {
    aphd_job_t *job;
    apr_pool_t *p;          /* of this catalog only */
    const char *name;
    json_t *catalog;        /* its row before; owned */
    aphd_place_t place;
    aphd_origin_t *source;
    aphd_index_t index;     /* count is 0 where unchanged */
    const char *etag;
    json_int_t now;
    int texts;              /* file without a name, -1: none yet */
    off_t texts_length;
    apr_array_header_t *staged; /* aphd_staged_t */
    json_t *bad;            /* [{"id","reason"}...], owned */
    apr_array_header_t *lines;  /* const char *, said after the transaction */
    unsigned unchanged : 1; /* the index is the one that was taken the last time */
    unsigned activate : 1;
    unsigned pending : 1;   /* the last index was taken without activating what it brought */
    unsigned dry_run : 1;
    int added, activated, deactivated, refused;
} aphd_refresh_t;

/* refresh_index.c: fetches the index and its signature, and decides whether it is believed. */
apr_status_t aphd_refresh_index(aphd_refresh_t *refresh, aph_error_t *err);

/* refresh_entries.c: fetches and reads the entries that store does not know, and stages them. What
 * is wrong with one of them is noted as bad; an error is a host that is gone, or halt. */
apr_status_t aphd_refresh_entries(aphd_refresh_t *refresh, aphd_catalog_store_t *store,
                                  aph_error_t *err);

/* refresh_names.c: what of the staged goes by a name that store does not know yet, and by which it does.
 * Before the new index is noted in store. */
apr_status_t aphd_refresh_names(aphd_refresh_t *refresh, aphd_catalog_store_t *store, aph_error_t *err);

/* refresh_commit.c: everything staged, in one transaction; of a dry run only the lines. */
apr_status_t aphd_refresh_commit(aphd_refresh_t *refresh, aph_error_t *err);

/* Notes in the catalog's row why it could not be refreshed, and the time where an index was
 * verified; all else stays. */
void aphd_refresh_failed(aphd_refresh_t *refresh, const aph_error_t *why);

/* An entry that is not taken, and why. id: "" where it has none. */
void aphd_refresh_bad(aphd_refresh_t *refresh, const char *id, const char *reason);

#endif
