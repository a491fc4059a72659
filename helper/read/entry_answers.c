/* SPDX-License-Identifier: Apache-2.0 */
/* Answers, held against their questions. An answer is never repeated in what is said of it: it may
 * be a password. */
#include <regex.h>
#include <string.h>
#include <apr_strings.h>

#include "common/storage_answer.h"
#include "helper/read/entry_parts.h"

#define ANSWER_MAX 4096 /* characters */
#define REPEAT_MAX 1000 /* times a pattern may repeat something, with all its {n} multiplied */

static const char *text_of(const json_t *object, const char *member)
{
    const char *text = json_string_value(json_object_get(object, member));
    return text != NULL ? text : "";
}

static int is(const json_t *question, const char *member, const char *word)
{
    return strcmp(text_of(question, member), word) == 0;
}

static const char *number_fault(const json_t *question, const char *answer, apr_pool_t *p)
{
    const char *digits = answer + (*answer == '-');
    const json_t *min = json_object_get(question, "min"), *max = json_object_get(question, "max");
    int port = is(question, "kind", "port");
    size_t length = strspn(digits, "0123456789");
    if (length == 0 || length > 15 || digits[length] != '\0' || (length > 1 && *digits == '0'))
        return "is not a whole number";
    apr_int64_t number = apr_atoi64(answer);
    if (port && (number < 1 || number > 65535))
        return "is not a port; they are numbered 1 to 65535";
    if (json_is_integer(min) && number < json_integer_value(min))
        return apr_psprintf(p, "is below %" APR_INT64_T_FMT, (apr_int64_t)json_integer_value(min));
    if (json_is_integer(max) && number > json_integer_value(max))
        return apr_psprintf(p, "is above %" APR_INT64_T_FMT, (apr_int64_t)json_integer_value(max));
    return NULL;
}

static const char *choice_fault(const json_t *question, const char *answer, apr_pool_t *p)
{
    const json_t *choices = json_object_get(question, "choices");
    const char *offered = "";
    for (size_t i = 0; i < json_array_size(choices); i++) {
        const char *value = text_of(json_array_get(choices, i), "value");
        if (strcmp(value, answer) == 0)
            return NULL;
        if (i < 8)
            offered = apr_pstrcat(p, offered, *offered != '\0' ? ", " : "", value, NULL);
    }
    return apr_psprintf(p, "is none of its choices: %.300s%s", offered,
                        json_array_size(choices) > 8 ? ", ..." : "");
}

/* --- patterns ------------------------------------------------------------------------------- */

/* What makes a matcher slow or large: back references, and repetitions within repetitions. */
static const char *costs(const char *pattern)
{
    long repeats = 1;
    for (const char *at = pattern; *at != '\0'; at++) {
        if (*at == '\\' && at[1] != '\0') {
            if (*++at >= '1' && *at <= '9')
                return "has a pattern with a back reference, which is not read";
        } else if (*at == '{') {
            const char *comma = at + 1 + strspn(at + 1, "0123456789");
            const char *most = *comma == ',' && comma[1] != '}' ? comma + 1 : at + 1;
            apr_int64_t times = apr_atoi64(most);
            if (times > 1 && (times > REPEAT_MAX || (repeats *= (long)times) > REPEAT_MAX))
                return "has a pattern that repeats too much";
        }
    }
    return NULL;
}

static const char *compile(const char *pattern, regex_t *matcher)
{
    const char *fault = costs(pattern);
    if (fault == NULL && regcomp(matcher, pattern, REG_EXTENDED) != 0)
        fault = "has a pattern that is no POSIX extended regular expression";
    return fault;
}

const char *aphd_pattern_fault(const json_t *question, apr_pool_t *p)
{
    const char *pattern = text_of(question, "pattern");
    regex_t matcher;
    if (*pattern == '\0')
        return NULL;
    const char *fault = compile(pattern, &matcher);
    if (fault == NULL)
        regfree(&matcher);
    return fault;
}

/* The leftmost longest match is the whole answer, if the whole answer matches. */
static const char *pattern_fault(const json_t *question, const char *answer, apr_pool_t *p)
{
    const char *pattern = text_of(question, "pattern");
    regex_t matcher;
    regmatch_t match;
    if (*pattern == '\0')
        return NULL;
    const char *fault = compile(pattern, &matcher);
    if (fault != NULL)
        return fault;
    int whole = regexec(&matcher, answer, 1, &match, 0) == 0 && match.rm_so == 0
                && (size_t)match.rm_eo == strlen(answer);
    regfree(&matcher);
    return whole ? NULL : apr_psprintf(p, "does not match %s", pattern);
}

static const char *text_fault(const json_t *question, const char *answer, apr_pool_t *p)
{
    const json_t *min = json_object_get(question, "min"), *max = json_object_get(question, "max");
    json_int_t characters = (json_int_t)aphd_characters(answer);
    if (json_is_integer(min) && characters < json_integer_value(min))
        return apr_psprintf(p, "is shorter than %" APR_INT64_T_FMT " characters",
                            (apr_int64_t)json_integer_value(min));
    if (json_is_integer(max) && characters > json_integer_value(max))
        return apr_psprintf(p, "is longer than %" APR_INT64_T_FMT " characters",
                            (apr_int64_t)json_integer_value(max));
    return pattern_fault(question, answer, p);
}

const char *aphd_answer_fault(const json_t *question, const char *answer, apr_pool_t *p)
{
    if (aphd_characters(answer) > ANSWER_MAX)
        return apr_psprintf(p, "is longer than %d characters", ANSWER_MAX);
    if (!aphd_plain_fits(answer, 0))
        return "has a control or direction character";
    if (is(question, "kind", "storage"))
        return aph_storage_answer_fault(answer);
    if (is(question, "kind", "device"))
        return strncmp(answer, "/dev/", 5) == 0 && strpbrk(answer, ":") == NULL
                       && aphd_grammar_fits(APHD_GRAMMAR_ABSOLUTE, answer)
                   ? NULL
                   : "is not a device: a path below /dev";
    if (is(question, "type", "integer"))
        return number_fault(question, answer, p);
    if (is(question, "type", "boolean"))
        return aphd_choice_fits("true|false", answer) ? NULL : "is neither true nor false";
    if (is(question, "type", "choice"))
        return choice_fault(question, answer, p);
    return text_fault(question, answer, p);
}

/* --- all of them ---------------------------------------------------------------------------- */

static void problem(json_t *problems, const char *id, const char *reason)
{
    json_array_append_new(problems, json_pack("{s:s,s:s}", "question", id, "reason", reason));
}

static int is_asked(const json_t *questions, const char *id)
{
    for (size_t i = 0; i < json_array_size(questions); i++)
        if (is(json_array_get(questions, i), "id", id))
            return 1;
    return 0;
}

static void judge(const json_t *question, const json_t *given, json_t *complete, json_t *problems,
                  apr_pool_t *p)
{
    const char *id = text_of(question, "id");
    const char *answer = given != NULL ? json_string_value(given) : text_of(question, "default");
    const char *fault = answer == NULL ? "is not a string" : NULL;
    if (fault == NULL && *answer == '\0')
        fault = json_is_true(json_object_get(question, "required")) ? "is needed, and there is none"
                                                                    : NULL;
    else if (fault == NULL)
        fault = aphd_answer_fault(question, answer, p);
    if (fault != NULL)
        problem(problems, id, fault);
    json_object_set_new(complete, id, json_string(fault == NULL ? answer : ""));
}

void aphd_answers_judge(const json_t *questions, const json_t *answers, json_t **complete,
                        json_t **problems, apr_pool_t *p)
{
    const char *id;
    json_t *unused;
    *complete = json_object();
    *problems = json_array();
    for (size_t i = 0; i < json_array_size(questions); i++) {
        const json_t *question = json_array_get(questions, i);
        judge(question, json_object_get(answers, text_of(question, "id")), *complete, *problems, p);
    }
    json_object_foreach((json_t *)(uintptr_t)answers, id, unused)
        if (!is_asked(questions, id))
            problem(*problems, aphd_grammar_fits(APHD_GRAMMAR_QUESTION, id) ? id : "?",
                    "is no question of this entry");
}
