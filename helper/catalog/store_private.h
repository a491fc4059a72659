/* SPDX-License-Identifier: Apache-2.0 */
/* The store from the inside: for the store*.c of this folder only. */
#ifndef APHD_CATALOG_STORE_PRIVATE_H
#define APHD_CATALOG_STORE_PRIVATE_H

#include <sqlite3.h>

#include "helper/catalog/store.h"

#define APHD_CATALOG_SCHEMA 2

typedef enum aphd_query_t {
#define APHD_STATEMENT(constant, sql) constant,
#include "helper/catalog/statements.def"
#undef APHD_STATEMENT
    QUERY_COUNT
} aphd_query_t;

struct aphd_catalog_store_t {
    apr_pool_t *p;
    const char *path;
    sqlite3 *db;
    sqlite3_stmt *statements[QUERY_COUNT]; /* prepared when first needed */
    int lock;                              /* descriptor; -1 of a reader */
};

/* The statement that makes schema from+1 of schema from; NULL: there is none. store_schema.c */
const char *aphd_catalog_schema_step(int from);

/* Notes what sqlite says went wrong, under that tag. */
apr_status_t aphd_catalog_sql_failed(aphd_catalog_store_t *store, int tag, const char *doing,
                                     aph_error_t *err);

/* Binds values by types: i an int64_t, t a text or NULL, j JSON (borrowed) or NULL. Then next gives
 * APR_SUCCESS for every row and APR_NOTFOUND after the last. run binds and steps to the end. */
apr_status_t aphd_catalog_sql_bind(aphd_catalog_store_t *store, aphd_query_t query,
                                   aph_error_t *err, const char *types, ...);
apr_status_t aphd_catalog_sql_next(aphd_catalog_store_t *store, aphd_query_t query,
                                   aph_error_t *err);
apr_status_t aphd_catalog_sql_run(aphd_catalog_store_t *store, aphd_query_t query, aph_error_t *err,
                                  const char *types, ...);
void aphd_catalog_sql_reset(aphd_catalog_store_t *store, aphd_query_t query);

/* Columns of the row: an integer, or null where the column is; a text, or null; JSON, or null. New
 * references. */
json_t *aphd_catalog_sql_number(aphd_catalog_store_t *store, aphd_query_t query, int column);
json_t *aphd_catalog_sql_string(aphd_catalog_store_t *store, aphd_query_t query, int column);
json_t *aphd_catalog_sql_json(aphd_catalog_store_t *store, aphd_query_t query, int column);

/* A row whose columns stand as APHD_REVISION_COLUMNS lists them. store_find.c */
json_t *aphd_catalog_read_revision(aphd_catalog_store_t *store, aphd_query_t query);

/* The categories of a new REVISION, with what was noted of its entry, or of the one that had an
 * older name of it: *categories is a new array. store_labels.c */
apr_status_t aphd_catalog_labelled(aphd_catalog_store_t *store, const json_t *row,
                                   json_t **categories, aph_error_t *err);

/* The revision that ref names; an entry's name is none. APH_ENOTFOUND, APH_EUSAGE. store_find.c */
apr_status_t aphd_catalog_find_digest(aphd_catalog_store_t *store, const char *ref, json_t **row,
                                      aph_error_t *err);

/* Rows of query, already bound, until there is no more: each is appended to rows by read. */
typedef json_t *aphd_catalog_read_t(aphd_catalog_store_t *store, aphd_query_t query);
apr_status_t aphd_catalog_sql_rows(aphd_catalog_store_t *store, aphd_query_t query,
                                   aphd_catalog_read_t *read, json_t **rows, aph_error_t *err);

/* The one row of query, already bound: a new reference, or NULL where there is none. */
apr_status_t aphd_catalog_sql_row(aphd_catalog_store_t *store, aphd_query_t query,
                                  aphd_catalog_read_t *read, json_t **row, aph_error_t *err);

/* The SQL function has_words(text, words): whether each of the words (blanks between) occurs in
 * text, both in lower case already. store_words.c */
int aphd_catalog_words_register(sqlite3 *db);

/* Lower case as has_words wants it: of the letters of ASCII; what is beyond is left alone. In
 * place. */
char *aphd_catalog_fold(char *text);

#endif
