/* SPDX-License-Identifier: Apache-2.0 */
/* The monitor's pure decisions: what may be asked of an app in which state, what an observation
 * means, what becomes of an interrupted job. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "common/ops.h"
#include "helper/monitor/back_off.h"
#include "helper/monitor/admission.h"
#include "helper/monitor/log_tail.h"
#include "helper/monitor/observe.h"
#include "helper/monitor/recovery.h"

enum { OK = APR_SUCCESS, NOT = APH_ENOTFOUND, HAS = APH_ETAKEN, BSY = APH_EBUSY };

/* SOCK-10: none, installing, starting, running, stopped, failing, kept */
static const struct {
    const char *op;
    const char *args;
    apr_status_t by_state[APHD_APP_STATES];
} expected[] = {
    {"install", "{}", {OK, HAS, HAS, HAS, HAS, HAS, OK}},
    {"uninstall", "{}", {NOT, OK, OK, OK, OK, OK, NOT}},
    {"uninstall", "{\"purge\":true}", {NOT, OK, OK, OK, OK, OK, OK}},
    {"start", "{}", {NOT, BSY, OK, OK, OK, OK, NOT}},
    {"stop", "{}", {NOT, BSY, OK, OK, OK, OK, NOT}},
    {"restart", "{}", {NOT, BSY, OK, OK, OK, OK, NOT}},
    {"update", "{}", {NOT, BSY, OK, OK, OK, OK, NOT}},
    {"rollback", "{}", {NOT, BSY, OK, OK, OK, OK, NOT}},
    {"logs", "{}", {NOT, OK, OK, OK, OK, OK, NOT}},
    {"changes", "{}", {NOT, OK, OK, OK, OK, OK, NOT}},
    {"state", "{}", {NOT, OK, OK, OK, OK, OK, OK}},
};

static void test_every_operation_in_every_state(void **state)
{
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++) {
        json_t *args = json_loads(expected[i].args, 0, NULL);
        for (int s = 0; s < APHD_APP_STATES; s++) {
            aph_error_t err = APH_ERROR_INIT;
            apr_status_t got = aphd_admission_check(expected[i].op, args, "photos",
                                                    (aphd_app_state_t)s, &err);
            if (got != expected[i].by_state[s])
                fail_msg("%s in state %d: %d", expected[i].op, s, got);
            if (got != APR_SUCCESS)
                assert_non_null(strstr(err.message, "photos"));
        }
        json_decref(args);
    }
}

/* Whoever adds a job or stream to ops.def must say here in which states it is admitted. */
static void test_every_job_is_in_the_table(void **state)
{
    size_t count;
    const aph_op_t *ops = aph_ops(&count);
    for (size_t i = 0; i < count; i++) {
        int listed = 0;
        for (size_t k = 0; k < sizeof expected / sizeof expected[0]; k++)
            listed |= strcmp(expected[k].op, ops[i].name) == 0;
        int of_people =
            (ops[i].scope & (APH_SCOPE_SELF | APH_SCOPE_PEOPLE | APH_SCOPE_ANYONE)) != 0;
        int of_one_app = strstr(ops[i].arguments, "name:label!") != NULL;
        assert_int_equal(listed, ops[i].kind != APH_OP_QUERY && of_one_app && !of_people);
    }
    assert_int_equal(aphd_admission_check("list", NULL, "x", APHD_APP_NONE, NULL), APH_EINTERNAL);
}

/* The clock is ours: waits double from the fifth try on, end, are forgiven, and are forgotten. */
static void test_back_off(void **state)
{
    static aphd_back_off_t b;
    char name[16];
    int64_t now = 100;
    for (int i = 1; i < APHD_BACK_OFF_FREE; i++) {
        aphd_back_off_tried(&b, "ada", now);
        assert_int_equal(aphd_back_off_wait(&b, "ada", now), 0);
    }
    for (int64_t wait = 1, i = 0;
         i<14; i++, wait = wait * 2> APHD_BACK_OFF_MAX ? APHD_BACK_OFF_MAX : wait * 2) {
        aphd_back_off_tried(&b, "ada", now);
        assert_int_equal(aphd_back_off_wait(&b, "ada", now), wait);
        assert_int_equal(aphd_back_off_wait(&b, "bob", now), 0);
        now += wait;
        assert_int_equal(aphd_back_off_wait(&b, "ada", now), 0);
    }
    aphd_back_off_right(&b, "ada");
    aphd_back_off_tried(&b, "ada", now);
    assert_int_equal(aphd_back_off_wait(&b, "ada", now), 0);
    for (int i = 0; i < 10; i++)
        aphd_back_off_tried(&b, "ada", now);
    for (int i = 0; i < 200;
         i++) { /* names without end do not drive it out, and wait all together */
        snprintf(name, sizeof name, "n%d", i);
        aphd_back_off_tried(&b, name, now);
    }
    assert_int_equal(aphd_back_off_wait(&b, "eve", now), APHD_BACK_OFF_ALL_MAX);
    assert_int_equal(aphd_back_off_wait(&b, "ada", now), 64);
    now += 64 + APHD_BACK_OFF_FORGET + 1;
    aphd_back_off_tried(&b, "ada", now);
    assert_int_equal(aphd_back_off_wait(&b, "ada", now), 0);
}

static void test_names(void **state)
{
    static const char *const domains[] = {"home.arpa", "photos.home.arpa", "example.org", NULL};
    assert_int_equal(aphd_admission_name("wiki", "box", domains, NULL), APR_SUCCESS);
    assert_int_equal(aphd_admission_name("photos", "box", domains, NULL), APH_ETAKEN);
    assert_int_equal(aphd_admission_name("photo", "box", domains, NULL), APR_SUCCESS);
    assert_int_equal(aphd_admission_name("home", "box", domains, NULL), APR_SUCCESS);
    assert_int_equal(aphd_admission_name("box", "box", domains, NULL), APH_ETAKEN);
    assert_int_equal(aphd_admission_name("www", NULL, domains, NULL), APH_ETAKEN);
    assert_int_equal(aphd_admission_name("Wiki", NULL, domains, NULL), APH_EUSAGE);
}

static aphd_app_state_t observed(aphd_app_state_t is, int desired, aphd_app_state_t seen, int busy)
{
    aphd_app_t app = {.state = is, .desired_running = desired != 0};
    return aphd_observe_state(&app, seen, busy);
}

static void test_observations(void **state)
{
    assert_int_equal(observed(APHD_APP_FAILING, 1, APHD_APP_RUNNING, 0), APHD_APP_RUNNING);
    assert_int_equal(observed(APHD_APP_RUNNING, 1, APHD_APP_STARTING, 0), APHD_APP_STARTING);
    assert_int_equal(observed(APHD_APP_RUNNING, 1, APHD_APP_STOPPED, 0), APHD_APP_FAILING);
    assert_int_equal(observed(APHD_APP_RUNNING, 1, APHD_APP_FAILING, 0), APHD_APP_FAILING);
    assert_int_equal(observed(APHD_APP_RUNNING, 1, APHD_APP_NONE, 0), APHD_APP_RUNNING);
    assert_int_equal(observed(APHD_APP_STOPPED, 0, APHD_APP_RUNNING, 0), APHD_APP_STOPPED);
    assert_int_equal(observed(APHD_APP_FAILING, 0, APHD_APP_FAILING, 0), APHD_APP_STOPPED);
    for (int seen = APHD_APP_NONE; seen < APHD_APP_STATES; seen++) {
        aphd_app_state_t what = (aphd_app_state_t)seen;
        assert_int_equal(observed(APHD_APP_RUNNING, 1, what, 1), APHD_APP_RUNNING);
        assert_int_equal(observed(APHD_APP_KEPT, 0, what, 0), APHD_APP_KEPT);
        assert_int_equal(observed(APHD_APP_INSTALLING, 1, what, 0), APHD_APP_INSTALLING);
    }
}

static void test_recovery(void **state)
{
    aphd_job_row_t queued = {.running = 0};
    aphd_job_row_t begun = {.running = 1};
    aphd_job_row_t deep = {.running = 1, .step = "images", .undo = "{}"};
    assert_int_equal(aphd_recovery_at_start(&queued), APHD_RECOVERY_QUEUE);
    assert_int_equal(aphd_recovery_at_start(&begun), APHD_RECOVERY_CLOSE);
    assert_int_equal(aphd_recovery_at_start(&deep), APHD_RECOVERY_RUN);
    assert_int_equal(aphd_recovery_after_death(NULL, 0), APHD_RECOVERY_CLOSE);
    assert_int_equal(aphd_recovery_after_death("images", 0), APHD_RECOVERY_RUN);
    assert_int_equal(aphd_recovery_after_death("images", APHD_RECOVERIES_MAX - 1),
                     APHD_RECOVERY_RUN);
    assert_int_equal(aphd_recovery_after_death("images", APHD_RECOVERIES_MAX),
                     APHD_RECOVERY_GIVE_UP);
    assert_int_equal(aphd_recovery_after_death(NULL, 1), APHD_RECOVERY_GIVE_UP);
}

/* Data of an earlier installation survives every end of a later one. */
static void test_ends_of_an_app(void **state)
{
    assert_int_equal(aphd_recovery_app_end("install", "keep", 0), APHD_END_KEEP);
    assert_int_equal(aphd_recovery_app_end("install", "gone", 0), APHD_END_GONE);
    assert_int_equal(aphd_recovery_app_end("install", "gone", 1), APHD_END_KEPT_DATA);
    assert_int_equal(aphd_recovery_app_end("install", NULL, 0), APHD_END_GONE);
    assert_int_equal(aphd_recovery_app_end("install", NULL, 1), APHD_END_KEPT_DATA);
    assert_int_equal(aphd_recovery_app_end("uninstall", "gone", 1), APHD_END_GONE);
    assert_int_equal(aphd_recovery_app_end("uninstall", "kept-data", 0), APHD_END_KEPT_DATA);
    assert_int_equal(aphd_recovery_app_end("uninstall", NULL, 0), APHD_END_KEEP);
    assert_int_equal(aphd_recovery_app_end("stop", NULL, 1), APHD_END_KEEP);
}

static void test_log_tail(void **state)
{
    aphd_log_tail_t tail = {0};
    char line[1001];
    assert_string_equal(aphd_log_tail_text(&tail), "");
    aphd_log_tail_add(&tail, "first");
    aphd_log_tail_add(&tail, "");
    assert_string_equal(aphd_log_tail_text(&tail), "first\n\n");
    memset(line, 'x', sizeof line - 1);
    line[sizeof line - 1] = '\0';
    for (int i = 0; i < 200; i++) {
        line[0] = (char)('a' + i % 26);
        aphd_log_tail_add(&tail, line);
    }
    assert_true(tail.length < APHD_LOG_TAIL_MAX && tail.length > APHD_LOG_TAIL_MAX - 2100);
    assert_int_equal(strlen(aphd_log_tail_text(&tail)), tail.length);
    assert_int_equal(tail.length % 1001, 0); /* whole lines only */
    assert_int_equal(tail.text[tail.length - 1001], 'a' + 199 % 26);
    char *huge = calloc(1, APHD_LOG_TAIL_MAX + 1);
    memset(huge, 'y', APHD_LOG_TAIL_MAX);
    size_t before = tail.length;
    aphd_log_tail_add(&tail, huge);
    assert_int_equal(tail.length, before);
    free(huge);
    aphd_log_tail_clear(&tail);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_operation_in_every_state),
        cmocka_unit_test(test_every_job_is_in_the_table),
        cmocka_unit_test(test_back_off), cmocka_unit_test(test_names),
        cmocka_unit_test(test_observations),
        cmocka_unit_test(test_recovery),
        cmocka_unit_test(test_ends_of_an_app),
        cmocka_unit_test(test_log_tail),
    };
    return cmocka_run_group_tests_name("monitor_decisions", tests, NULL, NULL);
}
