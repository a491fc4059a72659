/* SPDX-License-Identifier: Apache-2.0 */
/* Labels that were set by hand belong to the entry: each revision that comes later gets them, too,
 * and so does the one an older name of the entry leads to. */
#include "helper/catalog/store_private.h"

#include <string.h>
#include <apr_strings.h>

#include "helper/catalog/labels.h"
#include "helper/catalog/members.h"

#define REVISIONS_MAX 100000

static json_t *read_changes(aphd_catalog_store_t *store, aphd_query_t query)
{
    return aphd_catalog_sql_json(store, query, 0);
}

static apr_status_t noted_of(aphd_catalog_store_t *store, const char *catalog, const char *id,
                             json_t **changes, aph_error_t *err)
{
    *changes = NULL;
    apr_status_t status = aphd_catalog_sql_bind(store, QUERY_LABELS, err, "tt", catalog, id);
    return status == APR_SUCCESS
        ? aphd_catalog_sql_row(store, QUERY_LABELS, read_changes, changes, err) : status;
}

apr_status_t aphd_catalog_labelled(aphd_catalog_store_t *store, const json_t *row,
                                   json_t **categories, aph_error_t *err)
{
    json_auto_t *changes = NULL;
    const json_t *given = json_object_get(row, "categories"), *was = json_object_get(row, "was");
    const char *catalog = text_of(row, "catalog"), *id = text_of(row, "id");
    apr_status_t status = noted_of(store, catalog, id, &changes, err);
    int renamed = 0;
    for (size_t i = 0; i < json_array_size(was) && status == APR_SUCCESS && changes == NULL; i++) {
        const char *name = json_string_value(json_array_get(was, i));
        if (name != NULL)
            status = noted_of(store, catalog, name, &changes, err);
        renamed = changes != NULL;
    }
    if (status == APR_SUCCESS && renamed)
        status = aphd_catalog_sql_run(store, QUERY_LABELS_PUT, err, "ttj", catalog, id, changes);
    *categories = json_is_array(given) ? json_deep_copy(given) : json_array();
    if (status == APR_SUCCESS && changes != NULL)
        aphd_labels_apply(*categories, changes);
    return status;
}

static apr_status_t change_row(aphd_catalog_store_t *store, const json_t *row,
                               const json_t *changes, aph_error_t *err)
{
    json_auto_t *categories = json_deep_copy(json_object_get(row, "categories"));
    const char *ref = apr_pstrcat(store->p, text_of(row, "catalog"), "/", text_of(row, "id"), "@",
                                  text_of(row, "sha256"), NULL);
    aphd_labels_apply(categories, changes);
    return aphd_revision_categorize(store, ref, categories, err);
}

apr_status_t aphd_labels_change(aphd_catalog_store_t *store, const char *catalog, const char *id,
                                const json_t *changes, aph_error_t *err)
{
    json_auto_t *rows = NULL, *noted = NULL;
    aphd_revision_filter_t filter = {.catalog = catalog, .id = id, .inactive = 1, .obsolete = 1,
                                     .limit = REVISIONS_MAX};
    size_t i;
    const json_t *row;
    apr_status_t status = noted_of(store, catalog, id, &noted, err);
    if (status == APR_SUCCESS && !json_is_array(noted)) {
        json_decref(noted);
        noted = json_array();
    }
    if (status == APR_SUCCESS)
        status = aphd_labels_merge(noted, changes, err);
    if (status == APR_SUCCESS)
        status = aphd_catalog_sql_run(store, QUERY_LABELS_PUT, err, "ttj", catalog, id, noted);
    if (status == APR_SUCCESS)
        status = aphd_revision_list(store, &filter, &rows, NULL, err);
    json_array_foreach(rows, i, row)
        if (status == APR_SUCCESS)
            status = change_row(store, row, changes, err);
    return status;
}
