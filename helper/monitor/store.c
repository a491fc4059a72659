/* SPDX-License-Identifier: Apache-2.0 */
/* Opening the database, its transactions, and the few values that belong to no table of their
 * own. */
#include "helper/monitor/store_private.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

static const char *const statement_texts[] = {
#define APHD_STATEMENT(constant, sql) [constant] = sql,
#include "helper/monitor/statements.def"
#undef APHD_STATEMENT
};

/* --- statements --- */

apr_status_t aphd_sql_failed(aphd_store_t *store, int tag, const char *doing, aph_error_t *err)
{
    int code = sqlite3_errcode(store->db);
    apr_status_t status = code == SQLITE_FULL ? APH_ENOSPACE : APH_EINTERNAL;
    return aph_error_set(err, status, tag, "%s: cannot %s: %s%s", store->path, doing,
                         sqlite3_errmsg(store->db),
                         code == SQLITE_FULL ? "; free some space and try again" : "");
}

void aphd_sql_reset(aphd_store_t *store, aphd_sql_t number)
{
    sqlite3_reset(store->statements[number]);
    sqlite3_clear_bindings(store->statements[number]);
}

static int bind_json(sqlite3_stmt *statement, int place, const json_t *value)
{
    if (value == NULL)
        return sqlite3_bind_null(statement, place);
    char *text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
    if (text == NULL)
        return SQLITE_NOMEM;
    return sqlite3_bind_text(statement, place, text, -1, free);
}

static apr_status_t bind_list(aphd_store_t *store, aphd_sql_t number, aph_error_t *err,
                              const char *types, va_list values)
{
    sqlite3_stmt *statement = store->statements[number];
    aphd_sql_reset(store, number);
    for (int i = 0; types[i] != '\0'; i++) {
        int code = SQLITE_MISUSE;
        if (types[i] == 'i')
            code = sqlite3_bind_int64(statement, i + 1, va_arg(values, int64_t));
        else if (types[i] == 't')
            code = sqlite3_bind_text(statement, i + 1, va_arg(values, const char *), -1,
                                     SQLITE_TRANSIENT);
        else if (types[i] == 'j')
            code = bind_json(statement, i + 1, va_arg(values, const json_t *));
        if (code != SQLITE_OK)
            return aphd_sql_failed(store, 760, "bind a value", err);
    }
    return APR_SUCCESS;
}

apr_status_t aphd_sql_bind(aphd_store_t *store, aphd_sql_t number, aph_error_t *err,
                           const char *types, ...)
{
    va_list values;
    va_start(values, types);
    apr_status_t status = bind_list(store, number, err, types, values);
    va_end(values);
    return status;
}

apr_status_t aphd_sql_next(aphd_store_t *store, aphd_sql_t number, aph_error_t *err)
{
    int code = sqlite3_step(store->statements[number]);
    if (code == SQLITE_ROW)
        return APR_SUCCESS;
    apr_status_t status = APR_NOTFOUND;
    if (code != SQLITE_DONE)
        status = aphd_sql_failed(store, 761, "read or write a row", err);
    aphd_sql_reset(store, number);
    return status;
}

apr_status_t aphd_sql_run(aphd_store_t *store, aphd_sql_t number, aph_error_t *err,
                          const char *types, ...)
{
    va_list values;
    va_start(values, types);
    apr_status_t status = bind_list(store, number, err, types, values);
    va_end(values);
    if (status != APR_SUCCESS)
        return status;
    status = aphd_sql_next(store, number, err);
    aphd_sql_reset(store, number);
    return status == APR_NOTFOUND ? APR_SUCCESS : status;
}

const char *aphd_sql_text(aphd_store_t *store, aphd_sql_t number, int column)
{
    return (const char *)sqlite3_column_text(store->statements[number], column);
}

json_t *aphd_sql_json(aphd_store_t *store, aphd_sql_t number, int column)
{
    const char *text = aphd_sql_text(store, number, column);
    json_t *value = text != NULL ? json_loads(text, JSON_DECODE_ANY, NULL) : NULL;
    return value != NULL ? value : json_null();
}

int64_t aphd_sql_int(aphd_store_t *store, aphd_sql_t number, int column)
{
    return sqlite3_column_int64(store->statements[number], column);
}

apr_status_t aphd_sql_begin(aphd_store_t *store, aph_error_t *err)
{
    return aphd_sql_run(store, SQL_BEGIN, err, "");
}

apr_status_t aphd_sql_end(aphd_store_t *store, apr_status_t status, aph_error_t *err)
{
    if (status == APR_SUCCESS)
        status = aphd_sql_run(store, SQL_COMMIT, err, "");
    /* A failed COMMIT may have ended the transaction already; then there is nothing to roll
     * back. */
    if (status != APR_SUCCESS && sqlite3_get_autocommit(store->db) == 0)
        aphd_sql_run(store, SQL_ROLLBACK, NULL, "");
    return status;
}

/* --- opening --- */

static apr_status_t execute(aphd_store_t *store, const char *sql, const char *doing,
                            aph_error_t *err)
{
    if (sqlite3_exec(store->db, sql, NULL, NULL, NULL) == SQLITE_OK)
        return APR_SUCCESS;
    return aphd_sql_failed(store, 762, doing, err);
}

/* The first value of the first row, as text: malloc'd, NULL where there is none. */
static char *first_value(sqlite3 *db, const char *sql)
{
    sqlite3_stmt *statement = NULL;
    char *value = NULL;
    if (sqlite3_prepare_v2(db, sql, -1, &statement, NULL) == SQLITE_OK
        && sqlite3_step(statement) == SQLITE_ROW && sqlite3_column_text(statement, 0) != NULL)
        value = strdup((const char *)sqlite3_column_text(statement, 0));
    sqlite3_finalize(statement);
    return value;
}

/* The file is made here and not by sqlite, which would give it the mode of the umask. Its -wal and
 * -shm take the mode from it. */
static apr_status_t open_file(aphd_store_t *store, aph_error_t *err)
{
    int fd = open(store->path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return aph_error_set(err, APH_ECONFIG, 763, "%s cannot be opened for writing: %s",
                             store->path, strerror(errno));
    close(fd);
    if (sqlite3_open_v2(store->path, &store->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL)
        != SQLITE_OK)
        return aph_error_set(err, APH_ECONFIG, 764, "%s cannot be opened: %s", store->path,
                             sqlite3_errmsg(store->db));
    sqlite3_busy_timeout(store->db, 2000);
    return execute(store,
                   "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
                   "PRAGMA foreign_keys = ON; PRAGMA cache_size = -256;"
                   "PRAGMA journal_size_limit = 1048576",
                   "prepare the database", err);
}

static apr_status_t check_whole(aphd_store_t *store, aph_error_t *err)
{
    char *verdict = first_value(store->db, "PRAGMA quick_check(1)");
    apr_status_t status = APR_SUCCESS;
    if (verdict == NULL || strcmp(verdict, "ok") != 0)
        status = aph_error_set(err, APH_ECONFIG, 765, "the database is damaged (%.200s)",
                               verdict != NULL ? verdict : sqlite3_errmsg(store->db));
    free(verdict);
    return status;
}

/* The state before a migration, as a whole file of its own name once it is complete. */
static apr_status_t copy_before(aphd_store_t *store, int version, aph_error_t *err)
{
    apr_status_t status = APH_EINTERNAL;
    char *part = sqlite3_mprintf("%s.before-%d.part", store->path, version);
    char *whole = sqlite3_mprintf("%s.before-%d", store->path, version);
    char *sql = sqlite3_mprintf("VACUUM INTO %Q", part);
    if (part != NULL && whole != NULL && sql != NULL) {
        unlink(part);
        status = execute(store, sql, "copy the database before changing its schema", err);
        if (status == APR_SUCCESS)
            status = aphd_store_settle_copy(part, whole, err);
    }
    sqlite3_free(part);
    sqlite3_free(whole);
    sqlite3_free(sql);
    return status;
}

static apr_status_t draw_instance(aphd_store_t *store, aph_error_t *err)
{
    unsigned char drawn[APHD_INSTANCE_DIGITS / 2];
    char digits[APHD_INSTANCE_DIGITS + 1];
    char sql[160];
    if (getrandom(drawn, sizeof drawn, 0) != (ssize_t)sizeof drawn)
        return aph_error_set(err, APR_FROM_OS_ERROR(errno), 767, "no random number: %s",
                             strerror(errno));
    for (size_t i = 0; i < sizeof drawn; i++)
        snprintf(digits + 2 * i, 3, "%02x", drawn[i]);
    snprintf(sql, sizeof sql, "INSERT INTO meta VALUES('instance', '%s'), ('generation', '0')",
             digits);
    return execute(store, sql, "name this instance", err);
}

static apr_status_t migrate_steps(aphd_store_t *store, int version, aph_error_t *err)
{
    apr_status_t status = APR_SUCCESS;
    char pragma[64];
    for (int at = version; at < APHD_SCHEMA_VERSION && status == APR_SUCCESS; at++)
        status = execute(store, aphd_schema_step(at), "change the schema", err);
    if (status == APR_SUCCESS && version == 0)
        status = draw_instance(store, err);
    snprintf(pragma, sizeof pragma, "PRAGMA user_version = %d", APHD_SCHEMA_VERSION);
    if (status == APR_SUCCESS)
        status = execute(store, pragma, "note the schema's version", err);
    return status;
}

/* Forward only, all steps in one transaction. */
static apr_status_t migrate(aphd_store_t *store, aph_error_t *err)
{
    char *text = first_value(store->db, "PRAGMA user_version");
    int version = text != NULL ? atoi(text) : -1;
    free(text);
    if (version == APHD_SCHEMA_VERSION)
        return APR_SUCCESS;
    if (version < 0 || version > APHD_SCHEMA_VERSION)
        return aph_error_set(err, APH_ECONFIG, 768,
                             "the database has schema %d, this apphostd knows up to %d; install "
                             "the newer apphost again",
                             version, APHD_SCHEMA_VERSION);
    apr_status_t status = version > 0 ? copy_before(store, version, err) : APR_SUCCESS;
    if (status == APR_SUCCESS)
        status = execute(store, "BEGIN IMMEDIATE", "change the schema", err);
    if (status != APR_SUCCESS)
        return status;
    status = migrate_steps(store, version, err);
    if (status == APR_SUCCESS)
        return execute(store, "COMMIT", "change the schema", err);
    execute(store, "ROLLBACK", "undo a change of the schema", NULL);
    return status;
}

static apr_status_t prepare(aphd_store_t *store, aph_error_t *err)
{
    for (int i = 0; i < SQL_COUNT; i++)
        if (sqlite3_prepare_v3(store->db, statement_texts[i], -1, SQLITE_PREPARE_PERSISTENT,
                               &store->statements[i], NULL)
            != SQLITE_OK)
            return aphd_sql_failed(store, 769, "prepare its statements", err);
    return APR_SUCCESS;
}

static apr_status_t load_instance(aphd_store_t *store, aph_error_t *err)
{
    apr_status_t status = aphd_sql_bind(store, SQL_META_GET, err, "t", "instance");
    if (status == APR_SUCCESS)
        status = aphd_sql_next(store, SQL_META_GET, err);
    const char *value =
        status == APR_SUCCESS ? aphd_sql_text(store, SQL_META_GET, 0) : NULL;
    if (value == NULL || strlen(value) != APHD_INSTANCE_DIGITS)
        return aph_error_set(err, APH_ECONFIG, 770, "the database names no instance");
    memcpy(store->instance, value, sizeof store->instance);
    aphd_sql_reset(store, SQL_META_GET);
    return APR_SUCCESS;
}

/* A -wal that belongs to the damaged file would be played into the copy. */
static void explain_unusable(const char *path, aph_error_t *err)
{
    if (err == NULL)
        return;
    aph_error_t cause = *err;
    *err = (aph_error_t)APH_ERROR_INIT;
    aph_error_set(
        err, cause.status, 1922,
        "%s cannot be used: %s. Nothing is changed and the routes stay as they are; repair "
        "it, or remove it with the -wal and -shm beside it and put the latest file of "
        "copies/ in its place",
        path, cause.message);
}

apr_status_t aphd_store_open(aphd_store_t **store, const char *path, aph_error_t *err)
{
    aphd_store_t *made = calloc(1, sizeof *made);
    *store = NULL;
    if (made == NULL || (made->path = strdup(path)) == NULL) {
        free(made);
        return aph_error_set(err, APR_ENOMEM, 771, "no memory for the database");
    }
    apr_status_t status = open_file(made, err);
    if (status == APR_SUCCESS)
        status = check_whole(made, err);
    if (status == APR_SUCCESS)
        status = migrate(made, err);
    if (status == APR_SUCCESS)
        status = prepare(made, err);
    if (status == APR_SUCCESS)
        status = load_instance(made, err);
    if (status == APR_SUCCESS) {
        *store = made;
        return APR_SUCCESS;
    }
    aphd_store_close(made);
    explain_unusable(path, err);
    return status;
}

void aphd_store_close(aphd_store_t *store)
{
    if (store == NULL)
        return;
    for (int i = 0; i < SQL_COUNT; i++)
        sqlite3_finalize(store->statements[i]);
    sqlite3_close(store->db);
    free((char *)store->path);
    free(store);
}

const char *aphd_store_instance(const aphd_store_t *store)
{
    return store->instance;
}

/* --- values of no table --- */

apr_status_t aphd_store_generation(aphd_store_t *store, uint64_t floor, uint64_t *generation,
                                   aph_error_t *err)
{
    char text[24];
    apr_status_t status = aphd_sql_begin(store, err);
    if (status != APR_SUCCESS)
        return status;
    status = aphd_sql_bind(store, SQL_META_GET, err, "t", "generation");
    if (status == APR_SUCCESS)
        status = aphd_sql_next(store, SQL_META_GET, err);
    uint64_t last = status == APR_SUCCESS ? (uint64_t)aphd_sql_int(store, SQL_META_GET, 0) : 0;
    aphd_sql_reset(store, SQL_META_GET);
    *generation = (last > floor ? last : floor) + 1;
    snprintf(text, sizeof text, "%llu", (unsigned long long)*generation);
    if (status == APR_SUCCESS || status == APR_NOTFOUND)
        status = aphd_sql_run(store, SQL_META_SET, err, "tt", "generation", text);
    return aphd_sql_end(store, status, err);
}

apr_status_t aphd_store_counts(aphd_store_t *store, aphd_counts_t *counts, aph_error_t *err)
{
    apr_status_t status = aphd_sql_bind(store, SQL_COUNTS, err, "");
    if (status == APR_SUCCESS)
        status = aphd_sql_next(store, SQL_COUNTS, err);
    if (status != APR_SUCCESS)
        return status;
    counts->apps = (int)aphd_sql_int(store, SQL_COUNTS, 0);
    counts->running = (int)aphd_sql_int(store, SQL_COUNTS, 1);
    counts->kept = (int)aphd_sql_int(store, SQL_COUNTS, 2);
    counts->open_jobs = (int)aphd_sql_int(store, SQL_COUNTS, 3);
    aphd_sql_reset(store, SQL_COUNTS);
    return APR_SUCCESS;
}
