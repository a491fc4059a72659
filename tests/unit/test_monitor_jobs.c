/* SPDX-License-Identifier: Apache-2.0 */
/* Jobs and the watcher against a scripted peer: this program, started again as apphost-job, does
 * what the script of a test says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>
#include <sqlite3.h>

#include "common/route_map.h"
#include "helper/monitor/jobs.h"
#include "helper/monitor/log.h"
#include "helper/monitor/watcher.h"
#include "tests/unit/monitor_harness.h"
#include "tests/unit/scripted_job.h"

typedef struct fixture_t {
    harness_t harness;
    aphd_monitor_t monitor;
    aphd_settings_t settings;
    char program[PATH_MAX];
    char script[128];
    char database[96], routes[96], apps[96], data[96];
    client_t client;
} fixture_t;

/* As operations.c does, without asking who the peer is: these tests need no root. */
static void request_cb(void *self, aphd_conn_t *conn, const json_t *request)
{
    fixture_t *f = self;
    aph_error_t err = APH_ERROR_INIT;
    int open = 0;
    const char *op = json_string_value(json_object_get(request, "op"));
    const json_t *args = json_object_get(request, "args");
    if (strcmp(op, "job") != 0) {
        static const aphd_who_t root = {.via = "root", .root = 1};
        aphd_order_t order = {aph_op_find(op), args, &root, NULL};
        if (aphd_jobs_submit(f->monitor.jobs, conn, &order, &err) != APR_SUCCESS)
            aphd_conn_fail(conn, &err);
        return;
    }
    aphd_jobs_follow(f->monitor.jobs, conn, json_integer_value(json_object_get(args, "job_id")),
                     &open);
    assert_true(open);
}

static void drained_cb(void *self, aphd_conn_t *conn)
{
    fixture_t *f = self;
    aphd_jobs_drained(f->monitor.jobs, conn);
}

static void round_cb(void *self)
{
    fixture_t *f = self;
    if (f->monitor.jobs != NULL)
        aphd_jobs_round(f->monitor.jobs);
    if (f->monitor.watcher != NULL)
        aphd_watcher_round(f->monitor.watcher);
}

static void open_monitor(fixture_t *f)
{
    assert_int_equal(aphd_store_open(&f->monitor.store, f->database, NULL), APR_SUCCESS);
    assert_int_equal(aphd_jobs_create(&f->monitor.jobs, &f->monitor, NULL), APR_SUCCESS);
    assert_int_equal(aphd_jobs_recover(f->monitor.jobs, NULL), APR_SUCCESS);
}

static void close_monitor(fixture_t *f)
{
    aphd_jobs_destroy(f->monitor.jobs);
    aphd_store_close(f->monitor.store);
}

static int set_up(void **state)
{
    static const char *const domains[] = {"home.arpa", NULL};
    fixture_t *f = calloc(1, sizeof *f);
    aphd_server_calls_t calls = {f, request_cb, drained_cb};
    harness_open(&f->harness, &calls);
    ssize_t length = readlink("/proc/self/exe", f->program, sizeof f->program - 1);
    assert_true(length > 0);
    snprintf(f->database, sizeof f->database, "%s/db", f->harness.folder);
    snprintf(f->routes, sizeof f->routes, "%s/routes", f->harness.folder);
    snprintf(f->apps, sizeof f->apps, "%s/apps", f->harness.folder);
    snprintf(f->data, sizeof f->data, "%s/data", f->harness.folder);
    f->settings = (aphd_settings_t){
        .domains = domains, .max_app_id = 9, .parallel_jobs = 1, .subnet_pool = "10.213.0.0/16",
        .database_path = f->database, .routes_path = f->routes, .apps_dir = f->apps,
        .data_dir = f->data, .public_port = 80};
    f->monitor.settings = &f->settings;
    f->monitor.loop = f->harness.loop;
    f->monitor.server = f->harness.server;
    f->monitor.program.path = f->program;
    aphd_loop_hook(f->harness.loop, round_cb, f);
    open_monitor(f);
    client_connect(&f->client, &f->harness);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    fixture_t *f = *state;
    client_close(&f->client);
    close_monitor(f);
    harness_close(&f->harness);
    free(f);
    return 0;
}

static void use_script(fixture_t *f, const char *name)
{
    snprintf(f->script, sizeof f->script, "%s:%s", f->harness.folder, name);
    f->monitor.program.config_path = f->script;
}

#define INSTALL "{\"op\":\"install\",\"args\":{\"name\":\"photos\",\"script\":\"s\"}}"

/* The last frame of a request; the ones before are counted. */
static json_t *answer_to(client_t *client, int *logs)
{
    json_t *frame;
    while ((frame = client_receive(client, 12000)) != NULL) {
        if (json_object_get(frame, "ok") != NULL || json_object_get(frame, "code") != NULL)
            return frame;
        *logs += json_object_get(frame, "log") != NULL;
        json_decref(frame);
    }
    return NULL;
}

static void expect_end(fixture_t *f, const char *code, const char *words)
{
    int logs = 0;
    json_t *frame = answer_to(&f->client, &logs);
    assert_non_null(frame);
    if (code == NULL) {
        assert_non_null(json_object_get(frame, "ok"));
    } else {
        assert_string_equal(json_string_value(json_object_get(frame, "code")), code);
        assert_non_null(strstr(json_string_value(json_object_get(frame, "message")), words));
    }
    json_decref(frame);
}

static const char *state_of(fixture_t *f, const char *name)
{
    aphd_app_t app;
    if (aphd_store_app_by_name(f->monitor.store, name, &app, NULL) != APR_SUCCESS)
        return "none";
    return aphd_app_state_name(app.state);
}

static int route_state(fixture_t *f, const char *host)
{
    aph_route_map_t *map = NULL;
    aph_route_t route = {.state = 0};
    assert_int_equal(aph_route_map_open(&map, f->routes, NULL), APR_SUCCESS);
    apr_status_t status = aph_route_map_find(map, host, strlen(host), &route);
    aph_route_map_close(map);
    return status == APR_SUCCESS ? route.state : 0;
}

static const char *result_of(fixture_t *f, int64_t job_id, json_t **row)
{
    assert_int_equal(aphd_store_job_json(f->monitor.store, job_id, 1, row, NULL), APR_SUCCESS);
    return json_string_value(json_object_get(*row, "result"));
}

static void test_an_installation(void **state)
{
    fixture_t *f = *state;
    json_t *row = NULL;
    int logs = 0;
    use_script(f, "happy");
    client_send_json(&f->client, INSTALL);
    json_t *first = client_receive(&f->client, 2000);
    assert_int_equal(json_integer_value(json_object_get(json_object_get(first, "progress"), "job")),
                     1);
    json_decref(first);
    json_t *answer = answer_to(&f->client, &logs);
    assert_int_equal(json_integer_value(json_object_get(json_object_get(answer, "ok"), "x")), 1);
    assert_int_equal(logs, 1);
    json_decref(answer);
    assert_string_equal(state_of(f, "photos"), "running");
    assert_int_equal(route_state(f, "photos.home.arpa"), APH_ROUTE_RUNNING);
    assert_string_equal(result_of(f, 1, &row), "done");
    assert_string_equal(json_string_value(json_object_get(row, "log")), "pulling\n");
    json_decref(row);
    client_send_json(&f->client, INSTALL); /* the same connection, the next request */
    expect_end(f, "taken", "installed already");
}

/* SOCK-10: by request, verb by verb and state by state. What is not admitted makes no row of a job
 * and starts nothing; what is admitted and then comes to nothing leaves the state as it was. */
static void test_every_verb_in_every_state(void **state)
{
    /* + admitted   t taken   b busy   n not found. none ... kept */
    static const struct { const char *op, *args, *by_state; } rows[] = {
        {"install", "\"script\":\"s\",", "+ttttt+"}, {"uninstall", "", "n+++++n"},
        {"uninstall", "\"purge\":true,", "n++++++"}, {"start", "", "nb++++n"},
        {"stop", "", "nb++++n"}, {"restart", "", "nb++++n"}, {"logs", "", "n+++++n"},
    };
    fixture_t *f = *state;
    int64_t jobs = 1;
    sqlite3 *db = NULL;
    use_script(f, "happy");
    client_send_json(&f->client, INSTALL);
    expect_end(f, NULL, NULL);
    assert_int_equal(sqlite3_open(f->database, &db), SQLITE_OK); /* as after an uninstallation */
    assert_int_equal(sqlite3_exec(db, "UPDATE apps SET kept = 1", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
    use_script(f, "die-at-once");
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        for (int s = APHD_APP_NONE; s < APHD_APP_STATES; s++) {
            aphd_app_change_t change = {.state = (aphd_app_state_t)s, .reason = ""};
            const char *name = s == APHD_APP_NONE ? "nobodys" : "photos";
            char letter = rows[i].by_state[s], request[128];
            const char *code = letter == '+' ? "internal" : letter == 't' ? "taken"
                             : letter == 'b' ? "busy" : "not-found";
            json_t *row = NULL;
            if (s != APHD_APP_NONE)
                assert_int_equal(aphd_store_app_change(f->monitor.store, 1, &change, 1, NULL),
                                 APR_SUCCESS);
            snprintf(request, sizeof request, "{\"op\":\"%s\",\"args\":{%s\"name\":\"%s\"}}",
                     rows[i].op, rows[i].args, name);
            client_send_json(&f->client, request);
            expect_end(f, code, "");
            jobs += letter == '+' && strcmp(rows[i].op, "logs") != 0;
            assert_int_equal(aphd_store_job_json(f->monitor.store, jobs, 0, &row, NULL),
                             APR_SUCCESS);
            json_decref(row);
            assert_int_equal(aphd_store_job_json(f->monitor.store, jobs + 1, 0, &row, NULL),
                             APH_ENOTFOUND);
            assert_string_equal(state_of(f, name), s == APHD_APP_NONE
                                ? "none" : aphd_app_state_name((aphd_app_state_t)s));
        }
}

static void test_death_before_any_effect(void **state)
{
    fixture_t *f = *state;
    json_t *row = NULL;
    use_script(f, "die-at-once");
    client_send_json(&f->client, INSTALL);
    expect_end(f, "internal", "status 9");
    use_script(f, "die-after-reserve");
    client_send_json(&f->client, INSTALL);
    expect_end(f, "internal", "signal 9");
    assert_string_equal(state_of(f, "photos"), "none");
    assert_int_equal(route_state(f, "photos.home.arpa"), 0);
    assert_string_equal(result_of(f, 2, &row), "rolled-back");
    json_decref(row);
}

static void test_death_after_a_step_is_recovered(void **state)
{
    fixture_t *f = *state;
    json_t *row = NULL;
    use_script(f, "die-after-step");
    client_send_json(&f->client, INSTALL);
    expect_end(f, "internal", "because");
    assert_string_equal(state_of(f, "photos"), "none");
    assert_string_equal(result_of(f, 1, &row), "rolled-back");
    json_decref(row);
}

static void test_death_in_recovery_too(void **state)
{
    fixture_t *f = *state;
    json_t *row = NULL;
    use_script(f, "die-always");
    client_send_json(&f->client, INSTALL);
    expect_end(f, "internal", "could not be undone");
    assert_string_equal(state_of(f, "photos"), "failing");
    assert_int_equal(route_state(f, "photos.home.arpa"), APH_ROUTE_FAILING);
    assert_string_equal(result_of(f, 1, &row), "failed");
    json_decref(row);
}

static void test_recovery_waits_for_the_engine(void **state)
{
    fixture_t *f = *state;
    use_script(f, "without-engine");
    client_send_json(&f->client, INSTALL);
    expect_end(f, "engine", "as soon as the engine answers"); /* the client is not kept waiting */
    assert_true(aphd_jobs_busy(f->monitor.jobs, "photos"));
    for (int i = 0; i < 200 && aphd_jobs_busy(f->monitor.jobs, "photos"); i++)
        harness_turn(&f->harness, 50);
    assert_false(aphd_jobs_busy(f->monitor.jobs, "photos"));
}

static void test_frames_out_of_step(void **state)
{
    fixture_t *f = *state;
    use_script(f, "garbage");
    client_send_json(&f->client, INSTALL);
    expect_end(f, "internal", "signal 9");
    assert_string_equal(state_of(f, "photos"), "none");
}

/* Turns the loop until the job has said that it waits. */
static void until_waiting(fixture_t *f)
{
    for (int i = 0; i < 400; i++) {
        const char *log = aphd_jobs_log(f->monitor.jobs, 1);
        if (log != NULL && strcmp(log, "waiting\n") == 0)
            return;
        harness_turn(&f->harness, 10);
    }
    fail_msg("the job does not wait");
}

static void test_one_job_per_app_and_a_queue(void **state)
{
    fixture_t *f = *state;
    client_t second, third;
    int ended = 0;
    use_script(f, "wait-for-term");
    client_send_json(&f->client, INSTALL);
    until_waiting(f);
    client_connect(&second, &f->harness);
    client_send_json(&second, INSTALL);
    json_t *busy = client_receive(&second, 2000);
    assert_string_equal(json_string_value(json_object_get(busy, "code")), "busy");
    assert_non_null(strstr(json_string_value(json_object_get(busy, "message")), "job 1"));
    json_decref(busy);
    /* One at once is allowed: another app's job waits, and can be cancelled while it does. */
    client_send_json(&second, "{\"op\":\"install\",\"args\":{\"name\":\"wiki\",\"script\":\"s\"}}");
    json_t *queued = client_receive(&second, 2000);
    assert_string_equal(
        json_string_value(json_object_get(json_object_get(queued, "progress"), "step")), "queued");
    json_decref(queued);
    harness_turn(&f->harness, 50);
    assert_int_equal(aphd_jobs_cancel(f->monitor.jobs, 2, &ended, NULL), APR_SUCCESS);
    assert_true(ended);
    queued = client_receive(&second, 2000);
    assert_string_equal(json_string_value(json_object_get(queued, "code")), "cancelled");
    json_decref(queued);
    /* Someone who came to watch gets the log so far and, at the end, the row. */
    client_connect(&third, &f->harness);
    client_send_json(&third, "{\"op\":\"job\",\"args\":{\"job_id\":1}}");
    int logs = 0;
    harness_turn(&f->harness, 50);
    assert_int_equal(aphd_jobs_cancel(f->monitor.jobs, 1, &ended, NULL), APR_SUCCESS);
    assert_false(ended);
    expect_end(f, "cancelled", "because");
    json_t *row = answer_to(&third, &logs);
    assert_int_equal(logs, 1);
    assert_string_equal(
        json_string_value(json_object_get(json_object_get(row, "ok"), "result")), "rolled-back");
    json_decref(row);
    assert_int_equal(aphd_jobs_cancel(f->monitor.jobs, 1, &ended, NULL), APH_ENOTFOUND); /* ended */
    assert_int_equal(aphd_jobs_cancel(f->monitor.jobs, 9, &ended, NULL), APH_ENOTFOUND);
    client_close(&second);
    client_close(&third);
}

static void test_a_client_that_leaves_ends_no_job(void **state)
{
    fixture_t *f = *state;
    json_t *row = NULL;
    use_script(f, "happy");
    client_send_json(&f->client, INSTALL);
    for (int i = 0; i < 1000 && !aphd_jobs_busy(f->monitor.jobs, "photos"); i++)
        harness_turn(&f->harness, 1); /* one turn may do no more than accept */
    assert_true(aphd_jobs_busy(f->monitor.jobs, "photos"));
    client_close(&f->client);
    for (int i = 0; i < 1200 && aphd_jobs_busy(f->monitor.jobs, "photos"); i++)
        harness_turn(&f->harness, 10);
    assert_string_equal(result_of(f, 1, &row), "done");
    json_decref(row);
    client_connect(&f->client, &f->harness);
}

/* As after kill -9 of apphostd: a queued job is queued again, an interrupted one is recovered, and
 * until then its app is busy. */
static void test_the_next_start_takes_up_what_was_open(void **state)
{
    fixture_t *f = *state;
    json_t *row = NULL;
    use_script(f, "wait-for-term");
    client_send_json(&f->client, INSTALL);
    until_waiting(f);
    client_t second;
    client_connect(&second, &f->harness);
    client_send_json(&second, "{\"op\":\"install\",\"args\":{\"name\":\"wiki\",\"script\":\"s\"}}");
    json_decref(client_receive(&second, 2000));
    client_close(&second);
    close_monitor(f);
    use_script(
        f, "die-after-step"); /* what recovers the first; the second dies and is recovered too */
    open_monitor(f);
    assert_true(aphd_jobs_busy(f->monitor.jobs, "photos"));
    assert_true(aphd_jobs_busy(f->monitor.jobs, "wiki"));
    for (int i = 0; i < 500; i++)
        if (aphd_jobs_busy(f->monitor.jobs, "photos") || aphd_jobs_busy(f->monitor.jobs, "wiki"))
            harness_turn(&f->harness, 10);
    assert_string_equal(result_of(f, 1, &row), "rolled-back");
    json_decref(row);
    assert_non_null(result_of(f, 2, &row));
    json_decref(row);
    assert_string_equal(state_of(f, "photos"), "none");
}

static void add_running_app(fixture_t *f)
{
    use_script(f, "happy");
    client_send_json(&f->client, INSTALL);
    expect_end(f, NULL, NULL);
}

static void test_stream_ends_with_its_client(void **state)
{
    fixture_t *f = *state;
    add_running_app(f);
    use_script(f, "for-ever");
    client_send_json(&f->client,
                     "{\"op\":\"logs\",\"args\":{\"name\":\"photos\",\"follow\":true}}");
    for (int i = 0; i < 20; i++) {
        json_t *frame = client_receive(&f->client, 2000);
        assert_non_null(json_object_get(frame, "log"));
        json_decref(frame);
    }
    client_close(&f->client);
    harness_turn(&f->harness, 300); /* its child reads end of file and goes; a leak would show */
    client_connect(&f->client, &f->harness);
}

/* A stream waits for its reader instead of dropping it or filling our memory. */
static void test_slow_reader_of_a_stream(void **state)
{
    fixture_t *f = *state;
    int logs = 0;
    add_running_app(f);
    use_script(f, "chatter");
    client_send_json(&f->client, "{\"op\":\"logs\",\"args\":{\"name\":\"photos\"}}");
    harness_turn(&f->harness, 300); /* nobody reads meanwhile */
    json_t *answer = answer_to(&f->client, &logs);
    assert_non_null(json_object_get(answer, "ok"));
    json_decref(answer);
    assert_int_equal(logs, CHATTER_LINES);
}

/* The number 0 is no stream's: who asks for job 0 must not meet somebody's log. */
static void test_streams_have_no_number(void **state)
{
    fixture_t *f = *state;
    int ended = 0;
    add_running_app(f);
    use_script(f, "for-ever");
    client_send_json(&f->client,
                     "{\"op\":\"logs\",\"args\":{\"name\":\"photos\",\"follow\":true}}");
    json_decref(client_receive(&f->client, 2000));
    assert_int_equal(aphd_jobs_cancel(f->monitor.jobs, 0, &ended, NULL), APH_ENOTFOUND);
    assert_null(aphd_jobs_log(f->monitor.jobs, 0));
}

/* A job that cannot start, in a database that cannot store that: whoever waits hears of it. */
static void test_an_end_that_cannot_be_stored_is_told(void **state)
{
    fixture_t *f = *state;
    sqlite3 *db = NULL;
    assert_int_equal(sqlite3_open(f->database, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db,
                                  "CREATE TRIGGER no_end BEFORE UPDATE OF state ON jobs "
                                  "WHEN new.state = 'ended' BEGIN SELECT raise(ABORT, 'no end'); "
                                  "END",
                                  NULL, NULL, NULL),
                     SQLITE_OK);
    f->monitor.program.path = "/there/is/no/apphost-job";
    client_send_json(&f->client, INSTALL);
    expect_end(f, "internal", "no end");
    harness_turn(&f->harness, 20);
    assert_true(aphd_jobs_busy(f->monitor.jobs, "photos"));
    assert_int_equal(sqlite3_exec(db, "DROP TRIGGER no_end", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
    for (int i = 0; i < 100 && aphd_jobs_busy(f->monitor.jobs, "photos"); i++)
        harness_turn(&f->harness, 100);
    assert_false(aphd_jobs_busy(f->monitor.jobs, "photos"));
}

/* Routes that cannot be written: the job that asked for it fails and leaves no row, and the file is
 * written as soon as it can be, without anything else happening. */
static void test_routes_are_written_later(void **state)
{
    fixture_t *f = *state;
    aph_route_map_t *map = NULL;
    assert_int_equal(mkdir(f->routes, 0700), 0); /* no file can be renamed over it */
    use_script(f, "reserve-refused");
    client_send_json(&f->client, INSTALL);
    expect_end(f, "no-space", "because");
    assert_string_equal(state_of(f, "photos"), "none");
    assert_int_equal(rmdir(f->routes), 0);
    for (int i = 0; i < 50 && map == NULL; i++) {
        harness_turn(&f->harness, 100);
        aph_route_map_open(&map, f->routes, NULL);
    }
    assert_non_null(map);
    assert_int_equal(aph_route_map_count(map), 0);
    aph_route_map_close(map);
}

static void test_the_watcher(void **state)
{
    fixture_t *f = *state;
    add_running_app(f);
    use_script(f, "watch");
    assert_int_equal(aphd_watcher_create(&f->monitor.watcher, &f->monitor, NULL), APR_SUCCESS);
    for (int i = 0; i < 300 && f->monitor.engine.state != APHD_ENGINE_DOWN; i++)
        harness_turn(&f->harness, 10);
    assert_int_equal(f->monitor.engine.state, APHD_ENGINE_DOWN);
    assert_string_equal(f->monitor.engine.message, "gone");
    /* "running" came with an engine that was down: the state of before stays. */
    assert_string_equal(state_of(f, "photos"), "failing");
    assert_int_equal(route_state(f, "photos.home.arpa"), APH_ROUTE_FAILING);
    aphd_watcher_destroy(f->monitor.watcher);
    f->monitor.watcher = NULL;
}

#define WITH_MONITOR(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(int argc, char **argv)
{
    static const struct CMUnitTest tests[] = {
        WITH_MONITOR(test_an_installation),
        WITH_MONITOR(test_every_verb_in_every_state),
        WITH_MONITOR(test_death_before_any_effect),
        WITH_MONITOR(test_death_after_a_step_is_recovered),
        WITH_MONITOR(test_death_in_recovery_too),
        WITH_MONITOR(test_recovery_waits_for_the_engine),
        WITH_MONITOR(test_frames_out_of_step),
        WITH_MONITOR(test_one_job_per_app_and_a_queue),
        WITH_MONITOR(test_a_client_that_leaves_ends_no_job),
        WITH_MONITOR(test_the_next_start_takes_up_what_was_open),
        WITH_MONITOR(test_stream_ends_with_its_client),
        WITH_MONITOR(test_slow_reader_of_a_stream),
        WITH_MONITOR(test_streams_have_no_number),
        WITH_MONITOR(test_an_end_that_cannot_be_stored_is_told),
        WITH_MONITOR(test_routes_are_written_later),
        WITH_MONITOR(test_the_watcher),
    };
    if (argc == 3 && strcmp(argv[1], "-c") == 0)
        return scripted_job_play(argv[2]);
    return cmocka_run_group_tests_name("monitor_jobs", tests, NULL, NULL);
}
