/* SPDX-License-Identifier: Apache-2.0 */
/* What apphost-setup makes of texts, lists of ports and httpd's virtual hosts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <string.h>
#include <apr_general.h>

#include "helper/httpd/judge.h"
#include "helper/setup/words.h"

static apr_pool_t *p;

static aphd_settings_t *settings_of(const char *const *domains, int port)
{
    aphd_settings_t *settings = apr_pcalloc(p, sizeof *settings);
    settings->domains = domains;
    settings->public_port = port;
    settings->state_dir = "/srv/apps";
    settings->httpd_address = "127.0.0.1";
    return settings;
}

static void test_fill(void **state)
{
    static const char *const domains[] = {"a.example", "b.example", NULL};
    aphd_settings_t *settings = settings_of(domains, 8080);
    assert_string_equal(aphd_words_fill("AppHostDomain home.arpa\n", settings, p),
                        "AppHostDomain a.example b.example\n");
    assert_string_equal(aphd_words_fill("    ServerName apphost-probe.home.arpa\n"
                                        "    ServerAlias *.home.arpa\n",
                                        settings, p),
                        "    ServerName apphost-probe.a.example\n"
                        "    ServerAlias *.a.example *.b.example\n");
    assert_string_equal(aphd_words_fill("# of home.arpa here\n<VirtualHost *:80>\n", settings, p),
                        "# of a.example here\n<VirtualHost *:8080>\n");
    assert_string_equal(aphd_words_fill("AppHostRoutes \"/var/lib/apphost/routes\"", settings, p),
                        "AppHostRoutes \"/srv/apps/routes\"\n");
    assert_string_equal(aphd_words_fill("a\n\n  b\n", settings, p), "a\n\n  b\n");
}

static const char *set(const char *text, const char *section, const char *key, const char *value)
{
    return aphd_words_set(text, section, key, value, p);
}

static void test_set(void **state)
{
    assert_string_equal(set("[apphost]\nDomain = x\n[httpd]\n", "apphost", "Domain", "y z"),
                        "[apphost]\nDomain = y z\n[httpd]\n");
    assert_string_equal(set("[apphost]\nDomain = x\n  and more\n\nA = b", "apphost", "domain", "y"),
                        "[apphost]\ndomain = y\n\nA = b");
    assert_string_equal(set("[engine]\n#Socket = x\n", "engine", "Socket", "/y"),
                        "[engine]\nSocket = /y\n");
    assert_string_equal(set("[a]\nx = 1\n[b]\nx = 2\n", "b", "x", "3"), "[a]\nx = 1\n[b]\nx = 3\n");
    assert_string_equal(set("[b]\ny = 2\n", "b", "x", "3"), "[b]\nx = 3\ny = 2\n");
    assert_string_equal(set("[b]", "b", "x", "3"), "[b]\nx = 3\n");
    assert_string_equal(set("[a]\ny = 1", "b", "x", "3"), "[a]\ny = 1\n[b]\nx = 3\n");
    assert_string_equal(set("", "b", "x", "3"), "[b]\nx = 3\n");
    /* A sentence in a comment is no key. */
    assert_string_equal(set("[b]\n# x = is what\nxy = 1\n", "b", "x", "3"),
                        "[b]\nx = 3\n# x = is what\nxy = 1\n");
}

static void test_ports(void **state)
{
    assert_string_equal(aphd_words_ports_join("", "35001-35999", p), "35001-35999");
    assert_string_equal(aphd_words_ports_join("8080,35500-36000\n", "35001-35999", p),
                        "8080,35001-36000");
    assert_string_equal(aphd_words_ports_join("1,2,3,9", "", p), "1-3,9");
    assert_string_equal(aphd_words_ports_join("70000,-5,x", "", p), "");
    assert_string_equal(aphd_words_ports_without("8080,35001-36000", "35001-35999", "8080", p),
                        "8080,36000");
    assert_string_equal(
        aphd_words_ports_without("8080,35001-36000", "35001-35999", "8080,35500-36000", p),
        "8080,35500-36000");
    assert_string_equal(aphd_words_ports_without("35001-35999", "35001-35999", "", p), "");
}

static void test_last_name(void **state)
{
    static const char *const few[] = {"000-default.conf", "site.conf", NULL};
    static const char *const late[] = {"zzz-mine.conf", "zzzz.conf", "zzz-apphost.conf", NULL};
    static const char *const never[] = {"~last.conf", NULL};
    assert_string_equal(aphd_words_last_name(few, p), "zzz-apphost.conf");
    const char *name = aphd_words_last_name(late, p);
    assert_true(strcmp(name, "zzzz.conf") > 0 && strstr(name, "-apphost.conf") != NULL);
    assert_int_equal(aphd_words_last_name(never, p)[0], 'z');
}

/* --- judge ------------------------------------------------------------------------------------ */

static apr_array_header_t *names_of(const aphd_httpd_name_t *names, int count)
{
    apr_array_header_t *array = apr_array_make(p, count + 1, sizeof *names);
    for (int i = 0; i < count; i++)
        APR_ARRAY_PUSH(array, aphd_httpd_name_t) = names[i];
    return array;
}

#define OURS "/etc/apache2/sites-enabled/zzz-apphost.conf"

static apr_status_t judge(aphd_judgement_t *judgement, const aphd_httpd_name_t *names, int count)
{
    static const char *const domains[] = {"home.arpa", NULL};
    aph_error_t err = APH_ERROR_INIT;
    return aphd_judge(judgement, names_of(names, count), settings_of(domains, 80), OURS, p, &err);
}

static void test_judge(void **state)
{
    aphd_judgement_t result;
    const aphd_httpd_name_t site = {.name = "x.example", .address = "*:80", .file = "a", .line = 1};
    aphd_httpd_name_t names[3] = {site};
    assert_int_equal(judge(&result, names, 0), APR_SUCCESS);
    assert_true(result.stand_in);
    assert_int_equal(judge(&result, names, 1), APR_SUCCESS);
    assert_false(result.stand_in);

    names[0].address = "*:443";
    assert_int_equal(judge(&result, names, 1), APR_SUCCESS);
    assert_true(result.stand_in);

    names[0] = (aphd_httpd_name_t){.name = "*.home.arpa", .address = "*:80", .file = OURS, .line = 9,
                                   .wildcard = 1};
    assert_int_equal(judge(&result, names, 1), APR_SUCCESS);
    assert_true(result.stand_in);
    names[0].file = "b";
    assert_int_equal(judge(&result, names, 1), APH_ETAKEN);
    names[0].address = "*:443"; /* another door of httpd's */
    assert_int_equal(judge(&result, names, 1), APR_SUCCESS);

    names[0] = site;
    names[0].address = "*:*";
    assert_int_equal(judge(&result, names, 1), APH_ECONFIG);
    names[0].address = "127.0.0.1:80";
    assert_int_equal(judge(&result, names, 1), APH_ECONFIG);
    names[0].address = "192.0.2.7:80";
    names[1] = names[0];
    assert_int_equal(judge(&result, names, 2), APR_SUCCESS);
    assert_int_equal(result.bound->nelts, 1);
    assert_true(result.stand_in);
}

static void test_defaults(void **state)
{
    aph_error_t err = APH_ERROR_INIT;
    const aphd_httpd_name_t first = {.name = "x", .address = "*:80", .file = "a", .line = 1},
                            second = {.name = "y", .address = "*:80", .file = "b", .line = 1},
                            other = {.name = "z", .address = "*:443", .file = "c", .line = 4};
    const aphd_httpd_name_t before[] = {first, other}, fine[] = {first, other, second},
                            bad[] = {second, first, other};
    assert_int_equal(aphd_judge_defaults(names_of(before, 2), names_of(fine, 3), NULL),
                     APR_SUCCESS);
    assert_int_equal(aphd_judge_defaults(names_of(before, 2), names_of(bad, 3), &err), APH_ECONFIG);
    assert_non_null(strstr(err.message, "a:1"));
    assert_int_equal(aphd_judge_defaults(names_of(before, 2), names_of(before, 1), NULL),
                     APH_ECONFIG);
}

int main(void)
{
    apr_initialize();
    apr_pool_create(&p, NULL);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fill),      cmocka_unit_test(test_set),
        cmocka_unit_test(test_ports),     cmocka_unit_test(test_last_name),
        cmocka_unit_test(test_judge),     cmocka_unit_test(test_defaults),
    };
    int failed = cmocka_run_group_tests_name("setup", tests, NULL, NULL);
    apr_terminate();
    return failed;
}
