/* SPDX-License-Identifier: Apache-2.0 */
/* Rendering: words, their places, and that no value ever becomes more than a value. */
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

#include "helper/vhost/render.h"
#include "helper/vhost/text.h"

static apr_pool_t *pool;
static const char *const domains[] = {"home.arpa", "example.org", NULL};
static const char *const one_domain[] = {"home.arpa", NULL};

static const aphd_vhost_app_t plain = {.name = "photos",
                                       .kind = "container",
                                       .domains = domains,
                                       .port = 35007,
                                       .public_port = 80,
                                       .root_dir = "/srv/sites/7"};

static apr_status_t render(const char *text, const aphd_vhost_app_t *app, aphd_vhost_t *vhost,
                           aph_error_t *err)
{
    aphd_template_t template = {.path = "t.conf", .text = text, .length = strlen(text)};
    *err = (aph_error_t)APH_ERROR_INIT;
    return aphd_vhost_render(&template, app, vhost, pool, err);
}

static void becomes(const char *text, const aphd_vhost_app_t *app, const char *expected)
{
    aphd_vhost_t vhost;
    aph_error_t err;
    if (render(text, app, &vhost, &err) != APR_SUCCESS)
        fail_msg("%s: %s", text, err.message);
    assert_string_equal(vhost.text, expected);
    assert_int_equal(vhost.length, strlen(expected));
}

static void refused(const char *text, const aphd_vhost_app_t *app, const char *piece)
{
    aphd_vhost_t vhost;
    aph_error_t err;
    if (render(text, app, &vhost, &err) != APH_ECONFIG || strstr(err.message, piece) == NULL)
        fail_msg("%.200s: not \"%s\" but \"%s\"", text, piece, err.message);
}

static const aphd_options_t *options_of(const char *const *given, int count)
{
    aphd_options_t *options = apr_palloc(pool, sizeof *options);
    assert_int_equal(aphd_options_parse(given, count, options, pool, NULL), APR_SUCCESS);
    return options;
}

#define HOST(text) "<VirtualHost *:80>\n" text "</VirtualHost>\n"
#define ACCESS(pad)                                                                                \
    pad "<Location \"/\">\n" pad "    <If \"true\">\n" pad "        <RequireAll>\n" pad            \
        "            Require ip 10.0.0.1\n" pad "        </RequireAll>\n" pad "    </If>\n" pad    \
        "</Location>\n"

static const aphd_vhost_app_t *with_access(void)
{
    static const char *const given[] = {"allow-ip=10.0.0.1", "max-body=0"};
    aphd_vhost_app_t *app = apr_pmemdup(pool, &plain, sizeof plain);
    app->options = options_of(given, 2);
    return app;
}

static void words(void **state)
{
    becomes(HOST("a HDA_APP_NAME.HDA_DOMAIN:APP_PORT/ APP_PUBLIC_PORT\n"), &plain,
            HOST("a photos.home.arpa:35007/ 80\n"));
    becomes(HOST("\"APP_ROOT_DIR/x\" HDA_AUTHFILE\n"), &plain,
            HOST("\"/srv/sites/7/x\" /srv/sites/7/htpasswd\n"));
    becomes(HOST("MY_APP_PORT APP_PORTS APP_PORT2 xHDA_DOMAIN HDA_DOMAIN_ XAPP_ALIASES\n"), &plain,
            HOST("MY_APP_PORT APP_PORTS APP_PORT2 xHDA_DOMAIN HDA_DOMAIN_ XAPP_ALIASES\n"));
    becomes(HOST("# HDA_APP_NAME APP_ALIASES\n  # more HDA_ACCESS \\\n and APP_PORT\nAPP_PORT\n"),
            &plain,
            HOST("# HDA_APP_NAME APP_ALIASES\n  # more HDA_ACCESS \\\n and APP_PORT\n35007\n"));
    becomes(HOST("a \\\n APP_PORT\n"), &plain, HOST("a \\\n 35007\n"));
    becomes("<VirtualHost *:APP_PUBLIC_PORT>\r\nAPP_PORT\r\n</VirtualHost>", &plain,
            "<VirtualHost *:80>\r\n35007\r\n</VirtualHost>");
    refused(HOST("x APP_FILES_DIR\n"), &plain,
            "t.conf:2: an app of kind container has no APP_FILES_DIR");
    aphd_vhost_app_t files = plain;
    files.kind = "webapp", files.port = 0, files.files_dir = "/srv/www";
    becomes(HOST("x APP_FILES_DIR\n"), &files, HOST("x /srv/www\n"));
    refused(HOST("APP_PORT\n"), &files, "t.conf:2: an app of kind webapp has no APP_PORT");
}

static void words_that_become_lines(void **state)
{
    static const char *const aliases[] = {"a.example", "b.example", NULL};
    aphd_vhost_app_t app = plain;
    becomes(HOST("\tAPP_ALIASES\n\tAPP_CUSTOM_OPTIONS\n\tHDA_ACCESS\nx\n"), &app,
            HOST("\tServerAlias photos.example.org\nx\n"));
    app.aliases = aliases;
    becomes(HOST("APP_ALIASES\r\nx\n"), &app,
            HOST("ServerAlias photos.example.org a.example b.example\nx\n"));
    app.domains = one_domain;
    app.aliases = NULL;
    becomes(HOST("  APP_ALIASES  \nx\n"), &app, HOST("x\n"));
    refused(HOST("\nServerAlias x APP_ALIASES\n"), &app,
            "t.conf:3: APP_ALIASES becomes whole lines");
    refused(HOST("APP_CUSTOM_OPTIONS # here\n"), &app, "must stand alone");
    refused(HOST("x \\\nHDA_ACCESS\n"), &app, "must stand alone");
    refused(HOST("\\\nHDA_ACCESS\n"), &app, "cannot go on");
    refused(HOST("HDA_ACCESS\\\n\n"), &app, "cannot go on");
    refused("HDA_ACCESS\n" HOST(""), &app, "t.conf:1: HDA_ACCESS stands outside");
    refused(HOST("") "<IfModule x>\nAPP_CUSTOM_OPTIONS\n</IfModule>\n", &app, "stands outside");
}

static void places_of_access(void **state)
{
    const aphd_vhost_app_t *app = with_access();
    becomes(HOST("APP_CUSTOM_OPTIONS\nx\nHDA_ACCESS\n"), app,
            HOST("LimitRequestBody 0\nx\n" ACCESS("")));
    becomes(HOST("  APP_CUSTOM_OPTIONS\nx\n"), app,
            HOST("  LimitRequestBody 0\n" ACCESS("  ") "x\n"));
    /* Inside of another section both wait for its end; and each comes once. */
    becomes(HOST("  <Directory \"/a\">\n    APP_CUSTOM_OPTIONS\n    HDA_ACCESS\n    <If \"x\">\n"
                 "    HDA_ACCESS\n    </If>\n  </Directory>\nx\nHDA_ACCESS\n"),
            app,
            HOST("  <Directory \"/a\">\n    <If \"x\">\n    </If>\n  </Directory>\n"
                 "  LimitRequestBody 0\n" ACCESS("  ") "x\n"));
    /* Each block needs it. */
    becomes(HOST("APP_CUSTOM_OPTIONS\n") HOST("HDA_ACCESS\n"), app,
            HOST("LimitRequestBody 0\n" ACCESS("")) HOST(ACCESS("")));
    refused(HOST("APP_CUSTOM_OPTIONS\n") HOST("x\n"), app,
            "t.conf:4: this <VirtualHost> has neither");
    refused(HOST("# HDA_ACCESS\n"), app, "neither HDA_ACCESS nor APP_CUSTOM_OPTIONS");
    refused(HOST("HDA_ACCESS\n"), app, "no place for the options allow-ip, max-body");
    static const char *const outside[] = {"a.example", NULL};
    aphd_vhost_app_t aliased = plain;
    aliased.aliases = outside;
    refused(HOST("x\n"), &aliased, "APP_ALIASES");
}

static void sections(void **state)
{
    refused("", &plain, "there is no <VirtualHost>");
    refused("x\n", &plain, "there is no <VirtualHost>");
    refused("<VirtualHost *:80>\n", &plain, "t.conf:1: <VirtualHost> is never closed");
    refused(HOST("<Directory x>\n"), &plain, "</VirtualHost> closes nothing: open is <Directory>");
    refused(HOST("</Directory>\n"), &plain, "t.conf:2: </Directory> closes nothing");
    refused("</VirtualHost>\n", &plain, "no section is open");
    refused(HOST(HOST("")), &plain, "within another one");
    refused("<VirtualHost *:80>\n\\\n</VirtualHost>\n<\\\nVirtualHost *:443>\n</Virtual\\\nHost>\n",
            with_access(), "t.conf:1: this <VirtualHost> has neither");
    becomes("<virtualhost *:80>\n</VIRTUALHOST>\n", &plain, "<virtualhost *:80>\n</VIRTUALHOST>\n");
}

static void says_more(const char *text, const aphd_vhost_app_t *app, int shipped, int more,
                      int access)
{
    aphd_template_t template = {
        .path = "t.conf", .text = text, .length = strlen(text), .shipped = (unsigned)shipped};
    aphd_vhost_t vhost;
    aph_error_t err = APH_ERROR_INIT;
    if (aphd_vhost_render(&template, app, &vhost, pool, &err) != APR_SUCCESS)
        fail_msg("%s", err.message);
    assert_int_equal(vhost.says_more, more);
    assert_int_equal(vhost.access, access);
    assert_int_equal(vhost.because[0] != '\0', more);
}

static void what_it_says(void **state)
{
    static const char *const inside[] = {"b.home.arpa", NULL}, *const outside[] = {"a.example",
                                                                                   NULL};
    static const char *const route_only[] = {"max-requests=5", "backend-https"}, *const hsts[] = {
                                                                                     "hsts"};
    static const char *const keeping_out[] = {"Require valid-user",
                                              "require ip 1.2.3.4",
                                              "AuthType Basic",
                                              "Order deny,allow",
                                              "Deny from all",
                                              "Allow from 10",
                                              "Satisfy Any",
                                              "SSLVerifyClient require",
                                              "<RequireAny>\n</RequireAny>",
                                              "<Limit GET>\n</Limit>",
                                              "Include x.conf",
                                              "<If \"x\">\n</If>",
                                              "RewriteRule ^ - [F]",
                                              "Require all denied",
                                              "Req\\\nuire valid-user",
                                              "OIDCProviderMetadataURL x"};
    static const char *const letting_in[] = {"Require all granted", "RewriteEngine On",
                                             "# Require x", "Include \"${APPHOST_TLS}\"",
                                             "Header set Require x"};
    aphd_vhost_app_t app = plain;
    says_more(HOST("APP_ALIASES\n"), &app, 1, 0, 0);
    says_more(HOST("APP_ALIASES\n"), &app, 0, 1, 0);
    app.aliases = inside;
    says_more(HOST("APP_ALIASES\n"), &app, 1, 0, 0);
    app.aliases = outside;
    says_more(HOST("APP_ALIASES\n"), &app, 1, 1, 0);
    app = plain;
    app.options = options_of(route_only, 2);
    says_more(HOST("APP_CUSTOM_OPTIONS\n"), &app, 1, 0, 0);
    app.options = options_of(hsts, 1);
    says_more(HOST("APP_CUSTOM_OPTIONS\n"), &app, 1, 1, 0);
    says_more(HOST("APP_CUSTOM_OPTIONS\n"), with_access(), 1, 1, 1);
    app = plain;
    app.kind = "webapp";
    says_more(HOST("Require all granted\n"), &app, 1, 1, 0);
    for (size_t i = 0; i < sizeof keeping_out / sizeof keeping_out[0]; i++)
        says_more(
            apr_pstrcat(pool, "<VirtualHost *:80>\n", keeping_out[i], "\n</VirtualHost>\n", NULL),
            &plain, 0, 1, 1);
    for (size_t i = 0; i < sizeof letting_in / sizeof letting_in[0]; i++)
        says_more(
            apr_pstrcat(pool, "<VirtualHost *:80>\n", letting_in[i], "\n</VirtualHost>\n", NULL),
            &plain, 0, 1, 0);
}

static void the_second_net(void **state)
{
    aphd_template_t template = {.path = "t.conf",
                                .shipped = 1,
                                .text = "<VirtualHost *:80>\nLoadModule x y\n</VirtualHost>\n"};
    aphd_vhost_t vhost;
    aph_error_t err = APH_ERROR_INIT;
    template.length = strlen(template.text);
    assert_int_equal(aphd_vhost_render(&template, &plain, &vhost, pool, &err), APH_EINTERNAL);
    aphd_vhost_app_t app = plain;
    aphd_options_t *odd = apr_pcalloc(pool, sizeof *odd);
    odd->named = "odd";
    odd->lines = apr_array_make(pool, 1, sizeof(const char *));
    odd->allow_ip = odd->modules = odd->lines;
    APR_ARRAY_PUSH(odd->lines, const char *) = "x\nLoadModule";
    app.options = odd;
    assert_int_equal(render(HOST("APP_CUSTOM_OPTIONS\n"), &app, &vhost, &err), APH_EINTERNAL);
}

static void too_long(void **state)
{
    char *text = apr_pcalloc(pool, APHD_VHOST_TEXT_MAX + 1);
    strncpy(text, "<VirtualHost *:80>\n", 20);
    for (size_t i = 19; i < APHD_VHOST_TEXT_MAX - 40; i += 13)
        memcpy(text + i, "APP_ROOT_DIR\n", 13);
    size_t used = strlen(text);
    aphd_vhost_app_t app = plain;
    app.root_dir = "/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    strncpy(text + used, "</VirtualHost>\n", APHD_VHOST_TEXT_MAX - used);
    refused(text, &app, "more than 64 KiB");
}

/* --- hostile values -------------------------------------------------------------------------- */

static const char every_word[] =
    "<VirtualHost *:APP_PUBLIC_PORT>\nServerName "
    "HDA_APP_NAME.HDA_DOMAIN\nAPP_ALIASES\nAPP_CUSTOM_OPTIONS\n"
    "HDA_ACCESS\nErrorLog \"APP_ROOT_DIR/logs/error_log\"\nDocumentRoot \"APP_FILES_DIR\"\n"
    "AuthUserFile \"HDA_AUTHFILE\"\n</VirtualHost>\n";

/* Puts value into one place of the app after another. What is accepted stays on its own line. */
static void try_value(const char *value)
{
    enum { NAME, DOMAIN, SECOND, ALIAS, ROOT, FILES, AUTH, KIND, PLACES };
    for (int place = 0; place < PLACES; place++) {
        const char *const named[] = {place == DOMAIN ? value : "home.arpa",
                                     place == SECOND ? value : "example.org", NULL};
        const char *const aliases[] = {place == ALIAS ? value : "a.example", NULL};
        aphd_options_t options = *with_access()->options;
        options.auth_file = place == AUTH ? value : "/etc/users";
        aphd_vhost_app_t app = {.name = place == NAME ? value : "photos",
                                .kind = place == KIND ? value : "webapp",
                                .domains = named,
                                .aliases = aliases,
                                .port = 35007,
                                .public_port = 80,
                                .options = &options,
                                .root_dir = place == ROOT ? value : "/srv/7",
                                .files_dir = place == FILES ? value : "/srv/www"};
        aphd_template_t template = {
            .path = "t", .text = every_word, .length = strlen(every_word), .shipped = 1};
        aphd_vhost_t vhost;
        aph_error_t err = APH_ERROR_INIT;
        apr_status_t rv = aphd_vhost_render(&template, &app, &vhost, pool, &err);
        if (rv != APR_SUCCESS && rv != APH_EUSAGE)
            fail_msg("place %d, \"%s\": %s", place, value, err.message);
        if (rv != APR_SUCCESS)
            continue;
        int lines = 0;
        for (const char *c = vhost.text; *c != '\0'; c++)
            lines += *c == '\n';
        assert_int_equal(lines, 20);
        assert_null(strpbrk(vhost.text, "\\$%\r\t\v'`;|&#"));
    }
}

static void every_octet_in_every_place(void **state)
{
    static const char *const shapes[][2] = {{"", ""},    {"a", ""},   {"", "a"},
                                            {"a", "b"},  {"a.b", ""}, {"/", ""},
                                            {"/a", "b"}, {"/a", ""},  {"container", ""}};
    for (int octet = 1; octet < 256; octet++) {
        for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++) {
            char value[32];
            snprintf(value, sizeof value, "%s%c%s", shapes[i][0], octet, shapes[i][1]);
            try_value(value);
        }
        apr_pool_clear(pool);
    }
    try_value("");
}

static void the_list_in_every_place(void **state)
{
    static const char *const list[] = {"\n",
                                       "\r",
                                       "\r\n",
                                       "\x0b",
                                       "\x85",
                                       "\xe2\x80\xa8",
                                       "\\",
                                       "\"",
                                       "'",
                                       "<",
                                       ">",
                                       "</VirtualHost>",
                                       "<IfModule",
                                       "<If \"%{HTTPS}\">",
                                       "#",
                                       " ",
                                       "\t",
                                       "%{reqenv:x}",
                                       "${HOME}",
                                       "$1",
                                       "*",
                                       "_default_",
                                       "-",
                                       "",
                                       "\xff",
                                       ("b\xc3\xbc" "cher.example"),
                                       "xn--",
                                       "..",
                                       "/",
                                       "/..",
                                       "APP_CUSTOM_OPTIONS",
                                       "HDA_ACCESS",
                                       "HDA_APP_NAME",
                                       "APP_ALIASES",
                                       "localhost\nx",
                                       "10.0.0.1",
                                       "a..b",
                                       ".a",
                                       "a.",
                                       "|/bin/x",
                                       "/a|b",
                                       "/a;b"};
    char long_one[301], inside[128];
    memset(long_one, 'x', 300);
    long_one[300] = '\0';
    for (size_t i = 0; i < sizeof list / sizeof list[0]; i++) {
        static const char *const shapes[][2] = {{"", ""},           {"a", ""},    {"", "a"},
                                                {"a", "b.example"}, {"/srv", ""}, {"/srv/", ""},
                                                {"/srv/a", "b"}};
        for (size_t j = 0; j < sizeof shapes / sizeof shapes[0]; j++) {
            snprintf(inside, sizeof inside, "%s%s%s", shapes[j][0], list[i], shapes[j][1]);
            try_value(inside);
        }
    }
    try_value(long_one);
    try_value(apr_pstrcat(pool, "/", long_one, NULL));
    aphd_vhost_app_t app = plain;
    aphd_vhost_t vhost;
    aph_error_t err;
    static const int ports[] = {-1, 65536, 1 << 20};
    for (size_t i = 0; i < sizeof ports / sizeof ports[0]; i++) {
        app.port = ports[i];
        assert_int_equal(render(HOST(""), &app, &vhost, &err), APH_EUSAGE);
        app = plain;
        app.public_port = ports[i];
        assert_int_equal(render(HOST(""), &app, &vhost, &err), APH_EUSAGE);
        app = plain;
    }
}

/* --- many apps ------------------------------------------------------------------------------- */

static uint32_t seed = 1;

static unsigned dice(unsigned sides)
{
    seed = seed * 1664525 + 1013904223;
    return (seed >> 16) % sides;
}

static const char *read_shipped(const char *kind)
{
    char path[4096];
    const char *srcdir = getenv("srcdir");
    char *text = apr_pcalloc(pool, APHD_VHOST_TEXT_MAX + 1);
    snprintf(path, sizeof path, "%s/templates/vhost/%s.conf", srcdir != NULL ? srcdir : ".", kind);
    FILE *file = fopen(path, "re");
    assert_non_null(file);
    assert_true(fread(text, 1, APHD_VHOST_TEXT_MAX, file) > 100);
    fclose(file);
    return text;
}

/* Thousands of sound apps through both shipped templates: all of it passes the second net, sections
 * nest, and the lines that belong to every virtual host are in each of the two. */
static void generated_apps(void **state)
{
    static const char *const all[] = {"auth-file=/etc/users",
                                      "auth-name=a b",
                                      "allow-ip=10.0.0.0/8",
                                      "allow-ip=fd00::/8",
                                      "max-body=5M",
                                      "timeout=7",
                                      "hsts=9",
                                      "header=X-Frame-Options:DENY",
                                      "header=Referrer-Policy:origin",
                                      "no-access-log"};
    for (int round = 0; round < 3000; round++) {
        const char *given[10], *aliases[4] = {NULL}, *named[4] = {"home.arpa"};
        int count = 0, alias_count = (int)dice(4), domain_count = 1 + (int)dice(3);
        aphd_vhost_app_t app = plain;
        aphd_template_t template = {.path = "t", .shipped = 1};
        app.kind = dice(2) == 0 ? "container" : "webapp";
        for (size_t i = dice(2) == 0 ? 0 : 2; i < sizeof all / sizeof all[0]; i++)
            if (i == 0 || dice(3) == 0)
                given[count++] = all[i];
        for (int i = 0; i < alias_count; i++)
            aliases[i] = apr_psprintf(pool, "a%d-%u.example", i, dice(1000));
        for (int i = 1; i < domain_count; i++)
            named[i] = apr_psprintf(pool, "d%d.example", i);
        app.name = apr_psprintf(pool, "app%u", dice(100000));
        app.options = options_of(given, count);
        app.aliases = aliases;
        app.domains = named;
        app.files_dir = "/srv/www";
        template.text = read_shipped(app.kind);
        template.length = strlen(template.text);
        aphd_vhost_t vhost;
        aph_error_t err = APH_ERROR_INIT;
        if (aphd_vhost_render(&template, &app, &vhost, pool, &err) != APR_SUCCESS)
            fail_msg("%s", err.message);
        int hosts = 0, names = 0, ends = 0;
        for (const char *c = vhost.text; (c = strstr(c, "<VirtualHost")) != NULL; c++)
            hosts++;
        for (const char *c = vhost.text; (c = strstr(c, "    ServerName app")) != NULL; c++)
            names++;
        for (const char *c = vhost.text; (c = strstr(c, "</VirtualHost>")) != NULL; c++)
            ends++;
        assert_true(hosts == 2 && names == 2 && ends == 2);
        assert_int_equal(strstr(vhost.text, "\n    ServerAlias ") != NULL,
                         domain_count > 1 || alias_count > 0);
        assert_int_equal(strstr(vhost.text, "<RequireAll>") != NULL, app.options->access);
        assert_int_equal(vhost.says_more,
                         app.options->vhost || alias_count > 0 || app.kind[0] == 'w');
        apr_pool_clear(pool);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words),
        cmocka_unit_test(words_that_become_lines),
        cmocka_unit_test(places_of_access),
        cmocka_unit_test(sections),
        cmocka_unit_test(what_it_says),
        cmocka_unit_test(the_second_net),
        cmocka_unit_test(too_long),
        cmocka_unit_test(every_octet_in_every_place),
        cmocka_unit_test(the_list_in_every_place),
        cmocka_unit_test(generated_apps),
    };
    apr_initialize();
    apr_pool_create(&pool, NULL);
    return cmocka_run_group_tests_name("vhost_render", tests, NULL, NULL);
}
