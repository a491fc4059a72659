/* SPDX-License-Identifier: Apache-2.0 */
/* The walls of the cage: each forbidden call ends the process, each allowed one works. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include <apr_general.h>

#include "config.h"

#include "common/child.h"

static int probe(const char *what)
{
    char program[1024];
    const char *builddir = getenv("builddir");
    int exit_code = -1;
    pid_t pid;
    aph_error_t err = APH_ERROR_INIT;
    snprintf(program, sizeof program, "%s/tests/unit/sandbox_probe",
             builddir != NULL ? builddir : ".");
    const char *const argv[] = {program, what, NULL};
    aph_child_spec_t spec = {.argv = argv, .fds = {-1, -1, -1, -1}, .dies_with_parent = 1};
    assert_int_equal(aph_child_start(&spec, &pid, &err), APR_SUCCESS);
    assert_int_equal(aph_child_wait(pid, &exit_code, &err), APR_SUCCESS);
    return exit_code;
}

static void test_writing_works(void **state)
{
    assert_int_equal(probe("write"), 0);
}

static void test_forbidden_calls_kill(void **state)
{
    static const char *const calls[] = {"open", "socket", "fork", "exec"};
    for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++)
        assert_int_equal(probe(calls[i]), 128 + SIGSYS);
}

static void test_stray_descriptors_are_gone(void **state)
{
    assert_int_equal(probe("descriptor"), 8);
}

#ifndef APH_SANITIZED /* the shadow memory of a sanitizer is larger than the bound: there is none */
static void test_memory_is_bounded(void **state)
{
    assert_int_equal(probe("memory"), 9);
}
#endif

static void test_cpu_is_bounded(void **state)
{
    int exit_code = probe("spin");
    assert_true(exit_code == 128 + SIGXCPU || exit_code == 128 + SIGKILL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_writing_works),
        cmocka_unit_test(test_forbidden_calls_kill),
        cmocka_unit_test(test_stray_descriptors_are_gone),
#ifndef APH_SANITIZED
        cmocka_unit_test(test_memory_is_bounded),
#endif
        cmocka_unit_test(test_cpu_is_bounded),
    };
    apr_initialize();
    return cmocka_run_group_tests_name("sandbox", tests, NULL, NULL);
}
