/* SPDX-License-Identifier: Apache-2.0 */
/* The hash of a plan changes with what is agreed to, and with nothing else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <apr_general.h>
#include <cmocka.h>
#include <sodium.h>

#include "helper/job/plan.h"
#include "helper/job/secrets.h"

typedef struct sample_t {
    aphd_policy_result_t policy;
    aphd_plan_in_t in;
    json_t *all; /* owns the parts */
} sample_t;

static void make(sample_t *sample)
{
    memset(sample, 0, sizeof *sample);
    sample->all = json_loads(
        "{\"findings\":[{\"id\":\"web.cap_add.NET_ADMIN\",\"key\":\"services.web.cap_add\","
        "\"line\":6,\"verdict\":\"ask\",\"value\":\"NET_ADMIN\",\"reason\":\"why\"},"
        "{\"id\":\"ports.35007\",\"key\":\"services.web.ports\",\"line\":4,\"verdict\":\"rewrite\","
        "\"value\":\"35007\",\"reason\":\"becomes 127.0.0.1:35007\"}],"
        "\"ports\":[{\"service\":\"web\",\"host\":35007,\"target\":80,\"protocol\":\"tcp\","
        "\"web\":true}],"
        "\"images\":[{\"service\":\"web\",\"ref\":\"x\",\"pull\":false,\"id\":\"sha256:1\","
        "\"digest\":null,\"octets\":5}],"
        "\"folders\":[{\"path\":\"config\",\"new\":true,\"writers\":[]}],\"files\":[],"
        "\"needs\":{\"download\":5,\"disk\":9,\"unknown\":0,\"memory\":null},"
        "\"machine\":{\"memory_free\":100,\"disk_free\":4000000000},"
        "\"site\":{\"kind\":\"container\",\"aliases\":[],\"options\":[],\"webapp\":null,"
        "\"vhost\":false}}", 0, NULL);
    assert_non_null(sample->all);
    sample->policy.findings = json_object_get(sample->all, "findings");
    sample->policy.ports = json_object_get(sample->all, "ports");
    sample->policy.web_service = "web";
    sample->in = (aphd_plan_in_t){
        .name = "photos", .script = "text", .url = "http://photos.home.arpa/",
        .site = json_object_get(sample->all, "site"), .because = "",
        .data_dir = "/var/lib/apphost/data/7", .app_id = 7, .port = 35007,
        .policy = &sample->policy, .files = json_object_get(sample->all, "files"),
        .folders = json_object_get(sample->all, "folders"),
        .images = json_object_get(sample->all, "images"),
        .needs = json_object_get(sample->all, "needs"),
        .machine = json_object_get(sample->all, "machine"),
    };
}

static void hash_of(const sample_t *sample, char hash[APHD_HASH_TEXT])
{
    json_t *plan = NULL;
    aph_error_t err = APH_ERROR_INIT;
    assert_int_equal(aphd_plan_make(&sample->in, &plan, &err), APR_SUCCESS);
    assert_int_equal(aphd_plan_hash(plan, NULL, hash, &err), APR_SUCCESS);
    json_decref(plan);
}

static void test_another_place_is_the_same_plan(void **state)
{
    sample_t sample;
    char first[APHD_HASH_TEXT], second[APHD_HASH_TEXT];
    make(&sample);
    hash_of(&sample, first);
    assert_int_equal(strlen(first), 64);
    sample.in.app_id = 8;
    sample.in.port = 35008;
    sample.in.data_dir = "/var/lib/apphost/data/8";
    json_object_set_new(sample.in.needs, "download", json_integer(6));
    json_object_set_new(sample.in.machine, "disk_free", json_integer(7));
    json_object_set_new(json_array_get(sample.in.folders, 0), "writers", json_null());
    json_object_set_new(json_array_get(sample.in.images, 0), "digest", json_string("x@sha256:1"));
    json_object_set_new(json_array_get(sample.policy.ports, 0), "host", json_integer(35008));
    json_object_set_new(json_array_get(sample.policy.findings, 1), "id",
                        json_string("ports.35008"));
    hash_of(&sample, second);
    assert_string_equal(first, second);
    json_decref(sample.all);
}

static void change_image(sample_t *sample)
{
    json_object_set_new(json_array_get(sample->in.images, 0), "id", json_string("sha256:2"));
}

static void change_digest(sample_t *sample)
{
    json_object_set_new(json_array_get(sample->in.images, 0), "pull", json_true());
    json_object_set_new(json_array_get(sample->in.images, 0), "id", json_null());
    json_object_set_new(json_array_get(sample->in.images, 0), "digest", json_string("x@sha256:2"));
}

static void change_script(sample_t *sample)
{
    sample->in.script = "other text";
}

static void change_uninstall_script(sample_t *sample)
{
    sample->in.uninstall_script = "rm -rf config";
}

static void change_question(sample_t *sample)
{
    json_object_set_new(json_array_get(sample->policy.findings, 0), "id",
                        json_string("web.devices"));
}

static void change_folder(sample_t *sample)
{
    json_object_set_new(json_array_get(sample->in.folders, 0), "new", json_false());
}

static void change_name(sample_t *sample)
{
    sample->in.name = "pictures";
}

static void change_alias(sample_t *sample)
{
    json_array_append_new(json_object_get(sample->in.site, "aliases"), json_string("a.example"));
}

static void change_option(sample_t *sample)
{
    json_array_append_new(json_object_get(sample->in.site, "options"), json_string("hsts"));
}

static void test_what_is_agreed_to_counts(void **state)
{
    void (*const changes[])(sample_t *sample) = {change_image,    change_digest, change_script,
                                                 change_uninstall_script, change_question,
                                                 change_folder,   change_name,
                                                 change_alias,    change_option};
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        sample_t sample;
        char first[APHD_HASH_TEXT], second[APHD_HASH_TEXT];
        make(&sample);
        hash_of(&sample, first);
        changes[i](&sample);
        hash_of(&sample, second);
        assert_string_not_equal(first, second);
        json_decref(sample.all);
    }
}

/* A refusal with a secret in it is told without it, also where its sentence was cut; what is asked about is
 * still named as it is consented to. */
static void test_secrets_are_hidden(void **state)
{
    json_auto_t *secrets = json_pack("[s, s, s]", "0123456789abcdefXYZ", "0123456789", "q");
    json_auto_t *findings = json_loads(
        "[{\"id\":\"a.0123456789abcdefXYZ\",\"verdict\":\"deny\",\"value\":\"<0123456789abcdefXYZ>\","
        "\"reason\":\"no 0123456789abcdefX: why\"},"
        "{\"id\":\"a.0123456789abcdefXYZ\",\"verdict\":\"ask\",\"value\":null,\"reason\":\"no 012\"},"
        "{\"id\":\"a.q1\",\"verdict\":\"deny\",\"value\":\"q1\",\"reason\":\"q1 is no port\"},"
        "{\"id\":\"quit\",\"verdict\":\"ask\",\"value\":\"quit\",\"reason\":\"no quit\"}]", 0, NULL);
    json_auto_t *wanted = json_loads(
        "[{\"id\":\"a.(a secret)\",\"verdict\":\"deny\",\"value\":\"<(a secret)>\","
        "\"reason\":\"no (a secret): why\"},"
        "{\"id\":\"a.0123456789abcdefXYZ\",\"verdict\":\"ask\",\"value\":null,\"reason\":\"no 012\"},"
        "{\"id\":\"(a secret)\",\"verdict\":\"deny\",\"value\":\"(a secret)\",\"reason\":\"(a secret)\"},"
        "{\"id\":\"quit\",\"verdict\":\"ask\",\"value\":\"quit\",\"reason\":\"no quit\"}]", 0, NULL);
    aphd_secrets_in_findings(findings, secrets);
    assert_true(json_equal(findings, wanted));
}

static void hidden_is(const char *text, const char *wanted)
{
    json_auto_t *secrets = json_pack("[s, s, s]", "swordfish", "sword", "abc");
    char *hidden = aphd_secrets_hidden(text, secrets);
    assert_string_equal(hidden != NULL ? hidden : text, wanted);
    free(hidden);
}

static void test_secrets_in_sentences(void **state)
{
    hidden_is("", "");
    hidden_is("abc and swore", "abc and swore");
    hidden_is("a swordfish, a sword", "a (a secret), a (a secret)");
    hidden_is("swordfishswordfish", "(a secret)(a secret)");
    hidden_is("it is cut: swor", "it is cut: (a secret)");
    hidden_is("it is cut: 'swordfis' is no port", "it is cut: '(a secret)' is no port");
    hidden_is("it is cut: swor...", "it is cut: (a secret)...");
    assert_null(aphd_secrets_hidden(NULL, NULL));
    json_auto_t *row = json_pack("{s:{s:s, s:s, s:s}, s:{s:[{s:s, s:b}, {s:s, s:b}]}}", "answers", "a", "one",
                                 "b", "two", "c", "three", "plan", "answers", "question", "a", "secret", 1,
                                 "question", "b", "secret", 0);
    json_auto_t *secrets = aphd_secrets_of_row(row);
    assert_int_equal(json_array_size(secrets), 1);
    assert_string_equal(json_string_value(json_array_get(secrets, 0)), "one");
    char *place = aphd_secrets_place(row, "two");
    assert_string_equal(place, "answers.b");
    free(place);
    assert_null(aphd_secrets_place(row, "four"));
}

static void test_the_list_of_questions(void **state)
{
    sample_t sample;
    apr_pool_t *p;
    apr_pool_create(&p, NULL);
    make(&sample);
    assert_string_equal(aphd_plan_list(sample.policy.findings, "ask", p),
                        "services.web.cap_add NET_ADMIN (line 6: why)");
    assert_string_equal(aphd_plan_list(sample.policy.findings, "deny", p), "");
    json_decref(sample.all);
    apr_pool_destroy(p);
}

/* A refusal that root overrides is neither refused nor asked, and part of what is agreed to. */
static void test_overridden_is_agreed_to(void **state)
{
    apr_pool_t *p;
    sample_t sample;
    char before[APHD_HASH_TEXT], after[APHD_HASH_TEXT];
    json_t *plan = NULL;
    aph_error_t err = APH_ERROR_INIT;
    apr_pool_create(&p, NULL);
    make(&sample);
    json_t *refusal = json_pack("{s:s,s:s,s:i,s:s,s:n,s:s,s:s,s:s}", "id", "web.pid.host", "key",
                                "services.web.pid", "line", 3, "verdict", "deny", "value", "reason",
                                "why", "rule", "pid-host", "consequence", "it sees all");
    json_array_append_new(sample.policy.findings, refusal);
    hash_of(&sample, before);
    assert_non_null(strstr(aphd_plan_list(sample.policy.findings, "deny", p),
                           "--allow pid-host: it sees all"));
    json_object_set_new(refusal, "overridden", json_true());
    hash_of(&sample, after);
    assert_string_not_equal(before, after);
    assert_string_equal(aphd_plan_list(sample.policy.findings, "deny", p), "");
    assert_int_equal(aphd_plan_make(&sample.in, &plan, &err), APR_SUCCESS);
    assert_int_equal(json_array_size(json_object_get(plan, "refused")), 0);
    assert_int_equal(json_array_size(json_object_get(plan, "asked")), 1);
    assert_int_equal(json_array_size(json_object_get(plan, "overridden")), 1);
    json_decref(plan);
    json_decref(sample.all);
    apr_pool_destroy(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_overridden_is_agreed_to),
        cmocka_unit_test(test_another_place_is_the_same_plan),
        cmocka_unit_test(test_what_is_agreed_to_counts),
        cmocka_unit_test(test_secrets_are_hidden),
        cmocka_unit_test(test_secrets_in_sentences),
        cmocka_unit_test(test_the_list_of_questions),
    };
    if (apr_initialize() != APR_SUCCESS || sodium_init() < 0)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
