/* SPDX-License-Identifier: Apache-2.0 */
/* Names in use, and what is read out of configuration texts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include <apr_general.h>
#include <apr_strings.h>

#include "helper/httpd/check.h"
#include "helper/httpd/conditions.h"
#include "helper/httpd/tls.h"

static apr_pool_t *p;
static const char *const domains[] = {"home.arpa", "example.org", NULL};

static apr_array_header_t *names_of(const char *const *texts)
{
    apr_array_header_t *names = apr_array_make(p, 8, sizeof(aphd_httpd_name_t));
    for (int line = 1; *texts != NULL; texts++, line++)
        APR_ARRAY_PUSH(names, aphd_httpd_name_t) = (aphd_httpd_name_t){
            .name = *texts, .address = "*:80", .file = "/etc/x.conf", .line = line,
            .wildcard = strpbrk(*texts, "*?") != NULL};
    return names;
}

static void who_serves(void **state)
{
    static const char *const taken[] = {"*.home.arpa",   "photos.home.arpa", "*.example.org",
                                        "a?.home.arpa",  "*.example.com",    "w*x.y*z.example",
                                        "*.b.home.arpa", NULL};
    static const struct {
        const char *host;
        int line; /* 0: nobody */
    } rows[] = {
        {"photos.home.arpa", 2}, {"new.home.arpa", 0},    {"ab.home.arpa", 4},
        {"a.home.arpa", 0},      {"x.example.com", 5},    {"example.com", 0},
        {"x.y.example.com", 5},  {"wx.yz.example", 6},    {"w.x.y.z.example", 6},
        {"wxyz.example", 0},     {"a.b.home.arpa", 7},    {"new.example.org", 0},
        {"", 0},
    };
    apr_array_header_t *names = names_of(taken);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const aphd_httpd_name_t *name = aphd_httpd_names_match(names, rows[i].host, domains);
        assert_int_equal(name != NULL ? name->line : 0, rows[i].line);
    }
    aph_error_t err = APH_ERROR_INIT;
    const char *const hosts[] = {"new.home.arpa", "photos.home.arpa", NULL};
    assert_int_equal(aphd_httpd_names_free(names, hosts, domains, &err), APH_ETAKEN);
    assert_non_null(strstr(err.message, "photos.home.arpa is served by /etc/x.conf:2 already"));
    const char *const free_hosts[] = {"new.home.arpa", NULL};
    assert_int_equal(aphd_httpd_names_free(names, free_hosts, domains, &err), APR_SUCCESS);
}

/* The door is only the letters *.DOMAIN; any wider wildcard would take the request. */
static void wildcards_that_are_no_door(void **state)
{
    static const char *const wide[] = {"*", "*.arpa", "?*.home.arpa", "**.home.arpa", "*home.arpa",
                                       NULL};
    for (const char *const *each = wide; *each != NULL; each++) {
        const char *const one[] = {*each, NULL};
        assert_non_null(aphd_httpd_names_match(names_of(one), "new.home.arpa", domains));
    }
}

static void directives(void **state)
{
    static const char text[] = "# comment \\\n still comment\n\n  ServerName  a.example  \r\n"
                               "Custom\\\nLog \"a b\" 'c\\'d' e\\\\f\n<IfModule !x_module>\n</IfModule>\n"
                               "\"Load\" x";
    aphd_directives_t read;
    aphd_directives_begin(&read, text, p);
    assert_true(aphd_directives_next(&read));
    assert_string_equal(read.name, "ServerName");
    assert_string_equal(read.args, "a.example");
    assert_int_equal(read.line, 4);
    assert_true(aphd_directives_next(&read));
    assert_true(aphd_directives_is(&read, "customlog"));
    assert_int_equal(read.line, 5);
    const char *args = read.args;
    assert_string_equal(aphd_directives_word(&args, p), "a b");
    assert_string_equal(aphd_directives_word(&args, p), "c'd");
    assert_string_equal(aphd_directives_word(&args, p), "e\\f");
    assert_string_equal(aphd_directives_word(&args, p), "");
    assert_true(aphd_directives_next(&read));
    assert_string_equal(read.name, "<IfModule");
    assert_string_equal(read.args, "!x_module");
    assert_true(aphd_directives_next(&read));
    assert_true(aphd_directives_is(&read, "</ifmodule"));
    assert_true(aphd_directives_next(&read));
    assert_string_equal(read.name, "Load");
    assert_int_equal(read.line, 9);
    assert_false(aphd_directives_next(&read));
}

static void misplaced(void **state)
{
    static const struct {
        const char *text, *word;
        int line;
    } rows[] = {
        {"# words\nDefine x y\n<IfModule a>\n<VirtualHost *:80>\nListen 1\n</VirtualHost>\n</IfModule>\n",
         NULL, 0},
        {"", NULL, 0},
        {"<VirtualHost *:80>\n</VirtualHost>\nTimeout 1\n", "Timeout", 3},
        {"<Directory />\n</Directory>\n", "<Directory", 1},
        {"<VirtualHost *:80>\nLoadModule a b\n</VirtualHost>\n", "LoadModule", 2},
        {"<VirtualHost *:80>\n<If \"true\">\nload\\\nfile b\n", "loadfile", 3},
        {"<VirtualHost *:80>\n<macro x>\n", "<macro", 2},
        {"<VirtualHost *:80>\nserverroot /\n", "serverroot", 2},
        {"IfModule x\n", "IfModule", 1},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int line = 0;
        const char *found = aphd_rules_misplaced(rows[i].text, &line, p);
        if (rows[i].word == NULL) {
            assert_null(found);
            continue;
        }
        assert_non_null(found);
        assert_int_equal(strncmp(found, rows[i].word, strlen(rows[i].word)), 0);
        assert_int_equal(line, rows[i].line);
    }
}

static void loads(void **state)
{
    static const char text[] =
        "LoadModule a_module modules/mod_a.so\nLoadModule gone_module modules/mod_gone.so\n"
        "<IfDefine X>\n  LoadModule b_module ${D}/b.so\n</IfDefine>\n"
        "<IfDefine !X>\n  LoadModule b_module other/b.so\n  <IfModule a_module>\n"
        "    LoadFile /no.so\n  </IfModule>\n</IfDefine>\n"
        "<IfModule !mod_a.c>\nLoadFile /neither.so\n</IfModule>\n"
        "<IfModule mod_a.c>\n  LoadFile \"/a b.so\"\n</IfModule>\n<Macro M $x>\nLoadFile $x\n</Macro>\n";
    aphd_httpd_facts_t facts = {.defines = apr_array_make(p, 2, sizeof(char *)),
                                .modules = apr_array_make(p, 2, sizeof(char *))};
    APR_ARRAY_PUSH(facts.defines, const char *) = "X=1";
    APR_ARRAY_PUSH(facts.modules, const char *) = "a_module";
    APR_ARRAY_PUSH(facts.modules, const char *) = "b_module";
    assert_string_equal(aphd_skeleton_loads(text, &facts, p),
                        "LoadModule a_module modules/mod_a.so\nLoadModule b_module ${D}/b.so\n"
                        "LoadFile \"/a b.so\"\n");
}

static void certificates(void **state)
{
    static const char without[] = "\n<VirtualHost *:443>\nSSLEngine on\n</VirtualHost>\n";
    static const char *const sound[] = {
        "<VirtualHost *:443>\nSSLEngine off\n</VirtualHost>\n",
        "<VirtualHost *:443>\nSSLEngine on\nInclude x\n</VirtualHost>\n",
        "<VirtualHost *:443>\nSSLEngine on\nSSLCertificateFile relative\n</VirtualHost>\n",
        "<IfModule other_module>\n<VirtualHost *:443>\nSSLEngine on\n</VirtualHost>\n</IfModule>\n",
        ""};
    int line = 0;
    aphd_httpd_facts_t facts = {.defines = apr_array_make(p, 2, sizeof(char *)),
                                .modules = apr_array_make(p, 2, sizeof(char *))};
    assert_null(aphd_tls_fault(without, 0, &facts, &line, p));
    APR_ARRAY_PUSH(facts.modules, const char *) = "ssl_module";
    assert_non_null(aphd_tls_fault(without, 0, &facts, &line, p));
    assert_int_equal(line, 2);
    assert_null(aphd_tls_fault(without, 1, &facts, &line, p));
    for (size_t i = 0; i < sizeof sound / sizeof sound[0]; i++)
        assert_null(aphd_tls_fault(sound[i], 0, &facts, &line, p));
    assert_true(aphd_tls_inherited("SSLCertificateFile x\n", &facts, p));
    assert_false(aphd_tls_inherited("<VirtualHost *>\nSSLCertificateFile x\n</VirtualHost>\n", &facts, p));
    APR_ARRAY_PUSH(facts.modules, const char *) = "md_module";
    assert_null(aphd_tls_fault(without, 0, &facts, &line, p));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_serves), cmocka_unit_test(wildcards_that_are_no_door),
        cmocka_unit_test(directives), cmocka_unit_test(misplaced),
        cmocka_unit_test(loads),      cmocka_unit_test(certificates),
    };
    apr_initialize();
    apr_pool_create(&p, NULL);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
