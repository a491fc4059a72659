/* SPDX-License-Identifier: Apache-2.0 */
/* How a service begins, stays and ends. */
#include <string.h>

#include "helper/policy/grammar.h"
#include "helper/policy/judge.h"

#define RETRIES_MAX  5
#define GRACE_MAX_MS 120000

static void deny_value(aphd_judge_t *j, int line, const char *text, const char *wanted)
{
    aphd_find(j, APHD_DENY, line, text, "value", "%.80s: %s", text, wanted);
}

void judge_restart(aphd_judge_t *j)
{
    const char *text = json_string_value(j->value);
    long long retries = 0;
    if (strcmp(text, "no") == 0 || strcmp(text, "false") == 0) {
        aphd_put(j, j->key, json_string("no"));
    } else if (strcmp(text, "unless-stopped") == 0) {
        aphd_put(j, j->key, json_string(text));
    } else if (strcmp(text, "always") == 0) {
        aphd_find(j, APHD_REWRITE, j->line, text, "restart",
                  "restart becomes unless-stopped, so that a stopped app stays stopped");
        aphd_put(j, j->key, json_string("unless-stopped"));
    } else if (strncmp(text, "on-failure:", 11) == 0
               && aphd_number(text + 11, 1, RETRIES_MAX, &retries)) {
        aphd_put(j, j->key, json_string(text));
    } else if (strncmp(text, "on-failure", 10) == 0 && (text[10] == '\0' || text[10] == ':')) {
        aphd_find(j, APHD_REWRITE, j->line, text, "restart",
                  "a service that fails is started again %d times at most", RETRIES_MAX);
        aphd_put(j, j->key, json_string("on-failure:5"));
    } else {
        deny_value(j, j->line, text, "restart is no, unless-stopped or on-failure");
    }
}

void judge_stop_signal(aphd_judge_t *j)
{
    const char *text = json_string_value(j->value);
    if (aphd_made_of(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+", 16))
        aphd_put(j, j->key, json_string(text));
    else
        deny_value(j, j->line, text, "not the name of a signal");
}

void judge_stop_grace_period(aphd_judge_t *j)
{
    const char *text = json_string_value(j->value);
    long long ms = 0;
    if (!aphd_duration(text, &ms)) {
        deny_value(j, j->line, text, "not a duration, as in 30s");
        return;
    }
    if (ms > GRACE_MAX_MS)
        aphd_find(j, APHD_REWRITE, j->line, text, "clamped",
                  "a service gets two minutes to stop, no more");
    aphd_put(j, j->key, json_string(ms > GRACE_MAX_MS ? "120s" : text));
}

/* --- healthcheck --- */

static int is_duration_key(const char *key)
{
    return strcmp(key, "interval") == 0 || strcmp(key, "timeout") == 0
           || strcmp(key, "start_period") == 0;
}

static void put_test_word(json_t *check, const char *text)
{
    json_t *test = json_object_get(check, "test");
    if (test == NULL) {
        test = json_array();
        json_object_set_new(check, "test", test);
    }
    json_array_append_new(test, json_string(text));
}

static void judge_health_leaf(aphd_judge_t *j, json_t *check, const json_t *leaf, const char *text)
{
    const char *key = aphd_leaf_key(leaf, 0);
    long long number = 0;
    if (aphd_leaf_is(leaf, "test"))
        json_object_set_new(check, "test", json_string(text));
    else if (aphd_leaf_is(leaf, "test.#"))
        put_test_word(check, text);
    else if (aphd_leaf_is(leaf, "retries") && aphd_number(text, 0, 1000, &number))
        json_object_set_new(check, "retries", json_integer(number));
    else if (aphd_leaf_is(leaf, "disable")
             && (strcmp(text, "true") == 0 || strcmp(text, "false") == 0))
        json_object_set_new(check, "disable", json_boolean(strcmp(text, "true") == 0));
    else if (aphd_leaf_is(leaf, "start_interval") && aphd_duration(text, &number))
        aphd_find(j, APHD_REWRITE, aphd_line(leaf), text, "start-interval",
                  "start_interval is left out: not every engine knows it");
    else if (aphd_leaf_is(leaf, "*") && is_duration_key(key) && aphd_duration(text, &number))
        json_object_set_new(check, key, json_string(text));
    else
        deny_value(j, aphd_line(leaf), text, "not a part of healthcheck, or not its kind of value");
}

void judge_healthcheck(aphd_judge_t *j)
{
    json_t *check = json_object();
    size_t i;
    json_t *leaf;
    json_array_foreach(j->value, i, leaf) {
        const char *text = aphd_text(leaf, "value");
        judge_health_leaf(j, check, leaf, text != NULL ? text : "");
    }
    const json_t *test = json_object_get(check, "test");
    const char *first = json_string_value(json_array_get(test, 0));
    if (json_is_array(test) && strcmp(first, "CMD") != 0 && strcmp(first, "CMD-SHELL") != 0
        && strcmp(first, "NONE") != 0)
        deny_value(j, j->line, first, "a test begins with CMD, CMD-SHELL or NONE");
    if (json_object_size(check) > 0)
        json_object_set(j->out, j->key, check);
    json_decref(check);
}

/* --- depends_on --- */

static int condition_known(const char *text)
{
    return strcmp(text, "service_started") == 0 || strcmp(text, "service_healthy") == 0
           || strcmp(text, "service_completed_successfully") == 0;
}

static json_t *dependency(aphd_judge_t *j, const char *name)
{
    json_t *all = json_object_get(j->out, j->key);
    if (all == NULL) {
        all = json_object();
        aphd_put(j, j->key, all);
    }
    json_t *one = json_object_get(all, name);
    if (one == NULL) {
        one = json_pack("{s:s}", "condition", "service_started");
        json_object_set_new(all, name, one);
        aphd_needs(j, name);
    }
    return one;
}

void judge_depends_on(aphd_judge_t *j)
{
    size_t i;
    json_t *leaf;
    json_array_foreach(j->value, i, leaf) {
        const char *text = aphd_text(leaf, "value");
        const char *name = aphd_leaf_is(leaf, "#") ? text : aphd_leaf_key(leaf, 0);
        if (name == NULL || !aphd_service_exists(j, name))
            deny_value(j, aphd_line(leaf), name != NULL ? name : "depends_on",
                       "no service of this file has that name");
        else if (aphd_leaf_is(leaf, "#") || aphd_leaf_is(leaf, "*.restart")
                 || aphd_leaf_is(leaf, "*.required"))
            dependency(j, name);
        else if (aphd_leaf_is(leaf, "*.condition") && text != NULL && condition_known(text))
            json_object_set_new(dependency(j, name), "condition", json_string(text));
        else
            deny_value(j, aphd_line(leaf), text != NULL ? text : name,
                       "not a condition of depends_on");
    }
}
