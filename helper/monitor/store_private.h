/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the store share: statements by number, typed binding, transactions. For
 * store*.c only. */
#ifndef APHD_STORE_PRIVATE_H
#define APHD_STORE_PRIVATE_H

#include <sqlite3.h>

#include "helper/monitor/store.h"

typedef enum aphd_sql_t {
#define APHD_STATEMENT(constant, sql) constant,
#include "helper/monitor/statements.def"
#undef APHD_STATEMENT
    SQL_COUNT
} aphd_sql_t;

#define APHD_INSTANCE_DIGITS 32

struct aphd_store_t {
    sqlite3 *db;
    const char *path; /* the database's own copy */
    sqlite3_stmt *statements[SQL_COUNT];
    char instance[APHD_INSTANCE_DIGITS + 1];
};

/* Turns sqlite's last complaint into a status and a sentence. */
apr_status_t aphd_sql_failed(aphd_store_t *store, int tag, const char *doing, aph_error_t *err);

/* Resets the statement and binds in order: i int64_t, t text (NULL allowed), j const json_t *
 * written as text (NULL allowed). The texts must live until the statement was stepped. */
apr_status_t aphd_sql_bind(aphd_store_t *store, aphd_sql_t number, aph_error_t *err,
                           const char *types, ...);

/* The next row of a bound statement: APR_SUCCESS, or APR_NOTFOUND after the last (the statement is
 * reset then). */
apr_status_t aphd_sql_next(aphd_store_t *store, aphd_sql_t number, aph_error_t *err);

/* Binds as above and runs a statement without rows. */
apr_status_t aphd_sql_run(aphd_store_t *store, aphd_sql_t number, aph_error_t *err,
                          const char *types, ...);

/* Ends the reading of rows before the last. */
void aphd_sql_reset(aphd_store_t *store, aphd_sql_t number);

/* status = aphd_sql_begin(); work that is skipped on error; status = aphd_sql_end(status): commits
 * on success, rolls back otherwise, and says what came of it. */
apr_status_t aphd_sql_begin(aphd_store_t *store, aph_error_t *err);
apr_status_t aphd_sql_end(aphd_store_t *store, apr_status_t status, aph_error_t *err);

/* Column of the current row as text, NULL for SQL's null. Valid until the next step. */
const char *aphd_sql_text(aphd_store_t *store, aphd_sql_t number, int column);
/* The same as JSON (new reference): null where it is SQL's null or no JSON. */
json_t *aphd_sql_json(aphd_store_t *store, aphd_sql_t number, int column);
int64_t aphd_sql_int(aphd_store_t *store, aphd_sql_t number, int column);

/* The schema this program writes, and the script that leads from version `from` to the next. NULL
 * where there is none. schema.c */
#define APHD_SCHEMA_VERSION 3
const char *aphd_schema_step(int from);

/* Gives app_id the aliases of request, inside of its transaction: APH_ETAKEN where one is another
 * app's, by its name or as an alias, and where the app's own name is another's alias.
 * store_aliases.c */
apr_status_t aphd_aliases_reserve(aphd_store_t *store, const aphd_reserve_t *request, int app_id,
                                  aph_error_t *err);

/* Syncs the copy in part and gives it its name, mode 0600. store_copy.c */
apr_status_t aphd_store_settle_copy(const char *part, const char *whole, aph_error_t *err);

#endif
