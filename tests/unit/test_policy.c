/* SPDX-License-Identifier: Apache-2.0 */
/* The policy where data alone cannot show it: consent, rendering, order, bounds, and readers that
 * lie. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <apr_general.h>

#include "helper/policy/grammar.h"
#include "helper/policy/model.h"
#include "helper/policy/policy.h"
#include "helper/read/compose_normal.h"

static apr_pool_t *pool;

static const aphd_policy_site_t base_site = {.app_id = 7,
                                             .port = 35007,
                                             .max_app_id = 999,
                                             .project = "apphost-12345678-7",
                                             .instance = "12345678",
                                             .data_dir = "/srv/data/7",
                                             .subnet = "10.213.0.16/28"};

static json_t *normal_of(const char *text)
{
    json_t *normal = NULL;
    aph_error_t err = APH_ERROR_INIT;
    aphd_foreign_t foreign = {text, strlen(text), 1};
    apr_pool_clear(pool);
    assert_int_equal(aphd_compose_read(&foreign, NULL, &normal, pool, &err), APR_SUCCESS);
    return normal;
}

static aphd_policy_result_t judged(const char *text, const aphd_policy_site_t *site)
{
    aphd_policy_result_t result;
    aph_error_t err = APH_ERROR_INIT;
    json_t *normal = normal_of(text);
    assert_int_equal(aphd_policy_judge(normal, site, &result, &err), APR_SUCCESS);
    json_decref(normal);
    return result;
}

static void test_consent_settles_one_question(void **state)
{
    static const char text[] = "a:\n  image: x\n  ports: ['2224:22', '2225:23']\n";
    aphd_policy_result_t result = judged(text, &base_site);
    assert_int_equal(result.verdict, APHD_ASK);
    aphd_policy_result_clear(&result);

    aphd_policy_site_t site = base_site;
    site.consents = json_pack("[s]", "ports.2224/tcp");
    result = judged(text, &site);
    assert_int_equal(result.verdict, APHD_ASK);
    assert_true(json_is_true(json_object_get(json_array_get(result.findings, 0), "consented")));
    assert_null(json_object_get(json_array_get(result.findings, 1), "consented"));
    aphd_policy_result_clear(&result);

    json_array_append_new(site.consents, json_string("ports.2225/tcp"));
    result = judged(text, &site);
    assert_int_equal(result.verdict, APHD_ALLOW);
    aphd_policy_result_clear(&result);
    json_decref(site.consents);
}

/* Consent to a right of one service is none for another. */
static void test_consent_names_its_service(void **state)
{
    static const char text[] = "a: {image: x, cap_add: [NET_ADMIN]}\n"
                               "b: {image: x, cap_add: [NET_ADMIN]}\n";
    aphd_policy_site_t site = base_site;
    site.consents = json_pack("[s]", "a.cap_add.NET_ADMIN");
    aphd_policy_result_t result = judged(text, &site);
    assert_int_equal(result.verdict, APHD_ASK);
    aphd_policy_result_clear(&result);
    json_decref(site.consents);
}

static void test_consent_never_lifts_a_refusal(void **state)
{
    aphd_policy_site_t site = base_site;
    site.consents = json_pack("[s]", "a.privileged");
    aphd_policy_result_t result = judged("a: {image: x, privileged: true}\n", &site);
    assert_int_equal(result.verdict, APHD_DENY);
    assert_null(result.compose);
    aphd_policy_result_clear(&result);
    json_decref(site.consents);
}

static char *rendered(const char *text, const json_t *ids)
{
    char *out = NULL;
    aph_error_t err = APH_ERROR_INIT;
    aphd_policy_result_t result = judged(text, &base_site);
    assert_non_null(result.compose);
    apr_status_t rv = aphd_render(result.compose, ids, &out, &err);
    aphd_policy_result_clear(&result);
    return rv == APR_SUCCESS ? out : NULL;
}

static void test_dollars_are_doubled(void **state)
{
    char *out = rendered("a: {image: x, environment: {K: 'a$$b$$$$c'}, command: ['$$X']}\n", NULL);
    assert_non_null(strstr(out, "\"a$$b$$$$c\""));
    assert_non_null(strstr(out, "\"$$X\""));
    free(out);
}

static void test_images_become_ids(void **state)
{
    json_t *ids = json_pack("{s:s}", "a", "sha256:abc");
    char *out = rendered("a: {image: 'x:1'}\n", ids);
    assert_non_null(strstr(out, "\"sha256:abc\""));
    assert_null(strstr(out, "x:1"));
    free(out);
    /* A service without an id must not run by its name. */
    assert_null(rendered("a: {image: 'x:1'}\nb: {image: y}\n", ids));
    json_decref(ids);
}

static void test_rendering_is_stable(void **state)
{
    static const char text[] = "services:\n  b: {image: x}\n  a: {image: y}\n";
    char *first = rendered(text, NULL), *second = rendered(text, NULL);
    assert_string_equal(first, second);
    free(first);
    free(second);
}

static void test_order(void **state)
{
    aphd_policy_result_t result = judged("services:\n"
                                         "  web: {image: x, depends_on: [cache, db]}\n"
                                         "  cache: {image: x, links: ['db:store']}\n"
                                         "  db: {image: x}\n",
                                         &base_site);
    assert_int_equal(result.verdict, APHD_ALLOW);
    assert_string_equal(json_string_value(json_array_get(result.order, 0)), "db");
    assert_string_equal(json_string_value(json_array_get(result.order, 1)), "cache");
    assert_string_equal(json_string_value(json_array_get(result.order, 2)), "web");
    /* A later start goes through the stored services in the order they stand in. */
    static const char *const wanted[] = {"db", "cache", "web"};
    json_t *services = json_object_get(result.compose, "services");
    size_t place = 0;
    for (void *at = json_object_iter(services); at != NULL; at = json_object_iter_next(services, at))
        assert_string_equal(json_object_iter_key(at), wanted[place++]);
    assert_int_equal(place, 3);
    aphd_policy_result_clear(&result);
}

static void test_memory_bound_of_the_machine(void **state)
{
    aphd_policy_site_t site = base_site;
    site.memory_max = 1 << 30;
    aphd_policy_result_t result = judged("a: {image: x}\nb: {image: x, mem_limit: 8g}\n", &site);
    const json_t *services = json_object_get(result.compose, "services");
    assert_int_equal(result.verdict, APHD_REWRITE);
    assert_int_equal(json_integer_value(
                         json_object_get(json_object_get(services, "a"), "mem_limit")),
                     1 << 30);
    assert_int_equal(json_integer_value(
                         json_object_get(json_object_get(services, "b"), "mem_limit")),
                     1 << 30);
    aphd_policy_result_clear(&result);
}

static void test_findings_are_in_order_of_lines(void **state)
{
    aphd_policy_result_t result = judged("services:\n  a:\n    restart: always\n    image: x\n"
                                         "    ports: ['35007:80']\n    scale: 3\n"
                                         "version: '2'\nname: n\n",
                                         &base_site);
    int last = 0;
    size_t i;
    json_t *finding;
    assert_int_equal(json_array_size(result.findings), 4);
    json_array_foreach(result.findings, i, finding) {
        int line = (int)json_integer_value(json_object_get(finding, "line"));
        assert_true(line >= last);
        last = line;
    }
    aphd_policy_result_clear(&result);
}

static void test_many_services_are_refused_quickly(void **state)
{
    static char text[64 * 1024];
    size_t used = 0;
    for (int i = 0; i < 1500; i++)
        used += (size_t)snprintf(text + used, sizeof text - used, "s%d: {image: x}\n", i);
    aphd_policy_result_t result = judged(text, &base_site);
    assert_int_equal(result.verdict, APHD_DENY);
    assert_int_equal(json_array_size(result.findings), 1);
    aphd_policy_result_clear(&result);
}

/* --- a reader that was taken over --- */

static void is_no_normal_form(json_t *normal)
{
    aph_error_t err = APH_ERROR_INIT;
    assert_non_null(normal);
    assert_int_equal(aphd_model_check(normal, &err), APH_EUNREADABLE);
    json_decref(normal);
}

static json_t *with_key(const char *key, const char *shape, json_t *value)
{
    return json_pack("{s:i,s:[],s:[{s:s,s:i,s:[{s:s,s:i,s:s,s:o}]}],s:[],s:[],s:[],s:[]}", "format",
                     2, "top", "services", "name", "a", "line", 1, "keys", "key", key, "line", 1,
                     "shape", shape, "value", value, "networks", "volumes", "configs", "secrets");
}

static void test_lies_are_seen(void **state)
{
    aph_error_t err = APH_ERROR_INIT;
    json_t *fine = with_key("image", "string", json_string("x"));
    assert_int_equal(aphd_model_check(fine, &err), APR_SUCCESS);
    json_decref(fine);
    is_no_normal_form(json_pack("{s:i}", "format", 2));
    is_no_normal_form(json_array());
    is_no_normal_form(with_key("image", "string", json_integer(1)));
    is_no_normal_form(with_key("image", "list", json_array()));
    is_no_normal_form(with_key("ports", "string", json_string("80")));
    is_no_normal_form(with_key("privileged", "string", json_string("true")));
    is_no_normal_form(with_key("ports", "ports", json_pack("[{s:i}]", "line", 1)));
    is_no_normal_form(with_key("ports", "ports", json_pack("{}")));
    is_no_normal_form(with_key("environment", "map", json_pack("[i]", 1)));
    is_no_normal_form(
        with_key("healthcheck", "tree",
                 json_pack("[{s:i,s:[o],s:s}]", "line", 1, "path", json_true(), "value", "x")));
    is_no_normal_form(with_key("image", "nonsense", json_string("x")));
    is_no_normal_form(with_key("image", "other", json_string("x")));
    json_t *twice = with_key("image", "string", json_string("x"));
    json_t *services = json_object_get(twice, "services");
    json_array_append(services, json_array_get(services, 0));
    is_no_normal_form(twice);
    twice = with_key("image", "string", json_string("x"));
    json_t *keys = json_object_get(json_array_get(json_object_get(twice, "services"), 0), "keys");
    json_array_append(keys, json_array_get(keys, 0));
    is_no_normal_form(twice);
}

/* --- grammars --- */

static void test_image_references(void **state)
{
    static const char *const good[] =
        {"a",
         "demo:1",
         "shop.example/team/hydra",
         "gitlab/gitlab-ce:latest",
         "localhost:5000/x",
         "127.0.0.1:5000/x/y:tag",
         "ghcr.io/a/b_c.d-e:V1.2",
         "x@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"};
    static const char *const bad[] = {"",     "-x",          "A",        "x:",
                                      "x y",  "x:tag:tag",   "/x",       "x/",
                                      "x//y", "x@sha256:12", "x@md5:12", "x:$",
                                      "../x", "x:\n",        "x:-a",     "http://x/y"};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        assert_true(aphd_image(good[i]));
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_false(aphd_image(bad[i]));
}

static void test_paths(void **state)
{
    char out[64];
    static const char *const escapes[] = {"..", "../x", "a/../b", "a/..", "/x",    ".",   "./",
                                          "",   "a:b",  "a\\b",   "./.",  "././/", "a\nb"};
    for (size_t i = 0; i < sizeof escapes / sizeof escapes[0]; i++)
        assert_false(aphd_relative(escapes[i], out, sizeof out));
    assert_true(aphd_relative("./a//b/./c/", out, sizeof out));
    assert_string_equal(out, "a/b/c");
    assert_true(aphd_relative("..a/b..", out, sizeof out));
    static const char *const targets[] = {"/",        "/proc", "/proc/x",    "/sys",   "/dev",
                                          "/dev/shm", "x",     "/a/../proc", "//proc", "/./proc",
                                          "/a:b",     "",      "/proc/"};
    for (size_t i = 0; i < sizeof targets / sizeof targets[0]; i++)
        assert_false(aphd_target(targets[i]));
    assert_true(aphd_target("/process"));
    assert_true(aphd_target("/data/"));
}

static void test_sizes_and_durations(void **state)
{
    long long value = 0;
    assert_true(aphd_size("1.5g", &value));
    assert_int_equal(value, 1610612736);
    assert_true(aphd_size("512MiB", &value));
    assert_int_equal(value, 536870912);
    assert_true(aphd_size("64m", &value) && value == 67108864);
    assert_true(aphd_size("100b", &value) && value == 100);
    assert_false(aphd_size("-1", &value));
    assert_false(aphd_size("1x", &value));
    assert_false(aphd_size("1e9", &value));
    assert_false(aphd_size("", &value));
    assert_false(aphd_size("9999999999999999", &value));
    assert_true(aphd_duration("1m30s", &value) && value == 90000);
    assert_true(aphd_duration("500ms", &value) && value == 500);
    assert_false(aphd_duration("30", &value));
    assert_false(aphd_duration("s", &value));
    assert_false(aphd_number("1234567890123456", 0, 1LL << 60, &value));
    assert_false(aphd_number("+1", 0, 9, &value));
    assert_false(aphd_number(" 1", 0, 9, &value));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_consent_settles_one_question),
        cmocka_unit_test(test_consent_names_its_service),
        cmocka_unit_test(test_consent_never_lifts_a_refusal),
        cmocka_unit_test(test_dollars_are_doubled),
        cmocka_unit_test(test_images_become_ids),
        cmocka_unit_test(test_rendering_is_stable),
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_memory_bound_of_the_machine),
        cmocka_unit_test(test_findings_are_in_order_of_lines),
        cmocka_unit_test(test_many_services_are_refused_quickly),
        cmocka_unit_test(test_lies_are_seen),
        cmocka_unit_test(test_image_references),
        cmocka_unit_test(test_paths),
        cmocka_unit_test(test_sizes_and_durations),
    };
    apr_initialize();
    apr_pool_create(&pool, NULL);
    return cmocka_run_group_tests_name("policy", tests, NULL, NULL);
}
