/* SPDX-License-Identifier: Apache-2.0 */
/* What the watcher concludes from lists and probes, and that it tells each change once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

#include "helper/job/halt.h"
#include "helper/job/watch_apps.h"

#define SECOND ((apr_time_t)1000000)

static void replace(aphd_watched_list_t *list, const char *state)
{
    json_auto_t *rows = json_pack("[{s:i, s:s, s:s, s:b, s:i}]", "app_id", 7, "name", "photos",
                                  "state", state, "web", 1, "port", 35007);
    aphd_watched_replace(list, rows, "home.arpa");
}

static void judge(aphd_watched_list_t *list, const char *state, const char *status, apr_time_t now)
{
    json_auto_t *containers = state == NULL ? json_array() : json_pack(
        "[{s:s, s:s, s:s, s:{s:s, s:s}}]", "Id", "abc", "State", state, "Status", status, "Labels",
        "org.apphost.app", "7", "com.docker.compose.service", "web");
    aphd_watched_judge(list, containers, now);
}

/* The state that is news now, or "". Valid until the next call. */
static const char *news(aphd_watched_list_t *list)
{
    static char state[32];
    json_auto_t *told = aphd_watched_news(list, 0);
    const char *text = json_string_value(json_object_get(json_array_get(told, 0), "state"));
    state[0] = '\0';
    if (text != NULL)
        strncat(state, text, sizeof state - 1);
    return state;
}

/* After a boot nothing runs, and what is started may need more than one try. */
static void test_waking(void **state)
{
    aphd_watched_t app = {.wanted = 1};
    apr_time_t now = 100 * SECOND;
    assert_true(aphd_watched_should_wake(&app, 1, now));
    assert_false(aphd_watched_should_wake(&app, 0, now));
    aphd_watched_woken(&app, 0, 1, now);
    assert_false(aphd_watched_should_wake(&app, 1, now + SECOND));
    assert_true(aphd_watched_should_wake(&app, 0, now + 2 * SECOND));
    for (int i = 1; i < 10; i++) {
        now = app.wake_at;
        assert_true(aphd_watched_should_wake(&app, 0, now));
        aphd_watched_woken(&app, 1, 1, now);
        assert_true(app.wake_at - now <= 60 * SECOND);
    }
    assert_false(aphd_watched_should_wake(&app, 1, app.wake_at));
    app = (aphd_watched_t){.wanted = 1, .wakes_failed = 2};
    aphd_watched_woken(&app, 2, 0, now);
    assert_false(aphd_watched_should_wake(&app, 0, now));
    aphd_watched_woken(&app, 2, 0, now);
    aphd_watched_woken(&app, 2, 0, now);
    assert_false(aphd_watched_should_wake(&app, 1, now));
    app = (aphd_watched_t){.wanted = 1, .busy = 1};
    assert_false(aphd_watched_should_wake(&app, 1, now));
    app = (aphd_watched_t){.wanted = 1, .up = 1};
    assert_false(aphd_watched_should_wake(&app, 1, now));
    assert_true(aphd_watched_ended("created") && aphd_watched_ended("exited"));
    assert_false(aphd_watched_ended("running") || aphd_watched_ended("paused")
                 || aphd_watched_ended(NULL));
}

/* The port of a running app may be somebody else's without a word of the engine's: what a job says of it
 * undoes the answer of before. */
static void test_a_job_that_says_otherwise_is_believed(void **state)
{
    aphd_watched_list_t list = {NULL, 0};
    replace(&list, "running");
    judge(&list, "running", "Up 1 second", SECOND);
    aphd_watched_probed(&list.apps[0], 1, SECOND, 60);
    assert_string_equal(news(&list), "");
    replace(&list, "starting");
    assert_string_equal(news(&list), "");
    replace(&list, "failing");
    judge(&list, "running", "Up 2 seconds", 2 * SECOND);
    assert_string_equal(news(&list), "");
    assert_false(list.apps[0].proven);
    aphd_watched_probed(&list.apps[0], 0, 2 * SECOND, 60);
    assert_string_equal(news(&list), "");
    aphd_watched_probed(&list.apps[0], 1, 3 * SECOND, 60);
    assert_string_equal(news(&list), "running");
    aphd_watched_clear(&list);
}

/* On an engine that starts it again at once: 8 ends in 20 seconds, and it rests. */
static void test_what_keeps_ending_rests(void **state)
{
    aphd_watched_t app = {.wanted = 1};
    apr_time_t now = 100 * SECOND;
    for (int i = 0; i < 40; i++) /* now and then is no reason */
        aphd_watched_fell(&app, "abc", now += 3 * SECOND);
    assert_string_equal(app.falling, "");
    for (int i = 0; i < 8; i++)
        aphd_watched_fell(&app, "abc", now += SECOND);
    assert_string_equal(app.falling, "abc");
    static const int pauses[] = {10, 20, 40, 60, 60};
    for (size_t i = 0; i < sizeof pauses / sizeof pauses[0]; i++) {
        aphd_watched_rests(&app, now);
        assert_string_equal(app.falling, "");
        assert_int_equal((app.rest_until - now) / SECOND, pauses[i]);
        assert_false(aphd_watched_should_wake(&app, 1, app.rest_until - 1));
        assert_true(aphd_watched_should_wake(&app, 0, app.rest_until));
        now = app.rest_until;
        aphd_watched_woken(&app, 1, 0, now);
        assert_int_equal(app.wakes, 0);
        assert_int_equal(app.rest_until, 0);
    }
    now += 1000 * SECOND;
    aphd_watched_rests(&app, now);
    assert_int_equal((app.rest_until - now) / SECOND, 10);

    app = (aphd_watched_t){.wanted = 0};
    for (int i = 0; i < 40; i++)
        aphd_watched_fell(&app, "abc", now);
    assert_string_equal(app.falling, "");
}

static void test_a_start(void **state)
{
    aphd_watched_list_t list = {NULL, 0};
    replace(&list, "stopped");
    assert_string_equal(list.apps[0].host, "photos.home.arpa");
    judge(&list, NULL, NULL, 1 * SECOND);
    assert_string_equal(news(&list), "");
    judge(&list, "running", "Up 1 second", 2 * SECOND);
    assert_string_equal(news(&list), "starting");
    assert_string_equal(news(&list), "");
    aphd_watched_probed(&list.apps[0], 0, 3 * SECOND, 20);
    assert_string_equal(news(&list), "");
    assert_true(list.apps[0].probe_at > 3 * SECOND);
    aphd_watched_probed(&list.apps[0], 1, 4 * SECOND, 20);
    assert_string_equal(news(&list), "running");
    judge(&list, "running", "Up 3 seconds", 5 * SECOND);
    assert_string_equal(news(&list), "");
    judge(&list, "exited", "Exited (0) 1 second ago", 6 * SECOND);
    assert_string_equal(news(&list), "stopped");
    aphd_watched_clear(&list);
}

static void test_one_that_never_answers(void **state)
{
    aphd_watched_list_t list = {NULL, 0};
    replace(&list, "starting");
    judge(&list, "running", "Up 1 second", 100 * SECOND);
    assert_string_equal(news(&list), "");
    aphd_watched_probed(&list.apps[0], 0, 119 * SECOND, 20);
    assert_string_equal(news(&list), "");
    aphd_watched_probed(&list.apps[0], 0, 121 * SECOND, 20);
    assert_string_equal(news(&list), "failing");
    judge(&list, "running", "Up 2 minutes", 150 * SECOND);
    assert_string_equal(news(&list), "");
    aphd_watched_probed(&list.apps[0], 1, 151 * SECOND, 20);
    assert_string_equal(news(&list), "running");
    aphd_watched_clear(&list);
}

/* The monitor was restarted under load: one slow answer does not take the route away. */
static void test_a_running_app_is_given_the_benefit(void **state)
{
    aphd_watched_list_t list = {NULL, 0};
    replace(&list, "running");
    judge(&list, "running", "Up 3 hours", 100 * SECOND);
    for (int i = 0; i < APHD_PROOFS_MISSED - 1; i++) {
        aphd_watched_probed(&list.apps[0], 0, (101 + i) * SECOND, 60);
        assert_string_equal(news(&list), "");
    }
    aphd_watched_probed(&list.apps[0], 0, 105 * SECOND, 60);
    assert_string_equal(news(&list), "starting");
    aphd_watched_clear(&list);
}

/* An install saw it answer and published it; our own probe, a moment before, had missed. */
static void test_a_job_that_published_is_believed(void **state)
{
    aphd_watched_list_t list = {NULL, 0};
    replace(&list, "installing");
    judge(&list, "running", "Up Less than a second", 1 * SECOND);
    aphd_watched_probed(&list.apps[0], 0, 1 * SECOND, 60);
    assert_string_equal(news(&list), "starting");
    replace(&list, "running");
    judge(&list, "running", "Up 1 second", 2 * SECOND);
    assert_string_equal(news(&list), "");
    assert_int_equal(list.apps[0].probe_at, 0);
    aphd_watched_probed(&list.apps[0], 1, 2 * SECOND, 60);
    assert_string_equal(news(&list), "");
    aphd_watched_clear(&list);
}

static void test_a_crash_loop(void **state)
{
    aphd_watched_list_t list = {NULL, 0};
    replace(&list, "running");
    judge(&list, "restarting", "Restarting (1) 2 seconds ago", 1 * SECOND);
    assert_string_equal(news(&list), "failing");
    assert_non_null(strstr(list.apps[0].reason, "web"));
    aphd_watched_clear(&list);
}

static void test_rows_come_and_go(void **state)
{
    aphd_watched_list_t list = {NULL, 0};
    replace(&list, "running");
    judge(&list, "running", "Up", 1 * SECOND);
    aphd_watched_probed(&list.apps[0], 1, 1 * SECOND, 60);
    replace(&list, "running");
    assert_true(list.apps[0].proven);
    replace(&list, "kept");
    assert_int_equal(list.count, 0);
    assert_null(aphd_watched_find(&list, 7));
    judge(&list, "running", "Up", 2 * SECOND);
    aphd_watched_clear(&list);
}

/* Work before a wait can use up its time, and more: a watcher that waited for ever then did not see
 * its engine come back. */
static void test_a_time_that_is_over_is_not_waited_for(void **state)
{
    int ends[2], ready = 1;
    aph_error_t err = APH_ERROR_INIT;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    aphd_halt_t halt = {.signal_fd = -1, .peer_fd = ends[0]};
    alarm(20);
    assert_int_equal(aphd_halt_wait(&halt, ends[0], POLLIN, -3, &ready, &err), APR_SUCCESS);
    assert_int_equal(ready, 0);
    assert_int_equal(aphd_halt_sleep(&halt, -1, &err), APR_SUCCESS);
    alarm(0);
    close(ends[0]);
    close(ends[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_waking),
        cmocka_unit_test(test_a_job_that_says_otherwise_is_believed),
        cmocka_unit_test(test_what_keeps_ending_rests),
        cmocka_unit_test(test_a_start),
        cmocka_unit_test(test_one_that_never_answers),
        cmocka_unit_test(test_a_running_app_is_given_the_benefit),
        cmocka_unit_test(test_a_job_that_published_is_believed),
        cmocka_unit_test(test_a_crash_loop),
        cmocka_unit_test(test_rows_come_and_go),
        cmocka_unit_test(test_a_time_that_is_over_is_not_waited_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
