/* SPDX-License-Identifier: Apache-2.0 */
/* The catalogs: rows of what is known of each, and the list of what could not be read in it. */
#include "helper/catalog/store_private.h"

#include "helper/catalog/members.h"

#define BAD_MAX 500 /* entries whose reason is kept */

static json_t *read_catalog(aphd_catalog_store_t *store, aphd_query_t query)
{
    return json_pack("{s:o, s:o, s:o, s:b, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}",
                     "name", aphd_catalog_sql_string(store, query, 0),
                     "url", aphd_catalog_sql_string(store, query, 1),
                     "key", aphd_catalog_sql_string(store, query, 2),
                     "private", sqlite3_column_int(store->statements[query], 3),
                     "version", aphd_catalog_sql_number(store, query, 4),
                     "sha256", aphd_catalog_sql_string(store, query, 5),
                     "generated", aphd_catalog_sql_number(store, query, 6),
                     "expires", aphd_catalog_sql_number(store, query, 7),
                     "etag", aphd_catalog_sql_string(store, query, 8),
                     "checked", aphd_catalog_sql_number(store, query, 9),
                     "refreshed", aphd_catalog_sql_number(store, query, 10),
                     "error", aphd_catalog_sql_string(store, query, 11),
                     "bad", aphd_catalog_sql_json(store, query, 12),
                     "entries", aphd_catalog_sql_number(store, query, 13));
}

apr_status_t aphd_catalog_list(aphd_catalog_store_t *store, json_t **catalogs, aph_error_t *err)
{
    *catalogs = NULL;
    apr_status_t status = aphd_catalog_sql_bind(store, QUERY_CATALOGS, err, "");
    return status == APR_SUCCESS
               ? aphd_catalog_sql_rows(store, QUERY_CATALOGS, read_catalog, catalogs, err) : status;
}

apr_status_t aphd_catalog_get(aphd_catalog_store_t *store, const char *name, json_t **catalog,
                              aph_error_t *err)
{
    *catalog = NULL;
    apr_status_t status = aphd_catalog_sql_bind(store, QUERY_CATALOG, err, "t", name);
    if (status == APR_SUCCESS)
        status = aphd_catalog_sql_row(store, QUERY_CATALOG, read_catalog, catalog, err);
    if (status == APR_SUCCESS && *catalog == NULL)
        status = aph_error_set(err, APH_ENOTFOUND, 2566, "there is no catalog %s; `apphostctl "
                               "catalog list` shows those there are", name);
    return status;
}

apr_status_t aphd_catalog_put(aphd_catalog_store_t *store, const json_t *catalog, aph_error_t *err)
{
    return aphd_catalog_sql_run(
        store, QUERY_CATALOG_PUT, err, "tttiitiitiit", text_of(catalog, "name"),
        text_of(catalog, "url"), json_string_value(json_object_get(catalog, "key")),
        (int64_t)json_is_true(json_object_get(catalog, "private")),
        (int64_t)number_of(catalog, "version"), text_of(catalog, "sha256"),
        (int64_t)number_of(catalog, "generated"), (int64_t)number_of(catalog, "expires"),
        text_of(catalog, "etag"), (int64_t)number_of(catalog, "checked"),
        (int64_t)number_of(catalog, "refreshed"), text_of(catalog, "error"));
}

apr_status_t aphd_catalog_drop(aphd_catalog_store_t *store, const char *name, aph_error_t *err)
{
    apr_status_t status = aphd_catalog_sql_run(store, QUERY_CATALOG_NOTE, err, "t", name);
    if (status == APR_SUCCESS)
        status = aphd_catalog_sql_run(store, QUERY_CATALOG_DROP, err, "t", name);
    if (status == APR_SUCCESS && sqlite3_changes(store->db) == 0)
        status = aph_error_set(err, APH_ENOTFOUND, 2567, "there is no catalog %s; `apphostctl "
                               "catalog list` shows those there are", name);
    if (status == APR_SUCCESS)
        status = aphd_catalog_sql_run(store, QUERY_CATALOG_EMPTY, err, "t", name);
    return status == APR_SUCCESS ? aphd_catalog_sql_run(store, QUERY_TEXTS_CLEAN, err, "") : status;
}

apr_status_t aphd_catalog_put_bad(aphd_catalog_store_t *store, const char *name, const json_t *bad,
                                  aph_error_t *err)
{
    json_auto_t *kept = json_array();
    for (size_t i = 0; i < json_array_size(bad) && i < BAD_MAX; i++)
        json_array_append(kept, json_array_get(bad, i));
    return aphd_catalog_sql_run(store, QUERY_CATALOG_BAD, err, "tj", name, kept);
}

static json_t *read_named(aphd_catalog_store_t *store, aphd_query_t query)
{
    return aphd_catalog_sql_json(store, query, 0);
}

apr_status_t aphd_catalog_named(aphd_catalog_store_t *store, const char *name, json_t **named,
                                aph_error_t *err)
{
    *named = NULL;
    apr_status_t status = aphd_catalog_sql_bind(store, QUERY_CATALOG_NAMED, err, "t", name);
    return status == APR_SUCCESS
               ? aphd_catalog_sql_row(store, QUERY_CATALOG_NAMED, read_named, named, err) : status;
}

apr_status_t aphd_catalog_put_named(aphd_catalog_store_t *store, const char *name,
                                    const json_t *named, aph_error_t *err)
{
    return aphd_catalog_sql_run(store, QUERY_CATALOG_NAME, err, "tj", name, named);
}

apr_status_t aphd_catalog_offered(aphd_catalog_store_t *store, const char *name, json_t **offered,
                                  aph_error_t *err)
{
    *offered = NULL;
    apr_status_t status = aphd_catalog_sql_bind(store, QUERY_CATALOG_OFFERED, err, "t", name);
    return status == APR_SUCCESS
        ? aphd_catalog_sql_row(store, QUERY_CATALOG_OFFERED, read_named, offered, err) : status;
}

apr_status_t aphd_catalog_put_offered(aphd_catalog_store_t *store, const char *name,
                                      const json_t *offered, aph_error_t *err)
{
    return aphd_catalog_sql_run(store, QUERY_CATALOG_OFFER, err, "tj", name, offered);
}

static json_t *read_removed(aphd_catalog_store_t *store, aphd_query_t query)
{
    return json_pack("{s:o, s:o}", "url", aphd_catalog_sql_string(store, query, 0), "key",
                     aphd_catalog_sql_string(store, query, 1));
}

apr_status_t aphd_catalog_removed(aphd_catalog_store_t *store, const char *name, json_t **was,
                                  aph_error_t *err)
{
    *was = NULL;
    apr_status_t status = aphd_catalog_sql_bind(store, QUERY_CATALOG_REMOVED, err, "t", name);
    return status == APR_SUCCESS
        ? aphd_catalog_sql_row(store, QUERY_CATALOG_REMOVED, read_removed, was, err) : status;
}

apr_status_t aphd_catalog_forget(aphd_catalog_store_t *store, const char *name, aph_error_t *err)
{
    apr_status_t status = aphd_catalog_sql_run(store, QUERY_CATALOG_FORGET, err, "t", name);
    if (status == APR_SUCCESS)
        status = aphd_catalog_sql_run(store, QUERY_LABELS_FORGET, err, "t", name);
    return status == APR_SUCCESS
        ? aphd_catalog_sql_run(store, QUERY_ANSWERS_FORGET_ALL, err, "t", name) : status;
}
