/* SPDX-License-Identifier: Apache-2.0 */
/* What answers and words make of a manifest. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <apr_general.h>
#include <apr_strings.h>
#include <cmocka.h>

#include "helper/policy/model.h"
#include "helper/policy/policy.h"
#include "helper/read/entry.h"
#include "helper/read/entry_form.h"

static apr_pool_t *p;

static const aphd_words_t words = {.host_port = "35007",
                                   .webapp_path = "/var/lib/apphost/data/7",
                                   .app_identifier = "apphost-12345678-7",
                                   .app_hostname = "photos.home.arpa",
                                   .app_name = "photos",
                                   .app_url = "https://photos.home.arpa",
                                   .app_domain = "home.arpa"};

static const aphd_policy_site_t site = {.app_id = 7,
                                        .port = 35007,
                                        .max_app_id = 999,
                                        .project = "p",
                                        .instance = "i",
                                        .data_dir = "/d"};

static char *json(const char *text)
{
    char *out = apr_pstrdup(p, text);
    for (char *at = out; *at != '\0'; at++)
        *at = *at == '\'' ? '"' : *at;
    return out;
}

static const char manifest[] =
    "{'apphost':1,'id':'app','revision':1,'title':'App','notes':'{{url}} {{answer.note}}{{answer.secret}}',"
    "'web':{'service':'app','port':8080},"
    "'compose':{'services':{'app':{'image':'example/app:1','environment':{'URL':'{{url}}','LANG':'en'},"
    "'command':['{{answer.note}}','{{{{x}}','{{{name}}}']},'db':{'image':'example/db:1','cpus':1.1}}},"
    "'files':[{'path':'conf/a','text':'{{host}} {{domain}} {{name}} {{port}}\\n','mode':'0600'}],"
    "'credentials':[{'label':'L','user':'admin','password':'{{answer.secret}}'}],"
    "'questions':["
    "{'id':'note','kind':'custom','label':'Note'},"
    "{'id':'secret','kind':'custom','label':'Secret','type':'secret','required':true,'generate':20},"
    "{'id':'media','kind':'storage','label':'Media','service':'db','target':'/media','read_only':true},"
    "{'id':'sync','kind':'port','label':'Sync','service':'db','target':'9000','protocol':'both'},"
    "{'id':'lang','kind':'environment','label':'Language','service':'app','target':'LANG',"
    "'pattern':'[a-z]{2}'},"
    "{'id':'card','kind':'device','label':'Card','service':'db'},"
    "{'id':'many','kind':'custom','label':'Many','type':'integer','min':1,'max':9,'default':3}]}";

static json_t *applied_of(const char *text, const char *answers, aph_error_t *err)
{
    json_auto_t *given = json_loads(json(answers), 0, NULL);
    json_t *applied = NULL;
    const char *source = json(text);
    *err = (aph_error_t)APH_ERROR_INIT;
    assert_non_null(given);
    if (aphd_entry_apply(APHD_ENTRY_APPHOST, source, strlen(source), given, &words, &applied, p, err)
        != APR_SUCCESS)
        return NULL;
    assert_true(aphd_applied_form(applied));
    return applied;
}

static json_t *applied(const char *answers)
{
    aph_error_t err;
    json_t *value = applied_of(manifest, answers, &err);
    if (value == NULL)
        fail_msg("%s", err.message);
    return value;
}

static json_t *compose_of(const json_t *value)
{
    json_t *compose = json_object_get(json_object_get(value, "script"), "compose");
    assert_int_equal(aphd_model_check(compose, NULL), APR_SUCCESS);
    return compose;
}

/* The value of a service's key as text, "" where it has none. */
static const char *key_of(const json_t *value, size_t service, const char *name)
{
    const json_t *keys = json_object_get(
        json_array_get(json_object_get(compose_of(value), "services"), service), "keys");
    for (size_t i = 0; i < json_array_size(keys); i++)
        if (strcmp(json_string_value(json_object_get(json_array_get(keys, i), "key")), name) == 0) {
            char *text = json_dumps(json_object_get(json_array_get(keys, i), "value"),
                                    JSON_COMPACT | JSON_ENCODE_ANY);
            const char *kept = apr_pstrdup(p, text);
            free(text);
            return kept;
        }
    return "";
}

static void holds(const char *text, const char *piece)
{
    if (strstr(text, json(piece)) == NULL)
        fail_msg("%s\nhas no %s", text, piece);
}

static void test_nothing_answered(void **state)
{
    json_auto_t *value = applied("{'secret':'s3cret'}");
    assert_int_equal(json_array_size(json_object_get(value, "problems")), 0);
    assert_int_equal(json_array_size(json_object_get(value, "storage")), 0);
    holds(key_of(value, 0, "ports"), "'published':'35007','target':'8080','protocol':'tcp'");
    holds(key_of(value, 0, "environment"), "'key':'LANG','value':'en'");
    holds(key_of(value, 0, "environment"), "'value':'https://photos.home.arpa'");
    holds(key_of(value, 0, "command"), "'value':''},{'line':1,'value':'{{x}}'},{'line':1,'value':'{photos}'}");
    assert_string_equal(key_of(value, 1, "ports"), "");
    assert_string_equal(key_of(value, 1, "devices"), "");
    holds(key_of(value, 1, "cpus"), "'1.1'");
    holds(key_of(value, 1, "volumes"), "'type':'bind','source':'./media','target':'/media'");
    assert_string_equal(json_string_value(json_object_get(value, "notes")), "https://photos.home.arpa (secret)");
    const json_t *file = json_array_get(json_object_get(json_object_get(value, "script"), "files"), 0);
    assert_string_equal(json_string_value(json_object_get(file, "text")),
                        "photos.home.arpa home.arpa photos 35007\n");
}

static void test_all_answered(void **state)
{
    json_auto_t *value = applied("{'note':'{{url}} \\\\ \\\" $X','secret':'{{answer.note}}','media':'disk/a/b',"
                                 "'sync':'9100','lang':'de','card':'/dev/dri','many':'9'}");
    assert_int_equal(json_array_size(json_object_get(value, "problems")), 0);
    /* An answer is nobody's template, and no piece of JSON. */
    holds(key_of(value, 0, "command"), "'{{url}} \\\\ \\\" $$X'"); /* as compose writes a $ */
    holds(key_of(value, 0, "environment"), "'key':'LANG','value':'de'");
    holds(key_of(value, 1, "ports"), "'published':'9100','target':'9000','protocol':'tcp'");
    holds(key_of(value, 1, "ports"), "'published':'9100','target':'9000','protocol':'udp'");
    holds(key_of(value, 1, "devices"), "'/dev/dri:/dev/dri'");
    holds(key_of(value, 1, "volumes"), "'type':'storage','source':'disk/a/b','target':'/media','read_only':true");
    char *text = json_dumps(json_object_get(value, "storage"), JSON_COMPACT);
    assert_string_equal(text, json("[{'question':'media','service':'db','target':'/media','answer':'disk/a/b',"
                                   "'read_only':true}]"));
    free(text);
    text = json_dumps(json_object_get(value, "credentials"), JSON_COMPACT);
    holds(text, "'password':'{{answer.note}}'");
    free(text);
}

static void test_problems(void **state)
{
    static const struct {
        const char *answers, *question, *piece;
    } rows[] = {
        {"{}", "secret", "is needed"},
        {"{'secret':''}", "secret", "is needed"},
        {"{'secret':7}", "secret", "not a string"},
        {"{'secret':null}", "secret", "not a string"},
        {"{'secret':'s','note':'a\\nb'}", "note", "control"},
        {"{'secret':'s','note':'\\u001b[1m'}", "note", "control"},
        {"{'secret':'s','note':'\\u202e'}", "note", "control or direction"},
        {"{'secret':'s','media':'/etc'}", "media", "path of this machine"},
        {"{'secret':'s','media':'disk/../x'}", "media", "plain names"},
        {"{'secret':'s','sync':'0'}", "sync", "not a port"},
        {"{'secret':'s','sync':'80 '}", "sync", "not a whole number"},
        {"{'secret':'s','sync':'99999999999999999999'}", "sync", "not a whole number"},
        {"{'secret':'s','lang':'deu'}", "lang", "does not match"},
        {"{'secret':'s','lang':'de\\u00e9'}", "lang", "does not match"},
        {"{'secret':'s','card':'/etc/x'}", "card", "not a device"},
        {"{'secret':'s','card':'/dev/a:/b'}", "card", "not a device"},
        {"{'secret':'s','many':'0'}", "many", "below 1"},
        {"{'secret':'s','many':'10'}", "many", "above 9"},
        {"{'secret':'s','other':'x'}", "other", "no question"},
        {"{'secret':'s','\\u001b':'x'}", "?", "no question"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        json_auto_t *value = applied(rows[i].answers);
        const json_t *problems = json_object_get(value, "problems");
        const json_t *problem = json_array_get(problems, 0);
        if (json_array_size(problems) != 1
            || strcmp(json_string_value(json_object_get(problem, "question")), rows[i].question) != 0
            || strstr(json_string_value(json_object_get(problem, "reason")), rows[i].piece) == NULL)
            fail_msg("%s: %s", rows[i].answers, json_dumps(problems, 0));
        assert_true(json_is_null(json_object_get(value, "script")));
    }
    json_auto_t *value = applied("{'sync':'x','many':'x','lang':'x','nobody':'x'}");
    assert_int_equal(json_array_size(json_object_get(value, "problems")), 5);
}

static void test_longest_answer(void **state)
{
    char long_answer[4200];
    memset(long_answer, 'x', sizeof long_answer);
    for (size_t length = 4096; length <= 4097; length++) {
        json_auto_t *value = applied(apr_psprintf(p, "{'secret':'s','note':'%.*s'}", (int)length, long_answer));
        assert_int_equal(json_array_size(json_object_get(value, "problems")), length > 4096);
    }
}

/* A folder of a storage location is never an author's to name, whatever stands in the manifest. */
static void test_no_storage_by_authors(void **state)
{
    static const char *const volumes[] = {
        "{'type':'storage','source':'disk/a','target':'/a'}",
        "{'type':'{{answer.kind}}','source':'disk/a','target':'/a'}",
        "{'type':'st{{answer.none}}orage','source':'disk/a','target':'/a'}",
    };
    for (size_t i = 0; i < sizeof volumes / sizeof volumes[0]; i++) {
        aph_error_t err;
        aphd_policy_result_t result;
        const char *text = apr_psprintf(
            p, "{'apphost':1,'id':'a','revision':1,'title':'A','questions':[{'id':'kind','kind':'custom',"
               "'label':'K'},{'id':'none','kind':'custom','label':'N'}],'compose':{'services':{'a':{'image':"
               "'b','volumes':[%s]}}}}", volumes[i]);
        json_auto_t *value = applied_of(text, "{'kind':'storage'}", &err);
        assert_non_null(value);
        assert_null(strstr(key_of(value, 0, "volumes"), json("'type':'storage'")));
        assert_int_equal(json_array_size(json_object_get(value, "storage")), 0);
        assert_int_equal(aphd_policy_judge(compose_of(value), &site, &result, &err), APR_SUCCESS);
        assert_int_equal(result.verdict, APHD_DENY);
        aphd_policy_result_clear(&result);
    }
}

static void test_placeholders(void **state)
{
    static const char *const wrong[] = {"{{urls}}", "{{ url }}", "{{answer.nobody}}", "{{answer.}}", "{{", "{{url}",
                                        "{{URL}}", "{{answer.kind.x}}", "{{}}"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        aph_error_t err;
        const char *text = apr_psprintf(
            p, "{'apphost':1,'id':'a','revision':1,'title':'A','questions':[{'id':'kind','kind':'custom',"
               "'label':'K'}],'compose':{'services':{'a':{'image':'b','command':['%s']}}}}", wrong[i]);
        assert_null(applied_of(text, "{}", &err));
        if (strstr(err.message, "is no placeholder") == NULL || strstr(err.message, "command") == NULL)
            fail_msg("%s: %s", wrong[i], err.message);
    }
}

/* A script that publishes the page's port itself keeps its one port. */
static void test_script(void **state)
{
    aph_error_t err;
    static const char text[] =
        "{'apphost':1,'id':'a','revision':1,'title':'A','web':{'service':'app','port':80},"
        "'questions':[{'id':'tz','kind':'environment','label':'T','service':'app','target':'TZ'}],"
        "'script':'cat > docker-compose.yml << \\'EOF\\'\\napp:\\n  image: b\\n  ports:\\n"
        "    - HOST_PORT:80\\nEOF\\ndocker-compose up -d\\n'}";
    char *source = apr_pstrdup(p, text);
    /* The here-document's own quotes are apostrophes. */
    char *quote = strstr(source, "\\'EOF\\'");
    memcpy(quote, "  EOF  ", 7);
    json_auto_t *value = applied_of(source, "{'tz':'UTC'}", &err);
    if (value == NULL)
        fail_msg("%s", err.message);
    const char *ports = key_of(value, 0, "ports");
    holds(ports, "'published':'35007','target':'80'");
    assert_null(strstr(ports, "},{"));
    holds(key_of(value, 0, "environment"), "'key':'TZ','value':'UTC'");
}

/* Findings name the author's own lines, whatever the layout. */
static void test_lines(void **state)
{
    static const char text[] = "{'apphost':1,'x-compose':{'compose':[\n]},'id':'a','revision':1,'title':'compose',\n"
                               "\n 'compose'\n:{'services':{\n'a':{'image':'b',\n 'command':['{{url}}',\n\n"
                               "'\\\\','x'],'privileged'\n\n:true}\n}}\n}";
    static const struct {
        const char *key;
        int line;
    } rows[] = {{"image", 6}, {"command", 7}, {"privileged", 9}};
    aph_error_t err;
    json_auto_t *value = applied_of(text, "{}", &err);
    const json_t *service = json_array_get(json_object_get(compose_of(value), "services"), 0);
    assert_int_equal(json_integer_value(json_object_get(service, "line")), 6);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const json_t *key = json_array_get(json_object_get(service, "keys"), i);
        assert_string_equal(json_string_value(json_object_get(key, "key")), rows[i].key);
        assert_int_equal(json_integer_value(json_object_get(key, "line")), rows[i].line);
    }
    holds(key_of(value, 0, "command"), "{'line':7,'value':'https://photos.home.arpa'},{'line':9,'value':'\\\\'}");
}

/* What applies is judged like any compose file. */
static void test_policy_judges(void **state)
{
    aph_error_t err;
    aphd_policy_result_t result;
    json_auto_t *value = applied("{'secret':'s'}");
    assert_int_equal(aphd_policy_judge(compose_of(value), &site, &result, &err), APR_SUCCESS);
    assert_in_range(result.verdict, APHD_ALLOW, APHD_REWRITE);
    assert_string_equal(result.web_service, "app");
    aphd_policy_result_clear(&result);
    json_auto_t *storage = applied("{'secret':'s','media':'disk/a'}");
    assert_int_equal(aphd_policy_judge(compose_of(storage), &site, &result, &err), APR_SUCCESS);
    assert_int_equal(result.verdict, APHD_DENY);
    aphd_policy_result_clear(&result);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing_answered),  cmocka_unit_test(test_all_answered),
        cmocka_unit_test(test_problems),          cmocka_unit_test(test_longest_answer),
        cmocka_unit_test(test_no_storage_by_authors), cmocka_unit_test(test_placeholders),
        cmocka_unit_test(test_script),            cmocka_unit_test(test_policy_judges),
        cmocka_unit_test(test_lines),
    };
    apr_initialize();
    apr_pool_create(&p, NULL);
    return cmocka_run_group_tests_name("entry_answers", tests, NULL, NULL);
}
