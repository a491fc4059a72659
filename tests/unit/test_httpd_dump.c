/* SPDX-License-Identifier: Apache-2.0 */
/* What httpd prints about itself, as Debian's and Fedora's do. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include <apr_general.h>

#include "helper/httpd/dump.h"
#include "helper/httpd/probe.h"

static apr_pool_t *p;

static const char debian[] =
    "Included configuration files:\n"
    "  (*) /etc/apache2/apache2.conf\n"
    "    (146) /etc/apache2/mods-enabled/access_compat.load\n"
    "    (225) /etc/apache2/sites-enabled/000-default.conf\n"
    "VirtualHost configuration:\n"
    "[::1]:81               ip.example (/etc/apache2/sites-enabled/ip.conf:15)\n"
    "*:80                   is a NameVirtualHost\n"
    "         default server a.example (/etc/apache2/sites-enabled/000-default.conf:1)\n"
    "         port 80 namevhost a.example (/etc/apache2/sites-enabled/000-default.conf:1)\n"
    "                 alias B.example\n"
    "                 wild alias *.c.example\n"
    "                 wild alias d?.example\n"
    "         port 80 namevhost photos.home.arpa "
    "(/var/lib/apphost/vhosts-enabled/00001.conf:3)\n"
    "         port * namevhost star.example (/etc/apache2/sites-enabled/a (b).conf:7)\n"
    "*:443                  lonely.example (/etc/apache2/sites-enabled/ssl.conf:2)\n"
    "*:444                  apphost-asks.invalid (-c/-C directives:1)\n"
    "\n"
    "ServerRoot: \"/etc/apache2\"\n"
    "Main DocumentRoot: \"/var/www/html\"\n"
    "Main ErrorLog: \"/var/log/apache2/error.log\"\n"
    "Mutex default: dir=\"/var/run/apache2/\" mechanism=default \n"
    "Mutex watchdog-callback: using_defaults\n"
    "PidFile: \"/var/run/apache2/apache2.pid\"\n"
    "Define: DUMP_VHOSTS\n"
    "Define: DUMP_RUN_CFG\n"
    "Define: APPHOST_CANDIDATE\n"
    "Define: foo=ba\"r = x\n"
    "Define: zot\n"
    "User: name=\"www-data\" id=33\n"
    "Group: name=\"www-data\" id=33\n"
    "Loaded Modules:\n"
    " core_module (static)\n"
    " mpm_event_module (shared)\n"
    "Action '-t -D DUMP_VHOSTS' failed.\n";

static const char fedora[] =
    "VirtualHost configuration:\n"
    "*:443                  host.example (/etc/httpd/conf.d/ssl.conf:40)\n"
    "ServerRoot: \"/etc/httpd\"\n"
    "Main DocumentRoot: \"/var/www/html\"\n"
    "Main ErrorLog: \"/etc/httpd/logs/error_log\"\n"
    "Mutex lua-ivm-shm: using_defaults\n"
    "Mutex cache-socache: using_defaults\n"
    "PidFile: \"/etc/httpd/run/httpd.pid\"\n"
    "Define: DUMP_VHOSTS\n"
    "Define: _RH_HAS_HTTPPROTOCOLOPTIONS\n"
    "User: name=\"apache\" id=48\n"
    "Group: name=\"apache\" id=48\n"
    "Included configuration files:\n"
    "  (*) /etc/httpd/conf/httpd.conf\n"
    "    (59) /etc/httpd/conf.modules.d/00-base.conf\n"
    "    (59) /etc/httpd/conf.modules.d/00-proxy.conf\n"
    "    (358) /etc/httpd/conf.d/ssl.conf\n";

static aphd_httpd_facts_t read_facts(const char *text, apr_array_header_t *lonely)
{
    aphd_httpd_facts_t facts = {
        .defines = apr_array_make(p, 4, sizeof(char *)),
        .includes = apr_array_make(p, 4, sizeof(char *)),
        .modules = apr_array_make(p, 4, sizeof(char *)),
        .names = apr_array_make(p, 4, sizeof(aphd_httpd_name_t)),
    };
    aphd_dump_read(&facts, lonely, text, p);
    return facts;
}

static void is_name(const aphd_httpd_facts_t *facts, int at, const char *name, const char *address,
                    const char *file, int line, int alias, int wildcard)
{
    const aphd_httpd_name_t *found = &APR_ARRAY_IDX(facts->names, at, aphd_httpd_name_t);
    assert_true(at < facts->names->nelts);
    assert_string_equal(found->name, name);
    assert_string_equal(found->address, address);
    assert_string_equal(found->file, file);
    assert_int_equal(found->line, line);
    assert_int_equal(found->alias, alias);
    assert_int_equal(found->wildcard, wildcard);
}

static void dump_of_debian(void **state)
{
    static const char *const ours[] = {"/var/lib/apphost/vhosts-sets/",
                                       "/var/lib/apphost/vhosts-enabled/", NULL};
    static const char site[] = "/etc/apache2/sites-enabled/000-default.conf";
    apr_array_header_t *lonely = apr_array_make(p, 4, sizeof(char *));
    aphd_httpd_facts_t facts = read_facts(debian, lonely);
    assert_string_equal(facts.server_root, "/etc/apache2");
    assert_string_equal(facts.document_root, "/var/www/html");
    assert_string_equal(facts.error_log, "/var/log/apache2/error.log");
    assert_string_equal(facts.pid_file, "/var/run/apache2/apache2.pid");
    assert_string_equal(facts.user, "www-data");
    assert_string_equal(facts.group, "www-data");
    assert_int_equal(facts.defines->nelts, 2);
    assert_string_equal(APR_ARRAY_IDX(facts.defines, 0, char *), "foo=ba\"r = x");
    assert_string_equal(APR_ARRAY_IDX(facts.defines, 1, char *), "zot");
    assert_int_equal(facts.includes->nelts, 3);
    assert_string_equal(APR_ARRAY_IDX(facts.includes, 0, char *), "/etc/apache2/apache2.conf");
    assert_string_equal(APR_ARRAY_IDX(facts.includes, 2, char *), site);
    assert_int_equal(facts.modules->nelts, 2);
    assert_string_equal(APR_ARRAY_IDX(facts.modules, 1, char *), "mpm_event_module");
    assert_int_equal(lonely->nelts, 3);
    assert_string_equal(APR_ARRAY_IDX(lonely, 0, char *), "[::1]:81");

    assert_int_equal(facts.names->nelts, 9);
    aphd_dump_drop_ours(&facts, ours);
    assert_int_equal(facts.names->nelts, 7);
    is_name(&facts, 0, "ip.example", "[::1]:81", "/etc/apache2/sites-enabled/ip.conf", 15, 0, 0);
    is_name(&facts, 1, "a.example", "*:80", site, 1, 0, 0);
    is_name(&facts, 2, "b.example", "*:80", site, 1, 1, 0);
    is_name(&facts, 3, "*.c.example", "*:80", site, 1, 1, 1);
    is_name(&facts, 4, "d?.example", "*:80", site, 1, 1, 1);
    is_name(&facts, 5, "star.example", "*:80", "/etc/apache2/sites-enabled/a (b).conf", 7, 0, 0);
    is_name(&facts, 6, "lonely.example", "*:443", "/etc/apache2/sites-enabled/ssl.conf", 2, 0, 0);
}

static void dump_of_fedora(void **state)
{
    aphd_httpd_facts_t facts = read_facts(fedora, NULL);
    assert_string_equal(facts.server_root, "/etc/httpd");
    assert_string_equal(facts.pid_file, "/etc/httpd/run/httpd.pid");
    assert_string_equal(facts.user, "apache");
    assert_int_equal(facts.defines->nelts, 1);
    assert_int_equal(facts.includes->nelts, 4);
    assert_int_equal(facts.names->nelts, 1);
    is_name(&facts, 0, "host.example", "*:443", "/etc/httpd/conf.d/ssl.conf", 40, 0, 0);
}

static void dump_of_something_else(void **state)
{
    static const char *const texts[] = {"",
                                        "\n\n",
                                        "User: name=\"#-1\" id=4294967295\n",
                                        "VirtualHost configuration:\n*:80\n",
                                        "VirtualHost configuration:\n         alias b\n",
                                        "VirtualHost configuration:\n*:80 a (b)\n*:81 a (b:0)\n",
                                        "VirtualHost configuration:\n (:)\n)\n",
                                        "Included configuration files:\n(\n",
                                        "ServerRoot: \"\nPidFile: x\n"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        aphd_httpd_facts_t facts = read_facts(texts[i], NULL);
        assert_int_equal(facts.names->nelts, 0);
        assert_null(facts.user);
        assert_null(facts.server_root);
        assert_null(facts.pid_file);
    }
}

static void version_and_files(void **state)
{
    aphd_httpd_build_t build;
    aphd_dump_build(&build,
                    "Server version: Apache/2.4.71 (Debian)\nServer MPM:     event\n  threaded:\n"
                    " -D HTTPD_ROOT=\"/etc/apache2\"\n -D SERVER_CONFIG_FILE=\"apache2.conf\"\n",
                    p);
    assert_string_equal(build.version, "2.4.71");
    assert_string_equal(build.mpm, "event");
    assert_string_equal(build.config_file, "/etc/apache2/apache2.conf");
    aphd_dump_build(&build,
                    "Server version: Apache/2.4.63 (Fedora Linux)\nServer MPM:     worker\n"
                    " -D HTTPD_ROOT=\"/etc/httpd\"\n -D SERVER_CONFIG_FILE=\"conf/httpd.conf\"\n",
                    p);
    assert_string_equal(build.version, "2.4.63");
    assert_string_equal(build.config_file, "/etc/httpd/conf/httpd.conf");
    aphd_dump_build(&build, "nginx version: nginx/1.22\n", p);
    assert_string_equal(build.version, "");
    assert_null(build.config_file);
}

static void causes(void **state)
{
    static const struct {
        const char *errors, *file;
        int line;
        const char *sentence;
    } rows[] = {
        {"AH00558: apache2: Could not reliably determine the server's name\n"
         "AH00526: Syntax error on line 2 of /etc/x.conf:\nInvalid command 'Foo'\n",
         "/etc/x.conf", 2, "Invalid command 'Foo'"},
        {"apache2: Syntax error on line 9 of /etc/h.conf: Syntax error on line 3 of /etc/a b.conf: "
         "/etc/a b.conf:3: <VirtualHost> was not closed.\n",
         "/etc/a b.conf", 3, "<VirtualHost> was not closed."},
        {"httpd: Syntax error on line 9 of /etc/httpd/conf/httpd.conf: Cannot load modules/x.so into "
         "server: x.so: cannot open\n",
         "/etc/httpd/conf/httpd.conf", 9,
         "Cannot load modules/x.so into server: x.so: cannot open"},
        {"(2)No such file or directory: AH02291: Cannot access directory '/no/' for error log of vhost "
         "defined at /etc/x.conf:7\nAH00014: Configuration check failed\n",
         "/etc/x.conf", 7,
         "Cannot access directory '/no/' for error log of vhost defined at /etc/x.conf:7"},
        {"[Mon Nov 23 15:00:00 2026] [mpm_event:notice] [pid 1:tid 1] AH00493: SIGUSR1 received.\n"
         "[Mon Nov 23 15:00:00 2026] [ssl:emerg] [pid 1:tid 1] AH02312: Fatal error\n",
         NULL, 0, "Fatal error"},
        {"on line 0 of x:\n", NULL, 0, "on line 0 of x:"},
        {"", NULL, 0, "it gives no reason"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        aphd_cause_t cause;
        aphd_dump_cause(&cause, rows[i].errors, p);
        assert_string_equal(cause.sentence, rows[i].sentence);
        assert_int_equal(cause.line, rows[i].line);
        if (rows[i].file != NULL)
            assert_string_equal(cause.file, rows[i].file);
        else
            assert_null(cause.file);
    }
}

static void probes(void **state)
{
    static const char answer[] =
        "{\"module\":\"0.1.0\",\"parent\":4711,\"generation\":3,\"set\":\"12\",\"routes\":\"/r\","
        "\"start_servers\":2,\"slots\":{\"total\":16,\"used\":14,\"quiescing\":9},"
        "\"threads\":{\"busy\":1,\"idle\":49},\"restart_time\":1}\n";
    static const char *const others[] = {"", "{}", "[1]", "{\"parent\":1}", "<html>",
                                         "{\"module\":\"1\",\"parent\":9,\"set\":\"\"}"};
    aphd_probe_t probe;
    assert_true(aphd_probe_read(&probe, answer, strlen(answer), p));
    assert_int_equal(probe.parent, 4711);
    assert_int_equal(probe.generation, 3);
    assert_string_equal(probe.set, "12");
    assert_string_equal(probe.routes, "/r");
    assert_int_equal(probe.slots_quiescing, 9);
    assert_int_equal(probe.threads_idle, 49);
    assert_true(aphd_probe_has_room(&probe));
    probe.start_servers = 3;
    assert_false(aphd_probe_has_room(&probe));
    probe.start_servers = 1;
    probe.slots_used = 15;
    assert_false(aphd_probe_has_room(&probe));
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        assert_false(aphd_probe_read(&probe, others[i], strlen(others[i]), p));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(dump_of_debian),    cmocka_unit_test(dump_of_fedora),
        cmocka_unit_test(dump_of_something_else), cmocka_unit_test(version_and_files),
        cmocka_unit_test(causes),            cmocka_unit_test(probes),
    };
    apr_initialize();
    apr_pool_create(&p, NULL);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
