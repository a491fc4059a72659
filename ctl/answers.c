/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/answers.h"

#include <stdlib.h>
#include <string.h>

#include "common/file_replace.h"
#include "common/limits.h"

/* A person writes numbers and truths as JSON has them; answers are texts. */
static json_t *as_text(const json_t *value)
{
    if (json_is_boolean(value))
        return json_string(json_is_true(value) ? "true" : "false");
    if (json_is_integer(value))
        return json_sprintf("%" JSON_INTEGER_FORMAT, json_integer_value(value));
    return json_is_string(value) ? json_incref((json_t *)value) : NULL;
}

static int begins_object(const char *octets, size_t length)
{
    size_t at = 0;
    while (at < length && strchr(" \t\r\n", octets[at]) != NULL)
        at++;
    return at == length || octets[at] == '{' || octets[at] == '[' || octets[at] == '"';
}

/* KEY=VALUE; what stands behind the first = is the answer, whatever is in it. */
static apr_status_t take_word(const char *word, size_t length, const char *where, json_t *answers,
                              aph_error_t *err)
{
    const char *equals = memchr(word, '=', length);
    if (equals == NULL || equals == word)
        return aph_error_set(err, APH_EUSAGE, 2644, "%s %.*s answers no question; write "
                             "QUESTION=ANSWER", where, (int)(length < 60 ? length : 60), word);
    json_t *text = json_stringn(equals + 1, length - (size_t)(equals - word) - 1);
    if (text == NULL || json_object_setn_new(answers, word, (size_t)(equals - word), text) != 0)
        return aph_error_set(err, APH_EUSAGE, 2645,
                             "%s: an answer is not UTF-8 text; write it in UTF-8", where);
    return APR_SUCCESS;
}

/* One a line; empty ones and those that begin with # say nothing. */
static apr_status_t take_lines(const char *path, const char *octets, size_t length, json_t *answers,
                               aph_error_t *err)
{
    apr_status_t status = APR_SUCCESS;
    for (size_t at = 0; at < length && status == APR_SUCCESS;) {
        const char *end = memchr(octets + at, '\n', length - at);
        size_t line = end != NULL ? (size_t)(end - octets) - at : length - at, whole = line;
        if (line > 0 && octets[at + line - 1] == '\r')
            line--;
        if (line > 0 && octets[at] != '#')
            status = take_word(octets + at, line, path, answers, err);
        at += whole + 1;
    }
    return status;
}

static apr_status_t take_file(const char *path, json_t *answers, aph_error_t *err)
{
    char *octets = NULL;
    size_t length = 0;
    json_error_t where;
    const char *id;
    json_t *value;
    apr_status_t status = aph_file_read(path, APH_SCRIPT_MAX, &octets, &length, err);
    if (status != APR_SUCCESS) {
        aph_error_wrap(err, "the answers cannot be read");
        return status;
    }
    if (!begins_object(octets, length)) {
        status = take_lines(path, octets, length, answers, err);
        free(octets);
        return status;
    }
    json_auto_t *object = json_loadb(octets, length, JSON_REJECT_DUPLICATES, &where);
    free(octets);
    if (!json_is_object(object))
        return aph_error_set(err, APH_EUSAGE, 2642,
                             "%s is no JSON object of answers (line %d: %s); write "
                             "{\"question\": \"answer\", ...}",
                             path, object == NULL ? where.line : 1,
                             object == NULL ? where.text : "something else begins here");
    json_object_foreach(object, id, value) {
        json_t *text = as_text(value);
        if (text == NULL)
            return aph_error_set(err, APH_EUSAGE, 2643,
                                 "the answer to %.60s in %s is no text; write it "
                                 "in quotes",
                                 id, path);
        json_object_set_new(answers, id, text);
    }
    return APR_SUCCESS;
}

apr_status_t aphc_answers_put(const aphc_arguments_t *arguments, int set, int file, json_t *request,
                              aph_error_t *err)
{
    json_auto_t *answers = json_object();
    const char *path = arguments->values[file];
    apr_status_t status = path != NULL ? take_file(path, answers, err) : APR_SUCCESS;
    for (int i = 0; i < arguments->repeat_count && status == APR_SUCCESS; i++)
        if (arguments->repeats[i].option == set)
            status = take_word(arguments->repeats[i].value, strlen(arguments->repeats[i].value),
                               "--set", answers, err);
    if (status != APR_SUCCESS || json_object_size(answers) == 0)
        return status;
    char *text = json_dumps(answers, JSON_COMPACT);
    json_object_set_new(request, "answers", json_string(text));
    free(text);
    return APR_SUCCESS;
}
