/* SPDX-License-Identifier: Apache-2.0 */
/* From method, path, query and body to an operation's arguments. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "mod_apphost/admin/api.h"

/* Asks, and returns the arguments as text, "" for a refusal. */
static const char *ask(const char *method, const char *path, const char *query, const char *body)
{
    static char text[1024];
    char methods[APHM_API_METHODS_MAX];
    aph_error_t err = APH_ERROR_INIT;
    aphm_asked_t asked;
    json_auto_t *params = json_object(), *given = json_object();
    json_auto_t *object = body != NULL ? json_loads(body, 0, NULL) : NULL;
    const aphm_api_row_t *row = aphm_api_find(method, path, params, methods);
    text[0] = '\0';
    assert_non_null(row);
    if (aphm_api_query(query, given, &err) != APR_SUCCESS
        || aphm_api_ask(row, params, given, object, &asked, &err) != APR_SUCCESS) {
        assert_int_equal(err.status, APH_EUSAGE);
        return text;
    }
    char *dumped = json_dumps(asked.args, JSON_COMPACT | JSON_SORT_KEYS);
    strncpy(text, dumped, sizeof text - 1);
    free(dumped);
    json_decref(asked.args);
    return text;
}

static void test_rows(void **state)
{
    size_t count;
    const aphm_api_row_t *rows = aphm_api_rows(&count);
    for (size_t i = 0; i < count; i++) {
        const aph_op_t *op = aph_op_find(rows[i].op);
        assert_non_null(op);
        assert_int_not_equal(op->scope, APH_SCOPE_ROOT);
        if (strcmp(rows[i].method, "GET") == 0)
            assert_int_not_equal(op->kind, APH_OP_JOB);
        assert_int_equal(op->kind == APH_OP_JOB, rows[i].status == 202);
    }
}

static void test_paths(void **state)
{
    char methods[APHM_API_METHODS_MAX];
    json_auto_t *params = json_object();
    assert_string_equal(aphm_api_find("GET", "/revisions/diff", params, methods)->op,
                        "revision-diff");
    assert_int_equal(json_object_size(params), 0);
    assert_null(aphm_api_find("GET", "/apps/", params, methods));
    assert_string_equal(methods, "");
    assert_null(aphm_api_find("GET", "/apps/a/b", params, methods));
    assert_null(aphm_api_find("GET", "", params, methods));
    assert_null(aphm_api_find("PATCH", "/apps/a", params, methods));
    assert_string_equal(methods, "GET, HEAD, DELETE, OPTIONS");
    assert_string_equal(aphm_api_find("HEAD", "/apps/a", params, methods)->op, "status");
    assert_string_equal(json_string_value(json_object_get(params, "name")), "a");
}

static void test_arguments(void **state)
{
    assert_string_equal(ask("GET", "/entries/main/x", NULL, NULL), "{\"entry\":\"main/x\"}");
    assert_string_equal(ask("GET", "/jobs/12", "wait=5", NULL), "{\"job_id\":12}");
    assert_string_equal(ask("GET", "/jobs/99999999999", NULL, NULL), "");
    assert_string_equal(ask("GET", "/apps/a/logs", "tail=3&follow=true", NULL),
                        "{\"name\":\"a\",\"tail\":3}");
    assert_string_equal(ask("GET", "/apps/a/logs", "tail=3&follow=maybe", NULL), "");
    assert_string_equal(ask("GET", "/apps/a/logs", "name=b", NULL), "");
    assert_string_equal(ask("GET", "/entries", "text=a%20b&offset=5", NULL),
                        "{\"limit\":100,\"offset\":5,\"text\":\"a b\"}");
    assert_string_equal(
        ask("POST", "/plans", NULL, "{\"name\":\"a\",\"answers\":{\"q\":\"1\"}}"),
        "{\"answers\":\"{\\\"q\\\":\\\"1\\\"}\",\"name\":\"a\",\"plan_only\":true}");
    assert_string_equal(ask("POST", "/plans", NULL, "{\"name\":\"a\",\"plan_only\":false}"), "");
    assert_string_equal(ask("POST", "/apps", NULL, "{\"name\":\"a\",\"script\":\"x\"}"), "");
    assert_string_equal(ask("POST", "/apps/a/start", NULL, "{\"name\":\"b\"}"), "");
    assert_string_equal(ask("POST", "/apps/a/start", "name=b", NULL), "");
    assert_string_equal(ask("DELETE", "/apps/a", "purge=1", NULL),
                        "{\"name\":\"a\",\"purge\":true}");
    assert_string_equal(ask("DELETE", "/apps/a", NULL, "{\"purge\":true}"), "");
}

static void test_queries(void **state)
{
    static const char *const bad[] = {"a=%", "a=%4", "a=%zz", "a=%00", "%00=1", "a=1&a=2", "a=%ff"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        json_auto_t *query = json_object();
        assert_int_equal(aphm_api_query(bad[i], query, NULL), APH_EUSAGE);
    }
    json_auto_t *query = json_object();
    assert_int_equal(aphm_api_query("a=1&&b&c=%41+%2b", query, NULL), APR_SUCCESS);
    assert_string_equal(json_string_value(json_object_get(query, "b")), "");
    assert_string_equal(json_string_value(json_object_get(query, "c")), "A +");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_rows), cmocka_unit_test(test_paths),
                                       cmocka_unit_test(test_arguments),
                                       cmocka_unit_test(test_queries)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
