/* SPDX-License-Identifier: Apache-2.0 */
/* Aliases: host names of an app beside NAME.DOMAIN. All host names of all apps are one space. */
#include <stdio.h>
#include <string.h>

#include "helper/monitor/store_private.h"

/* The length of LABEL where host is LABEL.domain; else 0. */
static size_t label_below(const char *host, const char *domain)
{
    size_t whole = strlen(host), tail = strlen(domain);
    return whole > tail + 1 && host[whole - tail - 1] == '.'
                   && strcmp(host + whole - tail, domain) == 0
               ? whole - tail - 1 : 0;
}

static apr_status_t taken(const char *host, const char *by, aph_error_t *err)
{
    return aph_error_set(err, APH_ETAKEN, 1990, "the address %s belongs to the app %s; choose "
                         "another, or uninstall that app", host, by);
}

/* APR_SUCCESS where host is nobody's alias. */
static apr_status_t check_aliases(aphd_store_t *store, const char *host, aph_error_t *err)
{
    apr_status_t status = aphd_sql_bind(store, SQL_ALIAS_OWNER, err, "t", host);
    if (status == APR_SUCCESS)
        status = aphd_sql_next(store, SQL_ALIAS_OWNER, err);
    if (status == APR_NOTFOUND)
        return APR_SUCCESS;
    if (status != APR_SUCCESS)
        return status;
    status = taken(host, aphd_sql_text(store, SQL_ALIAS_OWNER, 0), err);
    aphd_sql_reset(store, SQL_ALIAS_OWNER);
    return status;
}

/* The new app's name, below each domain, may be an alias somebody has. */
static apr_status_t check_name(aphd_store_t *store, const aphd_reserve_t *request, aph_error_t *err)
{
    apr_status_t status = APR_SUCCESS;
    for (int i = 0; request->domains[i] != NULL && status == APR_SUCCESS; i++) {
        char host[APH_LABEL_MAX + APH_HOST_MAX + 2];
        snprintf(host, sizeof host, "%s.%s", request->name, request->domains[i]);
        status = check_aliases(store, host, err);
    }
    return status;
}

/* An app called LABEL has LABEL.DOMAIN below every domain, and one domain may lie below another. */
static apr_status_t check_names(aphd_store_t *store, const aphd_reserve_t *request,
                                const char *host, aph_error_t *err)
{
    for (int i = 0; request->domains[i] != NULL; i++) {
        size_t length = label_below(host, request->domains[i]);
        char label[APH_LABEL_MAX + 1];
        aphd_app_t owner;
        aph_error_t why = APH_ERROR_INIT;
        if (length == 0 || length >= sizeof label)
            continue;
        memcpy(label, host, length);
        label[length] = '\0';
        apr_status_t status = aphd_store_app_by_name(store, label, &owner, &why);
        if (status == APR_SUCCESS && owner.state != APHD_APP_KEPT)
            return taken(host, owner.name, err);
        if (status != APR_SUCCESS && status != APH_ENOTFOUND)
            return aph_error_set(err, status, 1992, "%s", why.message);
    }
    return APR_SUCCESS;
}

static apr_status_t add_alias(aphd_store_t *store, const aphd_reserve_t *request, int app_id,
                              const char *host, aph_error_t *err)
{
    apr_status_t status = check_aliases(store, host, err);
    if (status == APR_SUCCESS)
        status = check_names(store, request, host, err);
    return status == APR_SUCCESS
         ? aphd_sql_run(store, SQL_ALIAS_ADD, err, "ti", host, (int64_t)app_id) : status;
}

apr_status_t aphd_aliases_reserve(aphd_store_t *store, const aphd_reserve_t *request, int app_id,
                                  aph_error_t *err)
{
    size_t i;
    const json_t *alias;
    apr_status_t status = aphd_sql_run(store, SQL_ALIASES_DROP, err, "i", (int64_t)app_id);
    if (status == APR_SUCCESS)
        status = check_name(store, request, err);
    json_array_foreach((json_t *)request->aliases, i, alias)
        if (status == APR_SUCCESS)
            status = add_alias(store, request, app_id, json_string_value(alias), err);
    return status;
}

apr_status_t aphd_store_aliases(aphd_store_t *store, int app_id,
                                apr_status_t (*host_cb)(void *self, const char *host), void *self,
                                aph_error_t *err)
{
    apr_status_t status = aphd_sql_bind(store, SQL_ALIASES, err, "i", (int64_t)app_id);
    while (status == APR_SUCCESS
           && (status = aphd_sql_next(store, SQL_ALIASES, err)) == APR_SUCCESS)
        status = host_cb(self, aphd_sql_text(store, SQL_ALIASES, 0));
    aphd_sql_reset(store, SQL_ALIASES);
    return status == APR_NOTFOUND ? APR_SUCCESS : status;
}
