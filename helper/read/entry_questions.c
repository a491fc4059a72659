/* SPDX-License-Identifier: Apache-2.0 */
/* What goes with which kind of question; and whether a default is an answer. */
#include <string.h>
#include <apr_strings.h>

#include "helper/read/entry_parts.h"

#define LABEL_MAX 100 /* characters, as in the table */

static const char *text_of(const json_t *object, const char *member)
{
    const char *text = json_string_value(json_object_get(object, member));
    return text != NULL ? text : "";
}

static int is(const json_t *question, const char *member, const char *word)
{
    return strcmp(text_of(question, member), word) == 0;
}

static int has(const json_t *question, const char *member)
{
    const json_t *value = json_object_get(question, member);
    return json_is_true(value) || (json_is_string(value) && json_string_length(value) > 0) ||
           (json_is_integer(value) && json_integer_value(value) != 0) || json_array_size(value) > 0;
}

/* Zero for nothing but a decimal number from 1 to 65535. */
static int is_port(const char *text)
{
    size_t digits = strspn(text, "0123456789");
    if (digits == 0 || digits > 5 || text[digits] != '\0' || text[0] == '0')
        return 0;
    return apr_atoi64(text) <= 65535;
}

static const char *target_fault(const json_t *question)
{
    const char *target = text_of(question, "target");
    if (is(question, "kind", "port"))
        return is_port(target) ? NULL : "needs a target: the container's port, as in \"8080\"";
    if (is(question, "kind", "storage"))
        return aphd_grammar_fits(APHD_GRAMMAR_ABSOLUTE, target)
                   ? NULL
                   : "needs a target: an absolute path in the container";
    if (is(question, "kind", "device"))
        return *target == '\0' || aphd_grammar_fits(APHD_GRAMMAR_ABSOLUTE, target)
                   ? NULL
                   : "has a target that is no absolute path in the container";
    if (is(question, "kind", "environment"))
        return aphd_grammar_fits(APHD_GRAMMAR_VARIABLE, target)
                   ? NULL
                   : "needs a target: the name of a variable";
    return *target == '\0' ? NULL : "has a target, which a question of kind custom has not";
}

/* Members that only some questions have: kinds and types, joined by |; NULL: any. */
static const struct {
    const char *member, *kinds, *types;
} belongings[] = {
    {"protocol", "port", NULL},
    {"min_size", "storage", NULL},
    {"read_only", "storage", NULL},
    {"default", "port|device|environment|custom", NULL},
    {"choices", NULL, "choice"},
    {"pattern", "environment|custom", "text|secret"},
    {"min", NULL, "text|secret|integer"},
    {"max", NULL, "text|secret|integer"},
    {"generate", NULL, "secret"},
};

static const char *belonging_fault(const json_t *question, apr_pool_t *p)
{
    for (size_t i = 0; i < sizeof belongings / sizeof belongings[0]; i++) {
        const char *member = belongings[i].member;
        const char *kinds = belongings[i].kinds, *types = belongings[i].types;
        if (!has(question, member) && !json_is_integer(json_object_get(question, member)))
            continue;
        if (strcmp(member, "min_size") == 0 && !has(question, member))
            continue;
        if (strcmp(member, "generate") == 0 && !has(question, member))
            continue;
        if (kinds != NULL && !aphd_choice_fits(kinds, text_of(question, "kind")))
            return apr_psprintf(p, "has %s, which is for questions of kind %s", member, kinds);
        if (types != NULL && !aphd_choice_fits(types, text_of(question, "type")))
            return apr_psprintf(p, "has %s, which is for questions of type %s", member, types);
    }
    return NULL;
}

/* A port is a number; of folders and devices the kind says all. */
static const char *type_fault(json_t *question)
{
    if (is(question, "kind", "port")) {
        if (!is(question, "type", "text") && !is(question, "type", "integer"))
            return "has a type, which a port has not";
        json_object_set_new(question, "type", json_string("integer"));
        if (json_is_null(json_object_get(question, "protocol")))
            json_object_set_new(question, "protocol", json_string("tcp"));
    } else if ((is(question, "kind", "storage") || is(question, "kind", "device"))
               && !is(question, "type", "text")) {
        return "has a type, which folders and devices have not";
    }
    if (is(question, "type", "choice") && !has(question, "choices"))
        return "offers no choices";
    return NULL;
}

static const char *choices_fault(json_t *question)
{
    json_t *choices = json_object_get(question, "choices");
    for (size_t i = 0; i < json_array_size(choices); i++) {
        json_t *choice = json_array_get(choices, i);
        if (!has(choice, "label") && aphd_characters(text_of(choice, "value")) <= LABEL_MAX)
            json_object_set(choice, "label", json_object_get(choice, "value"));
        for (size_t j = 0; j < i; j++)
            if (is(json_array_get(choices, j), "value", text_of(choice, "value")))
                return "offers a choice twice";
    }
    return NULL;
}

static const char *fault_of(json_t *question, apr_pool_t *p)
{
    const json_t *min = json_object_get(question, "min"), *max = json_object_get(question, "max");
    const char *fault = NULL;
    if (is(question, "kind", "custom") != json_is_null(json_object_get(question, "service")))
        fault = is(question, "kind", "custom")
                    ? "names a service, which a question of kind custom has not"
                    : "names no service";
    if (fault == NULL)
        fault = target_fault(question);
    if (fault == NULL)
        fault = type_fault(question);
    if (fault == NULL)
        fault = belonging_fault(question, p);
    if (fault == NULL)
        fault = choices_fault(question);
    if (fault == NULL && json_is_integer(min) && json_is_integer(max)
        && json_integer_value(min) > json_integer_value(max))
        fault = "has a min above its max";
    /* Whether the pattern is one is seen when it is tried. */
    const char *tried = has(question, "default") ? text_of(question, "default") : NULL;
    if (fault == NULL && tried != NULL && (fault = aphd_answer_fault(question, tried, p)) != NULL)
        fault = apr_psprintf(p, "has a default that %s", fault);
    return fault;
}

apr_status_t aphd_questions_check(json_t *questions, apr_pool_t *p, aph_error_t *err)
{
    for (size_t i = 0; i < json_array_size(questions); i++) {
        json_t *question = json_array_get(questions, i);
        const char *fault = fault_of(question, p);
        for (size_t j = 0; fault == NULL && j < i; j++)
            if (is(json_array_get(questions, j), "id", text_of(question, "id")))
                fault = "stands here for the second time";
        if (fault == NULL)
            fault = aphd_pattern_fault(question, p);
        if (fault != NULL)
            return aph_error_set(err, APH_EUNREADABLE, 2430, "question %s %s",
                                 text_of(question, "id"), fault);
    }
    return APR_SUCCESS;
}
