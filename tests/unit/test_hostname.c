/* SPDX-License-Identifier: Apache-2.0 */
/* Names, domains and Host headers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "common/hostname.h"

#define X63          "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
#define X61          "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
#define RTL_OVERRIDE "a\xE2\x80\xAE"
#define D253         X63 "." X63 "." X63 "." X61

static void labels(void **state)
{
    static const char *const valid[] = {"a", "0", "a-b", "a--b", "gitlab", "1a", X63};
    static const char *const invalid[] = {"",      "-",        "-a",   "a-",    "A",    "a.b",
                                          "a b",   "a_b",      "a/b",  "a\n",   "\n",   "a\r",
                                          "a\x0b", "a\\",      "\"",   "*",     "${a}", "a%61",
                                          X63 "x", "\xC3\xBC", "\xff", "a\x85", "#"};
    for (size_t i = 0; i < sizeof valid / sizeof valid[0]; i++)
        assert_true(aph_label_valid(valid[i]));
    for (size_t i = 0; i < sizeof invalid / sizeof invalid[0]; i++)
        assert_false(aph_label_valid(invalid[i]));
}

static void domains(void **state)
{
    static const char *const valid[] = {"a", "home.arpa", "xn--bcher-kva.example", "1.2.a", D253};
    static const char *const invalid[] = {"",    ".",    "a.",     ".a",   "a..b",
                                          "A.b", "a.-b", D253 "x", "a b.c"};
    for (size_t i = 0; i < sizeof valid / sizeof valid[0]; i++)
        assert_true(aph_domain_valid(valid[i]));
    for (size_t i = 0; i < sizeof invalid / sizeof invalid[0]; i++)
        assert_false(aph_domain_valid(invalid[i]));
}

static void app_names(void **state)
{
    static const struct {
        const char *name, *machine;
        apr_status_t status;
    } rows[] = {
        {"gitlab", "box.home.arpa", APR_SUCCESS},
        {"gitlab", NULL, APR_SUCCESS},
        {"gitlab", "", APR_SUCCESS},
        {"box2", "box", APR_SUCCESS},
        {"bo", "box", APR_SUCCESS},
        {"Gitlab", NULL, APH_EUSAGE},
        {"", NULL, APH_EUSAGE},
        {"a.b", NULL, APH_EUSAGE},
        {"apps", NULL, APH_ETAKEN},
        {"www", NULL, APH_ETAKEN},
        {"localhost", NULL, APH_ETAKEN},
        {"apphost-probe", NULL, APH_ETAKEN},
        {"box", "box", APH_ETAKEN},
        {"box", "Box.Home.arpa", APH_ETAKEN},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        aph_error_t err = APH_ERROR_INIT;
        assert_int_equal(aph_name_check(rows[i].name, rows[i].machine, &err), rows[i].status);
        assert_int_equal(err.status, rows[i].status);
        assert_int_equal(err.message[0] != '\0', rows[i].status != APR_SUCCESS);
    }
}

static void host_headers(void **state)
{
    static const char *const forms[][2] = {
        {"a.home.arpa", "a.home.arpa"},
        {"A.HOME.arpa", "a.home.arpa"},
        {"a.home.arpa.", "a.home.arpa"},
        {"a.home.arpa:80", "a.home.arpa"},
        {"a.home.arpa.:8080", "a.home.arpa"},
        {"a:65535", "a"},
        {"a:", "a"},
        {"a:0", "a"},
        {"gitlab", "gitlab"},
        {"1password.home", "1password.home"},
        {"10.0.0.a", "10.0.0.a"},
        {D253, D253},
        {D253 ".:1", D253},
    };
    char out[APH_HOST_MAX + 1];
    size_t length;
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        assert_int_equal(aph_host_normalise(forms[i][0], out, &length), APR_SUCCESS);
        assert_string_equal(out, forms[i][1]);
        assert_int_equal(length, strlen(out));
    }
}

static void hosts_that_are_none(void **state)
{
    static const char *const rows[] = {
        "",           ".",       "..",
        ":80",        "a..b",    ".a",
        "a:65536",    "a:1x",    "a:-1",
        "a: 1",       "a:1:2",   "[::1]",
        "[::1]:80",   "::1",     "127.0.0.1",
        "127.1",      "1",       "10.0.0.1.",
        "a b",        "a/b",     "a@b",
        "a_b.c",      "-a.b",    "a-.b",
        "a%2eb",      "a,b",     "a\tb",
        "\xC3\xBC.b", "a\xff",   D253 "x",
        D253 "..",    X63 "x.a", "a:99999999999999999999999999",
    };
    char out[APH_HOST_MAX + 1];
    size_t length;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_int_equal(aph_host_normalise(rows[i], out, &length), APR_EINVAL);
}

/* Whatever the octets, the answer is a valid domain or a refusal, within the bounds of out. */
static void any_octets(void **state)
{
    uint32_t seed = 1;
    for (int round = 0; round < 200000; round++) {
        static const char likely[] = "aZ09.-:[]%_ \xC3";
        char host[300], out[APH_HOST_MAX + 1];
        size_t length = 0;
        int size = round % 290;
        for (int i = 0; i < size; i++) {
            seed = seed * 1664525 + 1013904223;
            host[i] = likely[(seed >> 16) % (sizeof likely - 1)];
        }
        host[size] = '\0';
        if (aph_host_normalise(host, out, &length) == APR_SUCCESS) {
            assert_int_equal(strlen(out), length);
            assert_true(aph_domain_valid(out));
        }
    }
}

static void typed_names(void **state)
{
    static const char *const forms[][2] = {
        {"home.arpa", "home.arpa"},
        {"Home.ARPA.", "home.arpa"},
        {"b\xC3\xBC"
         "cher.example",
         "xn--bcher-kva.example"},
        {"B\xC3\x9C"
         "CHER.example",
         "xn--bcher-kva.example"},
        {"fa\xC3\x9F.example", "xn--fa-hia.example"}, /* non-transitional keeps the sharp s */
        {"\xE4\xBE\x8B\xE3\x81\x88.jp", "xn--r8jz45g.jp"},
    };
    static const char *const none[] = {"",
                                       "a b",
                                       "a..b",
                                       "10.0.0.1",
                                       "a:80",
                                       "a/b",
                                       "http://a",
                                       "\xff",
                                       "-a",
                                       X63 "x",
                                       RTL_OVERRIDE "b.example",
                                       "*.home.arpa"};
    char out[APH_HOST_MAX + 1];
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        assert_int_equal(aph_host_to_ascii(forms[i][0], out, NULL), APR_SUCCESS);
        assert_string_equal(out, forms[i][1]);
    }
    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++) {
        aph_error_t err = APH_ERROR_INIT;
        assert_int_equal(aph_host_to_ascii(none[i], out, &err), APH_EUSAGE);
        assert_true(err.message[0] != '\0');
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(labels),
        cmocka_unit_test(domains),
        cmocka_unit_test(app_names),
        cmocka_unit_test(host_headers),
        cmocka_unit_test(hosts_that_are_none),
        cmocka_unit_test(any_octets),
        cmocka_unit_test(typed_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
