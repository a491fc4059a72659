/* SPDX-License-Identifier: Apache-2.0 */
/* The database, opened read-only: whole, of our schema, and what it says about the apps. */
#include "helper/doctor/doctor.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <apr_strings.h>
#include <apr_tables.h>
#include <sqlite3.h>

#define SCHEMA_VERSION 3 /* a guard compares it with the monitor's */
#define JOB_HOURS      6 /* longer than any install we know */
#define BUSY_MS        3000

static int is_whole(aphd_doctor_t *doctor, sqlite3 *db)
{
    sqlite3_stmt *statement = NULL;
    int rc = sqlite3_prepare_v2(db, "PRAGMA integrity_check(1)", -1, &statement, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_step(statement);
    const char *said =
        rc == SQLITE_ROW ? (const char *)sqlite3_column_text(statement, 0) : sqlite3_errmsg(db);
    int whole = rc == SQLITE_ROW && said != NULL && strcmp(said, "ok") == 0;
    if (!whole)
        aphd_report(doctor, APHD_FAULT, NULL, "the database %s is damaged: %s",
                    doctor->settings->database_path, said != NULL ? said : "no reason given");
    sqlite3_finalize(statement);
    return whole;
}

static int is_ours(aphd_doctor_t *doctor, sqlite3 *db)
{
    sqlite3_stmt *statement = NULL;
    int version = -1;
    if (sqlite3_prepare_v2(db, "PRAGMA user_version", -1, &statement, NULL) == SQLITE_OK &&
        sqlite3_step(statement) == SQLITE_ROW)
        version = sqlite3_column_int(statement, 0);
    sqlite3_finalize(statement);
    if (version > SCHEMA_VERSION)
        aphd_report(doctor, APHD_FAULT,
                    "install the newer apphost again, or restore the copy made "
                    "before the upgrade",
                    "the database has schema %d, made by a newer apphost; this one knows %d",
                    version, SCHEMA_VERSION);
    else if (version < SCHEMA_VERSION)
        aphd_report(doctor, APHD_FAULT, "start apphostd: it brings the database up to date",
                    "the database has schema %d, and this apphost needs %d", version,
                    SCHEMA_VERSION);
    return version == SCHEMA_VERSION;
}

static const char *text_of(const aphd_doctor_t *doctor, sqlite3_stmt *statement, int column)
{
    const char *text = (const char *)sqlite3_column_text(statement, column);
    return apr_pstrdup(doctor->p, text != NULL ? text : "");
}

static int read_meta(aphd_doctor_t *doctor, sqlite3 *db)
{
    sqlite3_stmt *statement = NULL;
    int rc = sqlite3_prepare_v2(db, "SELECT key, value FROM meta", -1, &statement, NULL);
    while (rc == SQLITE_OK && (rc = sqlite3_step(statement)) == SQLITE_ROW) {
        const char *key = (const char *)sqlite3_column_text(statement, 0);
        if (strcmp(key, "instance") == 0)
            doctor->instance = text_of(doctor, statement, 1);
        else if (strcmp(key, "generation") == 0)
            doctor->generation = strtoull(text_of(doctor, statement, 1), NULL, 10);
        rc = SQLITE_OK;
    }
    sqlite3_finalize(statement);
    return rc == SQLITE_DONE;
}

static int read_apps(aphd_doctor_t *doctor, sqlite3 *db)
{
    static const char *const sql =
        "SELECT app_id, port, name, state, desired = 'running', web,"
        " EXISTS(SELECT 1 FROM jobs WHERE jobs.name = apps.name AND jobs.state <> 'ended'),"
        " (SELECT group_concat(value, ', ') FROM json_each(allowed))"
        " FROM apps ORDER BY name";
    apr_array_header_t *apps = apr_array_make(doctor->p, 16, sizeof(aphd_patient_t));
    sqlite3_stmt *statement = NULL;
    int rc = sqlite3_prepare_v2(db, sql, -1, &statement, NULL);
    while (rc == SQLITE_OK && (rc = sqlite3_step(statement)) == SQLITE_ROW) {
        APR_ARRAY_PUSH(apps, aphd_patient_t) =
            (aphd_patient_t){.app_id = sqlite3_column_int(statement, 0),
                             .port = sqlite3_column_int(statement, 1),
                             .name = text_of(doctor, statement, 2),
                             .state = text_of(doctor, statement, 3),
                             .wants_running = sqlite3_column_int(statement, 4) != 0,
                             .web = sqlite3_column_int(statement, 5) != 0,
                             .busy = sqlite3_column_int(statement, 6) != 0,
                             .allowed = text_of(doctor, statement, 7)};
        rc = SQLITE_OK;
    }
    sqlite3_finalize(statement);
    doctor->apps = (aphd_patient_t *)apps->elts;
    doctor->app_count = apps->nelts;
    return rc == SQLITE_DONE;
}

/* A job that never ends holds its app; one whose daemon is dead waits for the next start. */
static void look_jobs(aphd_doctor_t *doctor, sqlite3 *db)
{
    sqlite3_stmt *statement = NULL;
    int rc = sqlite3_prepare_v2(db,
                                "SELECT job_id, op, name FROM jobs WHERE state <> 'ended'"
                                " AND created < ?",
                                -1, &statement, NULL);
    if (rc == SQLITE_OK)
        sqlite3_bind_int64(statement, 1, (sqlite3_int64)time(NULL) - JOB_HOURS * 3600);
    while (rc == SQLITE_OK && sqlite3_step(statement) == SQLITE_ROW) {
        int job = sqlite3_column_int(statement, 0);
        aphd_report(doctor, APHD_WARNING,
                    aphd_doctor_text(doctor,
                                     "look: apphostctl job %d -f; end it: apphostctl job %d "
                                     "--cancel",
                                     job, job),
                    "job %d (%s %s) has been open for more than %d hours", job,
                    text_of(doctor, statement, 1), text_of(doctor, statement, 2), JOB_HOURS);
    }
    sqlite3_finalize(statement);
}

/* Nothing is wrong with an app whose refusals root overrode, but nobody may forget it. */
void aphd_look_overrides(aphd_doctor_t *doctor)
{
    if (doctor->apps == NULL)
        aphd_report(doctor, APHD_UNCHECKED, NULL, "needs the database");
    for (int i = 0; i < doctor->app_count && doctor->apps != NULL; i++) {
        const aphd_patient_t *app = &doctor->apps[i];
        if (*app->allowed != '\0' && strcmp(app->state, "kept") != 0)
            aphd_report(doctor, APHD_WARNING, NULL, "%s is installed with --allow %s", app->name,
                        app->allowed);
    }
}

/* Even a reader leaves files beside a database in WAL mode. Where there is no log, nobody has it
 * open, and it can be read as a file that does not change; a doctor must not leave traces. */
static int open_quietly(aphd_doctor_t *doctor, const char *path, sqlite3 **db)
{
    int flags = SQLITE_OPEN_READONLY | SQLITE_OPEN_NOFOLLOW;
    if (access(aphd_doctor_text(doctor, "%s-wal", path), F_OK) == 0 ||
        strpbrk(path, "%?#") != NULL) /* what a URI would have to escape */
        return sqlite3_open_v2(path, db, flags, NULL);
    return sqlite3_open_v2(aphd_doctor_text(doctor, "file:%s?immutable=1", path), db,
                           flags | SQLITE_OPEN_URI, NULL);
}

void aphd_look_database(aphd_doctor_t *doctor)
{
    sqlite3 *db = NULL;
    if (doctor->settings == NULL) {
        aphd_report(doctor, APHD_UNCHECKED, NULL, "needs the configuration");
        return;
    }
    const char *path = doctor->settings->database_path;
    if (access(path, F_OK) != 0) {
        aphd_report(doctor, APHD_FAULT,
                    "start apphostd: it makes one; if apps were installed, "
                    "restore the latest copy first",
                    "there is no database %s", path);
        return;
    }
    int rc = open_quietly(doctor, path, &db);
    sqlite3_busy_timeout(db, BUSY_MS);
    if (rc != SQLITE_OK)
        aphd_report(doctor, APHD_FAULT, NULL, "the database %s cannot be opened: %s", path,
                    sqlite3_errmsg(db));
    else if (is_whole(doctor, db) && is_ours(doctor, db)) {
        if (!read_meta(doctor, db) || !read_apps(doctor, db)) {
            doctor->apps = NULL;
            aphd_report(doctor, APHD_FAULT, NULL, "the database %s lacks what it should have: %s",
                        path, sqlite3_errmsg(db));
        }
        look_jobs(doctor, db);
    }
    sqlite3_close(db);
}
