/* SPDX-License-Identifier: Apache-2.0 */
/* apphostd.conf: every key, and every refusal with its file and line. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include <apr_general.h>
#include <apr_strings.h>

#include "common/file_replace.h"
#include "helper/base/settings.h"

static char folder[] = "/tmp/aph-settings-XXXXXX";
static char path[64];
static apr_pool_t *pool;

static int make_folder(void **state)
{
    if (mkdtemp(folder) == NULL || apr_initialize() != APR_SUCCESS)
        return -1;
    apr_pool_create(&pool, NULL);
    snprintf(path, sizeof path, "%s/apphostd.conf", folder);
    return 0;
}

static int remove_folder(void **state)
{
    apr_pool_destroy(pool);
    apr_terminate();
    unlink(path);
    return rmdir(folder);
}

static apr_status_t load_octets(const char *octets, size_t length, aphd_settings_t **settings,
                                aph_error_t *err)
{
    assert_int_equal(aph_file_replace(path, octets, length, 0600, NULL), APR_SUCCESS);
    *err = (aph_error_t)APH_ERROR_INIT;
    return aphd_settings_load(settings, path, pool, err);
}

static const aphd_settings_t *load(const char *text)
{
    aphd_settings_t *settings;
    aph_error_t err;
    if (load_octets(text, strlen(text), &settings, &err) != APR_SUCCESS)
        fail_msg("%s: %s", text, err.message);
    return settings;
}

/* Refused with "FILE:LINE: ..." (line 0: "FILE: ...") and words in it. */
static void refused(const char *text, int line, const char *words)
{
    aphd_settings_t *settings;
    aph_error_t err;
    char place[96];
    if (load_octets(text, strlen(text), &settings, &err) != APH_ECONFIG)
        fail_msg("taken: %s", text);
    assert_int_equal(err.status, APH_ECONFIG);
    snprintf(place, sizeof place, line > 0 ? "%s:%d: " : "%s: ", path, line);
    if (strncmp(err.message, place, strlen(place)) != 0 || strstr(err.message, words) == NULL)
        fail_msg("%s says: %s, not %s%s", text, err.message, place, words);
}

static void defaults(void **state)
{
    const aphd_settings_t *s = load("[apphost]\nDomain = home.arpa\n");
    assert_string_equal(s->path, path);
    assert_string_equal(s->domains[0], "home.arpa");
    assert_null(s->domains[1]);
    assert_string_equal(s->state_dir, "/var/lib/apphost");
    assert_string_equal(s->runtime_dir, "/run/apphost");
    assert_string_equal(s->web_user, "www-data");
    assert_int_equal(s->max_app_id, 999);
    assert_int_equal(s->public_port, 80);
    assert_string_equal(s->engine_socket, "/run/docker.sock");
    assert_null(s->compose);
    assert_string_equal(s->subnet_pool, "10.213.0.0/16");
    assert_int_equal(s->start_seconds, 300);
    assert_int_equal(s->parallel_jobs, 4);
    assert_null(s->ca_file);
    assert_string_equal(s->socket_path, "/run/apphost/apphostd.sock");
    assert_string_equal(s->lock_path, "/run/apphost/apphostd.lock");
    assert_string_equal(s->database_path, "/var/lib/apphost/apphost.db");
    assert_string_equal(s->routes_path, "/var/lib/apphost/routes");
    assert_string_equal(s->apps_dir, "/var/lib/apphost/apps");
    assert_string_equal(s->data_dir, "/var/lib/apphost/data");
}

#define EVERY_KEY(end)                                                                             \
    "# all of them" end "[apphost]" end "Domain = home.arpa example.org" end "StateDir = /s" end   \
    "RuntimeDir=/r" end "WebUser = httpd" end "MaxAppId = 30535" end "PublicPort = 65535" end      \
    end "[engine]" end "Socket = /run/podman/podman.sock" end "Compose = /usr/bin/docker-compose"  \
    end "SubnetPool = 172.20.0.0/14 ; a comment" end "StartSeconds = 86400" end "[jobs]" end       \
    "Parallel = 1" end "[catalog]" end "CaFile = /ca.pem" end

static void expect_every_key(const aphd_settings_t *s)
{
    assert_string_equal(s->domains[0], "home.arpa");
    assert_string_equal(s->domains[1], "example.org");
    assert_null(s->domains[2]);
    assert_string_equal(s->state_dir, "/s");
    assert_string_equal(s->runtime_dir, "/r");
    assert_string_equal(s->web_user, "httpd");
    assert_int_equal(s->max_app_id, 30535);
    assert_int_equal(s->public_port, 65535);
    assert_string_equal(s->engine_socket, "/run/podman/podman.sock");
    assert_string_equal(s->compose, "/usr/bin/docker-compose");
    assert_string_equal(s->subnet_pool, "172.20.0.0/14");
    assert_int_equal(s->start_seconds, 86400);
    assert_int_equal(s->parallel_jobs, 1);
    assert_string_equal(s->ca_file, "/ca.pem");
    assert_string_equal(s->socket_path, "/r/apphostd.sock");
    assert_string_equal(s->database_path, "/s/apphost.db");
}

static void every_key(void **state)
{
    expect_every_key(load(EVERY_KEY("\n")));
    expect_every_key(load(EVERY_KEY("\r\n")));        /* edited on another system */
    expect_every_key(load("\xef\xbb\xbf" EVERY_KEY("\n")));
    expect_every_key(load(EVERY_KEY("  \n")));
}

static void the_last_line_needs_no_end(void **state)
{
    assert_string_equal(load("[apphost]\nDomain = home.arpa")->domains[0], "home.arpa");
}

static void domains(void **state)
{
    const aphd_settings_t *s = load("[apphost]\nDomain = Home.ARPA., \tEXAMPLE.org b\xc3\xbc" "cher.example\n"
                                    "[engine]\nStartSeconds = 5\n"
                                    "[apphost]\nDomain = second.example\n");
    assert_string_equal(s->domains[0], "home.arpa");
    assert_string_equal(s->domains[1], "example.org");
    assert_string_equal(s->domains[2], "xn--bcher-kva.example");
    assert_string_equal(s->domains[3], "second.example"); /* a section may come twice */
    assert_null(s->domains[4]);
    s = load("[apphost]\nDomain = home.arpa\n  example.org\n\texample.net\n"); /* and go on */
    assert_string_equal(s->domains[2], "example.net");
}

static void domains_that_are_none(void **state)
{
    static const char *const bad[] = {"a_b.example", "http://home.arpa", "home.arpa:80", "127.0.0.1",
                                      "*.home.arpa", "home..arpa", "-a.example", "home.arpa/x",
                                      "caf\xe9.example", "."};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        refused(apr_pstrcat(pool, "[apphost]\nDomain = good.example ", bad[i], NULL), 2,
                "is not a domain");
    refused("[apphost]\nDomain = home.arpa example.org Home.arpa.\n", 2, "twice");
    refused("[apphost]\nDomain = home.arpa\nDomain = home.arpa\n", 3, "twice");
    char *longest = apr_pstrdup(pool, "[apphost]\nDomain = "); /* room for a label and its dot */
    for (int i = 0; i < 18; i++)
        longest = apr_pstrcat(pool, longest, "abcdefghi.", NULL);
    assert_int_equal(strlen(load(apr_pstrcat(pool, longest, "abcdef", NULL))->domains[0]), 186);
    char *next = apr_pstrcat(pool, "[apphost]\nDomain = home.arpa\n ", longest + 19, "abcdefghi", NULL);
    assert_int_equal(strlen(load(next)->domains[1]), 189);
    refused(apr_pstrcat(pool, next, "j", NULL), 3, "at most 189");
}

static void what_is_missing(void **state)
{
    refused("", 0, "Domain is missing");
    refused("[apphost]\nDomain =\n", 0, "Domain is missing");
    refused("[apphost]\nDomain = , ,\n", 0, "Domain is missing");
    refused("[apphost]\nMaxAppId = 5\n", 0, "Domain is missing");
}

#define AFTER_DOMAIN(text) "[apphost]\nDomain = home.arpa\n" text "\n"

static void paths(void **state)
{
    static const char *const keys[] = {"StateDir", "RuntimeDir", "[engine]\nSocket",
                                       "[engine]\nCompose"};
    static const char *const bad[] = {"var/lib", "./x", "/a/../b", "/a/..", "/..", "~/x"};
    for (size_t k = 0; k < sizeof keys / sizeof keys[0]; k++) {
        int line = keys[k][0] == '[' ? 4 : 3;
        for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
            refused(apr_psprintf(pool, AFTER_DOMAIN("%s = %s"), keys[k], bad[i]), line, bad[i]);
        char eighty[82];
        memset(eighty, 'x', sizeof eighty);
        eighty[0] = '/';
        eighty[81] = '\0';
        refused(apr_psprintf(pool, AFTER_DOMAIN("%s = %s"), keys[k], eighty), line, "80");
        eighty[80] = '\0';
        load(apr_psprintf(pool, AFTER_DOMAIN("%s = %s"), keys[k], eighty));
        load(apr_psprintf(pool, AFTER_DOMAIN("%s = /a..b/..c/d.."), keys[k]));
    }
    refused(AFTER_DOMAIN("StateDir ="), 3, "absolute path");
    assert_null(load(AFTER_DOMAIN("[engine]\nCompose ="))->compose);
}

static void numbers(void **state)
{
    static const char *const keys[] = {"MaxAppId", "PublicPort", "[engine]\nStartSeconds",
                                       "[jobs]\nParallel"};
    static const char *const bad[] = {"0", "-1", "86401", "1.5", "0x10", "ten", "1 2", "4k",
                                      "99999999999999999999", ""};
    for (size_t k = 0; k < sizeof keys / sizeof keys[0]; k++) {
        int line = keys[k][0] == '[' ? 4 : 3;
        for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
            refused(apr_psprintf(pool, AFTER_DOMAIN("%s = %s"), keys[k], bad[i]), line,
                    "whole number");
        load(apr_psprintf(pool, AFTER_DOMAIN("%s = 1"), keys[k]));
    }
    refused(AFTER_DOMAIN("MaxAppId = 30536"), 3, "from 1 to 30535");
    refused(AFTER_DOMAIN("PublicPort = 65536"), 3, "from 1 to 65535");
}

static void words(void **state)
{
    static const char *const bad[] = {"", "a b", "a:b", "a/b"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        refused(apr_psprintf(pool, AFTER_DOMAIN("WebUser = %s"), bad[i]), 3, "one word");
}

static void subnet_pools(void **state)
{
    static const char *const good[] = {"10.0.0.0/8", "192.168.4.0/24", "172.16.0.0/12"};
    static const char *const bad[] = {"10.0.0.0", "10.0.0.0/7", "10.0.0.0/25", "10.0.0.0/", "/16",
                                      "10.0.0/16", "10.0.0.0/16x", "10.0.0.0/+9", "10.0.0.0/ 9",
                                      "10.0.0.0/016", "fd00::/16", "10.0.0.0/255.0.0.0", "home.arpa/16",
                                      "10.0.0.0/16, 10.1.0.0/16", "256.0.0.0/8"};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        assert_string_equal(
            load(apr_psprintf(pool, AFTER_DOMAIN("[engine]\nSubnetPool = %s"), good[i]))->subnet_pool,
            good[i]);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        refused(apr_psprintf(pool, AFTER_DOMAIN("[engine]\nSubnetPool = %s"), bad[i]), 4, "IPv4 network");
    refused(AFTER_DOMAIN("[engine]\nSubnetPool = 10.213.0.1/16"), 4, "outside its network");
    refused(AFTER_DOMAIN("[engine]\nSubnetPool = 10.128.0.0/8"), 4, "outside its network");
}

static void unknown_words(void **state)
{
    refused(AFTER_DOMAIN("Domains = x"), 3, "no key Domains in [apphost]");
    refused(AFTER_DOMAIN("domain = x"), 3, "no key domain");
    refused(AFTER_DOMAIN("[jobs]\n\nSocket = /x"), 5, "no key Socket in [jobs]");
    refused(AFTER_DOMAIN("[Engine]\nSocket = /x"), 4, "in [Engine]");
    refused("Domain = home.arpa\n", 1, "no key Domain in []");
}

static void lines_that_are_none(void **state)
{
    refused(AFTER_DOMAIN("MaxAppId"), 3, "not understood");
    refused(AFTER_DOMAIN("[jobs\nParallel = 2"), 3, "not understood");
    refused(AFTER_DOMAIN("= 5"), 3, "no key");
    /* The first wrong line is the one that is named, whichever kind comes first. */
    refused(AFTER_DOMAIN("MaxAppId\nPublicPort = x"), 3, "not understood");
    refused(AFTER_DOMAIN("PublicPort = x\nMaxAppId"), 3, "whole number");
    refused("[apphost]\r\nDomain = home.arpa\r\n# c\r\nMaxAppId = x\r\n", 4, "MaxAppId = x");
}

static void twice(void **state)
{
    refused(AFTER_DOMAIN("MaxAppId = 5\nMaxAppId = 6"), 4, "twice");
    refused(AFTER_DOMAIN("StateDir = /a\n  /b"), 4, "twice"); /* a line that goes on */
    refused(AFTER_DOMAIN("[jobs]\nParallel = 2\n[engine]\n[jobs]\nParallel = 2"), 7, "twice");
}

/* Nothing is cut in silence: a domain that vanishes would take its apps with it. */
static void long_lines(void **state)
{
    char *text = apr_pstrdup(pool, "[apphost]\n# ");
    for (int i = 0; i < 100; i++)
        text = apr_pstrcat(pool, text, "long comment ", NULL);
    refused(apr_pstrcat(pool, text, "\nDomain = home.arpa\nMaxAppId = x\n", NULL), 4, "MaxAppId");
    assert_string_equal(load(apr_pstrcat(pool, text, "\nDomain = home.arpa\n", NULL))->domains[0],
                        "home.arpa");
    text = apr_pstrdup(pool, "[apphost]\nDomain =");
    for (int i = 0; i < 9; i++)
        text = apr_psprintf(pool, "%s domain%d.with-a-long-name.example", text, i);
    refused(apr_pstrcat(pool, text, "\n", NULL), 2, "longer than");
    refused(text, 2, "longer than");
    char edge[64 + 198 + 8]; /* the longest line that passes, with and without an end */
    strcpy(edge, "[apphost]\nDomain = home.arpa");
    size_t begin = strlen("[apphost]\n"), at = strlen(edge);
    memset(edge + at, ' ', sizeof edge - at);
    strcpy(edge + begin + 198, "\n");
    load(edge);
    strcpy(edge + begin + 198, "");
    load(edge);
}

static void octets_that_are_no_text(void **state)
{
    aphd_settings_t *settings;
    aph_error_t err;
    static const char nul[] = "[apphost]\nDomain = home.arpa\nMax\0AppId = 5\n";
    assert_int_equal(load_octets(nul, sizeof nul - 1, &settings, &err), APH_ECONFIG);
    assert_non_null(strstr(err.message, ":3: "));
    char junk[4096];
    unsigned seed = 1;
    for (int round = 0; round < 50; round++) {
        for (size_t i = 0; i < sizeof junk; i++)
            junk[i] = (char)((seed = seed * 1103515245u + 12345u) >> 16);
        assert_int_equal(load_octets(junk, sizeof junk, &settings, &err), APH_ECONFIG);
    }
}

static void files_that_are_none(void **state)
{
    aphd_settings_t *settings;
    aph_error_t err = APH_ERROR_INIT;
    assert_int_equal(aphd_settings_load(&settings, "/no/such/file", pool, &err), APH_ECONFIG);
    assert_string_equal(err.message, "cannot read /no/such/file: No such file or directory");
    err = (aph_error_t)APH_ERROR_INIT;
    assert_int_equal(aphd_settings_load(&settings, folder, pool, &err), APH_ECONFIG);
    assert_non_null(strstr(err.message, "Is a directory"));
    assert_int_equal(aphd_settings_load(&settings, "/no/such/file", pool, NULL), APH_ECONFIG);
    assert_int_equal(aph_file_replace(path, "[x]\ny=1\n", 8, 0600, NULL), APR_SUCCESS);
    assert_int_equal(aphd_settings_load(&settings, path, pool, NULL), APH_ECONFIG);
}

/* What is shipped says what holds without it. */
static void the_shipped_file(void **state)
{
    aphd_settings_t *settings;
    aph_error_t err = APH_ERROR_INIT;
    const char *srcdir = getenv("srcdir");
    const char *shipped = apr_pstrcat(pool, srcdir != NULL ? srcdir : ".", "/conf/apphostd.conf", NULL);
    if (aphd_settings_load(&settings, shipped, pool, &err) != APR_SUCCESS)
        fail_msg("%s", err.message);
    assert_non_null(settings->domains[0]);
    assert_string_equal(settings->subnet_pool, "10.213.0.0/16");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults),
        cmocka_unit_test(every_key),
        cmocka_unit_test(the_last_line_needs_no_end),
        cmocka_unit_test(domains),
        cmocka_unit_test(domains_that_are_none),
        cmocka_unit_test(what_is_missing),
        cmocka_unit_test(paths),
        cmocka_unit_test(numbers),
        cmocka_unit_test(words),
        cmocka_unit_test(subnet_pools),
        cmocka_unit_test(unknown_words),
        cmocka_unit_test(lines_that_are_none),
        cmocka_unit_test(twice),
        cmocka_unit_test(long_lines),
        cmocka_unit_test(octets_that_are_no_text),
        cmocka_unit_test(files_that_are_none),
        cmocka_unit_test(the_shipped_file),
    };
    return cmocka_run_group_tests_name("settings", tests, make_folder, remove_folder);
}
