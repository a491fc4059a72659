/* SPDX-License-Identifier: Apache-2.0 */
/* The database: ids, kept data, subnets, the journal, migration and damage. Each test has a folder
 * of its own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <dirent.h>
#include <cmocka.h>
#include <sqlite3.h>

#include "helper/monitor/store.h"

#define NOW 1000000

typedef struct fixture_t {
    char folder[64];
    char path[96];
    aphd_store_t *store;
} fixture_t;

static int set_up(void **state)
{
    fixture_t *f = calloc(1, sizeof *f);
    strcpy(f->folder, "/tmp/aph-store-XXXXXX");
    assert_non_null(mkdtemp(f->folder));
    snprintf(f->path, sizeof f->path, "%s/apphost.db", f->folder);
    assert_int_equal(aphd_store_open(&f->store, f->path, NULL), APR_SUCCESS);
    *state = f;
    return 0;
}

static void remove_all(const char *folder)
{
    DIR *dir = opendir(folder);
    struct dirent *entry;
    char path[512];
    while (dir != NULL && (entry = readdir(dir)) != NULL) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        if (entry->d_type == DT_DIR)
            remove_all(path);
        unlink(path);
    }
    if (dir != NULL)
        closedir(dir);
    rmdir(folder);
}

static int tear_down(void **state)
{
    fixture_t *f = *state;
    aphd_store_close(f->store);
    remove_all(f->folder);
    free(f);
    return 0;
}

static int64_t add_job(fixture_t *f, const char *op, const char *name)
{
    aphd_job_row_t row = {.op = op, .name = name, .args = "{\"name\":1}", .uid = 7, .pid = 8};
    int64_t job_id = 0;
    assert_int_equal(aphd_store_job_add(f->store, &row, NOW, &job_id, NULL), APR_SUCCESS);
    assert_int_equal(aphd_store_job_run(f->store, job_id, 0, NOW, NULL), APR_SUCCESS);
    return job_id;
}

static const char *const domains[] = {"home.example", "example.org", NULL};

static apr_status_t reserve(fixture_t *f, const char *name, int64_t now, const int *skip, int count,
                            int *app_id)
{
    aphd_reserve_t request = {.job_id = add_job(f, "install", name), .name = name, .script = "s",
                              .skip = skip, .skip_count = count, .max_app_id = 3, .now = now,
                              .web = 1, .kind = "container", .domains = domains};
    return aphd_store_reserve(f->store, &request, app_id, NULL);
}

static int reserved(fixture_t *f, const char *name)
{
    int app_id = 0;
    assert_int_equal(reserve(f, name, NOW, NULL, 0, &app_id), APR_SUCCESS);
    return app_id;
}

static void end_app(fixture_t *f, int app_id, aphd_app_end_t how, int64_t now)
{
    aphd_job_end_t end = {.job_id = add_job(f, "uninstall", "x"), .result = "done", .log = "",
                          .app_id = app_id, .app = how, .now = now};
    assert_int_equal(aphd_store_job_end(f->store, &end, NULL), APR_SUCCESS);
}

static void test_ids(void **state)
{
    fixture_t *f = *state;
    int id = 0;
    assert_int_equal(reserved(f, "one"), 1);
    int skip[] = {2};
    assert_int_equal(reserve(f, "three", NOW, skip, 1, &id), APR_SUCCESS);
    assert_int_equal(id, 3);
    assert_int_equal(reserve(f, "one", NOW, NULL, 0, &id), APH_ETAKEN);
    assert_int_equal(reserved(f, "two"), 2);
    aph_error_t err = APH_ERROR_INIT;
    aphd_reserve_t request = {.job_id = 1, .name = "four", .script = "", .max_app_id = 3,
                              .now = NOW, .kind = "container", .domains = domains};
    assert_int_equal(aphd_store_reserve(f->store, &request, &id, &err), APH_EEXHAUSTED);
    assert_non_null(strstr(err.message, "MaxAppId"));
    aphd_app_t app;
    assert_int_equal(aphd_store_app_by_name(f->store, "two", &app, NULL), APR_SUCCESS);
    assert_int_equal(app.port, 35002);
    assert_int_equal(app.state, APHD_APP_INSTALLING);
    assert_true(app.desired_running && app.web && !app.kept);
    assert_int_equal(aphd_store_app_by_name(f->store, "four", &app, NULL), APH_ENOTFOUND);
}

static void test_the_id_of_a_mere_plan_does_not_rest(void **state)
{
    fixture_t *f = *state;
    assert_int_equal(reserved(f, "maybe"), 1);
    end_app(f, 1, APHD_END_GONE, NOW);
    assert_int_equal(reserved(f, "surely"), 1);
}

static void test_released_ids_rest(void **state)
{
    fixture_t *f = *state;
    int id = 0;
    assert_int_equal(reserved(f, "one"), 1);
    json_t *ran = json_pack("{s:s}", "compose", "{}");
    assert_int_equal(aphd_store_record(f->store, 1, ran, NOW, NULL), APR_SUCCESS);
    json_decref(ran);
    end_app(f, 1, APHD_END_GONE, NOW);
    assert_int_equal(reserve(f, "two", NOW + APHD_ID_RESTS_SECONDS - 1, NULL, 0, &id), APR_SUCCESS);
    assert_int_equal(id, 2);
    assert_int_equal(reserve(f, "three", NOW + APHD_ID_RESTS_SECONDS, NULL, 0, &id), APR_SUCCESS);
    assert_int_equal(id, 1);
}

static void test_kept_data_keeps_the_id(void **state)
{
    fixture_t *f = *state;
    aphd_app_t app;
    int id = 0;
    assert_int_equal(reserved(f, "diary"), 1);
    end_app(f, 1, APHD_END_KEPT_DATA, NOW);
    assert_int_equal(aphd_store_app_by_name(f->store, "diary", &app, NULL), APR_SUCCESS);
    assert_int_equal(app.state, APHD_APP_KEPT);
    assert_int_equal(reserved(f, "other"), 2);
    int skip[] = {1};
    assert_int_equal(reserve(f, "diary", NOW, skip, 1, &id), APH_ETAKEN);
    assert_int_equal(reserved(f, "diary"), 1);
    assert_int_equal(aphd_store_app_by_id(f->store, 1, &app, NULL), APR_SUCCESS);
    assert_true(app.kept && app.state == APHD_APP_INSTALLING);
    end_app(f, 1, APHD_END_KEEP, NOW); /* done: the data is the app's own again */
    assert_int_equal(aphd_store_app_by_id(f->store, 1, &app, NULL), APR_SUCCESS);
    assert_false(app.kept);
}

static void test_second_reserve_gives_the_first_back(void **state)
{
    fixture_t *f = *state;
    int skip[] = {1};
    int id = 0;
    int64_t job_id = add_job(f, "install", "one");
    aphd_reserve_t request = {.job_id = job_id, .name = "one", .script = "s", .max_app_id = 3,
                              .now = NOW, .kind = "container", .domains = domains};
    assert_int_equal(aphd_store_reserve(f->store, &request, &id, NULL), APR_SUCCESS);
    assert_int_equal(id, 1);
    request.held = 1;
    request.skip = skip;
    request.skip_count = 1;
    assert_int_equal(aphd_store_reserve(f->store, &request, &id, NULL), APR_SUCCESS);
    assert_int_equal(id, 2);
    assert_int_equal(reserved(f, "next"), 1); /* it did not rest: nothing was made under it */
    int all[] = {1, 2, 3};
    request.held = 2;
    request.skip = all;
    request.skip_count = 3;
    assert_int_equal(aphd_store_reserve(f->store, &request, &id, NULL), APH_EEXHAUSTED);
    aphd_app_t app; /* a failed change changes nothing: the row of before is still there */
    assert_int_equal(aphd_store_app_by_id(f->store, 2, &app, NULL), APR_SUCCESS);
    assert_string_equal(app.name, "one");
}

static void test_subnets(void **state)
{
    fixture_t *f = *state;
    aphd_cidr_t pool, taken[1];
    aphd_subnet_want_t want = {&pool, 28, NULL, 0}, beside = {&pool, 28, taken, 1};
    aphd_subnet_want_t larger = {&pool, 27, NULL, 0};
    char subnet[APHD_CIDR_TEXT_MAX];
    aph_error_t err = APH_ERROR_INIT;
    aphd_cidr_parse("10.213.0.0/27", &pool);
    reserved(f, "a");
    reserved(f, "b");
    reserved(f, "c");
    assert_int_equal(aphd_store_subnet(f->store, 1, &want, subnet, NULL), APR_SUCCESS);
    assert_string_equal(subnet, "10.213.0.0/28");
    assert_int_equal(aphd_store_subnet(f->store, 2, &want, subnet, NULL), APR_SUCCESS);
    assert_string_equal(subnet, "10.213.0.16/28");
    assert_int_equal(aphd_store_subnet(f->store, 1, &want, subnet, NULL), APR_SUCCESS);
    assert_string_equal(subnet, "10.213.0.0/28"); /* it has one already */
    assert_int_equal(aphd_store_subnet(f->store, 3, &want, subnet, &err), APH_EEXHAUSTED);
    assert_non_null(strstr(err.message, "SubnetPool"));
    end_app(f, 2, APHD_END_GONE, NOW);
    aphd_cidr_parse("10.213.0.0/30", &taken[0]);
    assert_int_equal(aphd_store_subnet(f->store, 1, &beside, subnet, NULL), APR_SUCCESS);
    assert_string_equal(subnet, "10.213.0.16/28"); /* the old one is in use by someone else now */
    assert_int_equal(aphd_store_subnet(f->store, 1, &larger, subnet, NULL), APR_SUCCESS);
    assert_string_equal(subnet, "10.213.0.0/27"); /* the one it has is too small by now */
}

static void test_record_and_state(void **state)
{
    fixture_t *f = *state;
    json_t *app = NULL;
    reserved(f, "a");
    json_t *fields = json_pack("{s:s, s:{s:i}, s:[s], s:[s], s:[]}", "compose",
                               "{\"x\":\"\u00e4\"}", "plan", "n", 1, "consents", "a.privileged",
                               "allowed", "privileged", "images");
    assert_int_equal(aphd_store_record(f->store, 1, fields, NOW, NULL), APR_SUCCESS);
    json_decref(fields);
    fields = json_pack("{s:[{s:s}]}", "images", "id", "sha256:1");
    assert_int_equal(aphd_store_record(f->store, 1, fields, NOW, NULL), APR_SUCCESS);
    json_decref(fields);
    aphd_app_change_t change = {.state = APHD_APP_RUNNING, .desired = NULL, .reason = "because"};
    assert_int_equal(aphd_store_app_change(f->store, 1, &change, NOW + 5, NULL), APR_SUCCESS);
    change = (aphd_app_change_t){.state = APHD_APP_NONE, .desired = "stopped"};
    assert_int_equal(aphd_store_app_change(f->store, 1, &change, NOW + 5, NULL), APR_SUCCESS);
    change.desired = "sideways"; /* the schema is the last line */
    assert_int_equal(aphd_store_app_change(f->store, 1, &change, NOW + 5, NULL), APH_EINTERNAL);
    assert_int_equal(aphd_store_app_json(f->store, 1, 1, &app, NULL), APR_SUCCESS);
    assert_string_equal(json_string_value(json_object_get(app, "compose")), "{\"x\":\"\u00e4\"}");
    assert_int_equal(json_integer_value(json_object_get(json_object_get(app, "plan"), "n")), 1);
    assert_int_equal(json_array_size(json_object_get(app, "images")), 1);
    assert_int_equal(json_array_size(json_object_get(app, "consents")), 1);
    const json_t *allowed = json_object_get(app, "allowed");
    assert_string_equal(json_string_value(json_array_get(allowed, 0)), "privileged");
    aphd_app_t row;
    assert_int_equal(aphd_store_app_by_id(f->store, 1, &row, NULL), APR_SUCCESS);
    assert_string_equal(row.allowed, "[\"privileged\"]");
    assert_string_equal(json_string_value(json_object_get(app, "state")), "running");
    assert_string_equal(json_string_value(json_object_get(app, "desired")), "stopped");
    assert_string_equal(json_string_value(json_object_get(app, "reason")), "because");
    assert_true(json_is_null(json_object_get(app, "subnet")));
    json_decref(app);
    assert_int_equal(aphd_store_app_json(f->store, 1, 0, &app, NULL), APR_SUCCESS);
    assert_string_equal(json_string_value(json_object_get(app, "script")), "");
    json_decref(app);
}

static apr_status_t count_job_cb(void *self, const aphd_job_row_t *job)
{
    int *sum = self;
    *sum += job->running ? 100 : 1;
    if (job->step != NULL) {
        assert_string_equal(job->step, "images");
        assert_string_equal(job->undo, "{\"a\":1}");
        assert_int_equal(job->recoveries, 1);
        *sum += 1000;
    }
    return APR_SUCCESS;
}

static void test_journal(void **state)
{
    fixture_t *f = *state;
    aphd_job_row_t row = {.op = "stop", .name = "a", .args = "{}"};
    int64_t queued = 0;
    int sum = 0;
    json_t *shown = NULL, *undo = json_pack("{s:i}", "a", 1);
    assert_int_equal(aphd_store_job_add(f->store, &row, NOW, &queued, NULL), APR_SUCCESS);
    int64_t running = add_job(f, "install", "b");
    assert_int_equal(aphd_store_job_step(f->store, running, "images", undo, "one\n", NULL),
                     APR_SUCCESS);
    assert_int_equal(aphd_store_job_run(f->store, running, 1, NOW, NULL), APR_SUCCESS);
    /* What is in the journal is there for another process at once. */
    aphd_store_close(f->store);
    assert_int_equal(aphd_store_open(&f->store, f->path, NULL), APR_SUCCESS);
    assert_int_equal(aphd_store_jobs_open(f->store, count_job_cb, &sum, NULL), APR_SUCCESS);
    assert_int_equal(sum, 1101);
    aphd_job_end_t end = {.job_id = running, .result = "rolled-back", .code = "cancelled",
                          .tag = "APH0001", .message = "no", .log = "one\ntwo\n", .now = NOW + 9};
    assert_int_equal(aphd_store_job_end(f->store, &end, NULL), APR_SUCCESS);
    sum = 0;
    assert_int_equal(aphd_store_jobs_open(f->store, count_job_cb, &sum, NULL), APR_SUCCESS);
    assert_int_equal(sum, 1);
    assert_int_equal(aphd_store_job_json(f->store, running, 1, &shown, NULL), APR_SUCCESS);
    assert_string_equal(json_string_value(json_object_get(shown, "log")), "one\ntwo\n");
    assert_string_equal(json_string_value(json_object_get(shown, "result")), "rolled-back");
    assert_int_equal(json_integer_value(json_object_get(shown, "ended")), NOW + 9);
    json_decref(shown);
    assert_int_equal(aphd_store_job_json(f->store, 99, 0, &shown, NULL), APH_ENOTFOUND);
    /* What is told once is there until it was told, and in no list. */
    json_t *answer = json_pack("{s:i, s:[s]}", "app_id", 7, "credentials", "secret");
    assert_int_equal(aphd_store_job_told(f->store, running, answer, NULL), APR_SUCCESS);
    assert_int_equal(aphd_store_jobs_json(f->store, 1, &shown, NULL), APR_SUCCESS);
    json_t *job = json_array_get(shown, 0);
    assert_true(json_is_true(json_object_get(job, "untold")));
    assert_null(json_object_get(json_object_get(job, "answer"), "credentials"));
    json_decref(shown);
    assert_int_equal(aphd_store_job_json(f->store, running, 0, &shown, NULL), APR_SUCCESS);
    assert_non_null(json_object_get(json_object_get(shown, "answer"), "credentials"));
    json_decref(shown);
    json_object_del(answer, "credentials");
    assert_int_equal(aphd_store_job_told(f->store, running, answer, NULL), APR_SUCCESS);
    assert_int_equal(aphd_store_job_json(f->store, running, 0, &shown, NULL), APR_SUCCESS);
    assert_null(json_object_get(json_object_get(shown, "answer"), "credentials"));
    json_decref(shown);
    json_decref(answer);
    assert_int_equal(aphd_store_jobs_json(f->store, 1, &shown, NULL), APR_SUCCESS);
    assert_int_equal(json_array_size(shown), 1);
    assert_int_equal(json_integer_value(json_object_get(json_array_get(shown, 0), "job_id")),
                     running);
    json_decref(shown);
    json_decref(undo);
}

static int64_t count_rows(const char *path, const char *sql)
{
    sqlite3 *db = NULL;
    sqlite3_stmt *statement = NULL;
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &statement, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
    int64_t value = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    sqlite3_close(db);
    return value;
}

static void test_one_audit_record_for_each_end(void **state)
{
    fixture_t *f = *state;
    reserved(f, "a");
    end_app(f, 1, APHD_END_GONE, NOW);
    assert_int_equal(count_rows(f->path, "SELECT count(*) FROM audit"), 1);
    assert_int_equal(count_rows(f->path, "SELECT uid * 100 + pid FROM audit"), 708);
    aphd_job_end_t wrong = {.job_id = 1, .result = "maybe", .log = "", .app_id = 0, .now = NOW};
    assert_int_equal(aphd_store_job_end(f->store, &wrong, NULL), APH_EINTERNAL);
    assert_int_equal(count_rows(f->path, "SELECT count(*) FROM audit"), 1);
}

static void test_instance_and_generation(void **state)
{
    fixture_t *f = *state;
    char before[33];
    uint64_t generation = 0;
    assert_int_equal(strlen(aphd_store_instance(f->store)), 32);
    strcpy(before, aphd_store_instance(f->store));
    assert_int_equal(aphd_store_generation(f->store, 0, &generation, NULL), APR_SUCCESS);
    assert_int_equal(generation, 1);
    assert_int_equal(aphd_store_generation(f->store, 41, &generation, NULL), APR_SUCCESS);
    assert_int_equal(generation, 42);
    aphd_store_close(f->store);
    assert_int_equal(aphd_store_open(&f->store, f->path, NULL), APR_SUCCESS);
    assert_string_equal(aphd_store_instance(f->store), before);
    assert_int_equal(aphd_store_generation(f->store, 0, &generation, NULL), APR_SUCCESS);
    assert_int_equal(generation, 43);
}

static void execute(const char *path, const char *sql)
{
    sqlite3 *db = NULL;
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
}

static void test_newer_schema_is_refused(void **state)
{
    fixture_t *f = *state;
    aph_error_t err = APH_ERROR_INIT;
    aphd_store_close(f->store);
    execute(f->path, "PRAGMA user_version = 99");
    assert_int_equal(aphd_store_open(&f->store, f->path, &err), APH_ECONFIG);
    assert_null(f->store);
    assert_non_null(strstr(err.message, "99"));
    assert_non_null(strstr(err.message, "copies/"));
    assert_int_equal(count_rows(f->path, "PRAGMA user_version"), 99);
}

static void test_damage_is_refused(void **state)
{
    fixture_t *f = *state;
    aph_error_t err = APH_ERROR_INIT;
    char garbage[4096];
    memset(garbage, 0x5a, sizeof garbage);
    aphd_store_close(f->store);
    int fd = open(f->path, O_RDWR | O_CLOEXEC);
    assert_int_equal(pwrite(fd, garbage, sizeof garbage, 2 * 4096), sizeof garbage);
    assert_int_equal(pwrite(fd, garbage, sizeof garbage, 3 * 4096), sizeof garbage);
    close(fd);
    assert_int_equal(aphd_store_open(&f->store, f->path, &err), APH_ECONFIG);
    assert_non_null(strstr(err.message, "damaged"));
    fd = open(f->path, O_RDWR | O_TRUNC | O_CLOEXEC);
    assert_int_equal(write(fd, garbage, sizeof garbage), sizeof garbage);
    close(fd);
    err = (aph_error_t)APH_ERROR_INIT;
    assert_true(aphd_store_open(&f->store, f->path, &err) != APR_SUCCESS);
    assert_null(f->store);
}

static void test_no_file_modes_for_others(void **state)
{
    fixture_t *f = *state;
    struct stat there;
    char wal[112];
    reserved(f, "a");
    snprintf(wal, sizeof wal, "%s-wal", f->path);
    assert_int_equal(stat(f->path, &there), 0);
    assert_int_equal(there.st_mode & 077, 0);
    assert_int_equal(stat(wal, &there), 0);
    assert_int_equal(there.st_mode & 077, 0);
}

static void test_daily_copies(void **state)
{
    fixture_t *f = *state;
    char copies[96], path[160];
    snprintf(copies, sizeof copies, "%s/copies", f->folder);
    reserved(f, "a");
    for (int day = 0; day < 10; day++)
        assert_int_equal(aphd_store_copy(f->path, copies, day * 86400, NULL), APR_SUCCESS);
    assert_int_equal(aphd_store_copy(f->path, copies, 9 * 86400 + 5, NULL), APR_SUCCESS);
    for (int day = 1; day <= 10; day++) {
        snprintf(path, sizeof path, "%s/apphost-197001%02d.db", copies, day);
        assert_int_equal(access(path, F_OK) == 0, day > 10 - APHD_COPIES_KEPT);
    }
    snprintf(path, sizeof path, "%s/apphost-19700110.db", copies);
    assert_int_equal(count_rows(path, "SELECT count(*) FROM apps"), 1);
    aphd_store_t *copy = NULL; /* what it is for: to be put back */
    assert_int_equal(aphd_store_open(&copy, path, NULL), APR_SUCCESS);
    aphd_store_close(copy);
    assert_true(aphd_store_copy("/nowhere/x.db", copies, 20 * 86400, NULL) != APR_SUCCESS);
    snprintf(path, sizeof path, "%s/apphost-19700121.db.part", copies);
    assert_int_equal(access(path, F_OK), -1);
}

/* --- aliases --- */

static apr_status_t reserve_with(fixture_t *f, const char *name, const char *alias,
                                 aph_error_t *err)
{
    int app_id = 0;
    json_t *aliases = json_pack("[s]", alias);
    json_t *options = json_pack("[s]", "hsts");
    aphd_reserve_t request = {.job_id = add_job(f, "install", name), .name = name, .script = "s",
                              .max_app_id = 9, .now = NOW, .web = 1, .kind = "webapp",
                              .webapp = "/srv/x", .options = options, .aliases = aliases,
                              .domains = domains};
    apr_status_t status = aphd_store_reserve(f->store, &request, &app_id, err);
    json_decref(aliases);
    json_decref(options);
    return status;
}

static void test_aliases_are_one_space_with_names(void **state)
{
    fixture_t *f = *state;
    aph_error_t err = APH_ERROR_INIT;
    assert_int_equal(reserve_with(f, "one", "photos.example.net", NULL), APR_SUCCESS);
    assert_int_equal(reserve_with(f, "two", "photos.example.net", &err), APH_ETAKEN);
    assert_non_null(strstr(err.message, "photos.example.net belongs to the app one"));
    assert_int_equal(reserve_with(f, "two", "one.example.org", NULL), APH_ETAKEN);
    assert_int_equal(reserve_with(f, "two", "three.home.example", NULL), APR_SUCCESS);
    assert_int_equal(reserve_with(f, "three", "x.example.net", NULL), APH_ETAKEN);
    assert_int_equal(reserve_with(f, "four", "deep.one.home.example", NULL), APR_SUCCESS);
}

static void test_aliases_go_with_the_app(void **state)
{
    fixture_t *f = *state;
    json_t *app = NULL;
    assert_int_equal(reserve_with(f, "one", "photos.example.net", NULL), APR_SUCCESS);
    assert_int_equal(aphd_store_app_json(f->store, 1, 1, &app, NULL), APR_SUCCESS);
    assert_string_equal(json_string_value(json_array_get(json_object_get(app, "aliases"), 0)),
                        "photos.example.net");
    assert_string_equal(json_string_value(json_array_get(json_object_get(app, "options"), 0)),
                        "hsts");
    assert_string_equal(json_string_value(json_object_get(app, "webapp")), "/srv/x");
    assert_string_equal(json_string_value(json_object_get(app, "kind")), "webapp");
    json_decref(app);
    end_app(f, 1, APHD_END_KEPT_DATA, NOW); /* data is kept, addresses are not */
    assert_int_equal(reserve_with(f, "two", "photos.example.net", NULL), APR_SUCCESS);
    end_app(f, 2, APHD_END_GONE, NOW);
    assert_int_equal(reserve_with(f, "three", "photos.example.net", NULL), APR_SUCCESS);
}

static void test_what_a_route_says_is_recorded(void **state)
{
    fixture_t *f = *state;
    aphd_app_t app;
    json_t *fields = json_pack("{s:i, s:i, s:i}", "vhost", 1, "route_flags", 3, "max_requests", 7);
    assert_int_equal(reserved(f, "one"), 1);
    assert_int_equal(aphd_store_record(f->store, 1, fields, NOW, NULL), APR_SUCCESS);
    json_decref(fields);
    assert_int_equal(aphd_store_app_by_id(f->store, 1, &app, NULL), APR_SUCCESS);
    assert_true(app.vhost);
    assert_int_equal(app.route_flags, 3);
    assert_int_equal(app.max_inflight, 7);
    assert_int_equal(app.max_upgrades, 0);
}

/* --- where an app came from --- */

static int reserve_entry(fixture_t *f, const char *entry, const char *answers)
{
    json_auto_t *given = answers != NULL ? json_loads(answers, 0, NULL) : NULL;
    int app_id = 0;
    aphd_reserve_t request = {.job_id = add_job(f, "install", "wiki"), .name = "wiki",
                              .script = "{}", .max_app_id = 3, .now = NOW, .web = 1,
                              .kind = "container", .domains = domains, .format = "apphost",
                              .entry = entry, .revision = "aa", .answers = given};
    assert_int_equal(aphd_store_reserve(f->store, &request, &app_id, NULL), APR_SUCCESS);
    return app_id;
}

static void assert_member(fixture_t *f, const char *name, const char *expected)
{
    json_t *app = NULL;
    assert_int_equal(aphd_store_app_json(f->store, 1, 1, &app, NULL), APR_SUCCESS);
    char *text = json_dumps(json_object_get(app, name), JSON_COMPACT | JSON_ENCODE_ANY);
    assert_string_equal(text, expected);
    json_decref(app);
    free(text);
}

static void test_an_entry_and_its_answers(void **state)
{
    fixture_t *f = *state;
    assert_int_equal(reserved(f, "bare"), 1);
    assert_member(f, "entry", "null");
    assert_member(f, "previous", "null");
    end_app(f, 1, APHD_END_GONE, NOW);
    assert_int_equal(reserve_entry(f, "local/wiki", "{\"a\":\"1\"}"), 1);
    assert_member(f, "entry", "\"local/wiki\"");
    assert_member(f, "answers", "{\"a\":\"1\"}");
    end_app(f, 1, APHD_END_KEPT_DATA, NOW); /* its data was made with these answers */
    assert_int_equal(reserve_entry(f, "local/other", NULL), 1);
    assert_member(f, "answers", "{}");
    end_app(f, 1, APHD_END_KEPT_DATA, NOW + 5); /* nothing came of it: the row is what it was */
    assert_member(f, "entry", "\"local/wiki\"");
    assert_member(f, "answers", "{\"a\":\"1\"}");
    assert_member(f, "previous", "null");
    /* A secret that was made meanwhile stays, and stays one that was made, whoever it was made for: the
     * entry may have got another name. What the data had is not written over. */
    assert_int_equal(reserve_entry(f, "local/wiki", "{\".made\":{\"s\":\"x\"},\"s\":\"x\"}"), 1);
    end_app(f, 1, APHD_END_KEPT_DATA, NOW);
    assert_int_equal(reserve_entry(f, "local/other", "{\".made\":{\"t\":\"x\",\"s\":\"y\",\"a\":\"2\"},\"t\":\"x\"}"), 1);
    end_app(f, 1, APHD_END_KEPT_DATA, NOW);
    assert_member(f, "answers", "{\"t\":\"x\",\".made\":{\"t\":\"x\",\"s\":\"x\"},\"s\":\"x\",\"a\":\"1\"}");
}

static void test_a_record_with_the_end(void **state)
{
    fixture_t *f = *state;
    assert_int_equal(reserve_entry(f, "local/wiki", "{}"), 1);
    json_auto_t *moved = json_pack("{s:s, s:s, s:s, s:{s:s}, s:{s:s}}", "script", "new", "entry",
                                   "home/wiki", "revision", "bb", "answers", "a", "2", "previous",
                                   "revision", "aa");
    aphd_job_end_t end = {.job_id = add_job(f, "update", "wiki"), .result = "done", .log = "",
                          .app_id = 1, .app = APHD_END_KEEP, .now = NOW, .record = moved};
    assert_int_equal(aphd_store_job_end(f->store, &end, NULL), APR_SUCCESS);
    assert_member(f, "script", "\"new\"");
    assert_member(f, "revision", "\"bb\"");
    assert_member(f, "answers", "{\"a\":\"2\"}");
    assert_member(f, "previous", "{\"revision\":\"aa\"}");
    assert_member(f, "format", "\"apphost\""); /* what is not named stays */
    json_auto_t *forget = json_pack("{s:n}", "previous");
    assert_int_equal(aphd_store_record(f->store, 1, forget, NOW, NULL), APR_SUCCESS);
    assert_member(f, "previous", "null");
}

static void test_an_older_schema_is_brought_forward(void **state)
{
    fixture_t *f = *state;
    char copy[112];
    assert_int_equal(reserved(f, "old"), 1);
    aphd_store_close(f->store);
    f->store = NULL;
    execute(f->path,
            "ALTER TABLE apps DROP COLUMN format; ALTER TABLE apps DROP COLUMN entry;"
            "ALTER TABLE apps DROP COLUMN revision; ALTER TABLE apps DROP COLUMN answers;"
            "ALTER TABLE apps DROP COLUMN previous;"
            "DROP TABLE sessions; DROP TABLE tokens; DROP TABLE people;"
            "DROP INDEX jobs_key; DROP INDEX audit_refused;"
            "ALTER TABLE jobs DROP COLUMN user_id; ALTER TABLE jobs DROP COLUMN user;"
            "ALTER TABLE jobs DROP COLUMN via; ALTER TABLE jobs DROP COLUMN from_address;"
            "ALTER TABLE jobs DROP COLUMN detail; ALTER TABLE jobs DROP COLUMN key;"
            "ALTER TABLE jobs DROP COLUMN request;"
            "ALTER TABLE audit DROP COLUMN user; ALTER TABLE audit DROP COLUMN via;"
            "ALTER TABLE audit DROP COLUMN from_address; ALTER TABLE audit DROP COLUMN detail;"
            "PRAGMA user_version = 2");
    assert_int_equal(aphd_store_open(&f->store, f->path, NULL), APR_SUCCESS);
    assert_member(f, "format", "\"script\"");
    assert_member(f, "answers", "{}");
    snprintf(copy, sizeof copy, "%s.before-2", f->path);
    assert_int_equal(access(copy, F_OK), 0);
}

#define WITH_STORE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        WITH_STORE(test_aliases_are_one_space_with_names),
        WITH_STORE(test_aliases_go_with_the_app),
        WITH_STORE(test_what_a_route_says_is_recorded),
        WITH_STORE(test_an_entry_and_its_answers),
        WITH_STORE(test_a_record_with_the_end),
        WITH_STORE(test_an_older_schema_is_brought_forward),
        WITH_STORE(test_ids),
        WITH_STORE(test_the_id_of_a_mere_plan_does_not_rest),
        WITH_STORE(test_released_ids_rest),
        WITH_STORE(test_kept_data_keeps_the_id),
        WITH_STORE(test_second_reserve_gives_the_first_back),
        WITH_STORE(test_subnets),
        WITH_STORE(test_record_and_state),
        WITH_STORE(test_journal),
        WITH_STORE(test_one_audit_record_for_each_end),
        WITH_STORE(test_instance_and_generation),
        WITH_STORE(test_newer_schema_is_refused),
        WITH_STORE(test_damage_is_refused),
        WITH_STORE(test_no_file_modes_for_others),
        WITH_STORE(test_daily_copies),
    };
    return cmocka_run_group_tests_name("monitor_store", tests, NULL, NULL);
}
