/* SPDX-License-Identifier: Apache-2.0 */
/* Runs tests/cases/script and tests/cases/compose: a new case is a new folder, no code.
 *
 *   script/CASE/script or uninstall   what the author wrote, to install or to uninstall
 *   compose/CASE/compose.yml
 *   CASE/expect.json                  {"error":TEXT}     the message contains it, and reading fails
 *                                     {"read":{...}}     members of the normal form, compared whole
 *                                     {"allow":[RULE...], "consents":[ID...],   overridden by root
 *                                      "verdict":V, "asked":[ID...], "denied":[RULE...],
 *                                      "web":N, "services":{NAME:{KEY:VALUE}}}   any subset but
 *                                      verdict: values of the rendered model, compared whole */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <cmocka.h>

#include <apr_general.h>

#include "common/file_replace.h"
#include "helper/policy/policy.h"
#include "helper/read/script.h"

#define CASES_MAX 512

static const aphd_words_t words = {.host_port = "35007",
                                   .webapp_path = "/srv/apphost/data/7",
                                   .app_identifier = "apphost-12345678-7",
                                   .app_hostname = "photos.home.arpa"};
static const aphd_policy_site_t site = {.app_id = 7,
                                        .port = 35007,
                                        .max_app_id = 999,
                                        .project = "apphost-12345678-7",
                                        .instance = "12345678-0000-4000-8000-000000000000",
                                        .data_dir = "/srv/apphost/data/7",
                                        .subnet = "10.213.0.16/28"};

static char *load(const char *folder, const char *name, size_t *length)
{
    char path[1024], *text = NULL;
    struct stat st;
    snprintf(path, sizeof path, "%s/%s", folder, name);
    if (stat(path, &st) != 0)
        return NULL;
    assert_int_equal(aph_file_read(path, APH_FOREIGN_MAX, &text, length, NULL), APR_SUCCESS);
    return text;
}

/* Members of expected equal those of the same names in actual. */
static void holds(const json_t *actual, const json_t *expected, const char *what)
{
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)expected, key, value) {
        const json_t *found = json_object_get(actual, key);
        if (json_is_null(value) ? found != NULL : !json_equal(found, value)) {
            char *seen = found != NULL ? json_dumps(found, JSON_ENCODE_ANY) : NULL;
            print_error("# %s.%s is %s\n", what, key, seen != NULL ? seen : "absent");
            free(seen);
            fail();
        }
    }
}

static int has_finding(const json_t *findings, const char *verdict, const char *member,
                       const char *text)
{
    size_t i;
    json_t *finding;
    json_array_foreach(findings, i, finding)
        if (strcmp(json_string_value(json_object_get(finding, "verdict")), verdict) == 0
            && strcmp(json_string_value(json_object_get(finding, member)), text) == 0)
            return 1;
    return 0;
}

static void lists(const json_t *findings, const json_t *wanted, const char *verdict,
                  const char *member)
{
    size_t i;
    json_t *text;
    json_array_foreach(wanted, i, text)
        if (!has_finding(findings, verdict, member, json_string_value(text))) {
            char *seen = json_dumps(findings, JSON_INDENT(1));
            print_error("# no %s %s among %s\n", verdict, json_string_value(text), seen);
            free(seen);
            fail();
        }
}

static size_t count_verdict(const json_t *findings, const char *verdict)
{
    size_t i, count = 0;
    json_t *finding;
    json_array_foreach(findings, i, finding)
        count += strcmp(json_string_value(json_object_get(finding, "verdict")), verdict) == 0;
    return count;
}

static void compare_verdict(const json_t *normal, const json_t *expect)
{
    aph_error_t err = APH_ERROR_INIT;
    aphd_policy_result_t result;
    const char *name;
    json_t *service;
    aphd_policy_site_t here = site;
    here.allowed = json_object_get(expect, "allow");
    here.consents = json_object_get(expect, "consents");
    assert_int_equal(aphd_policy_judge(json_object_get(normal, "compose"), &here, &result, &err),
                     APR_SUCCESS);
    if (strcmp(aphd_verdict_name(result.verdict),
               json_string_value(json_object_get(expect, "verdict")))
        != 0) {
        char *seen = json_dumps(result.findings, JSON_INDENT(1));
        print_error("# verdict %s: %s\n", aphd_verdict_name(result.verdict), seen);
        free(seen);
        fail();
    }
    json_t *asked = json_object_get(expect, "asked");
    lists(result.findings, asked, "ask", "id");
    if (asked != NULL)
        assert_int_equal(count_verdict(result.findings, "ask"), json_array_size(asked));
    lists(result.findings, json_object_get(expect, "denied"), "deny", "rule");
    if (json_object_get(expect, "web") != NULL)
        assert_int_equal(result.web_target, json_integer_value(json_object_get(expect, "web")));
    json_object_foreach(json_object_get(expect, "services"), name, service)
        holds(json_object_get(json_object_get(result.compose, "services"), name), service, name);
    if (json_object_get(expect, "top") != NULL)
        holds(result.compose, json_object_get(expect, "top"), "compose");
    aphd_policy_result_clear(&result);
}

static apr_status_t read_case(const char *folder, json_t **normal, apr_pool_t *p, aph_error_t *err)
{
    size_t length = 0;
    apr_status_t rv;
    char *text = load(folder, "uninstall", &length);
    if (text != NULL) {
        rv = aphd_script_uninstall(text, length, &words, normal, p, err);
    } else {
        text = load(folder, "script", &length);
        if (text == NULL)
            text = load(folder, "compose.yml", &length);
        assert_non_null(text);
        rv = aphd_script_install(text, length, &words, normal, p, err);
    }
    free(text);
    return rv;
}

static void run_case(void **state)
{
    const char *folder = *state;
    size_t length = 0;
    aph_error_t err = APH_ERROR_INIT;
    json_error_t where;
    json_t *normal = NULL;
    apr_pool_t *p;
    char *text = load(folder, "expect.json", &length);
    assert_non_null(text);
    json_t *expect = json_loadb(text, length, JSON_REJECT_DUPLICATES, &where);
    assert_non_null(expect);
    apr_pool_create(&p, NULL);
    apr_status_t rv = read_case(folder, &normal, p, &err);
    const char *error = json_string_value(json_object_get(expect, "error"));
    if ((error != NULL) != (rv != APR_SUCCESS) || (error != NULL && !strstr(err.message, error)))
        print_error("# said: %s\n", err.message);
    assert_int_equal(error != NULL, rv != APR_SUCCESS);
    if (error != NULL)
        assert_non_null(strstr(err.message, error));
    holds(normal, json_object_get(expect, "read"), "read");
    if (json_object_get(expect, "verdict") != NULL)
        compare_verdict(normal, expect);
    /* A case that expects nothing would always pass. */
    assert_true(error != NULL || json_object_get(expect, "read") != NULL
                || json_object_get(expect, "verdict") != NULL);
    apr_pool_destroy(p);
    json_decref(normal);
    json_decref(expect);
    free(text);
}

static size_t add_cases(struct CMUnitTest *tests, size_t count, const char *root, const char *kind)
{
    char folder[1024];
    struct dirent **names = NULL;
    snprintf(folder, sizeof folder, "%s/tests/cases/%s", root, kind);
    int found = scandir(folder, &names, NULL, alphasort);
    for (int i = 0; i < found; i++) {
        if (names[i]->d_name[0] != '.' && count < CASES_MAX) {
            size_t size = strlen(folder) + strlen(names[i]->d_name) + 2;
            char *path = malloc(size);
            snprintf(path, size, "%s/%s", folder, names[i]->d_name);
            tests[count++] = (struct CMUnitTest){.name = strstr(path, kind),
                                                 .test_func = run_case,
                                                 .initial_state = path};
        }
        free(names[i]);
    }
    free(names);
    return count;
}

static void test_cases_were_found(void **state)
{
    assert_true(*(size_t *)*state > 40);
}

int main(void)
{
    static struct CMUnitTest tests[CASES_MAX + 1];
    static size_t count;
    const char *root = getenv("srcdir");
    apr_initialize();
    count = add_cases(tests, 0, root != NULL ? root : ".", "script");
    count = add_cases(tests, count, root != NULL ? root : ".", "compose");
    size_t cases = count;
    tests[count++] = (struct CMUnitTest){.name = "cases were found",
                                         .test_func = test_cases_were_found,
                                         .initial_state = &count};
    int failed = _cmocka_run_group_tests("judge_cases", tests, count, NULL, NULL);
    for (size_t i = 0; i < cases; i++)
        free(tests[i].initial_state);
    return failed;
}
