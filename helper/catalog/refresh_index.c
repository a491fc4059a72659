/* SPDX-License-Identifier: Apache-2.0 */
#include "helper/catalog/refresh.h"

#include <stdlib.h>
#include <string.h>
#include <apr_strings.h>

#include "helper/catalog/members.h"
#include "helper/catalog/trust.h"

#define INDEX_SECONDS 60 /* for both files */
#define SIGNATURE_MAX 256

static apr_status_t fetch_one(aphd_refresh_t *refresh, aphd_wanted_t *wanted, apr_time_t until,
                              aph_error_t *err)
{
    apr_status_t status = aphd_origin_get(refresh->source, wanted, 1, until, err);
    if (status == APR_SUCCESS && wanted->status != APR_SUCCESS)
        status = aph_error_set(err, wanted->status == APR_TIMEUP ? APH_EUNREADABLE : wanted->status,
                               2503, "%s: %s", wanted->file, wanted->why);
    return status;
}

/* A folder of this machine that only root can write may do without. */
static apr_status_t check_signature(aphd_refresh_t *refresh, const aphd_wanted_t *index,
                                    apr_time_t until, aph_error_t *err)
{
    const char *key = json_string_value(json_object_get(refresh->catalog, "key"));
    aphd_wanted_t signature = {.file = APHD_SIGNATURE_FILE, .most = SIGNATURE_MAX};
    if (key == NULL && refresh->place.folder != NULL)
        return APR_SUCCESS;
    apr_status_t status = fetch_one(refresh, &signature, until, err);
    if (status == APR_SUCCESS)
        status = aphd_trust_signature(key != NULL ? key : "", index->octets, index->length,
                                      signature.octets, signature.length, err);
    free(signature.octets);
    return status;
}

/* What is as it was is not read again; but it may have expired, or time may have gone backwards. */
static apr_status_t keep_old(aphd_refresh_t *refresh, aph_error_t *err)
{
    aphd_index_t *index = &refresh->index;
    refresh->unchanged = 1;
    index->version = json_integer_value(json_object_get(refresh->catalog, "version"));
    index->generated = json_integer_value(json_object_get(refresh->catalog, "generated"));
    index->expires = json_integer_value(json_object_get(refresh->catalog, "expires"));
    index->sha256 = text_of(refresh->catalog, "sha256");
    return aphd_trust_index(refresh->catalog, index, refresh->now, err);
}

static apr_status_t take_new(aphd_refresh_t *refresh, const aphd_wanted_t *wanted, apr_time_t until,
                             aph_error_t *err)
{
    apr_status_t status = check_signature(refresh, wanted, until, err);
    if (status == APR_SUCCESS)
        status = aphd_index_read(&refresh->index, wanted->octets, wanted->length, refresh->p, err);
    return status == APR_SUCCESS
               ? aphd_trust_index(refresh->catalog, &refresh->index, refresh->now, err)
               : status;
}

static void note_bad(aphd_refresh_t *refresh)
{
    const aphd_index_t *index = &refresh->index;
    for (size_t i = 0; i < index->bad_count; i++)
        aphd_refresh_bad(refresh, index->bad[i].id != NULL ? index->bad[i].id : "",
                         index->bad[i].reason);
}

apr_status_t aphd_refresh_index(aphd_refresh_t *refresh, aph_error_t *err)
{
    apr_time_t until = apr_time_now() + apr_time_from_sec(INDEX_SECONDS);
    /* An entry that did not come the last time is asked for again, and only the index names it; and
     * only the index says what was not activated then and is to be now. */
    int whole = json_array_size(json_object_get(refresh->catalog, "bad")) == 0
             && json_integer_value(json_object_get(refresh->catalog, "version")) > 0
             && !(refresh->pending && refresh->activate);
    aphd_wanted_t wanted = {.file = APHD_INDEX_FILE, .most = APH_INDEX_MAX,
                            .etag = whole ? text_of(refresh->catalog, "etag") : ""};
    apr_status_t status = fetch_one(refresh, &wanted, until, err);
    if (status == APR_SUCCESS && !wanted.unchanged)
        refresh->etag = apr_pstrdup(refresh->p, wanted.new_etag);
    if (status == APR_SUCCESS
        && (wanted.unchanged
            || (whole && strcmp(aphd_sha256(wanted.octets, wanted.length, refresh->p),
                                text_of(refresh->catalog, "sha256")) == 0)))
        status = keep_old(refresh, err);
    else if (status == APR_SUCCESS)
        status = take_new(refresh, &wanted, until, err);
    if (status == APR_SUCCESS)
        note_bad(refresh);
    free(wanted.octets);
    return status;
}
