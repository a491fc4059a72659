/* SPDX-License-Identifier: Apache-2.0 */
/* From what a person writes to one revision, and from a filter to a list of them. */
#include "helper/catalog/store_private.h"

#include <stdlib.h>
#include <string.h>
#include <apr_strings.h>

#define DIGITS       64
#define DIGITS_LEAST 8
#define LIST_DEFAULT 100
#define NAMED_MAX    8 /* candidates a sentence lists */

json_t *aphd_catalog_read_revision(aphd_catalog_store_t *store, aphd_query_t query)
{
    static const struct {
        const char *member;
        json_t *(*read)(aphd_catalog_store_t *store, aphd_query_t query, int column);
        int is_bool;
    } columns[] = {
        {"catalog", aphd_catalog_sql_string, 0},
        {"id", aphd_catalog_sql_string, 0},
        {"sha256", aphd_catalog_sql_string, 0},
        {"format", aphd_catalog_sql_string, 0},
        {"revision", aphd_catalog_sql_number, 0},
        {"version", aphd_catalog_sql_string, 0},
        {"title", aphd_catalog_sql_string, 0},
        {"summary", aphd_catalog_sql_string, 0},
        {"category", aphd_catalog_sql_string, 0},
        {"categories", aphd_catalog_sql_json, 0},
        {"icon", aphd_catalog_sql_string, 0},
        {"obsolete", NULL, 1},
        {"deprecated", aphd_catalog_sql_string, 0},
        {"advisory", aphd_catalog_sql_string, 0},
        {"automatic_updates", NULL, 1},
        {"url", aphd_catalog_sql_string, 0},
        {"was", aphd_catalog_sql_json, 0},
        {"predecessor", aphd_catalog_sql_string, 0},
        {"created", aphd_catalog_sql_number, 0},
        {"activated", aphd_catalog_sql_number, 0},
    };
    json_t *row = json_object();
    for (size_t i = 0; i < sizeof columns / sizeof columns[0]; i++) {
        json_t *value =
            columns[i].is_bool
                ? json_boolean(sqlite3_column_int(store->statements[query], (int)i))
                : columns[i].read(store, query, (int)i);
        json_object_set_new(row, columns[i].member, value);
    }
    return row;
}

static const char *text_of(const json_t *row, const char *member)
{
    return json_string_value(json_object_get(row, member));
}

/* "a/wiki, b/wiki" or, of digests, "a/1a2b3c4d5e6f, ..." */
static const char *candidates(apr_pool_t *p, const json_t *rows, int digests)
{
    const char *list = "";
    for (size_t i = 0; i < json_array_size(rows) && i < NAMED_MAX; i++) {
        const json_t *row = json_array_get(rows, i);
        list = apr_psprintf(p, digests ? "%s%s%s/%.16s" : "%s%s%s/%s", list, i > 0 ? ", " : "",
                            text_of(row, "catalog"), text_of(row, digests ? "sha256" : "id"));
    }
    return json_array_size(rows) > NAMED_MAX ? apr_pstrcat(p, list, ", ...", NULL) : list;
}

/* Looks with one statement; more than one row is an ambiguity. *row stays NULL where there is none. */
static apr_status_t look(aphd_catalog_store_t *store, aphd_query_t query, const char *word,
                         const char *catalog, json_t **row, aph_error_t *err)
{
    json_auto_t *rows = NULL;
    int digests = query == QUERY_FIND_DIGEST;
    apr_status_t status = aphd_catalog_sql_bind(store, query, err, "tt", word, catalog);
    if (status == APR_SUCCESS)
        status = aphd_catalog_sql_rows(store, query, aphd_catalog_read_revision, &rows, err);
    if (status != APR_SUCCESS)
        return status;
    if (json_array_size(rows) > 1)
        return aph_error_set(err, APH_EUSAGE, 2570, "%s is ambiguous; name one of: %s", word,
                             candidates(store->p, rows, digests));
    *row = json_incref(json_array_get(rows, 0));
    return APR_SUCCESS;
}

static int is_digest(const char *word)
{
    size_t length = strlen(word);
    return length >= DIGITS_LEAST && length <= DIGITS
           && strspn(word, "0123456789abcdef") == length;
}

static apr_status_t not_found(aphd_catalog_store_t *store, const char *word, const char *catalog,
                              aph_error_t *err)
{
    int seen = 0;
    if (aphd_catalog_sql_bind(store, QUERY_ENTRY_SEEN, NULL, "tt", word, catalog) == APR_SUCCESS
        && aphd_catalog_sql_next(store, QUERY_ENTRY_SEEN, NULL) == APR_SUCCESS)
        seen = sqlite3_column_int(store->statements[QUERY_ENTRY_SEEN], 0);
    aphd_catalog_sql_reset(store, QUERY_ENTRY_SEEN);
    if (seen > 0)
        return aph_error_set(err, APH_ENOTFOUND, 2571,
                             "%s has no active revision; `apphostctl revision list --all %s` shows "
                             "those there are, and `apphostctl revision activate` makes one active",
                             word, word);
    return aph_error_set(err, APH_ENOTFOUND, 2572,
                         "no entry or revision is called %s%s%s; `apphostctl search` shows what there "
                         "is", catalog != NULL ? catalog : "", catalog != NULL ? "/" : "", word);
}

/* "CATALOG/WORD" or "WORD". */
static void split(aphd_catalog_store_t *store, const char *ref, const char **catalog,
                  const char **word)
{
    const char *slash = strchr(ref, '/');
    *catalog = slash != NULL ? apr_pstrmemdup(store->p, ref, (apr_size_t)(slash - ref)) : NULL;
    *word = slash != NULL ? slash + 1 : ref;
}

static apr_status_t find_row(aphd_catalog_store_t *store, const char *ref, json_t **row,
                             aph_error_t *err)
{
    const char *catalog, *word;
    split(store, ref, &catalog, &word);
    apr_status_t status = look(store, QUERY_FIND_ACTIVE, word, catalog, row, err);
    if (status == APR_SUCCESS && *row == NULL)
        status = look(store, QUERY_FIND_RENAMED, word, catalog, row, err);
    if (status == APR_SUCCESS && *row == NULL && is_digest(word))
        status = look(store, QUERY_FIND_DIGEST, word, catalog, row, err);
    return status == APR_SUCCESS && *row == NULL ? not_found(store, word, catalog, err) : status;
}

apr_status_t aphd_catalog_find_digest(aphd_catalog_store_t *store, const char *ref, json_t **row,
                                      aph_error_t *err)
{
    const char *catalog, *word;
    *row = NULL;
    split(store, ref, &catalog, &word);
    apr_status_t status = is_digest(word) ? look(store, QUERY_FIND_DIGEST, word, catalog, row, err)
                                          : APR_SUCCESS;
    return status == APR_SUCCESS && *row == NULL
               ? aph_error_set(err, APH_ENOTFOUND, 2573, "there is no revision %s; `apphostctl "
                               "revision list --all` shows those there are", ref)
               : status;
}

static apr_status_t find_text(aphd_catalog_store_t *store, const char *sha256, char **text,
                              aph_error_t *err)
{
    apr_status_t status = aphd_catalog_sql_bind(store, QUERY_TEXT, err, "t", sha256);
    if (status == APR_SUCCESS)
        status = aphd_catalog_sql_next(store, QUERY_TEXT, err);
    if (status == APR_NOTFOUND)
        return aph_error_set(err, APH_EINTERNAL, 2574, "%s: the text of revision %.16s is not there",
                             store->path, sha256);
    if (status != APR_SUCCESS)
        return status;
    *text = strdup((const char *)sqlite3_column_text(store->statements[QUERY_TEXT], 0));
    aphd_catalog_sql_reset(store, QUERY_TEXT);
    return *text != NULL ? APR_SUCCESS
                         : aph_error_set(err, APR_ENOMEM, 2575, "no memory for a manifest");
}

apr_status_t aphd_revision_find(aphd_catalog_store_t *store, const char *ref, json_t **row,
                                char **text, aph_error_t *err)
{
    *row = NULL;
    if (text != NULL)
        *text = NULL;
    apr_status_t status = find_row(store, ref, row, err);
    if (status == APR_SUCCESS && text != NULL)
        status = find_text(store, text_of(*row, "sha256"), text, err);
    if (status != APR_SUCCESS) {
        json_decref(*row);
        *row = NULL;
    }
    return status;
}

/* --- lists --- */

static apr_status_t bind_filter(aphd_catalog_store_t *store, aphd_query_t query,
                                const aphd_revision_filter_t *filter, const char *words,
                                aph_error_t *err)
{
    int64_t limit = filter->limit > 0 ? filter->limit : LIST_DEFAULT;
    const char *types = query == QUERY_REVISION_COUNT ? "iitttt" : "iittttii";
    return aphd_catalog_sql_bind(store, query, err, types, (int64_t)(filter->inactive != 0),
                                 (int64_t)(filter->obsolete != 0), filter->catalog, filter->id,
                                 filter->category, words, limit, (int64_t)filter->offset);
}

static apr_status_t count(aphd_catalog_store_t *store, const aphd_revision_filter_t *filter,
                          const char *words, int *total, aph_error_t *err)
{
    apr_status_t status = bind_filter(store, QUERY_REVISION_COUNT, filter, words, err);
    if (status == APR_SUCCESS)
        status = aphd_catalog_sql_next(store, QUERY_REVISION_COUNT, err);
    if (status != APR_SUCCESS)
        return status;
    *total = sqlite3_column_int(store->statements[QUERY_REVISION_COUNT], 0);
    aphd_catalog_sql_reset(store, QUERY_REVISION_COUNT);
    return APR_SUCCESS;
}

apr_status_t aphd_revision_list(aphd_catalog_store_t *store, const aphd_revision_filter_t *filter,
                                json_t **rows, int *total, aph_error_t *err)
{
    char *words = filter->text != NULL && filter->text[strspn(filter->text, " ")] != '\0'
                ? aphd_catalog_fold(apr_pstrdup(store->p, filter->text)) : NULL;
    aphd_query_t query = filter->id != NULL ? QUERY_REVISIONS_OF_ID : QUERY_REVISIONS;
    *rows = NULL;
    apr_status_t status = bind_filter(store, query, filter, words, err);
    if (status == APR_SUCCESS)
        status = aphd_catalog_sql_rows(store, query, aphd_catalog_read_revision, rows, err);
    if (status != APR_SUCCESS || total == NULL)
        return status;
    /* A list that ends before its limit says by itself how many there are. */
    int got = (int)json_array_size(*rows);
    *total = filter->offset + got;
    if (got == 0 ? filter->offset == 0 : got < (filter->limit > 0 ? filter->limit : LIST_DEFAULT))
        return APR_SUCCESS;
    status = count(store, filter, words, total, err);
    if (status != APR_SUCCESS) {
        json_decref(*rows);
        *rows = NULL;
    }
    return status;
}

static json_t *read_id(aphd_catalog_store_t *store, aphd_query_t query)
{
    return aphd_catalog_sql_string(store, query, 0);
}

apr_status_t aphd_revision_active_ids(aphd_catalog_store_t *store, const char *catalog, json_t **ids,
                                      aph_error_t *err)
{
    *ids = NULL;
    apr_status_t status = aphd_catalog_sql_bind(store, QUERY_ACTIVE_IDS, err, "t", catalog);
    return status == APR_SUCCESS
               ? aphd_catalog_sql_rows(store, QUERY_ACTIVE_IDS, read_id, ids, err) : status;
}
