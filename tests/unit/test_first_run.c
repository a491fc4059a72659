/* SPDX-License-Identifier: Apache-2.0 */
/* A service that runs once before the others: one model becomes two. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "helper/job/first_run.h"

static const char model[] =
    "{\"services\":{"
    "\"setup\":{\"image\":\"sha256:1\",\"restart\":\"unless-stopped\",\"ports\":[{\"target\":1}],"
    "\"depends_on\":{\"db\":{\"condition\":\"service_started\"}}},"
    "\"db\":{\"image\":\"sha256:2\",\"depends_on\":{\"setup\":{\"condition\":\"service_completed_successfully\"}}},"
    "\"web\":{\"image\":\"sha256:3\",\"depends_on\":{\"db\":{},\"setup\":{}},\"ports\":[{\"target\":80}]}},"
    "\"networks\":{\"default\":{\"name\":\"n\"}},\"volumes\":{\"v\":{}}}";

static json_t *parsed(const char *text)
{
    json_t *value = json_loads(text, 0, NULL);
    assert_non_null(value);
    return value;
}

static void test_two_models_of_one(void **state)
{
    char *first, *rest;
    assert_int_equal(aphd_first_run_split(model, "setup", &first, &rest, NULL), APR_SUCCESS);
    json_t *alone = parsed(first), *others = parsed(rest), *whole = parsed(model);
    json_t *setup = json_object_get(json_object_get(alone, "services"), "setup");
    assert_int_equal(json_object_size(json_object_get(alone, "services")), 1);
    assert_string_equal(json_string_value(json_object_get(setup, "restart")), "no");
    assert_string_equal(json_string_value(json_object_get(setup, "image")), "sha256:1");
    assert_null(json_object_get(setup, "ports"));
    assert_null(json_object_get(setup, "depends_on"));
    const json_t *services = json_object_get(others, "services");
    assert_int_equal(json_object_size(services), 2);
    assert_null(json_object_get(json_object_get(services, "db"), "depends_on"));
    const json_t *waits = json_object_get(json_object_get(services, "web"), "depends_on");
    assert_non_null(json_object_get(waits, "db"));
    assert_int_equal(json_object_size(waits), 1);
    for (const char *const *part = (const char *const[]){"networks", "volumes", NULL}; *part != NULL; part++) {
        assert_true(json_equal(json_object_get(alone, *part), json_object_get(whole, *part)));
        assert_true(json_equal(json_object_get(others, *part), json_object_get(whole, *part)));
    }
    json_decref(alone);
    json_decref(others);
    json_decref(whole);
    free(first);
    free(rest);
}

static void test_it_has_to_be_there_and_not_alone(void **state)
{
    char *first, *rest;
    aph_error_t err = APH_ERROR_INIT;
    assert_int_equal(aphd_first_run_split(model, "other", &first, &rest, &err), APH_EDENIED);
    assert_null(first);
    assert_non_null(strstr(err.message, "other"));
    assert_int_equal(aphd_first_run_split("{\"services\":{\"one\":{}}}", "one", &first, &rest, NULL),
                     APH_EDENIED);
    assert_null(rest);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_two_models_of_one),
        cmocka_unit_test(test_it_has_to_be_there_and_not_alone),
    };
    return cmocka_run_group_tests_name("first_run", tests, NULL, NULL);
}
