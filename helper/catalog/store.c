/* SPDX-License-Identifier: Apache-2.0 */
/* Opening the store: the lock of who writes, the schema, and what every statement goes through. */
#include "helper/catalog/store_private.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <apr_strings.h>
#include <apr_time.h>

#define LOCK_PATIENCE   5000 /* milliseconds a writer waits for another one */
#define LOCK_STEP       25
#define BUSY_PATIENCE   5000 /* milliseconds a statement waits for a checkpoint */
#define PAGES_MAX       262144 /* of 4 KiB: the store never becomes larger than 1 GiB */

static const char *const statement_texts[] = {
#define APHD_STATEMENT(constant, sql) [constant] = sql,
#include "helper/catalog/statements.def"
#undef APHD_STATEMENT
};

/* --- statements --- */

apr_status_t aphd_catalog_sql_failed(aphd_catalog_store_t *store, int tag, const char *doing,
                                     aph_error_t *err)
{
    int code = sqlite3_errcode(store->db);
    if (code == SQLITE_FULL)
        return aph_error_set(err, APH_ENOSPACE, tag,
                             "%s: cannot %s: the disk or the store is full; free some space, or "
                             "`apphostctl revision clean`, and try again", store->path, doing);
    if (code == SQLITE_CORRUPT || code == SQLITE_NOTADB)
        return aph_error_set(
            err, APH_ECONFIG, tag,
            "%s is damaged (%s); apps are not affected. Remove it with the -wal and "
            "-shm beside it, add the catalogs again and refresh them",
            store->path, sqlite3_errmsg(store->db));
    return aph_error_set(err, code == SQLITE_BUSY ? APH_EBUSY : APH_EINTERNAL, tag,
                         "%s: cannot %s: %s", store->path, doing, sqlite3_errmsg(store->db));
}

void aphd_catalog_sql_reset(aphd_catalog_store_t *store, aphd_query_t query)
{
    sqlite3_reset(store->statements[query]);
    sqlite3_clear_bindings(store->statements[query]);
}

static int bind_json(sqlite3_stmt *statement, int place, const json_t *value)
{
    if (value == NULL)
        return sqlite3_bind_null(statement, place);
    char *text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
    return text != NULL ? sqlite3_bind_text(statement, place, text, -1, free) : SQLITE_NOMEM;
}

static apr_status_t bind_list(aphd_catalog_store_t *store, aphd_query_t query, aph_error_t *err,
                              const char *types, va_list values)
{
    sqlite3_stmt **statement = &store->statements[query];
    if (*statement == NULL
        && sqlite3_prepare_v3(store->db, statement_texts[query], -1, SQLITE_PREPARE_PERSISTENT,
                              statement, NULL) != SQLITE_OK)
        return aphd_catalog_sql_failed(store, 2550, "prepare a statement", err);
    aphd_catalog_sql_reset(store, query);
    for (int i = 0; types[i] != '\0'; i++) {
        int code = SQLITE_MISUSE;
        if (types[i] == 'i')
            code = sqlite3_bind_int64(*statement, i + 1, va_arg(values, int64_t));
        else if (types[i] == 't')
            code = sqlite3_bind_text(*statement, i + 1, va_arg(values, const char *), -1,
                                     SQLITE_TRANSIENT);
        else if (types[i] == 'j')
            code = bind_json(*statement, i + 1, va_arg(values, const json_t *));
        if (code != SQLITE_OK)
            return aphd_catalog_sql_failed(store, 2551, "bind a value", err);
    }
    return APR_SUCCESS;
}

apr_status_t aphd_catalog_sql_bind(aphd_catalog_store_t *store, aphd_query_t query,
                                   aph_error_t *err, const char *types, ...)
{
    va_list values;
    va_start(values, types);
    apr_status_t status = bind_list(store, query, err, types, values);
    va_end(values);
    return status;
}

apr_status_t aphd_catalog_sql_next(aphd_catalog_store_t *store, aphd_query_t query,
                                   aph_error_t *err)
{
    int code = sqlite3_step(store->statements[query]);
    if (code == SQLITE_ROW)
        return APR_SUCCESS;
    apr_status_t status = APR_NOTFOUND;
    if (code != SQLITE_DONE)
        status = aphd_catalog_sql_failed(store, 2552, "read or write a row", err);
    aphd_catalog_sql_reset(store, query);
    return status;
}

apr_status_t aphd_catalog_sql_run(aphd_catalog_store_t *store, aphd_query_t query, aph_error_t *err,
                                  const char *types, ...)
{
    va_list values;
    va_start(values, types);
    apr_status_t status = bind_list(store, query, err, types, values);
    va_end(values);
    if (status == APR_SUCCESS)
        status = aphd_catalog_sql_next(store, query, err);
    if (store->statements[query] != NULL)
        aphd_catalog_sql_reset(store, query);
    return status == APR_NOTFOUND ? APR_SUCCESS : status;
}

json_t *aphd_catalog_sql_number(aphd_catalog_store_t *store, aphd_query_t query, int column)
{
    sqlite3_stmt *statement = store->statements[query];
    return sqlite3_column_type(statement, column) == SQLITE_NULL
               ? json_null() : json_integer(sqlite3_column_int64(statement, column));
}

json_t *aphd_catalog_sql_string(aphd_catalog_store_t *store, aphd_query_t query, int column)
{
    const char *text = (const char *)sqlite3_column_text(store->statements[query], column);
    json_t *value = text != NULL ? json_string(text) : NULL;
    return value != NULL ? value : json_null();
}

json_t *aphd_catalog_sql_json(aphd_catalog_store_t *store, aphd_query_t query, int column)
{
    const char *text = (const char *)sqlite3_column_text(store->statements[query], column);
    json_t *value = text != NULL ? json_loads(text, JSON_DECODE_ANY, NULL) : NULL;
    return value != NULL ? value : json_null();
}

apr_status_t aphd_catalog_sql_rows(aphd_catalog_store_t *store, aphd_query_t query,
                                   aphd_catalog_read_t *read, json_t **rows, aph_error_t *err)
{
    apr_status_t status = APR_SUCCESS;
    *rows = json_array();
    while ((status = aphd_catalog_sql_next(store, query, err)) == APR_SUCCESS)
        if (json_array_append_new(*rows, read(store, query)) != 0)
            break;
    if (status == APR_NOTFOUND)
        return APR_SUCCESS;
    aphd_catalog_sql_reset(store, query);
    json_decref(*rows);
    *rows = NULL;
    return aph_error_set(err, status != APR_SUCCESS ? status : APR_ENOMEM, 2553,
                         "no memory for rows of the catalog");
}

apr_status_t aphd_catalog_sql_row(aphd_catalog_store_t *store, aphd_query_t query,
                                  aphd_catalog_read_t *read, json_t **row, aph_error_t *err)
{
    *row = NULL;
    apr_status_t status = aphd_catalog_sql_next(store, query, err);
    if (status == APR_NOTFOUND)
        return APR_SUCCESS;
    if (status != APR_SUCCESS)
        return status;
    *row = read(store, query);
    aphd_catalog_sql_reset(store, query);
    return *row != NULL
               ? APR_SUCCESS
               : aph_error_set(err, APR_ENOMEM, 2554, "no memory for a row of the catalog");
}

apr_status_t aphd_catalog_begin(aphd_catalog_store_t *store, aph_error_t *err)
{
    return aphd_catalog_sql_run(store, QUERY_BEGIN, err, "");
}

apr_status_t aphd_catalog_commit(aphd_catalog_store_t *store, aph_error_t *err)
{
    return aphd_catalog_sql_run(store, QUERY_COMMIT, err, "");
}

/* --- opening --- */

static apr_status_t execute(aphd_catalog_store_t *store, const char *sql, const char *doing,
                            aph_error_t *err)
{
    if (sqlite3_exec(store->db, sql, NULL, NULL, NULL) == SQLITE_OK)
        return APR_SUCCESS;
    return aphd_catalog_sql_failed(store, 2555, doing, err);
}

/* One writer at a time, for as long as it is open: a file beside the store, which stays. */
static apr_status_t take_lock(aphd_catalog_store_t *store, aph_error_t *err)
{
    const char *path = apr_pstrcat(store->p, store->path, ".lock", NULL);
    store->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (store->lock < 0)
        return aph_error_set(err, APH_ECONFIG, 2556, "%s cannot be opened: %s", path,
                             strerror(errno));
    for (int waited = 0; flock(store->lock, LOCK_EX | LOCK_NB) != 0; waited += LOCK_STEP) {
        if (errno != EWOULDBLOCK && errno != EINTR)
            return aph_error_set(err, APH_EINTERNAL, 2557, "%s cannot be locked: %s", path,
                                 strerror(errno));
        if (waited >= LOCK_PATIENCE)
            return aph_error_set(err, APH_EBUSY, 2558, "another operation is changing the catalog; "
                                 "try again when it has ended (`apphostctl jobs`)");
        apr_sleep(LOCK_STEP * 1000);
    }
    return APR_SUCCESS;
}

static int64_t first_number(sqlite3 *db, const char *sql)
{
    sqlite3_stmt *statement = NULL;
    int64_t number = -1;
    if (sqlite3_prepare_v2(db, sql, -1, &statement, NULL) == SQLITE_OK
        && sqlite3_step(statement) == SQLITE_ROW)
        number = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    return number;
}

/* The state before a migration, as a whole file of its own name once it is complete. */
static apr_status_t copy_before(aphd_catalog_store_t *store, int64_t version, aph_error_t *err)
{
    const char *whole = apr_psprintf(store->p, "%s.before-%d", store->path, (int)version);
    const char *part = apr_pstrcat(store->p, whole, ".part", NULL);
    char *sql = sqlite3_mprintf("VACUUM INTO %Q", part);
    unlink(part);
    apr_status_t status = sql == NULL ? APR_ENOMEM
                        : execute(store, sql, "copy the store before changing its schema", err);
    sqlite3_free(sql);
    int fd = status == APR_SUCCESS ? open(part, O_RDWR | O_CLOEXEC | O_NOFOLLOW) : -1;
    if (status == APR_SUCCESS
        && (fd < 0 || fchmod(fd, 0600) != 0 || fsync(fd) != 0 || rename(part, whole) != 0))
        status = aph_error_set(err, APR_FROM_OS_ERROR(errno), 2559, "%s cannot be put in place: %s",
                               whole, strerror(errno));
    if (fd >= 0)
        close(fd);
    return status;
}

/* Forward only, all steps in one transaction; a failure leaves what was there. */
static apr_status_t migrate(aphd_catalog_store_t *store, int64_t version, aph_error_t *err)
{
    apr_status_t status = version > 0 ? copy_before(store, version, err) : APR_SUCCESS;
    if (status == APR_SUCCESS)
        status = execute(store, "BEGIN IMMEDIATE", "change the schema", err);
    if (status != APR_SUCCESS)
        return status;
    for (int at = (int)version; at < APHD_CATALOG_SCHEMA && status == APR_SUCCESS; at++)
        status = execute(store, aphd_catalog_schema_step(at), "change the schema", err);
    const char *note = apr_psprintf(store->p, "PRAGMA user_version = %d; COMMIT",
                                    APHD_CATALOG_SCHEMA);
    if (status == APR_SUCCESS)
        status = execute(store, note, "note the schema's version", err);
    if (status != APR_SUCCESS)
        execute(store, "ROLLBACK", "undo a change of the schema", NULL);
    return status;
}

/* Nonzero where the schema has to be changed before anyone can read. */
static apr_status_t look_at_schema(aphd_catalog_store_t *store, int64_t *version, aph_error_t *err)
{
    *version = first_number(store->db, "PRAGMA user_version");
    if (*version < 0)
        return aphd_catalog_sql_failed(store, 2560, "be read", err);
    if (*version > APHD_CATALOG_SCHEMA)
        return aph_error_set(err, APH_ECONFIG, 2561,
                             "%s has schema %d, and this apphost knows up to %d; install the newer "
                             "apphost again", store->path, (int)*version, APHD_CATALOG_SCHEMA);
    return APR_SUCCESS;
}

static apr_status_t open_database(aphd_catalog_store_t *store, const char *path, int flags,
                                  aph_error_t *err)
{
    if (sqlite3_open_v2(path, &store->db, flags | SQLITE_OPEN_NOMUTEX, NULL) != SQLITE_OK)
        return aph_error_set(err, APH_ECONFIG, 2562, "%s cannot be opened: %s", store->path,
                             store->db != NULL ? sqlite3_errmsg(store->db) : "no memory");
    sqlite3_busy_timeout(store->db, BUSY_PATIENCE);
    if (aphd_catalog_words_register(store->db) != SQLITE_OK)
        return aphd_catalog_sql_failed(store, 2563, "prepare the store", err);
    return APR_SUCCESS;
}

/* The file is made here and not by sqlite, which would give it the mode of the umask. Its -wal and
 * -shm take the mode from it. */
static apr_status_t open_to_write(aphd_catalog_store_t *store, aph_error_t *err)
{
    int64_t version = 0;
    apr_status_t status = take_lock(store, err);
    if (status != APR_SUCCESS)
        return status;
    int fd = open(store->path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return aph_error_set(err, APH_ECONFIG, 2564, "%s cannot be opened for writing: %s",
                             store->path, strerror(errno));
    close(fd);
    status = open_database(store, store->path, SQLITE_OPEN_READWRITE, err);
    if (status == APR_SUCCESS)
        status = look_at_schema(store, &version, err);
    if (status == APR_SUCCESS)
        status =
            execute(store,
                    apr_psprintf(store->p,
                                 "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
                                 "PRAGMA max_page_count = %d; PRAGMA cache_size = -8192;"
                                 "PRAGMA journal_size_limit = 4194304; PRAGMA secure_delete = FAST",
                                 PAGES_MAX),
                    "prepare the store", err);
    if (status == APR_SUCCESS && version < APHD_CATALOG_SCHEMA)
        status = migrate(store, version, err);
    return status;
}

/* Where there is no file yet, or an empty one, its reader has an empty store in memory. */
static apr_status_t open_to_read(aphd_catalog_store_t *store, aph_error_t *err)
{
    int64_t version = 0;
    apr_status_t status = APR_SUCCESS;
    if (access(store->path, F_OK) == 0) {
        status = open_database(store, store->path, SQLITE_OPEN_READONLY, err);
        if (status == APR_SUCCESS) /* a search reads every row once: not through a cache */
            status = execute(store, "PRAGMA mmap_size = 268435456", "prepare the store", err);
        if (status == APR_SUCCESS)
            status = look_at_schema(store, &version, err);
        if (status != APR_SUCCESS || version == APHD_CATALOG_SCHEMA)
            return status;
        sqlite3_close(store->db);
        store->db = NULL;
        if (version > 0) /* of an earlier release: brought forward by whoever comes first */
            return open_to_write(store, err);
    } else if (errno != ENOENT) {
        return aph_error_set(err, APH_ECONFIG, 2565, "%s cannot be opened: %s", store->path,
                             strerror(errno));
    }
    status = open_database(store, ":memory:", SQLITE_OPEN_READWRITE, err);
    return status == APR_SUCCESS ? migrate(store, 0, err) : status;
}

static apr_status_t close_cb(void *data)
{
    aphd_catalog_store_t *store = data;
    for (int i = 0; i < QUERY_COUNT; i++)
        sqlite3_finalize(store->statements[i]);
    sqlite3_close(store->db); /* rolls back what was begun */
    if (store->lock >= 0)
        close(store->lock);
    store->db = NULL;
    store->lock = -1;
    return APR_SUCCESS;
}

apr_status_t aphd_catalog_store_open(aphd_catalog_store_t **store, const char *state_dir, int write,
                                     apr_pool_t *p, aph_error_t *err)
{
    aphd_catalog_store_t *made = apr_pcalloc(p, sizeof *made);
    *store = NULL;
    made->p = p;
    made->lock = -1;
    made->path = apr_pstrcat(p, state_dir, "/catalog.db", NULL);
    apr_pool_cleanup_register(p, made, close_cb, apr_pool_cleanup_null);
    apr_status_t status = write ? open_to_write(made, err) : open_to_read(made, err);
    if (status == APR_SUCCESS)
        *store = made;
    else
        aphd_catalog_store_close(made);
    return status;
}

void aphd_catalog_store_close(aphd_catalog_store_t *store)
{
    if (store != NULL)
        apr_pool_cleanup_run(store->p, store, close_cb);
}
