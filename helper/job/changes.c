/* SPDX-License-Identifier: Apache-2.0 */
/* Which files an app's containers changed since they were made: what is in their own layer, and
 * nothing of volumes and bind mounts.
 *
 *   1. The containers are found, all of the app's or those of one service.
 *   2. Each one's list is asked for; rows are numbered through all of them, in the order of
 * services.
 *   3. The etag is a hash of the whole list: a number means the same file as long as it stays. */
#include "helper/job/pick.h"

#include <stdlib.h>
#include <string.h>
#include <apr_strings.h>
#include <sodium.h>

#define ROWS_OCTETS_MAX 2000000 /* of one answer; "total" says that there are more */

static int by_service(const void *a, const void *b)
{
    return strcmp(aphd_container_service(*(json_t *const *)a),
                  aphd_container_service(*(json_t *const *)b));
}

static const char *kind_of(const json_t *row)
{
    static const char *const kinds[] = {"modified", "added", "deleted"};
    json_int_t kind = json_integer_value(json_object_get(row, "Kind"));
    return kind >= 0 && kind <= 2 ? kinds[kind] : "modified";
}

typedef struct listing_t {
    crypto_generichash_state hash;
    json_t *rows; /* owned */
    int total;
    size_t octets;
} listing_t;

static void add_row(listing_t *listing, const char *service, const json_t *change)
{
    const char *path = json_string_value(json_object_get(change, "Path"));
    if (path == NULL)
        return;
    crypto_generichash_update(&listing->hash, (const unsigned char *)service, strlen(service) + 1);
    crypto_generichash_update(&listing->hash, (const unsigned char *)kind_of(change), 1);
    crypto_generichash_update(&listing->hash, (const unsigned char *)path, strlen(path) + 1);
    json_t *row = json_pack("{s:i, s:s, s:s, s:s}", "number", listing->total++, "service", service,
                            "path", path, "kind", kind_of(change));
    listing->octets += row != NULL ? json_dumpb(row, NULL, 0, JSON_COMPACT) + 1 : 0;
    if (row != NULL && listing->octets <= ROWS_OCTETS_MAX)
        json_array_append_new(listing->rows, row);
    else
        json_decref(row);
}

/* An engine says null where nothing changed. */
static apr_status_t add_container(aphd_job_t *job, const json_t *container, listing_t *listing,
                                  aph_error_t *err)
{
    json_auto_t *changes = NULL;
    size_t i;
    const json_t *change;
    apr_status_t status = aphd_engine_get(
        job->engine,
        apr_pstrcat(job->p, "/containers/", aphd_container_id(container), "/changes", NULL),
        "list what a container changed", &changes, err);
    json_array_foreach(changes, i, change)
        add_row(listing, aphd_container_service(container), change);
    return status;
}

apr_status_t aphd_story_changes(aphd_job_t *job, aph_error_t *err)
{
    json_auto_t *containers = NULL;
    listing_t listing = {.rows = json_array()};
    unsigned char digest[16];
    char etag[2 * sizeof digest + 1] = "";
    crypto_generichash_init(&listing.hash, NULL, 0, sizeof digest);
    apr_status_t status = aphd_pick_containers(job, &containers, err);
    size_t count = json_array_size(containers);
    json_t **sorted = apr_pcalloc(job->p, (count + 1) * sizeof *sorted);
    for (size_t i = 0; i < count; i++)
        sorted[i] = json_array_get(containers, i);
    qsort(sorted, count, sizeof *sorted, by_service);
    for (size_t i = 0; status == APR_SUCCESS && i < count; i++)
        status = add_container(job, sorted[i], &listing, err);
    crypto_generichash_final(&listing.hash, digest, sizeof digest);
    sodium_bin2hex(etag, sizeof etag, digest, sizeof digest);
    return aphd_job_finish(job, status, json_pack("{s:s, s:o, s:i}", "etag", etag, "changes",
                                                  listing.rows, "total", listing.total), err);
}
