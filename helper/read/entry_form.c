/* SPDX-License-Identifier: Apache-2.0 */
#include "helper/read/entry_form.h"

#include <stdint.h>
#include <string.h>

#include "common/storage_answer.h"
#include "helper/read/entry_table.h"

#define PROBLEMS_MAX 4096
#define REASON_MAX   1000
#define FILLED_MAX   1048576 /* characters of a text with its placeholders filled in */

static const char *text_of(const json_t *object, const char *member)
{
    return json_string_value(json_object_get(object, member));
}

static int is_text(const json_t *object, const char *member, size_t most, int lines)
{
    const char *text = text_of(object, member);
    return text != NULL && aphd_characters(text) <= most && aphd_plain_fits(text, lines);
}

static int is_of(const json_t *object, const char *member, aphd_grammar_t grammar)
{
    const char *text = text_of(object, member);
    return text != NULL && aphd_grammar_fits(grammar, text);
}

/* Every row of a list of at most that many. */
static int are_rows(const json_t *list, size_t most, int (*holds)(const json_t *row))
{
    for (size_t i = 0; i < json_array_size(list); i++)
        if (!holds(json_array_get(list, i)))
            return 0;
    return json_is_array(list) && json_array_size(list) <= most;
}

static int is_question(const json_t *question)
{
    const char *kind = text_of(question, "kind"), *target = text_of(question, "target");
    int custom = strcmp(kind, "custom") == 0;
    if (custom != json_is_null(json_object_get(question, "service")))
        return 0;
    if (strcmp(kind, "storage") == 0)
        return aphd_grammar_fits(APHD_GRAMMAR_ABSOLUTE, target);
    if (strcmp(kind, "environment") == 0)
        return aphd_grammar_fits(APHD_GRAMMAR_VARIABLE, target);
    if (strcmp(kind, "port") == 0)
        return *target != '\0' && strlen(target) <= 5 &&
               target[strspn(target, "0123456789")] == '\0';
    return *target == '\0' || (!custom && aphd_grammar_fits(APHD_GRAMMAR_ABSOLUTE, target));
}

int aphd_entry_form(const json_t *entry)
{
    const char *format = text_of(entry, "format");
    return format != NULL && aphd_choice_fits("apphost|rockon|amahi", format)
           && aphd_object_conforms(APHD_OBJECT_ENTRY, entry)
           && are_rows(json_object_get(entry, "questions"), 64, is_question);
}

static int is_problem(const json_t *row)
{
    const char *id = text_of(row, "question");
    return id != NULL && (strcmp(id, "?") == 0 || aphd_grammar_fits(APHD_GRAMMAR_QUESTION, id))
           && is_text(row, "reason", REASON_MAX, 0);
}

static int is_storage(const json_t *row)
{
    const char *answer = text_of(row, "answer");
    return is_of(row, "question", APHD_GRAMMAR_QUESTION) &&
           is_of(row, "service", APHD_GRAMMAR_SERVICE) &&
           is_of(row, "target", APHD_GRAMMAR_ABSOLUTE) && answer != NULL &&
           aph_storage_answer_fault(answer) == NULL &&
           json_is_boolean(json_object_get(row, "read_only"));
}

static int is_credential(const json_t *row)
{
    return is_text(row, "label", FILLED_MAX, 0) && is_text(row, "user", FILLED_MAX, 0)
           && is_text(row, "password", FILLED_MAX, 0);
}

int aphd_applied_form(const json_t *applied)
{
    const json_t *problems = json_object_get(applied, "problems");
    const json_t *script = json_object_get(applied, "script");
    return aphd_entry_form(json_object_get(applied, "entry"))
           && are_rows(problems, PROBLEMS_MAX, is_problem)
           && (json_array_size(problems) > 0 ? json_is_null(script) : json_is_object(script))
           && are_rows(json_object_get(applied, "storage"), 64, is_storage)
           && are_rows(json_object_get(applied, "credentials"), 16, is_credential)
           && is_text(applied, "notes", FILLED_MAX, 1);
}
