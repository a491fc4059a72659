/* SPDX-License-Identifier: Apache-2.0 */
/* Findings, and small helpers of the judges. */
#include "helper/policy/judge.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/rules.h"
#include "common/utf8.h"

static const char *const verdict_names[] = {"allow", "rewrite", "ask", "deny"};

const char *aphd_verdict_name(aphd_verdict_t verdict)
{
    return verdict_names[verdict];
}

/* Whether text stands in a list of texts; NULL is an empty one. */
static int lists(const json_t *list, const char *text)
{
    size_t i;
    json_t *item;
    json_array_foreach((json_t *)list, i, item)
        if (json_is_string(item) && strcmp(json_string_value(item), text) == 0)
            return 1;
    return 0;
}

/* A value can be 64 KiB long; a finding quotes its beginning. */
static json_t *quote(const char *text)
{
    enum { MOST = 200 };
    size_t length = strlen(text);
    if (length <= MOST)
        return json_string(text);
    length = MOST;
    while (length > 0 && ((unsigned char)text[length] & 0xC0) == 0x80)
        length--;
    return json_sprintf("%.*s...", (int)length, text);
}

static json_t *key_path(const aphd_judge_t *j)
{
    if (j->name == NULL)
        return json_string(j->key);
    return *j->key != '\0' ? json_sprintf("%s.%s.%s", j->section, j->name, j->key)
                           : json_sprintf("%s.%s", j->section, j->name);
}

/* id is stolen; *finding is borrowed from the result, NULL when memory ran out. */
static void append(aphd_judge_t *j, aphd_verdict_t verdict, int line, json_t *id, const char *what,
                   const char *rule, char *sentence, json_t **added)
{
    aph_utf8_mend(sentence); /* a name may have been cut in the middle of a character */
    json_t *finding =
        json_pack("{s:o,s:o,s:i,s:s,s:o,s:s,s:s}", "id", id, "key", key_path(j), "line", line,
                  "verdict", verdict_names[verdict], "value",
                  what != NULL ? quote(what) : json_null(), "reason", sentence, "rule", rule);
    *added = finding;
    if (finding == NULL || json_array_append_new(j->result->findings, finding) != 0) {
        *added = NULL;
        j->failed = 1;
    }
}

/* Lets a finding count. What is asked about, and what is overridden, counts until it is consented
 * to. */
static void count(aphd_judge_t *j, aphd_verdict_t verdict, json_t *finding)
{
    const char *id = json_string_value(json_object_get(finding, "id"));
    if (verdict == APHD_ASK && id != NULL && lists(j->site->consents, id))
        json_object_set_new(finding, "consented", json_true());
    else if (verdict > j->result->verdict)
        j->result->verdict = verdict;
    j->denied += verdict == APHD_DENY;
}

static void add(aphd_judge_t *j, aphd_verdict_t verdict, int line, json_t *id, const char *what,
                const char *rule, char *sentence)
{
    json_t *finding;
    append(j, verdict, line, id, what, rule, sentence, &finding);
    if (finding != NULL)
        count(j, verdict, finding);
}

void aphd_find(aphd_judge_t *j, aphd_verdict_t verdict, int line, const char *what,
               const char *rule, const char *format, ...)
{
    char sentence[512];
    va_list args;
    va_start(args, format);
    vsnprintf(sentence, sizeof sentence, format, args);
    va_end(args);
    json_t *id = json_sprintf("%s%s%s%s%s", j->name != NULL ? j->name : "",
                              j->name != NULL && *j->key != '\0' ? "." : "", j->key,
                              what != NULL ? "." : "", what != NULL ? what : "");
    add(j, verdict, line, id, what, rule, sentence);
}

int aphd_override(aphd_judge_t *j, int line, const char *what, const char *rule,
                  const char *format, ...)
{
    char sentence[512];
    va_list args;
    va_start(args, format);
    vsnprintf(sentence, sizeof sentence, format, args);
    va_end(args);
    json_t *id = json_sprintf("%s.%s%s%s", j->name, j->key, what != NULL ? "." : "",
                              what != NULL ? what : "");
    json_t *finding;
    const aph_rule_t *row = aph_rule_find(rule);
    int overridden = row != NULL && lists(j->site->allowed, rule);
    append(j, APHD_DENY, line, id, what, rule, sentence, &finding);
    if (finding == NULL)
        return 0;
    if (row != NULL)
        json_object_set_new(finding, "consequence", json_string(row->consequence));
    if (overridden)
        json_object_set_new(finding, "overridden", json_true());
    count(j, overridden ? APHD_ASK : APHD_DENY, finding);
    return overridden;
}

void aphd_find_unknown(aphd_judge_t *j, const char *path)
{
    aphd_find(j, APHD_DENY, j->line, strcmp(path, j->key) != 0 ? path : NULL, "unknown-key",
              "%.200s is not a key apphost knows, and what it does not know it does not pass on",
              path);
}

void aphd_find_app(aphd_judge_t *j, aphd_verdict_t verdict, int line, const char *what,
                   const char *rule, const char *format, ...)
{
    char sentence[512];
    va_list args;
    va_start(args, format);
    vsnprintf(sentence, sizeof sentence, format, args);
    va_end(args);
    add(j, verdict, line, json_sprintf("%s.%s", j->key, what), what, rule, sentence);
}

void aphd_terms(aphd_judge_t *j, const char *format, ...)
{
    const json_t *findings = j->result->findings;
    size_t count = json_array_size(findings);
    json_t *finding = count > 0 ? json_array_get(findings, count - 1) : NULL;
    va_list args;
    va_start(args, format);
    json_t *terms = json_vsprintf(format, args);
    va_end(args);
    if (finding == NULL || json_object_set_new(finding, "terms", terms) != 0)
        j->failed = 1;
}

void aphd_put(aphd_judge_t *j, const char *key, json_t *value)
{
    if (json_object_set_new(j->out, key, value) != 0)
        j->failed = 1;
}

void aphd_put_item(aphd_judge_t *j, const char *key, json_t *value)
{
    json_t *list = json_object_get(j->out, key);
    if (list == NULL) {
        list = json_array();
        aphd_put(j, key, list);
    }
    if (json_array_append_new(list, value) != 0)
        j->failed = 1;
}

const char *aphd_text(const json_t *row, const char *member)
{
    return json_string_value(json_object_get(row, member));
}

int aphd_line(const json_t *row)
{
    return (int)json_integer_value(json_object_get(row, "line"));
}

const char *aphd_leaf_key(const json_t *leaf, size_t depth)
{
    return json_string_value(json_array_get(json_object_get(leaf, "path"), depth));
}

int aphd_leaf_place(const json_t *leaf, size_t depth)
{
    json_t *step = json_array_get(json_object_get(leaf, "path"), depth);
    return json_is_integer(step) ? (int)json_integer_value(step) : -1;
}

int aphd_leaf_is(const json_t *leaf, const char *pattern)
{
    size_t depth = 0, count = json_array_size(json_object_get(leaf, "path"));
    for (; *pattern != '\0'; depth++) {
        size_t length = strcspn(pattern, ".");
        if (length == 2 && memcmp(pattern, "**", 2) == 0)
            return 1;
        if (depth == count)
            return 0;
        const char *key = aphd_leaf_key(leaf, depth);
        int fits = *pattern == '#' ? key == NULL
                   : *pattern == '*'
                       ? key != NULL
                       : key != NULL && strlen(key) == length && memcmp(key, pattern, length) == 0;
        if (!fits)
            return 0;
        pattern += length + (pattern[length] == '.');
    }
    return depth == count;
}

int aphd_service_exists(const aphd_judge_t *j, const char *name)
{
    size_t i;
    json_t *service;
    json_array_foreach(json_object_get(j->compose, "services"), i, service)
        if (strcmp(aphd_text(service, "name"), name) == 0)
            return !aphd_is_proxy(service);
    return 0;
}

void aphd_needs(aphd_judge_t *j, const char *other)
{
    json_t *list = json_object_get(j->edges, j->name);
    if (list == NULL || json_array_append_new(list, json_string(other)) != 0)
        j->failed = 1;
}

/* --- the judges without a subject of their own --- */

void judge_drop(aphd_judge_t *j)
{
}

void judge_deny(aphd_judge_t *j)
{
    aphd_find(j, APHD_DENY, j->line, j->part, "key", "%s is not allowed: %s",
              j->part != NULL ? j->part : j->key, j->reason);
}

void judge_replace(aphd_judge_t *j)
{
    aphd_find(j, APHD_REWRITE, j->line, j->part, "ours", "%s is left out: %s",
              j->part != NULL ? j->part : j->key, j->reason);
}

/* external: false says nothing; a name below it was refused by its own row. */
void judge_external(aphd_judge_t *j)
{
    const json_t *leaf = json_array_get(j->value, 0);
    const char *value = aphd_text(leaf, "value");
    if (leaf == NULL || !aphd_leaf_is(leaf, "") || (value != NULL && strcmp(value, "false") == 0))
        return;
    aphd_find(j, APHD_DENY, j->line, NULL, "external", "external is not allowed: %s", j->reason);
}

void judge_flag(aphd_judge_t *j)
{
    aphd_put(j, j->key, json_boolean(json_is_true(j->value)));
}
