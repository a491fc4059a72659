/* SPDX-License-Identifier: Apache-2.0 */
/* From what a person writes to one revision, and from a filter to a list of them. */
#include "helper/catalog/store_private.h"

#include <stdlib.h>
#include <string.h>
#include <apr_strings.h>

#include "helper/catalog/members.h"

#define DIGITS       64
#define DIGITS_LEAST 8
#define DIGITS_SHOWN 16
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

static int begin_alike(const char *one, const char *other)
{
    size_t i = 0;
    while (i < DIGITS_SHOWN && one[i] != '\0' && one[i] == other[i])
        i++;
    return i == DIGITS_SHOWN || one[i] == other[i];
}

static int same_entry(const json_t *one, const json_t *other)
{
    return json_equal(json_object_get(one, "catalog"), json_object_get(other, "catalog"))
        && json_equal(json_object_get(one, "id"), json_object_get(other, "id"));
}

/* So many digits that each of rows is one revision by them: whoever makes two on purpose that begin
 * with the same ones has them told apart by all. They are sorted by sha256. */
static int digits_to_list(const json_t *rows)
{
    for (size_t i = 1; i < json_array_size(rows); i++)
        if (same_entry(json_array_get(rows, i - 1), json_array_get(rows, i))
            && begin_alike(text_of(json_array_get(rows, i - 1), "sha256"),
                           text_of(json_array_get(rows, i), "sha256")))
            return DIGITS;
    return DIGITS_SHOWN;
}

/* "a/wiki, b/wiki" or, of revisions, "a/wiki@1a2b3c4d5e6f7a8b, ..."; list is what stands before. */
static const char *candidates(apr_pool_t *p, const char *list, const json_t *rows, int revisions)
{
    int digits = revisions ? digits_to_list(rows) : 0;
    for (size_t i = 0; i < json_array_size(rows) && i < NAMED_MAX; i++) {
        const json_t *row = json_array_get(rows, i);
        list = apr_psprintf(p, "%s%s%s/%s%s%.*s", list, *list != '\0' ? ", " : "",
                            text_of(row, "catalog"), text_of(row, "id"), revisions ? "@" : "",
                            digits, text_of(row, "sha256"));
    }
    return json_array_size(rows) > NAMED_MAX ? apr_pstrcat(p, list, ", ...", NULL) : list;
}

static apr_status_t rows_of(aphd_catalog_store_t *store, aphd_query_t query, const char *word,
                            const aphd_ref_t *ref, json_t **rows, aph_error_t *err)
{
    apr_status_t status = query == QUERY_FIND_DIGEST
        ? aphd_catalog_sql_bind(store, query, err, "ttt", word, ref->catalog, ref->id)
        : aphd_catalog_sql_bind(store, query, err, "tt", word, ref->catalog);
    return status == APR_SUCCESS
        ? aphd_catalog_sql_rows(store, query, aphd_catalog_read_revision, rows, err) : status;
}

/* Looks with one statement; more than one row is an ambiguity. *row stays NULL where there is
 * none. */
static apr_status_t look(aphd_catalog_store_t *store, aphd_query_t query, const aphd_ref_t *ref,
                         json_t **row, aph_error_t *err)
{
    json_auto_t *rows = NULL;
    const char *word = ref->digits != NULL ? ref->digits : ref->id;
    apr_status_t status = rows_of(store, query, word, ref, &rows, err);
    if (status != APR_SUCCESS)
        return status;
    if (json_array_size(rows) > 1)
        return aph_error_set(err, APH_EUSAGE, 2570, "%s is ambiguous; name one of: %s", word,
                             candidates(store->p, "", rows, ref->digits != NULL));
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
    return aph_error_set(
        err, APH_ENOTFOUND, 2572,
        "no entry or revision is called %s%s%s; `apphostctl search` shows what there "
        "is",
        catalog != NULL ? catalog : "", catalog != NULL ? "/" : "", word);
}

/* --- what a word names --- */

/* "CATALOG/ID", "ID", and both with "@DIGITS" behind them. */
static apr_status_t split(aphd_catalog_store_t *store, const char *word, aphd_ref_t *ref,
                          aph_error_t *err)
{
    const char *at = strchr(word, '@'), *slash = strchr(word, '/');
    const char *name = at != NULL ? apr_pstrmemdup(store->p, word, (apr_size_t)(at - word)) : word;
    *ref = (aphd_ref_t){.id = name, .digits = at != NULL ? at + 1 : NULL};
    if (slash != NULL && (at == NULL || slash < at)) {
        ref->catalog = apr_pstrmemdup(store->p, word, (apr_size_t)(slash - word));
        ref->id = name + (slash - word) + 1;
    }
    if (ref->id[0] != '\0' && (at == NULL || is_digest(ref->digits)))
        return APR_SUCCESS;
    return aph_error_set(
        err, APH_EUSAGE, 2780,
        "%.120s names nothing: an entry is CATALOG/ID, and a "
        "revision of it CATALOG/ID@DIGITS with %d or more of the hexadecimal digits of "
        "its sha256",
        word, DIGITS_LEAST);
}

static json_t *read_name(aphd_catalog_store_t *store, aphd_query_t query)
{
    return aphd_catalog_sql_string(store, query, 0);
}

/* A word of digits alone is the beginning of a revision's sha256, unless an entry has it for an id;
 * where both are there, nothing is guessed. */
static apr_status_t decide(aphd_catalog_store_t *store, aphd_ref_t *ref, aph_error_t *err)
{
    json_auto_t *names = NULL, *rows = NULL;
    const aphd_ref_t anywhere = {.catalog = NULL};
    const char *word = ref->id, *list = "";
    size_t i;
    json_t *name;
    apr_status_t status = rows_of(store, QUERY_FIND_DIGEST, word, &anywhere, &rows, err);
    if (status != APR_SUCCESS || json_array_size(rows) == 0)
        return status;
    status = aphd_catalog_sql_bind(store, QUERY_ENTRIES_CALLED, err, "t", word);
    if (status == APR_SUCCESS)
        status = aphd_catalog_sql_rows(store, QUERY_ENTRIES_CALLED, read_name, &names, err);
    if (status != APR_SUCCESS)
        return status;
    *ref = (aphd_ref_t){.digits = word};
    json_array_foreach(names, i, name)
        list = apr_pstrcat(store->p, list, i > 0 ? ", " : "", json_string_value(name), NULL);
    if (json_array_size(names) == 0)
        return APR_SUCCESS;
    return aph_error_set(err, APH_EUSAGE, 2781,
                         "%s is ambiguous, for it is the id of an entry and begins "
                         "that of a revision; name one of: %s",
                         word, candidates(store->p, list, rows, 1));
}

apr_status_t aphd_revision_ref(aphd_catalog_store_t *store, const char *word, aphd_ref_t *ref,
                               aph_error_t *err)
{
    apr_status_t status = split(store, word, ref, err);
    if (status != APR_SUCCESS || ref->catalog != NULL || ref->digits != NULL || !is_digest(ref->id))
        return status;
    return decide(store, ref, err);
}

static apr_status_t no_revision(const char *word, aph_error_t *err)
{
    return aph_error_set(err, APH_ENOTFOUND, 2573,
                         "there is no revision %s; `apphostctl revision list "
                         "--all` shows those there are",
                         word);
}

static apr_status_t find_row(aphd_catalog_store_t *store, const char *word, json_t **row,
                             aph_error_t *err)
{
    aphd_ref_t ref;
    apr_status_t status = aphd_revision_ref(store, word, &ref, err);
    if (status == APR_SUCCESS && ref.digits != NULL) {
        status = look(store, QUERY_FIND_DIGEST, &ref, row, err);
        return status == APR_SUCCESS && *row == NULL ? no_revision(word, err) : status;
    }
    if (status == APR_SUCCESS)
        status = look(store, QUERY_FIND_ACTIVE, &ref, row, err);
    if (status == APR_SUCCESS && *row == NULL)
        status = look(store, QUERY_FIND_RENAMED, &ref, row, err);
    return status == APR_SUCCESS && *row == NULL ? not_found(store, ref.id, ref.catalog, err)
                                                 : status;
}

apr_status_t aphd_catalog_find_digest(aphd_catalog_store_t *store, const char *word, json_t **row,
                                      aph_error_t *err)
{
    aphd_ref_t ref;
    *row = NULL;
    apr_status_t status = aphd_revision_ref(store, word, &ref, err);
    if (status == APR_SUCCESS && ref.digits != NULL)
        status = look(store, QUERY_FIND_DIGEST, &ref, row, err);
    return status == APR_SUCCESS && *row == NULL ? no_revision(word, err) : status;
}

static apr_status_t find_text(aphd_catalog_store_t *store, const char *sha256, char **text,
                              aph_error_t *err)
{
    apr_status_t status = aphd_catalog_sql_bind(store, QUERY_TEXT, err, "t", sha256);
    if (status == APR_SUCCESS)
        status = aphd_catalog_sql_next(store, QUERY_TEXT, err);
    if (status == APR_NOTFOUND)
        return aph_error_set(err, APH_EINTERNAL, 2574,
                             "%s: the text of revision %.16s is not there", store->path, sha256);
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

apr_status_t aphd_revision_active_ids(aphd_catalog_store_t *store, const char *catalog,
                                      json_t **ids, aph_error_t *err)
{
    *ids = NULL;
    apr_status_t status = aphd_catalog_sql_bind(store, QUERY_ACTIVE_IDS, err, "t", catalog);
    return status == APR_SUCCESS
               ? aphd_catalog_sql_rows(store, QUERY_ACTIVE_IDS, read_id, ids, err) : status;
}
