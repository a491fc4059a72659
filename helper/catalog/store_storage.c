/* SPDX-License-Identifier: Apache-2.0 */
/* The storage locations: rows, and nothing of the folders themselves. */
#include "helper/catalog/store_private.h"

static json_t *read_location(aphd_catalog_store_t *store, aphd_query_t query)
{
    return json_pack("{s:o, s:o, s:b, s:o}", "name", aphd_catalog_sql_string(store, query, 0),
                     "path", aphd_catalog_sql_string(store, query, 1),
                     "read_only", sqlite3_column_int(store->statements[query], 2),
                     "mark", aphd_catalog_sql_string(store, query, 3));
}

apr_status_t aphd_storage_list(aphd_catalog_store_t *store, json_t **locations, aph_error_t *err)
{
    *locations = NULL;
    apr_status_t status = aphd_catalog_sql_bind(store, QUERY_LOCATIONS, err, "");
    return status == APR_SUCCESS
               ? aphd_catalog_sql_rows(store, QUERY_LOCATIONS, read_location, locations, err)
               : status;
}

static apr_status_t no_location(const char *name, aph_error_t *err)
{
    return aph_error_set(err, APH_ENOTFOUND, 2568, "there is no storage location %s; `apphostctl "
                         "storage list` shows those there are", name);
}

apr_status_t aphd_storage_get(aphd_catalog_store_t *store, const char *name, json_t **location,
                              aph_error_t *err)
{
    *location = NULL;
    apr_status_t status = aphd_catalog_sql_bind(store, QUERY_LOCATION, err, "t", name);
    if (status == APR_SUCCESS)
        status = aphd_catalog_sql_row(store, QUERY_LOCATION, read_location, location, err);
    return status == APR_SUCCESS && *location == NULL ? no_location(name, err) : status;
}

apr_status_t aphd_storage_put(aphd_catalog_store_t *store, const json_t *location, aph_error_t *err)
{
    const char *mark = json_string_value(json_object_get(location, "mark"));
    return aphd_catalog_sql_run(store, QUERY_LOCATION_PUT, err, "ttit",
                                json_string_value(json_object_get(location, "name")),
                                json_string_value(json_object_get(location, "path")),
                                (int64_t)json_is_true(json_object_get(location, "read_only")),
                                mark != NULL ? mark : "");
}

apr_status_t aphd_storage_drop(aphd_catalog_store_t *store, const char *name, aph_error_t *err)
{
    apr_status_t status = aphd_catalog_sql_run(store, QUERY_LOCATION_DROP, err, "t", name);
    return status == APR_SUCCESS && sqlite3_changes(store->db) == 0 ? no_location(name, err)
                                                                    : status;
}
