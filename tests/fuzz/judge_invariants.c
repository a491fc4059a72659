/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/fuzz/judge_invariants.h"

#include <stdlib.h>
#include <string.h>

#include "common/rules.h"
#include "helper/policy/grammar.h"
#include "helper/policy/table.h"

#define DATA_DIR "/srv/data/7"

void aph_must(int condition)
{
    if (!condition)
        abort();
}

static aphd_policy_site_t site_with(json_t *allowed, json_t *consents)
{
    return (aphd_policy_site_t){.app_id = 7,
                                .port = 35007,
                                .max_app_id = 999,
                                .project = "apphost-12345678-7",
                                .instance = "i",
                                .data_dir = DATA_DIR,
                                .subnet = "10.213.0.0/28",
                                .allowed = allowed,
                                .consents = consents};
}

static void check_bind(const json_t *mount)
{
    const char *type = json_string_value(json_object_get(mount, "type"));
    const char *source = json_string_value(json_object_get(mount, "source"));
    const char *target = json_string_value(json_object_get(mount, "target"));
    aph_must(type != NULL && target != NULL && aphd_target(target));
    if (strcmp(type, "bind") != 0)
        return;
    aph_must(source != NULL && strstr(source, "/../") == NULL);
    int clock = strcmp(source, "/etc/localtime") == 0 || strcmp(source, "/etc/timezone") == 0;
    aph_must(clock ? json_is_true(json_object_get(mount, "read_only"))
                   : aphd_below(source, DATA_DIR) && strcmp(source, DATA_DIR) != 0);
}

/* Every key stands in the table, in a row that lets something pass; without overrides, no namespace
 * of the host, no bind outside of the app's folder. */
static void check_service(const json_t *service, int overridden)
{
    static const char *const host_only[] = {"privileged", "pid", "userns_mode"};
    const char *key;
    json_t *value;
    size_t i;
    json_object_foreach((json_t *)service, key, value) {
        const aphd_row_t *row = aphd_table_key(APHD_SERVICE, key);
        aph_must(row != NULL && row->judge != judge_deny && row->judge != judge_drop);
    }
    for (i = 0; i < sizeof host_only / sizeof host_only[0] && !overridden; i++)
        aph_must(json_object_get(service, host_only[i]) == NULL);
    const char *mode = json_string_value(json_object_get(service, "network_mode"));
    aph_must(overridden || mode == NULL || strcmp(mode, "none") == 0
             || strncmp(mode, "service:", 8) == 0);
    json_array_foreach(json_object_get(service, "volumes"), i, value)
        if (!overridden)
            check_bind(value);
    json_array_foreach(json_object_get(service, "ports"), i, value)
        aph_must(overridden || json_string_length(value) < 60);
}

static void check_rendered(const aphd_policy_result_t *result, int overridden)
{
    static const char *const tops[] = {"services", "networks", "volumes"};
    char *text = NULL;
    const char *key;
    json_t *value;
    aph_must(aphd_render(result->compose, NULL, &text, NULL) == APR_SUCCESS);
    for (const char *at = strchr(text, '$'); at != NULL; at = strchr(at + 2, '$'))
        aph_must(at[1] == '$');
    json_t *again = json_loads(text, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, NULL);
    aph_must(again != NULL);
    json_object_foreach(again, key, value) {
        size_t i = 0;
        while (i < sizeof tops / sizeof tops[0] && strcmp(tops[i], key) != 0)
            i++;
        aph_must(i < sizeof tops / sizeof tops[0]);
    }
    json_object_foreach(json_object_get(result->compose, "services"), key, value)
        check_service(value, overridden);
    json_decref(again);
    free(text);
}

static aphd_verdict_t judge(const json_t *compose, json_t *allowed, json_t *consents,
                            json_t **findings)
{
    aph_error_t err = APH_ERROR_INIT;
    aphd_policy_result_t result;
    aphd_policy_site_t site = site_with(allowed, consents);
    aph_must(aphd_policy_judge(compose, &site, &result, &err) == APR_SUCCESS);
    aph_must((result.compose == NULL) == (result.verdict == APHD_DENY));
    if (result.compose != NULL)
        check_rendered(&result, allowed != NULL);
    aphd_verdict_t verdict = result.verdict;
    *findings = json_incref(result.findings);
    aphd_policy_result_clear(&result);
    return verdict;
}

/* Ids of what is asked, and of what is overridden. */
static json_t *ids_of(const json_t *findings)
{
    json_t *ids = json_array();
    size_t i;
    json_t *finding;
    json_array_foreach((json_t *)findings, i, finding) {
        const char *verdict = json_string_value(json_object_get(finding, "verdict"));
        if (strcmp(verdict, "ask") == 0 || json_is_true(json_object_get(finding, "overridden")))
            json_array_append(ids, json_object_get(finding, "id"));
    }
    return ids;
}

void aph_judge_invariants(const json_t *compose)
{
    json_t *plain, *again, *freed, *agreed, *allowed = json_array();
    size_t count;
    const aph_rule_t *rules = aph_rules(&count);
    for (size_t i = 0; i < count; i++)
        json_array_append_new(allowed, json_string(rules[i].name));
    aphd_verdict_t verdict = judge(compose, NULL, NULL, &plain);
    aph_must(judge(compose, NULL, NULL, &again) == verdict && json_equal(plain, again));
    aphd_verdict_t with_all = judge(compose, allowed, NULL, &freed);
    aph_must(verdict == APHD_DENY || with_all == verdict);
    json_t *ids = ids_of(freed);
    aphd_verdict_t last = judge(compose, allowed, ids, &agreed);
    aph_must(with_all == APHD_DENY ? last == APHD_DENY : last <= APHD_REWRITE);
    json_decref(ids);
    json_decref(plain);
    json_decref(again);
    json_decref(freed);
    json_decref(agreed);
    json_decref(allowed);
}
