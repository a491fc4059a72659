/* SPDX-License-Identifier: Apache-2.0 */
/* What an app says about itself: private addresses become public, all other text stays. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include <apr_general.h>
#include <apr_strings.h>

#include "mod_apphost/addresses.h"

static apr_pool_t *pool;
static aphm_addresses_t gitlab;

static int set_up(void **state)
{
    if (apr_initialize() != APR_SUCCESS || apr_pool_create(&pool, NULL) != APR_SUCCESS)
        return -1;
    apr_array_header_t *domains = apr_array_make(pool, 2, sizeof(const char *));
    APR_ARRAY_PUSH(domains, const char *) = "home.arpa";
    APR_ARRAY_PUSH(domains, const char *) = "example.org";
    gitlab = (aphm_addresses_t){.name = "gitlab",
                                .domains = domains,
                                .port = 35007,
                                .host = "git.example.net",
                                .scheme = "https",
                                .authority = "Git.example.net:8443"};
    return 0;
}

static int tear_down(void **state)
{
    apr_pool_destroy(pool);
    apr_terminate();
    return 0;
}

#define PUBLIC "https://Git.example.net:8443"

static void becomes(const char *url, const char *expected)
{
    const char *got = aphm_address_public(&gitlab, url, pool);
    if (got == NULL)
        fail_msg("%s was left alone", url);
    assert_string_equal(got, expected);
}

static void private_becomes_public(void **state)
{
    static const char *const origins[] = {
        "http://127.0.0.1:35007",         "https://127.0.0.1:35007",
        "HTTP://LocalHost:35007",         "http://[::1]:35007",
        "http://gitlab.home.arpa:35007",  "https://GITLAB.Home.Arpa:35007",
        "http://gitlab.example.org:35007", "http://git.example.net:35007",
        "//127.0.0.1:35007",              "//gitlab.home.arpa:35007"};
    static const char *const rests[] = {"", "/", "/users/sign_in?a=b#c", "?q", "#f",
                                        "/?next=http://127.0.0.1:35007/", "//x"};
    for (size_t i = 0; i < sizeof origins / sizeof origins[0]; i++)
        for (size_t j = 0; j < sizeof rests / sizeof rests[0]; j++)
            becomes(apr_pstrcat(pool, origins[i], rests[j], NULL),
                    apr_pstrcat(pool, PUBLIC, rests[j], NULL));
}

static void all_else_stays(void **state)
{
    static const char *const urls[] = {
        "", "/", "/x", "x", "?http://127.0.0.1:35007/", "http:", "http://", "http:///", "//",
        "http://127.0.0.1/", "http://127.0.0.1:80/", "http://127.0.0.1:3500/",
        "http://127.0.0.1:350070/", "http://127.0.0.1:35008/", "http://127.0.0.1:035007/",
        "http://127.0.0.1:+35007/", "http://127.0.0.1: 35007/", "http://127.0.0.1:35007:/",
        "http://127.0.0.1:35007@evil.example/", "http://127.0.0.1:35007\\@evil.example/",
        "http://u@127.0.0.1:35007/", "http://u:p@127.0.0.1:35007/",
        "http://u:35007@127.0.0.1:35007/", "http://:35007/", "http://@:35007/",
        "http://127.0.0.2:35007/", "http://127.1:35007/", "http://2130706433:35007/",
        "http://127.0.0.1.evil.example:35007/", "http://localhost.evil.example:35007/",
        "http://localhost.:35007/", "http://xlocalhost:35007/", "http://::1:35007/",
        "http://[::1]x:35007/", "http://[::2]:35007/", "http://gitlab:35007/",
        "http://gitlab.:35007/", "http://gitlab.home:35007/", "http://gitlab.home.arpa.:35007/",
        "http://gitlab.home.arpa.evil.example:35007/", "http://gitlab.anything:35007/",
        "http://gitlabx.home.arpa:35007/", "http://x.gitlab.home.arpa:35007/",
        "http://gitla.home.arpa:35007/", "http://home.arpa:35007/", "http://.home.arpa:35007/",
        "http://other.example:35007/", "http://git.example.net/", "http://git.example.net:8443/",
        "ftp://127.0.0.1:35007/", "ws://127.0.0.1:35007/", "javascript:127.0.0.1:35007",
        " http://127.0.0.1:35007/", "http:/127.0.0.1:35007/", "http//127.0.0.1:35007/"};
    for (size_t i = 0; i < sizeof urls / sizeof urls[0]; i++) {
        const char *got = aphm_address_public(&gitlab, urls[i], pool);
        if (got != NULL)
            fail_msg("%s became %s", urls[i], got);
    }
}

static void refreshes(void **state)
{
#define IS  "http://127.0.0.1:35007/z"
#define NOW PUBLIC "/z"
    static const char *const cases[][2] = {
        {"5; url=" IS, "5; url=" NOW},
        {"5;URL=" IS, "5;URL=" NOW},
        {"0 ; Url = " IS, "0 ; Url = " NOW},
        {"5, url=" IS, "5, url=" NOW},
        {"1.5;url=\"" IS "\"", "1.5;url=\"" NOW "\""},
        {"5; url='" IS "' ; more", "5; url='" NOW "' ; more"},
        {"5; url='" IS, "5; url='" NOW},
        {"5; url=\"http://localhost:35007\"", "5; url=\"" PUBLIC "\""},
        {"5; " IS, "5; " NOW},
        {"5 url=" IS, "5 url=" NOW},
        {"5; url=" IS "?a=b;c='d'", "5; url=" NOW "?a=b;c='d'"},
        {"5", NULL},
        {"", NULL},
        {"5;", NULL},
        {"5; url", NULL},
        {"5; url=", NULL},
        {"5; url=\"", NULL},
        {"5; url=/x?u=" IS, NULL},
        {"5; url=\"/x\" url=" IS, NULL},
        {"5; url=http://other.example/?url=" IS, NULL},
        {"5; url='http://127.0.0.1:35007'@evil.example/", "5; url='" PUBLIC "'@evil.example/"},
        {"5; url=http://127.0.0.1:35007'@evil.example/", NULL},
        {"5; xurl=" IS, NULL}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const char *got = aphm_address_refresh(&gitlab, cases[i][0], pool);
        if (cases[i][1] == NULL && got != NULL)
            fail_msg("%s became %s", cases[i][0], got);
        if (cases[i][1] != NULL)
            assert_string_equal(got != NULL ? got : cases[i][0], cases[i][1]);
    }
}

static void cookies(void **state)
{
    static const char *const cases[][2] = {
        {"a=1; Path=/", "a=1; Path=/"},
        {"a=1; Domain=127.0.0.1:35007; Path=/", "a=1; Path=/"},
        {"a=1; domain=localhost:35007", "a=1"},
        {"a=1; Domain=[::1]:35007; Secure", "a=1; Secure"},
        {"a=1; Domain=gitlab.home.arpa:35007; HttpOnly", "a=1; HttpOnly"},
        {"a=1; Domain=gitlab.home.arpa", "a=1"},
        {"a=1; Domain=.example.net; Path=/x", "a=1; Path=/x"},
        {"a=1; Domain=git.EXAMPLE.net", "a=1; Domain=git.EXAMPLE.net"},
        {"a=1; Domain=.git.example.net", "a=1; Domain=.git.example.net"},
        {"a=http://127.0.0.1:35007/; Path=/", "a=http://127.0.0.1:35007/; Path=/"},
        {"a=Domain=x", "a=Domain=x"},
        {"", ""},
        {";", ";"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_string_equal(aphm_address_cookie(&gitlab, cases[i][0], pool), cases[i][1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(private_becomes_public),
        cmocka_unit_test(all_else_stays),
        cmocka_unit_test(refreshes),
        cmocka_unit_test(cookies),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
