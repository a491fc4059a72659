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

void judge_health_test(aphd_judge_t *j)
{
    if (aphd_leaf_is(j->leaf, "test")) {
        json_object_set_new(j->made, "test", json_string(j->text));
        return;
    }
    json_t *test = json_object_get(j->made, "test");
    if (test == NULL) {
        test = json_array();
        json_object_set_new(j->made, "test", test);
    }
    json_array_append_new(test, json_string(j->text));
}

void judge_health_time(aphd_judge_t *j)
{
    long long ms = 0;
    if (aphd_duration(j->text, &ms))
        json_object_set_new(j->made, aphd_leaf_key(j->leaf, 0), json_string(j->text));
    else
        deny_value(j, j->line, j->text, "not a duration, as in 30s");
}

void judge_health_retries(aphd_judge_t *j)
{
    long long count = 0;
    if (aphd_number(j->text, 0, 1000, &count))
        json_object_set_new(j->made, "retries", json_integer(count));
    else
        deny_value(j, j->line, j->text, "not a number from 0 to 1000");
}

void judge_health_disable(aphd_judge_t *j)
{
    int yes = strcmp(j->text, "true") == 0;
    if (yes || strcmp(j->text, "false") == 0)
        json_object_set_new(j->made, "disable", json_boolean(yes));
    else
        deny_value(j, j->line, j->text, "disable is true or false");
}

void judge_healthcheck(aphd_judge_t *j)
{
    const json_t *test = json_object_get(j->made, "test");
    const char *first = json_string_value(json_array_get(test, 0));
    if (json_is_array(test) && strcmp(first, "CMD") != 0 && strcmp(first, "CMD-SHELL") != 0
        && strcmp(first, "NONE") != 0)
        deny_value(j, j->line, first, "a test begins with CMD, CMD-SHELL or NONE");
    if (json_object_size(j->made) > 0)
        json_object_set(j->out, j->key, j->made);
}

/* --- depends_on --- */

static int condition_known(const char *text)
{
    return strcmp(text, "service_started") == 0 || strcmp(text, "service_healthy") == 0
           || strcmp(text, "service_completed_successfully") == 0;
}

void judge_dependency(aphd_judge_t *j)
{
    const char *name = aphd_leaf_is(j->leaf, "#") ? j->text : aphd_leaf_key(j->leaf, 0);
    if (!aphd_service_exists(j, name)) {
        deny_value(j, j->line, name, "no service of this file has that name");
        return;
    }
    json_t *one = json_object_get(j->made, name);
    if (one == NULL) {
        one = json_pack("{s:s}", "condition", "service_started");
        json_object_set_new(j->made, name, one);
        aphd_needs(j, name);
    }
    if (!aphd_leaf_is(j->leaf, "*.condition"))
        return;
    if (condition_known(j->text))
        json_object_set_new(one, "condition", json_string(j->text));
    else
        deny_value(j, j->line, j->text, "not a condition of depends_on");
}

void judge_depends_on(aphd_judge_t *j)
{
    if (json_object_size(j->made) > 0)
        json_object_set(j->out, j->key, j->made);
}
