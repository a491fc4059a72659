/* SPDX-License-Identifier: Apache-2.0 */
/* Counting over several processes, and the shares that follow from it. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>
#include <sys/wait.h>
#include <cmocka.h>

#include "mod_apphost/limits.h"

static const aphm_limits_t limits = {.upgrades = 3, .upgrades_per_app = 2, .inflight_per_app = 4};
static const aph_route_t one = {.app_id = 1}, two = {.app_id = 30535};

static aphm_counters_t *make(void)
{
    aphm_counters_t *counters;
    assert_int_equal(aphm_counters_create(&counters, 4, NULL), APR_SUCCESS);
    return counters;
}

static apr_status_t enter(aphm_counters_t *counters, const aph_route_t *route, int upgrade)
{
    return aphm_limits_enter(&limits, counters, route, upgrade, NULL);
}

static void shares(void **state)
{
    aphm_counters_t *counters = make();
    aphm_counters_attach(counters, getpid());
    for (int i = 0; i < 4; i++)
        assert_int_equal(enter(counters, &one, 0), APR_SUCCESS);
    aph_error_t err = APH_ERROR_INIT;
    assert_int_equal(aphm_limits_enter(&limits, counters, &one, 0, &err), APH_EBUSY);
    assert_string_equal(err.tag, "APH0230");
    assert_int_equal(aphm_counters_usage(counters, 1).inflight, 4);
    assert_int_equal(enter(counters, &two, 0), APR_SUCCESS);
    aphm_limits_leave(counters, &one, 0);
    assert_int_equal(enter(counters, &one, 0), APR_SUCCESS);
    assert_int_equal(aphm_counters_usage(counters, 0).inflight, 5);
    assert_int_equal(aphm_counters_total(counters, 30535), 1);
    aphm_counters_close(counters);
}

static void upgrades(void **state)
{
    aphm_counters_t *counters = make();
    aphm_counters_attach(counters, getpid());
    assert_int_equal(enter(counters, &one, 1), APR_SUCCESS);
    assert_int_equal(enter(counters, &one, 1), APR_SUCCESS);
    assert_int_equal(enter(counters, &one, 1), APH_EBUSY);
    assert_int_equal(enter(counters, &two, 1), APR_SUCCESS);
    assert_int_equal(enter(counters, &two, 1), APH_EBUSY);
    assert_int_equal(enter(counters, &two, 0), APR_SUCCESS);
    aphm_limits_leave(counters, &one, 1);
    assert_int_equal(enter(counters, &two, 1), APR_SUCCESS);
    assert_int_equal(aphm_counters_usage(counters, 0).upgrades, 3);
    aphm_counters_close(counters);
}

static void own_limits_of_a_route(void **state)
{
    const aph_route_t narrow = {.app_id = 7, .max_inflight = 1, .max_upgrades = 1};
    const aph_route_t wide = {.app_id = 8, .max_inflight = 6};
    aphm_counters_t *counters = make();
    aphm_counters_attach(counters, getpid());
    assert_int_equal(enter(counters, &narrow, 1), APR_SUCCESS);
    assert_int_equal(enter(counters, &narrow, 0), APH_EBUSY);
    for (int i = 0; i < 6; i++)
        assert_int_equal(enter(counters, &wide, 0), APR_SUCCESS);
    assert_int_equal(enter(counters, &wide, 0), APH_EBUSY);
    aphm_counters_close(counters);
}

/* A child that holds `count` requests for app 1 until it is killed. */
static pid_t start_child(aphm_counters_t *counters, int count)
{
    int ready[2];
    assert_int_equal(pipe(ready), 0);
    pid_t pid = fork();
    if (pid == 0) {
        aphm_counters_attach(counters, getpid());
        for (int i = 0; i < count; i++)
            aphm_counters_enter(counters, 1, 0);
        (void)!write(ready[1], "", 1);
        pause();
        _exit(0);
    }
    char octet;
    assert_int_equal(read(ready[0], &octet, 1), 1);
    close(ready[0]);
    close(ready[1]);
    return pid;
}

static void end_child(pid_t pid)
{
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
}

static void dead_children_do_not_count(void **state)
{
    aphm_counters_t *counters = make();
    pid_t first = start_child(counters, 3), second = start_child(counters, 1);
    assert_int_equal(aphm_counters_usage(counters, 1).inflight, 4);
    aphm_counters_attach(counters, getpid());
    assert_int_equal(enter(counters, &one, 0), APH_EBUSY);
    end_child(first);
    /* Nobody has told us yet; the refusal asks. */
    assert_int_equal(enter(counters, &one, 0), APR_SUCCESS);
    assert_int_equal(aphm_counters_usage(counters, 1).inflight, 2);
    end_child(second);
    aphm_counters_child_gone(counters, second);
    assert_int_equal(aphm_counters_usage(counters, 1).inflight, 1);
    aphm_counters_close(counters);
}

/* A child that foreign code has taken over may call itself what it likes. */
static void numbers_that_are_no_child_do_not_count(void **state)
{
    static const pid_t numbers[] = {1, -1, 2147483647, 0};
    aphm_counters_t *counters = make();
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        pid_t child = fork();
        if (child == 0) {
            aphm_counters_attach(counters, numbers[i] != 0 ? numbers[i] : getppid());
            for (int k = 0; k < 3; k++)
                aphm_counters_enter(counters, 1, 0);
            aphm_counters_close(counters);
            _exit(0);
        }
        waitpid(child, NULL, 0);
        child = fork(); /* another child, which is asked for the same app */
        if (child == 0) {
            aphm_counters_attach(counters, getpid());
            int refused = enter(counters, &one, 0) != APR_SUCCESS;
            aphm_counters_close(counters);
            _exit(refused);
        }
        int status = 1;
        waitpid(child, &status, 0);
        assert_int_equal(status, 0);
        aphm_counters_child_gone(counters, child);
    }
    aphm_counters_close(counters);
}

static void rows_are_used_again_and_empty(void **state)
{
    aphm_counters_t *counters = make();
    for (int i = 0; i < 12; i++) {
        pid_t pid = start_child(counters, 2);
        assert_int_equal(aphm_counters_usage(counters, 1).inflight, 2);
        end_child(pid);
        if (i % 2)
            aphm_counters_child_gone(counters, pid);
        else
            aphm_counters_forget_dead(counters);
        assert_int_equal(aphm_counters_usage(counters, 1).inflight, 0);
    }
    aphm_counters_close(counters);
}

static void without_a_row_nothing_is_counted(void **state)
{
    aphm_counters_t *counters = make();
    pid_t children[4];
    for (int i = 0; i < 4; i++)
        children[i] = start_child(counters, 1);
    aphm_counters_attach(counters, getpid());
    aphm_counters_enter(counters, 1, 0);
    assert_int_equal(aphm_counters_usage(counters, 1).inflight, 4);
    aphm_counters_leave(counters, 1, 0);
    assert_int_equal(aphm_counters_usage(counters, 1).inflight, 4);
    for (int i = 0; i < 4; i++)
        end_child(children[i]);
    aphm_counters_close(counters);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shares),
        cmocka_unit_test(upgrades),
        cmocka_unit_test(own_limits_of_a_route),
        cmocka_unit_test(dead_children_do_not_count),
        cmocka_unit_test(numbers_that_are_no_child_do_not_count),
        cmocka_unit_test(rows_are_used_again_and_empty),
        cmocka_unit_test(without_a_row_nothing_is_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
