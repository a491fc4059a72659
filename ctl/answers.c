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
    json_auto_t *object = json_loadb(octets, length, JSON_REJECT_DUPLICATES, &where);
    free(octets);
    if (!json_is_object(object))
        return aph_error_set(err, APH_EUSAGE, 2642, "%s is no JSON object of answers (line %d: %s); write "
                             "{\"question\": \"answer\", ...}", path, object == NULL ? where.line : 1,
                             object == NULL ? where.text : "something else begins here");
    json_object_foreach(object, id, value) {
        json_t *text = as_text(value);
        if (text == NULL)
            return aph_error_set(err, APH_EUSAGE, 2643, "the answer to %.60s in %s is no text; write it "
                                 "in quotes", id, path);
        json_object_set_new(answers, id, text);
    }
    return APR_SUCCESS;
}

/* KEY=VALUE; what stands behind the first = is the answer, whatever is in it. */
static apr_status_t take_word(const char *word, json_t *answers, aph_error_t *err)
{
    const char *equals = strchr(word, '=');
    if (equals == NULL || equals == word)
        return aph_error_set(err, APH_EUSAGE, 2644, "--set %.60s answers no question; write --set "
                             "QUESTION=ANSWER", word);
    json_t *text = json_string(equals + 1);
    if (text == NULL || json_object_setn_new(answers, word, (size_t)(equals - word), text) != 0)
        return aph_error_set(err, APH_EUSAGE, 2645, "an answer on the command line is not UTF-8 text; "
                             "write it in UTF-8");
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
            status = take_word(arguments->repeats[i].value, answers, err);
    if (status != APR_SUCCESS || json_object_size(answers) == 0)
        return status;
    char *text = json_dumps(answers, JSON_COMPACT);
    json_object_set_new(request, "answers", json_string(text));
    free(text);
    return APR_SUCCESS;
}
