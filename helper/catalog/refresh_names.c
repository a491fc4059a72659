/* SPDX-License-Identifier: Apache-2.0 */
/* Names that entries of other systems had before. A rock-on is known by its display name alone, and
 * its authors change these now and then; what stays is the file it is in. So an entry that is new, and
 * whose file was that of an entry which the index names no more, is that entry under another name:
 * apps made from it stay its apps. Our own manifests say so themselves ("was"), and are left alone. */
#include "helper/catalog/refresh.h"

#include <string.h>
#include <apr_hash.h>
#include <apr_strings.h>

#define WAS_MAX 16 /* as many as a manifest may name */

static const char *text_of(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text != NULL ? text : "";
}

static void add_name(json_t *names, const char *id)
{
    size_t i;
    const json_t *known;
    json_array_foreach(names, i, known)
        if (strcmp(json_string_value(known), id) == 0)
            return;
    if (json_array_size(names) < WAS_MAX)
        json_array_append_new(names, json_string(id));
}

/* Adds the names a vanished entry goes by to those of each file it was in. */
static apr_status_t note_vanished(const aphd_refresh_t *refresh, aphd_catalog_store_t *store,
                                  const char *id, json_t *by_url, aph_error_t *err)
{
    aphd_revision_filter_t filter = {.catalog = refresh->name, .id = id, .inactive = 1,
                                     .obsolete = 1, .limit = 10000};
    json_auto_t *rows = NULL;
    size_t i, k;
    const json_t *row, *earlier;
    apr_status_t status = aphd_revision_list(store, &filter, &rows, NULL, err);
    json_array_foreach(rows, i, row) {
        const char *url = text_of(row, "url");
        json_t *names = json_object_get(by_url, url);
        if (*url == '\0')
            continue;
        if (names == NULL) {
            names = json_array();
            json_object_set_new(by_url, url, names);
        }
        add_name(names, id);
        json_array_foreach(json_object_get(row, "was"), k, earlier)
            if (json_is_string(earlier))
                add_name(names, json_string_value(earlier));
    }
    return status;
}

/* {URL: [ID...]}: what the index before this one named and this one does not. */
static apr_status_t list_vanished(const aphd_refresh_t *refresh, aphd_catalog_store_t *store,
                                  json_t *by_url, aph_error_t *err)
{
    json_auto_t *before = NULL;
    const char *id;
    json_t *sha256;
    apr_hash_t *named = aphd_index_ids(&refresh->index, refresh->p);
    apr_status_t status = aphd_catalog_named(store, refresh->name, &before, err);
    json_object_foreach(before, id, sha256)
        if (status == APR_SUCCESS && apr_hash_get(named, id, APR_HASH_KEY_STRING) == NULL)
            status = note_vanished(refresh, store, id, by_url, err);
    return status;
}

apr_status_t aphd_refresh_names(aphd_refresh_t *refresh, aphd_catalog_store_t *store, aph_error_t *err)
{
    json_auto_t *by_url = json_object();
    apr_status_t status = APR_SUCCESS;
    if (refresh->staged->nelts > 0)
        status = list_vanished(refresh, store, by_url, err);
    for (int i = 0; i < refresh->staged->nelts && status == APR_SUCCESS; i++) {
        json_t *row = APR_ARRAY_IDX(refresh->staged, i, aphd_staged_t).row, *was;
        const json_t *names = json_object_get(by_url, text_of(row, "url")), *name;
        size_t k;
        if (names == NULL || strcmp(text_of(row, "format"), "apphost") == 0)
            continue;
        was = json_object_get(row, "was");
        was = json_is_array(was) ? json_copy(was) : json_array();
        json_array_foreach(names, k, name)
            if (strcmp(json_string_value(name), text_of(row, "id")) != 0)
                add_name(was, json_string_value(name));
        json_object_set_new(row, "was", was);
    }
    return status;
}
