/* SPDX-License-Identifier: Apache-2.0 */
/* Aliases, kinds and options. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <apr_general.h>
#include <apr_strings.h>

#include "common/options.h"
#include "common/route_map.h"
#include "helper/vhost/names.h"
#include "helper/vhost/options.h"
#include "helper/vhost/text.h"

static apr_pool_t *pool;

static const char *const domains[] = {"home.arpa", "example.org", NULL};
static const aphd_naming_t naming = {"photos", domains, "box.home.arpa"};

static apr_status_t judge_one(const char *typed, const char **form, int *outside, aph_error_t *err)
{
    const char *const *aliases = NULL;
    *err = (aph_error_t)APH_ERROR_INIT;
    apr_status_t rv = aphd_aliases_judge(&typed, 1, &naming, &aliases, outside, pool, err);
    if (rv == APR_SUCCESS) {
        *form = aliases[0];
        assert_null(aliases[1]);
    }
    return rv;
}

static void aliases(void **state)
{
    static const struct {
        const char *typed, *form;
        int outside;
    } good[] = {
        {"fotos.home.arpa", "fotos.home.arpa", 0},
        {"Fotos.EXAMPLE.org.", "fotos.example.org", 0},
        {"a.b.home.arpa", "a.b.home.arpa", 0},
        {"photos.example.net", "photos.example.net", 1},
        {"b\xC3\xBC"
         "cher.example",
         "xn--bcher-kva.example", 1},
        {"nothome.arpa", "nothome.arpa", 1},
        {"apps.example.net", "apps.example.net", 1},
        {"x.photos.home.arpa", "x.photos.home.arpa", 0},
    };
    static const struct {
        const char *typed;
        apr_status_t status;
        const char *piece;
    } bad[] = {
        {"", APH_EUSAGE, "host name"},
        {"fotos", APH_EUSAGE, "no dot"},
        {"*.home.arpa", APH_EUSAGE, "wildcard"},
        {"f*.example", APH_EUSAGE, "wildcard"},
        {"10.0.0.1", APH_EUSAGE, "not a host name"},
        {"[::1]", APH_EUSAGE, "not a host name"},
        {"a.example:80", APH_EUSAGE, "not a host name"},
        {"a..example", APH_EUSAGE, "host name"},
        {"_default_.example", APH_EUSAGE, "host name"},
        {"${HOME}.example", APH_EUSAGE, "host name"},
        {"a.example\nLoadModule", APH_EUSAGE, "host name"},
        {"home.arpa", APH_ETAKEN, "domain"},
        {"example.org", APH_ETAKEN, "domain"},
        {"apps.home.arpa", APH_ETAKEN, "apps"},
        {"apphost-probe.example.org", APH_ETAKEN, "server itself"},
        {"www.home.arpa", APH_ETAKEN, "www"},
        {"box.home.arpa", APH_ETAKEN, "machine"},
        {"BOX.example.org", APH_ETAKEN, "machine"},
        {"photos.home.arpa", APH_ETAKEN, "own name"},
        {"photos.example.org", APH_ETAKEN, "own name"},
    };
    aph_error_t err;
    const char *form = NULL;
    int outside;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        assert_int_equal(judge_one(good[i].typed, &form, &outside, &err), APR_SUCCESS);
        assert_string_equal(form, good[i].form);
        assert_int_equal(outside, good[i].outside);
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(judge_one(bad[i].typed, &form, &outside, &err), bad[i].status);
        if (strstr(err.message, bad[i].piece) == NULL)
            fail_msg("%s: %s", bad[i].typed, err.message);
    }
}

static void many_aliases(void **state)
{
    const char *typed[APHD_ALIASES_MAX + 1];
    const char *const *found;
    int outside;
    aph_error_t err = APH_ERROR_INIT;
    for (int i = 0; i <= APHD_ALIASES_MAX; i++)
        typed[i] = apr_psprintf(pool, "a%d.example", i);
    assert_int_equal(
        aphd_aliases_judge(typed, APHD_ALIASES_MAX, &naming, &found, &outside, pool, &err),
        APR_SUCCESS);
    assert_int_equal(
        aphd_aliases_judge(typed, APHD_ALIASES_MAX + 1, &naming, &found, &outside, pool, &err),
        APH_EUSAGE);
    err = (aph_error_t)APH_ERROR_INIT;
    typed[5] = "A0.Example.";
    assert_int_equal(aphd_aliases_judge(typed, 6, &naming, &found, &outside, pool, &err),
                     APH_EUSAGE);
    assert_non_null(strstr(err.message, "a0.example is given twice"));
    assert_int_equal(aphd_aliases_judge(NULL, 0, &naming, &found, &outside, pool, NULL),
                     APR_SUCCESS);
    assert_null(found[0]);
}

static void kinds(void **state)
{
    static const struct {
        const char *kind;
        aphd_kind_t what;
    } rows[] = {
        {"container", APHD_KIND_CONTAINER},
        {"db-container", APHD_KIND_CONTAINER},
        {"container2", APHD_KIND_CONTAINER},
        {"webapp", APHD_KIND_WEBAPP},
        {"headless", APHD_KIND_HEADLESS},
        {"", APHD_KIND_UNKNOWN},
        {"php5", APHD_KIND_UNKNOWN},
        {"Container", APHD_KIND_UNKNOWN},
        {"../container", APHD_KIND_UNKNOWN},
        {"container/x", APHD_KIND_UNKNOWN},
        {"container.conf", APHD_KIND_UNKNOWN},
        {"-container", APHD_KIND_UNKNOWN},
        {"webapps", APHD_KIND_UNKNOWN},
        {"container-xxxxxxxxxxxxxxxxxxxxxx", APHD_KIND_CONTAINER},
        {"container-xxxxxxxxxxxxxxxxxxxxxxx", APHD_KIND_UNKNOWN},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        aph_error_t err = APH_ERROR_INIT;
        assert_int_equal(aphd_kind_of(rows[i].kind), rows[i].what);
        assert_int_equal(aphd_kind_judge(rows[i].kind, &err),
                         rows[i].what != APHD_KIND_UNKNOWN ? APR_SUCCESS : APH_EUSAGE);
        assert_int_equal(strstr(err.message, "webapp or headless") != NULL,
                         rows[i].what == APHD_KIND_UNKNOWN);
    }
}

/* --- options --------------------------------------------------------------------------------- */

static apr_status_t parse_one(const char *given, aphd_options_t *options, aph_error_t *err)
{
    *err = (aph_error_t)APH_ERROR_INIT;
    return aphd_options_parse(&given, 1, options, pool, err);
}

#define HSTS_LINES(seconds)                                                                        \
    "Header onsuccess unset Strict-Transport-Security \"expr=%{HTTPS} == 'on'\"\n"                 \
    "Header always set Strict-Transport-Security \"max-age=" seconds                               \
    "\" \"expr=%{HTTPS} == 'on'\""
#define HEADER_LINES(name, value)                                                                  \
    "Header onsuccess unset " name "\nHeader always set " name " \"" value "\""

static void good_options(void **state)
{
    static const struct {
        const char *given, *lines;
    } rows[] = {
        {"timeout=1", "AppHostTimeout 1"},
        {"timeout=86400", "AppHostTimeout 86400"},
        {"max-body=0", "LimitRequestBody 0"},
        {"max-body=1", "LimitRequestBody 1"},
        {"max-body=10K", "LimitRequestBody 10240"},
        {"max-body=5m", "LimitRequestBody 5242880"},
        {"max-body=1024G", "LimitRequestBody 1099511627776"},
        {"hsts", HSTS_LINES("15552000")},
        {"hsts=0", HSTS_LINES("0")},
        {"hsts=63072000", HSTS_LINES("63072000")},
        {"header=X-Frame-Options:DENY", HEADER_LINES("X-Frame-Options", "DENY")},
        {"header=x-frame-options:  SAMEORIGIN", HEADER_LINES("X-Frame-Options", "SAMEORIGIN")},
        {"header=X-Content-Type-Options:nosniff",
         HEADER_LINES("X-Content-Type-Options", "nosniff")},
        {"header=Referrer-Policy:no-referrer", HEADER_LINES("Referrer-Policy", "no-referrer")},
        {"header=Content-Security-Policy:default-src 'self' https://*.example; img-src *",
         HEADER_LINES("Content-Security-Policy",
                      "default-src 'self' https://*.example; img-src *")},
        {"header=Permissions-Policy:camera=(), usb=(self)",
         HEADER_LINES("Permissions-Policy", "camera=(), usb=(self)")},
        {"header=X-Robots-Tag:noindex, nofollow",
         HEADER_LINES("X-Robots-Tag", "noindex, nofollow")},
        {"header=Cross-Origin-Opener-Policy:same-origin",
         HEADER_LINES("Cross-Origin-Opener-Policy", "same-origin")},
        {"no-access-log", "SetEnvIf Request_URI \"^\" dontlog"},
        {"max-requests=1000000", ""},
        {"backend-https", ""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        aphd_options_t options;
        aph_error_t err;
        if (parse_one(rows[i].given, &options, &err) != APR_SUCCESS)
            fail_msg("%s: %s", rows[i].given, err.message);
        assert_string_equal(apr_array_pstrcat(pool, options.lines, '\n'), rows[i].lines);
        for (int j = 0; j < options.lines->nelts; j++) {
            const char *line = APR_ARRAY_IDX(options.lines, j, const char *);
            assert_true(aphd_vhost_line_valid(line, strlen(line)));
        }
        assert_int_equal(options.vhost, rows[i].lines[0] != '\0');
        assert_false(options.access);
    }
}

static void bad_options(void **state)
{
    static const struct {
        const char *given, *piece;
    } rows[] = {
        {"", "no option \"\""},
        {"nonsense", "no option \"nonsense\""},
        {"Timeout=5", "no option"},
        {"time=5", "no option"},
        {"timeout ", "no option"},
        {"=5", "no option"},
        {"timeout", "timeout=SECONDS"},
        {"timeout=", "timeout=SECONDS"},
        {"timeout=0", "1 to 86400"},
        {"timeout=86401", "1 to 86400"},
        {"timeout=5s", "1 to 86400"},
        {"timeout=-5", "1 to 86400"},
        {"timeout=5\n", "1 to 86400"},
        {"timeout=99999999999999999999", "1 to 86400"},
        {"max-body=1T", "K, M or G"},
        {"max-body=1025G", "1 TiB"},
        {"max-body=1KB", "K, M or G"},
        {"max-body=-1", "bytes"},
        {"max-body=1.5G", "bytes"},
        {"max-body=G", "bytes"},
        {"hsts=", "hsts=[SECONDS]"},
        {"hsts=63072001", "63072000"},
        {"hsts=on", "seconds"},
        {"no-access-log=1", "takes no value"},
        {"backend-https=", "takes no value"},
        {"max-requests=0", "1 to 1000000"},
        {"max-websockets=1000001", "1 to 1000000"},
        {"header=X-Frame-Options", "NAME:VALUE"},
        {"header=X-Frame-Options:", "DENY or SAMEORIGIN"},
        {"header=X-Frame-Options:ALLOW", "DENY or SAMEORIGIN"},
        {"header=Server:x", "being one of"},
        {"header=Set-Cookie:a=b", "X-Robots-Tag"},
        {"header=:x", "being one of"},
        {"header=Content-Security-Policy:a\"b", "printable ASCII"},
        {"header=Content-Security-Policy:a\\", "printable ASCII"},
        {"header=Content-Security-Policy:${HOME}", "printable ASCII"},
        {"header=Content-Security-Policy:%{HOME}e", "printable ASCII"},
        {"header=Content-Security-Policy:a\nb", "printable ASCII"},
        {"header=Content-Security-Policy:expr=true", "must be a policy"},
        {"auth-file=users", "absolute path"},
        {"auth-file=/etc/../x", "absolute path"},
        {"auth-file=/etc/a b", "absolute path"},
        {"auth-file=/etc/x/", "absolute path"},
        {"auth-name=x", "without auth-file"},
        {"auth-name=a\"b", "printable"},
        {"allow-ip=10.0.0.1/8", "no bit behind"},
        {"allow-ip=10.0.0", "IPv4"},
        {"allow-ip=,", "IPv4"},
        {"allow-ip=10.0.0.1,", "IPv4"},
        {"allow-ip=10.0.0.0/33", "IPv4"},
        {"allow-ip=10.0.0.0/0", "IPv4"},
        {"allow-ip=10.0.0.0/08", "IPv4"},
        {"allow-ip=::ffff:10.0.0.1", "IPv4"},
        {"allow-ip=fe80::1%eth0", "IPv4"},
        {"allow-ip=example.org", "IPv4"},
        {"allow-ip=all", "IPv4"},
        {"allow-ip=10.0.0.1 10.0.0.2", "IPv4"},
        {"allow-ip=fd00::/129", "IPv4"},
        {"allow-ip=fd00::1/64", "IPv4"},
        {"allow-ip=/8", "IPv4"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        aphd_options_t options;
        aph_error_t err;
        assert_int_equal(parse_one(rows[i].given, &options, &err), APH_EUSAGE);
        if (strstr(err.message, rows[i].piece) == NULL)
            fail_msg("%s: %s", rows[i].given, err.message);
    }
}

static void options_together(void **state)
{
    static const char *const given[] = {"allow-ip=10.0.0.0/8",
                                        "max-websockets=7",
                                        "backend-https",
                                        "hsts",
                                        "auth-file=/etc/apphost/users",
                                        "allow-ip=FD00::/8,::1",
                                        "auth-name=My photos",
                                        "max-requests=9",
                                        "timeout=5",
                                        "header=X-Frame-Options:DENY",
                                        "header=X-Robots-Tag:none"};
    aphd_options_t options;
    aph_error_t err = APH_ERROR_INIT;
    assert_int_equal(
        aphd_options_parse(given, sizeof given / sizeof given[0], &options, pool, &err),
        APR_SUCCESS);
    assert_int_equal(options.route_flags, APH_ROUTE_HTTPS);
    assert_int_equal(options.max_requests, 9);
    assert_int_equal(options.max_websockets, 7);
    assert_true(options.access && options.vhost);
    assert_string_equal(options.auth_file, "/etc/apphost/users");
    assert_string_equal(options.auth_name, "My photos");
    assert_string_equal(apr_array_pstrcat(pool, options.allow_ip, ' '), "10.0.0.0/8 fd00::/8 ::1");
    assert_string_equal(options.named, "auth-file, auth-name, allow-ip, timeout, hsts, header");
    assert_string_equal(apr_array_pstrcat(pool, options.modules, ' '),
                        "authn_file authz_user auth_basic authz_host headers ssl");
    assert_string_equal(APR_ARRAY_IDX(options.lines, 0, const char *), "AppHostTimeout 5");
}

static void options_twice(void **state)
{
    static const char *const twice[][2] = {
        {"timeout=5", "timeout=5"},
        {"hsts", "hsts=5"},
        {"no-access-log", "no-access-log"},
        {"header=X-Frame-Options:DENY", "header=x-FRAME-options:DENY"}};
    aphd_options_t options;
    for (size_t i = 0; i < sizeof twice / sizeof twice[0]; i++) {
        aph_error_t err = APH_ERROR_INIT;
        assert_int_equal(aphd_options_parse(twice[i], 2, &options, pool, &err), APH_EUSAGE);
        assert_non_null(strstr(err.message, "given twice"));
    }
    const char *many[APHD_OPTIONS_MAX + 1];
    aph_error_t err = APH_ERROR_INIT;
    for (int i = 0; i <= APHD_OPTIONS_MAX; i++)
        many[i] = "allow-ip=10.0.0.1";
    assert_int_equal(aphd_options_parse(many, APHD_OPTIONS_MAX, &options, pool, &err), APR_SUCCESS);
    assert_int_equal(aphd_options_parse(many, APHD_OPTIONS_MAX + 1, &options, pool, &err),
                     APH_EUSAGE);
    assert_int_equal(aphd_options_parse(NULL, 0, &options, pool, NULL), APR_SUCCESS);
    assert_false(options.vhost || options.access);
}

/* No octet below blank, no quote, backslash, %, $, < or > gets through any option's value into a
 * line. */
static void every_octet_in_every_option(void **state)
{
    static const char *const values[][2] = {{"", ""},
                                            {"5", ""},
                                            {"", "5"},
                                            {"/a", ""},
                                            {"X-Frame-Options:DENY", ""},
                                            {"10.0.0.1", ""},
                                            {"Content-Security-Policy:a", "b"}};
    size_t count;
    const aph_option_t *rows = aph_options(&count);
    for (int octet = 1; octet < 256; octet++) {
        for (size_t row = 0; row < count; row++)
            for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
                char given[128];
                aphd_options_t options;
                aph_error_t err;
                snprintf(given, sizeof given, "%s=%s%c%s", rows[row].name, values[i][0], octet,
                         values[i][1]);
                if (parse_one(given, &options, &err) == APR_SUCCESS)
                    assert_true(octet >= ' ' && octet <= '~' && strchr("\"\\%$<>`", octet) == NULL);
                else
                    assert_int_equal(err.status, APH_EUSAGE);
            }
        apr_pool_clear(pool);
    }
}

static void the_table(void **state)
{
    size_t count;
    const aph_option_t *rows = aph_options(&count);
    assert_true(count >= 10 && count <= 32);
    for (size_t i = 0; i < count; i++) {
        assert_ptr_equal(aph_option_find(rows[i].name, strlen(rows[i].name)), &rows[i]);
        assert_int_equal(rows[i].help[strlen(rows[i].help) - 1], '.');
    }
    const aph_header_t *headers = aph_option_headers(&count);
    assert_true(count >= 8 && count <= 32);
    for (size_t i = 0; i < count; i++)
        assert_ptr_equal(aph_option_header_find(headers[i].name, strlen(headers[i].name)),
                         &headers[i]);
    assert_null(aph_option_find("time", 4));
    assert_null(aph_option_header_find("X-Frame", 7));
}

static void paths_and_lines(void **state)
{
    static const char *const good[] = {"/a", "/a/b.c", "/...", "/a@b,c+d=e_f-g", "/..a/b"};
    static const char *const bad[] = {"",     "/",    "a",       "//a",   "/a/",       "/a//b",
                                      "/.",   "/..",  "/a/../b", "/a/.",  "/a b",      "/a\nb",
                                      "/a\"", "/a\\", "/${a}",   "/a%20", "/\xC3\xA4", "/a*",
                                      "/a<",  "/a#",  "/a'",     "/a\x7f"};
    static const char *const strange[] = {"LoadModule x y",
                                          "Include /etc/passwd",
                                          "Include \"/etc/passwd\"",
                                          "ServerAlias a.b *",
                                          "ServerAlias",
                                          "ServerAlias A.b",
                                          "ErrorLog \"|/bin/x\"",
                                          "ErrorLog \"/x\"",
                                          "CustomLog \"|x\" combined env=!dontlog",
                                          "<VirtualHost *:80> ",
                                          "<VirtualHost *>",
                                          "Require ip 1.2.3.4 all",
                                          "AuthUserFile \"/a\" \"/b\"",
                                          "Header always set Server \"x\"",
                                          "Header always set X-Frame-Options \"ALLOW\"",
                                          "Header always set Content-Security-Policy \"a\" \"b\"",
                                          "Header always set X-Frame-Options DENY",
                                          "SetHandler cgi-script",
                                          "SetHandler default-handler x",
                                          "Options All",
                                          "AllowOverride All",
                                          "ServerName a.b\\",
                                          "# a comment that goes on \\",
                                          "AppHostTimeout 5 5",
                                          "servername a.b"};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        assert_true(aphd_vhost_path_valid(good[i]));
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_false(aphd_vhost_path_valid(bad[i]));
    for (size_t i = 0; i < sizeof strange / sizeof strange[0]; i++)
        if (aphd_vhost_line_valid(strange[i], strlen(strange[i])))
            fail_msg("%s", strange[i]);
    assert_false(aphd_vhost_line_valid("ServerName a.b\0x", 16));
    assert_false(aphd_vhost_line_valid("ServerName a.b\nx", 16));
    assert_true(aphd_vhost_line_valid("\t ServerName a.b", 16));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(aliases),       cmocka_unit_test(many_aliases),
        cmocka_unit_test(kinds),         cmocka_unit_test(good_options),
        cmocka_unit_test(bad_options),   cmocka_unit_test(options_together),
        cmocka_unit_test(options_twice), cmocka_unit_test(every_octet_in_every_option),
        cmocka_unit_test(the_table),     cmocka_unit_test(paths_and_lines),
    };
    apr_initialize();
    apr_pool_create(&pool, NULL);
    return cmocka_run_group_tests_name("vhost_names", tests, NULL, NULL);
}
