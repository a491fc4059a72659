/* SPDX-License-Identifier: Apache-2.0 */
/* Revisions: what is added never changes, but for its categories and for whether it is the active
 * one of its entry. */
#include "helper/catalog/store_private.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <apr_strings.h>
#include <sodium.h>

#include "helper/catalog/labels.h"
#include "helper/catalog/members.h"
#include "helper/read/index_form.h"

#define TITLE_MAX      1024
#define SUMMARY_MAX    4096
#define CATEGORIES_MAX APHD_LABELS_MAX

/* --- what is added --- */

static apr_status_t check_text(const char *sha256, const char *text, size_t length,
                               aph_error_t *err)
{
    unsigned char digest[crypto_hash_sha256_BYTES];
    char digits[2 * sizeof digest + 1];
    if (length > APH_FOREIGN_MAX || memchr(text, '\0', length) != NULL)
        return aph_error_set(err, APH_ETOOLARGE, 2576, "a manifest is text of at most %d octets",
                             APH_FOREIGN_MAX);
    crypto_hash_sha256(digest, (const unsigned char *)text, length);
    sodium_bin2hex(digits, sizeof digits, digest, sizeof digest);
    return strcmp(digits, sha256) == 0 ? APR_SUCCESS
                                       : aph_error_set(err, APH_EINTERNAL, 2577,
                                                       "the text of a revision has sha256 %s, and "
                                                       "not the one it is to be known by",
                                                       digits);
}

static apr_status_t check_row(const json_t *row, aph_error_t *err)
{
    const char *id = text_of(row, "id"), *catalog = text_of(row, "catalog");
    if (!aphd_index_is_id(id) || *catalog == '\0' || *text_of(row, "format") == '\0')
        return aph_error_set(err, APH_EUNREADABLE, 2578, "'%.64s' is no id of an entry", id);
    if (strlen(text_of(row, "title")) > TITLE_MAX
        || strlen(text_of(row, "version")) > TITLE_MAX
        || strlen(text_of(row, "summary")) > SUMMARY_MAX
        || json_array_size(json_object_get(row, "categories")) > CATEGORIES_MAX)
        return aph_error_set(err, APH_ETOOLARGE, 2579,
                             "%s/%s: its title, version, summary or list of "
                             "categories is too long to be kept",
                             catalog, id);
    return APR_SUCCESS;
}

/* "|media|tv|" of category and categories. */
static const char *labels_of(apr_pool_t *p, const char *category, const json_t *categories)
{
    const char *labels = apr_pstrcat(p, "|", category, "|", NULL);
    size_t i;
    const json_t *label;
    json_array_foreach((json_t *)categories, i, label)
        if (json_is_string(label))
            labels = apr_pstrcat(p, labels, json_string_value(label), "|", NULL);
    return labels;
}

static const char *words_of(apr_pool_t *p, const json_t *row, const char *labels)
{
    return aphd_catalog_fold(apr_pstrcat(p, text_of(row, "id"), "\n", text_of(row, "title"),
                                         "\n", text_of(row, "summary"), "\n", labels,
                                         NULL));
}

/* What it follows: the active revision of its entry, else the newest. */
static apr_status_t find_predecessor(aphd_catalog_store_t *store, const json_t *row,
                                     const char **sha256, apr_pool_t *p, aph_error_t *err)
{
    aphd_query_t query = QUERY_REVISION_BEFORE;
    *sha256 = NULL;
    apr_status_t status = aphd_catalog_sql_bind(store, query, err, "tt", text_of(row, "catalog"),
                                                text_of(row, "id"));
    if (status == APR_SUCCESS)
        status = aphd_catalog_sql_next(store, query, err);
    if (status != APR_SUCCESS)
        return status == APR_NOTFOUND ? APR_SUCCESS : status;
    *sha256 = apr_pstrdup(p, (const char *)sqlite3_column_text(store->statements[query], 0));
    aphd_catalog_sql_reset(store, query);
    return APR_SUCCESS;
}

static apr_status_t insert(aphd_catalog_store_t *store, const json_t *row, apr_pool_t *p,
                           aph_error_t *err)
{
    const char *predecessor = NULL;
    json_auto_t *nothing = json_array(), *categories = NULL;
    json_t *was = json_object_get(row, "was");
    apr_status_t status = find_predecessor(store, row, &predecessor, p, err);
    if (status == APR_SUCCESS)
        status = aphd_catalog_labelled(store, row, &categories, err);
    if (status != APR_SUCCESS)
        return status;
    const char *labels = labels_of(p, text_of(row, "category"), categories);
    return aphd_catalog_sql_run(
        store, QUERY_REVISION_ADD, err, "ttttittttjtittitjtitt", text_of(row, "catalog"),
        text_of(row, "id"), text_of(row, "sha256"), text_of(row, "format"),
        (int64_t)json_integer_value(json_object_get(row, "revision")), text_of(row, "version"),
        text_of(row, "title"), text_of(row, "summary"), text_of(row, "category"),
        categories, text_or_null(row, "icon"),
        (int64_t)json_is_true(json_object_get(row, "obsolete")), text_or_null(row, "deprecated"),
        text_or_null(row, "advisory"),
        (int64_t)json_is_true(json_object_get(row, "automatic_updates")), text_or_null(row, "url"),
        json_is_array(was) ? was : nothing, predecessor, (int64_t)time(NULL), labels,
        words_of(p, row, labels));
}

int aphd_revision_known(aphd_catalog_store_t *store, const char *catalog, const char *id,
                        const char *sha256)
{
    apr_status_t status =
        aphd_catalog_sql_bind(store, QUERY_REVISION_KNOWN, NULL, "ttt", catalog, id, sha256);
    if (status == APR_SUCCESS)
        status = aphd_catalog_sql_next(store, QUERY_REVISION_KNOWN, NULL);
    if (status == APR_SUCCESS)
        aphd_catalog_sql_reset(store, QUERY_REVISION_KNOWN);
    return status == APR_SUCCESS;
}

const char *aphd_revision_numbered(aphd_catalog_store_t *store, const char *catalog, const char *id,
                                   json_int_t number, apr_pool_t *p)
{
    aphd_query_t query = QUERY_REVISION_NUMBERED;
    if (aphd_catalog_sql_bind(store, query, NULL, "tti", catalog, id, (int64_t)number) !=
            APR_SUCCESS ||
        aphd_catalog_sql_next(store, query, NULL) != APR_SUCCESS)
        return NULL;
    const char *sha256 =
        apr_pstrdup(p, (const char *)sqlite3_column_text(store->statements[query], 0));
    aphd_catalog_sql_reset(store, query);
    return sha256;
}

/* The text goes in with its length: a refresh adds thousands of them. */
static apr_status_t insert_text(aphd_catalog_store_t *store, const char *sha256, const char *text,
                                size_t length, aph_error_t *err)
{
    apr_status_t status = aphd_catalog_sql_bind(store, QUERY_TEXT_ADD, err, "t", sha256);
    if (status != APR_SUCCESS)
        return status;
    if (sqlite3_bind_text(store->statements[QUERY_TEXT_ADD], 2, text, (int)length, SQLITE_STATIC)
        != SQLITE_OK)
        return aphd_catalog_sql_failed(store, 2549, "bind a manifest", err);
    status = aphd_catalog_sql_next(store, QUERY_TEXT_ADD, err);
    aphd_catalog_sql_reset(store, QUERY_TEXT_ADD);
    return status == APR_NOTFOUND ? APR_SUCCESS : status;
}

apr_status_t aphd_revision_add(aphd_catalog_store_t *store, const json_t *row, const char *text,
                               size_t length, int *added, aph_error_t *err)
{
    const char *sha256 = text_of(row, "sha256");
    *added = 0;
    apr_status_t status = check_row(row, err);
    if (status == APR_SUCCESS)
        status = check_text(sha256, text, length, err);
    if (status != APR_SUCCESS
        || aphd_revision_known(store, text_of(row, "catalog"), text_of(row, "id"), sha256))
        return status;
    apr_pool_t *p;
    if (apr_pool_create(&p, store->p) != APR_SUCCESS)
        return APR_ENOMEM;
    status = insert_text(store, sha256, text, length, err);
    if (status == APR_SUCCESS)
        status = insert(store, row, p, err);
    *added = status == APR_SUCCESS;
    apr_pool_destroy(p);
    return status;
}

/* --- what may change of it --- */

/* The three columns that name a revision, of row. */
#define NAMED(row) text_of(row, "catalog"), text_of(row, "id"), text_of(row, "sha256")

apr_status_t aphd_revision_activate_row(aphd_catalog_store_t *store, const json_t *row,
                                        aph_error_t *err)
{
    apr_status_t status = aphd_catalog_sql_run(store, QUERY_REVISION_REST, err, "tt",
                                               text_of(row, "catalog"), text_of(row, "id"));
    return status == APR_SUCCESS ? aphd_catalog_sql_run(store, QUERY_REVISION_ACTIVATE, err, "ttti",
                                                        NAMED(row), (int64_t)time(NULL))
                                 : status;
}

apr_status_t aphd_revision_activate(aphd_catalog_store_t *store, const char *sha256,
                                    aph_error_t *err)
{
    json_auto_t *row = NULL;
    apr_status_t status = aphd_catalog_find_digest(store, sha256, &row, err);
    if (status != APR_SUCCESS || json_is_integer(json_object_get(row, "activated")))
        return status;
    return aphd_revision_activate_row(store, row, err);
}

apr_status_t aphd_revision_deactivate(aphd_catalog_store_t *store, const char *sha256, int *was,
                                      aph_error_t *err)
{
    json_auto_t *row = NULL;
    apr_status_t status = aphd_catalog_find_digest(store, sha256, &row, err);
    *was = status == APR_SUCCESS && json_is_integer(json_object_get(row, "activated"));
    return *was ? aphd_catalog_sql_run(store, QUERY_REVISION_REST, err, "tt",
                                       text_of(row, "catalog"), text_of(row, "id"))
                : status;
}

apr_status_t aphd_revision_delete(aphd_catalog_store_t *store, const char *sha256, aph_error_t *err)
{
    json_auto_t *row = NULL;
    apr_status_t status = aphd_catalog_find_digest(store, sha256, &row, err);
    if (status == APR_SUCCESS)
        status = aphd_catalog_sql_run(store, QUERY_REVISION_DELETE, err, "ttt", NAMED(row));
    return status == APR_SUCCESS
               ? aphd_catalog_sql_run(store, QUERY_TEXT_DELETE, err, "t", text_of(row, "sha256"))
               : status;
}

apr_status_t aphd_revision_categorize(aphd_catalog_store_t *store, const char *sha256,
                                      const json_t *categories, aph_error_t *err)
{
    json_auto_t *row = NULL;
    apr_status_t status = aphd_catalog_find_digest(store, sha256, &row, err);
    if (status == APR_SUCCESS && json_array_size(categories) > CATEGORIES_MAX)
        status = aph_error_set(err, APH_EUSAGE, 2548, "a revision has at most %d categories",
                               CATEGORIES_MAX);
    if (status != APR_SUCCESS)
        return status;
    const char *labels = labels_of(store->p, text_of(row, "category"), categories);
    return aphd_catalog_sql_run(store, QUERY_REVISION_CATEGORIES, err, "tttjtt", NAMED(row),
                                categories, labels, words_of(store->p, row, labels));
}
