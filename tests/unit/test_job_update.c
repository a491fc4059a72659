/* SPDX-License-Identifier: Apache-2.0 */
/* What an update changes: the difference of what an app is and of the plan of what it is to be; and which
 * consent a plan asks for where some was given before. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <apr_general.h>
#include <cmocka.h>

#include "helper/job/plan.h"
#include "helper/job/update_plan.h"
#include "helper/policy/policy.h"
#include "helper/read/compose_normal.h"

static json_t *parsed(const char *text)
{
    json_error_t where;
    json_t *value = json_loads(text, JSON_DECODE_ANY, &where);
    if (value == NULL)
        fail_msg("%s in %s", where.text, text);
    return value;
}

/* The member of the difference of row and plan, compared with wanted (JSON). */
static void check(const char *row_text, const char *plan_text, const char *target_text,
                  const char *member, const char *wanted_text)
{
    json_auto_t *row = parsed(row_text), *plan = parsed(plan_text), *target = parsed(target_text);
    json_auto_t *again = json_array(), *wanted = parsed(wanted_text);
    aphd_update_in_t in = {.row = row, .plan = plan, .target = target, .again = again};
    json_auto_t *difference = aphd_update_difference(&in);
    assert_non_null(difference);
    if (!json_equal(json_object_get(difference, member), wanted)) {
        char *is = json_dumps(difference, JSON_SORT_KEYS);
        fail_msg("%s is not %s in %s", member, wanted_text, is);
    }
}

#define EMPTY_ROW "{\"revision\":\"aa\",\"images\":[],\"consents\":[],\"answers\":{},\"plan\":{}}"
#define EMPTY_PLAN "{\"images\":[],\"agreed\":[]}"
#define TARGET "{\"revision\":\"bb\",\"answers\":{}}"

static void test_revisions(void **state)
{
    check(EMPTY_ROW, EMPTY_PLAN, TARGET, "from", "\"aa\"");
    check(EMPTY_ROW, EMPTY_PLAN, TARGET, "to", "\"bb\"");
    check(EMPTY_ROW, EMPTY_PLAN, TARGET, "rollback", "false");
    check(EMPTY_ROW, EMPTY_PLAN, TARGET, "stopped", "false");
}

#define ROW_WITH(ref, id, digest)                                                                  \
    "{\"revision\":\"aa\",\"consents\":[],\"answers\":{},\"plan\":{},\"images\":[{\"service\":\"web\"," \
    "\"ref\":\"" ref "\",\"id\":\"" id "\",\"digest\":" digest "}]}"
#define PLAN_WITH(ref, pull, id, digest)                                                           \
    "{\"agreed\":[],\"images\":[{\"service\":\"web\",\"ref\":\"" ref "\",\"pull\":" pull ",\"id\":" id \
    ",\"digest\":" digest "}]}"
#define CHANGED(from, to) "[{\"service\":\"web\",\"from\":" from ",\"to\":" to "}]"

/* Here by id, to be pulled by digest; what nobody can tell is a change. */
static void test_images(void **state)
{
    check(ROW_WITH("a:1", "sha256:1", "null"), PLAN_WITH("a:1", "false", "\"sha256:1\"", "null"), TARGET,
          "images", "[]");
    check(ROW_WITH("a:1", "sha256:1", "null"), PLAN_WITH("a:1", "false", "\"sha256:2\"", "null"), TARGET,
          "images", CHANGED("\"a:1\"", "\"a:1\""));
    check(ROW_WITH("a:1", "sha256:1", "null"), PLAN_WITH("a:2", "false", "\"sha256:1\"", "null"), TARGET,
          "images", "[]");
    check(ROW_WITH("a:1", "sha256:1", "\"a@x\""), PLAN_WITH("a:2", "true", "null", "\"a@y\""), TARGET,
          "images", CHANGED("\"a:1\"", "\"a:2\""));
    check(ROW_WITH("a:1", "sha256:1", "\"a@x\""), PLAN_WITH("a:1", "true", "null", "\"a@x\""), TARGET,
          "images", "[]");
    check(ROW_WITH("a:1", "sha256:1", "null"), PLAN_WITH("a:1", "true", "null", "null"), TARGET,
          "images", CHANGED("\"a:1\"", "\"a:1\""));
    check(EMPTY_ROW, PLAN_WITH("a:1", "true", "null", "null"), TARGET, "images",
          CHANGED("null", "\"a:1\""));
    check(ROW_WITH("a:1", "sha256:1", "null"), EMPTY_PLAN, TARGET, "images",
          CHANGED("\"a:1\"", "null"));
}

#define PORTS(list) "\"content\":{\"ports\":[{\"service\":\"web\",\"host\":null,\"target\":80," \
                    "\"protocol\":\"tcp\"}" list "]}"
#define PORT(host, protocol) ",{\"service\":\"web\",\"host\":" host ",\"target\":1,\"protocol\":\"" protocol "\"}"
#define PORT_AT(host, address) \
    ",{\"service\":\"web\",\"host\":" host ",\"target\":1,\"protocol\":\"tcp\",\"address\":\"" address "\"}"

static void test_ports(void **state)
{
    check("{\"plan\":{" PORTS(PORT("22", "tcp") PORT("53", "udp")) "}}",
          "{" PORTS(PORT("22", "tcp") PORT("53", "tcp")) "}", TARGET, "ports",
          "[{\"port\":53,\"protocol\":\"tcp\",\"address\":\"\",\"opens\":true},"
          "{\"port\":53,\"protocol\":\"udp\",\"address\":\"\",\"opens\":false}]");
    check("{\"plan\":{" PORTS("") "}}", "{" PORTS("") "}", TARGET, "ports", "[]");
    check("{\"plan\":{" PORTS(PORT_AT("22", "127.0.0.1")) "}}", "{" PORTS(PORT_AT("22", "")) "}", TARGET,
          "ports",
          "[{\"port\":22,\"protocol\":\"tcp\",\"address\":\"\",\"opens\":true},"
          "{\"port\":22,\"protocol\":\"tcp\",\"address\":\"127.0.0.1\",\"opens\":false}]");
    check("{\"plan\":{" PORTS(PORT_AT("22", "")) "}}", "{" PORTS(PORT_AT("22", "")) "}", TARGET, "ports", "[]");
}

static void test_consent(void **state)
{
    const char *row = "{\"consents\":[\"ports.22/tcp\",\"devices./dev/dri\"]}";
    const char *plan = "{\"agreed\":[{\"id\":\"ports.22/tcp\",\"verdict\":\"ask\"}]}";
    check(row, plan, TARGET, "agreed", "[\"ports.22/tcp\"]");
    check(row, plan, TARGET, "gone", "[\"devices./dev/dri\"]");
    check(row, "{\"agreed\":[],\"asked\":[{\"id\":\"ports.22/tcp\"}],\"overridden\":[{\"id\":"
          "\"devices./dev/dri\"}]}", TARGET, "gone", "[]");
}

/* Questions and never their answers: those may be secrets. */
static void test_answers(void **state)
{
    check("{\"answers\":{\"a\":\"1\",\"b\":\"2\",\"old\":\"3\"}}", EMPTY_PLAN,
          "{\"revision\":\"bb\",\"answers\":{\"a\":\"1\",\"b\":\"x\",\"c\":\"y\",\"old\":\"3\"}}", "answers",
          "[\"b\",\"c\"]");
}

static void test_mounts(void **state)
{
    json_auto_t *was = parsed("{\"services\":{\"gone\":{\"volumes\":[{\"source\":\"x\",\"target\":\"/x\"}]},"
                              "\"web\":{\"volumes\":["
                              "{\"type\":\"bind\",\"source\":\"/s/7/d\",\"target\":\"/d\"},"
                              "{\"type\":\"volume\",\"source\":\"n\",\"target\":\"/n\"},"
                              "{\"type\":\"bind\",\"source\":\"/s/7\",\"target\":\"/all\"}]}}}");
    json_auto_t *is = parsed("{\"services\":{\"web\":{\"volumes\":["
                             "{\"type\":\"bind\",\"source\":\"/s/7/e\",\"target\":\"/d\"},"
                             "{\"type\":\"bind\",\"source\":\"/s/7\",\"target\":\"/all\"},"
                             "{\"type\":\"tmpfs\",\"target\":\"/t\"},"
                             "{\"type\":\"bind\",\"source\":\"/s/70\",\"target\":\"/m\",\"read_only\":true}]}}}");
    json_auto_t *row = parsed(EMPTY_ROW), *plan = parsed(EMPTY_PLAN), *target = parsed(TARGET);
    json_auto_t *again = json_array(), *wanted = parsed(
        "[{\"service\":\"web\",\"target\":\"/d\",\"from\":\"./d\",\"to\":\"./e\"},"
        "{\"service\":\"web\",\"target\":\"/n\",\"from\":\"n\",\"to\":null},"
        "{\"service\":\"web\",\"target\":\"/m\",\"from\":null,\"to\":\"/s/70 (read-only)\"}]");
    aphd_update_in_t in = {.row = row, .plan = plan, .target = target, .again = again, .was = was,
                           .is = is, .data_dir = "/s/7"};
    json_auto_t *difference = aphd_update_difference(&in);
    assert_true(json_equal(json_object_get(difference, "mounts"), wanted));
}

static void test_joined(void **state)
{
    json_auto_t *one = parsed("[\"a\",\"b\"]"), *other = parsed("[\"b\",\"c\",7]");
    json_auto_t *wanted = parsed("[\"a\",\"b\",\"c\"]"), *joined = aphd_texts_joined(one, other);
    json_auto_t *none = aphd_texts_joined(NULL, NULL);
    assert_true(json_equal(joined, wanted));
    assert_int_equal(json_array_size(none), 0);
    assert_true(aphd_texts_have(joined, "c"));
    assert_false(aphd_texts_have(joined, "d"));
    assert_false(aphd_texts_have(NULL, "d"));
}

/* --- the plan: what was agreed to is not asked for again ------------------------------------ */

#define FINDING(id, verdict, more) "{\"id\":\"" id "\",\"key\":\"k\",\"line\":1,\"verdict\":\"" verdict \
                                   "\",\"reason\":\"r\"" more "}"

static void check_ids(const json_t *plan, const char *member, const char *wanted_text)
{
    json_auto_t *wanted = parsed(wanted_text), *ids = json_array();
    size_t i;
    json_t *finding;
    json_array_foreach(json_object_get(plan, member), i, finding)
        json_array_append(ids, json_object_get(finding, "id"));
    if (!json_equal(ids, wanted))
        fail_msg("%s is %s", member, json_dumps(json_object_get(plan, member), 0));
}

static json_t *plan_with(const char *findings, const json_t *known)
{
    json_auto_t *list = json_array(), *needs = parsed("{\"download\":0,\"disk\":0,\"unknown\":0}");
    json_auto_t *machine = json_object(), *site = json_object();
    aphd_policy_result_t policy = {.findings = parsed(findings), .ports = json_array()};
    aphd_plan_in_t in = {.name = "x", .script = "", .because = "", .data_dir = "/d", .app_id = 1,
                         .port = 35001, .policy = &policy, .agreed = known, .files = list,
                         .folders = list, .images = list, .needs = needs, .machine = machine,
                         .site = site};
    json_t *plan = NULL;
    aph_error_t err = APH_ERROR_INIT;
    assert_int_equal(aphd_plan_make(&in, &plan, &err), APR_SUCCESS);
    json_decref(policy.findings);
    json_decref(policy.ports);
    return plan;
}

/* The plan of an app that has these findings, and was consented to with those ids. */
static json_t *plan_after(const char *findings, const char *before, const char *consents)
{
    json_auto_t *row = json_pack("{s:o, s:o}", "plan", plan_with(before, NULL), "consents", parsed(consents));
    json_auto_t *agreed = aphd_findings_agreed(row);
    return plan_with(findings, agreed);
}

static void test_agreed(void **state)
{
    const char *findings =
        "[" FINDING("old", "ask", "") "," FINDING("new", "ask", "") ","
        FINDING("forced", "deny", ",\"overridden\":true,\"rule\":\"x\",\"consequence\":\"c\"") ","
        FINDING("bad", "deny", "") "]";
    json_auto_t *first = plan_with(findings, NULL);
    check_ids(first, "asked", "[\"old\",\"new\"]");
    check_ids(first, "overridden", "[\"forced\"]");
    assert_null(json_object_get(first, "agreed"));
    json_auto_t *update = plan_after(findings, findings, "[\"old\",\"forced\",\"bad\",\"gone\"]");
    check_ids(update, "asked", "[\"new\"]");
    check_ids(json_object_get(update, "content"), "asked", "[\"new\"]");
    check_ids(update, "overridden", "[]");
    check_ids(update, "agreed", "[\"old\",\"forced\"]");
    check_ids(update, "refused", "[\"bad\"]");
    json_auto_t *row = json_pack("{s:O, s:o}", "plan", update, "consents", parsed("[\"old\",\"forced\"]"));
    json_auto_t *still = aphd_findings_agreed(row), *third = plan_with(findings, still);
    check_ids(third, "agreed", "[\"old\",\"forced\"]");
}

#define ASKED(key, value, reason, terms) "[{\"id\":\"i\",\"key\":\"" key "\",\"line\":1,\"verdict\":\"ask\"," \
    "\"value\":\"" value "\",\"reason\":\"" reason "\",\"rule\":\"x\"" terms "}]"

/* The same id is not the same consent. */
static void test_more_is_asked_again(void **state)
{
    const char *before = ASKED("k", "v", "r", ",\"terms\":\"t\"");
    const char *others[] = {ASKED("other", "v", "r", ",\"terms\":\"t\""), ASKED("k", "w", "r", ",\"terms\":\"t\""),
                            ASKED("k", "v", "s", ",\"terms\":\"t\""),     ASKED("k", "v", "r", ",\"terms\":\"u\""),
                            ASKED("k", "v", "r", ""),
                            "[" FINDING("i", "deny", ",\"overridden\":true") "]"};
    json_auto_t *same = plan_after(before, before, "[\"i\"]");
    check_ids(same, "agreed", "[\"i\"]");
    check_ids(same, "asked", "[]");
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        json_auto_t *plan = plan_after(others[i], before, "[\"i\"]");
        check_ids(plan, "agreed", "[]");
        check_ids(plan, i < 5 ? "asked" : "overridden", "[\"i\"]");
    }
    json_auto_t *never = plan_after(before, before, "[]");
    check_ids(never, "asked", "[\"i\"]");
}

/* --- the same with what the policy finds ----------------------------------------------------- */

static char *findings_of(const char *text)
{
    static const aphd_policy_site_t base = {.app_id = 7, .port = 35007, .max_app_id = 999,
                                            .project = "apphost-12345678-7", .instance = "12345678",
                                            .data_dir = "/srv/data/7", .subnet = "10.213.0.16/28"};
    aphd_policy_site_t site = base;
    aphd_policy_result_t result = {.findings = NULL};
    aph_error_t err = APH_ERROR_INIT;
    apr_pool_t *p;
    json_t *normal = NULL;
    site.allowed = json_pack("[s, s]", "host-path", "docker-socket");
    apr_pool_create(&p, NULL);
    aphd_foreign_t foreign = {.text = text, .length = strlen(text), .first_line = 1};
    if (aphd_compose_read(&foreign, NULL, &normal, p, &err) != APR_SUCCESS
        || aphd_policy_judge(normal, &site, &result, &err) != APR_SUCCESS)
        fail_msg("%s", err.message);
    char *findings = json_dumps(result.findings, 0);
    aphd_policy_result_clear(&result);
    json_decref(normal);
    json_decref(site.allowed);
    apr_pool_destroy(p);
    return findings;
}

/* What is asked of an app that went from one text to another, all of the first agreed to. */
static void check_asked(const char *from, const char *to, const char *id, int asked)
{
    char *before = findings_of(from), *after = findings_of(to);
    json_auto_t *consents = json_pack("[s]", id);
    char *ids = json_dumps(consents, 0);
    json_auto_t *plan = plan_after(after, before, ids);
    size_t count = json_array_size(json_object_get(plan, "asked"))
                 + json_array_size(json_object_get(plan, "overridden"));
    if (count != (size_t)asked || json_array_size(json_object_get(plan, "agreed")) != (size_t)!asked)
        fail_msg("%s: asked %d, of %s", to, (int)count, after);
    free(before);
    free(after);
    free(ids);
}

#define APP(more) "services:\n  web:\n    image: a\n" more "  other:\n    image: b\n"
#define OTHER(more) "services:\n  web:\n    image: a\n  other:\n    image: b\n" more
#define ONE(key, value) "    " key ":\n      - " value "\n"

static void test_widened(void **state)
{
    static const struct {
        const char *id, *from, *to;
    } cases[] = {
        {"ports.8080/tcp", APP(ONE("ports", "127.0.0.1:8080:80")), APP(ONE("ports", "8080:80"))},
        {"ports.8080/tcp", APP(ONE("ports", "8080:80")), APP(ONE("ports", "8080:81"))},
        {"ports.8080/tcp", APP(ONE("ports", "8080:80")), OTHER(ONE("ports", "8080:80"))},
        {"web.volumes./etc/x", APP(ONE("volumes", "/etc/x:/x:ro")), APP(ONE("volumes", "/etc/x:/x"))},
        {"web.volumes./etc/x", APP(ONE("volumes", "/etc/x:/x")), APP(ONE("volumes", "/etc/x:/y"))},
        {"web.volumes./var/run/docker.sock", APP(ONE("volumes", "/var/run/docker.sock:/x:ro")),
         APP(ONE("volumes", "/var/run/docker.sock:/x"))},
        {"web.sysctls.net.ipv4.ip_forward", APP(ONE("sysctls", "net.ipv4.ip_forward=0")),
         APP(ONE("sysctls", "net.ipv4.ip_forward=1"))},
        {"web.devices./dev/dri:/dev/dri:r", APP(ONE("devices", "/dev/dri:/dev/dri:r")),
         APP(ONE("devices", "/dev/dri:/dev/dri:rw"))},
        {"web.cap_add.NET_ADMIN", APP(ONE("cap_add", "NET_ADMIN")), OTHER(ONE("cap_add", "NET_ADMIN"))},
        {"web.group_add.video", APP(ONE("group_add", "video")), OTHER(ONE("group_add", "video"))},
        {"web.extra_hosts.a", APP(ONE("extra_hosts", "a:host-gateway")),
         OTHER(ONE("extra_hosts", "a:host-gateway"))},
        {"web.gpus.gpu", APP(ONE("gpus", "count: 1")), APP(ONE("gpus", "count: 2"))},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        check_asked(cases[i].from, cases[i].from, cases[i].id, 0);
        check_asked(cases[i].from, cases[i].to, cases[i].id, 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_revisions), cmocka_unit_test(test_images), cmocka_unit_test(test_ports),
        cmocka_unit_test(test_consent),   cmocka_unit_test(test_answers), cmocka_unit_test(test_mounts), cmocka_unit_test(test_joined),
        cmocka_unit_test(test_agreed),    cmocka_unit_test(test_more_is_asked_again),
        cmocka_unit_test(test_widened),
    };
    apr_initialize();
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
