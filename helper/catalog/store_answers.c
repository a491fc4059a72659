/* SPDX-License-Identifier: Apache-2.0 */
/* What a person answered before an installation failed, for the next try. Secrets are among it: it
 * goes when the installation succeeds, and by itself after a month. Secrets that an update made up which
 * failed are in it, too, and perhaps in an app's data: such a row gives way to time only, not to others. */
#include "helper/catalog/store_private.h"

#include <time.h>

#define KEPT_MAX     64
#define KEPT_SECONDS (31 * 24 * 3600)

static json_t *read_answers(aphd_catalog_store_t *store, aphd_query_t query)
{
    return aphd_catalog_sql_json(store, query, 0);
}

apr_status_t aphd_answers_keep(aphd_catalog_store_t *store, const char *entry, const char *name,
                               const json_t *answers, aph_error_t *err)
{
    int64_t now = (int64_t)time(NULL);
    apr_status_t status =
        aphd_catalog_sql_run(store, QUERY_ANSWERS_KEEP, err, "ttji", entry, name, answers, now);
    return status == APR_SUCCESS
               ? aphd_catalog_sql_run(store, QUERY_ANSWERS_PRUNE, err, "ii", now - KEPT_SECONDS,
                                      (int64_t)KEPT_MAX)
               : status;
}

apr_status_t aphd_answers_find(aphd_catalog_store_t *store, const char *entry, const char *name,
                               json_t **answers, aph_error_t *err)
{
    *answers = NULL;
    apr_status_t status = aphd_catalog_sql_bind(store, QUERY_ANSWERS_FIND, err, "tti", entry, name,
                                                (int64_t)time(NULL) - KEPT_SECONDS);
    if (status == APR_SUCCESS)
        status = aphd_catalog_sql_row(store, QUERY_ANSWERS_FIND, read_answers, answers, err);
    if (status == APR_SUCCESS && *answers == NULL)
        status = aph_error_set(err, APH_ENOTFOUND, 2569, "no answers are kept for %s as %s", entry,
                               name);
    return status;
}

apr_status_t aphd_answers_forget(aphd_catalog_store_t *store, const char *entry, const char *name,
                                 aph_error_t *err)
{
    return aphd_catalog_sql_run(store, QUERY_ANSWERS_FORGET, err, "tt", entry, name);
}

apr_status_t aphd_answers_forget_name(aphd_catalog_store_t *store, const char *name,
                                      aph_error_t *err)
{
    return aphd_catalog_sql_run(store, QUERY_ANSWERS_FORGET_NAME, err, "t", name);
}
