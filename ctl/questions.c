/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/questions.h"

#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/storage_answer.h"
#include "ctl/operation.h"
#include "ctl/text.h"

#define ANSWER_MAX 4096
#define INDENT     4

static int is_type(const json_t *question, const char *type)
{
    return strcmp(aphc_get_text(question, "type"), type) == 0;
}

/* --- faults -------------------------------------------------------------------------------- */

static int is_whole_number(const char *text, long long *number)
{
    char *end;
    size_t digits = strspn(text + (text[0] == '-'), "0123456789");
    *number = strtoll(text, &end, 10);
    return digits > 0 && digits < 19 && *end == '\0';
}

static const char *number_fault(const json_t *question, const char *text, char *buffer, size_t size)
{
    const json_t *min = json_object_get(question, "min"), *max = json_object_get(question, "max");
    int port = strcmp(aphc_get_text(question, "kind"), "port") == 0;
    long long number, least = json_is_integer(min) ? json_integer_value(min) : 1;
    long long most = json_is_integer(max) ? json_integer_value(max) : 65535;
    if (!is_whole_number(text, &number))
        snprintf(buffer, size, "This has to be a whole number.");
    else if ((port || json_is_integer(min)) && number < least)
        snprintf(buffer, size, "This has to be %lld or more.", least);
    else if ((port || json_is_integer(max)) && number > most)
        snprintf(buffer, size, "This has to be %lld or less.", most);
    else
        return NULL;
    return buffer;
}

static const char *length_fault(const json_t *question, const char *text, char *buffer, size_t size)
{
    const json_t *min = json_object_get(question, "min"), *max = json_object_get(question, "max");
    long long length = 0;
    for (const char *at = text; *at != '\0'; at++)
        length += ((unsigned char)*at & 0xc0) != 0x80;
    if (json_is_integer(min) && length < json_integer_value(min))
        snprintf(buffer, size, "This has to have %lld characters or more.",
                 (long long)json_integer_value(min));
    else if (json_is_integer(max) && length > json_integer_value(max))
        snprintf(buffer, size, "This has to have %lld characters or less.",
                 (long long)json_integer_value(max));
    else
        return NULL;
    return buffer;
}

/* An expression that cannot be used here is left to apphostd. */
static int matches(const char *pattern, const char *text)
{
    regex_t whole;
    regmatch_t at;
    if (regcomp(&whole, pattern, REG_EXTENDED) != 0)
        return 1;
    int found = regexec(&whole, text, 1, &at, 0) == 0 && at.rm_so == 0 && text[at.rm_eo] == '\0';
    regfree(&whole);
    return found;
}

static int is_choice(const json_t *question, const char *text)
{
    size_t i;
    const json_t *choice;
    json_array_foreach(json_object_get(question, "choices"), i, choice)
        if (strcmp(aphc_get_text(choice, "value"), text) == 0)
            return 1;
    return 0;
}

/* "media, music": names of the storage locations an answer may begin with. */
static void list_locations(const json_t *question, char *buffer, size_t size)
{
    size_t i, used = 0;
    const json_t *name;
    buffer[0] = '\0';
    json_array_foreach(json_object_get(question, "locations"), i, name)
        if (used < size)
            used += (size_t)snprintf(buffer + used, size - used, "%s%s", i > 0 ? ", " : "",
                                     json_string_value(name));
}

static const char *storage_fault(const json_t *question, const char *text, char *buffer,
                                 size_t size)
{
    const json_t *locations = json_object_get(question, "locations"), *name;
    const char *fault = aph_storage_answer_fault(text);
    char location[APH_STORAGE_NAME_MAX + 1], names[200];
    size_t i;
    if (fault != NULL) {
        snprintf(buffer, size, "This %s.", fault);
        return buffer;
    }
    aph_storage_answer_split(text, location, NULL);
    json_array_foreach(locations, i, name)
        if (strcmp(json_string_value(name), location) == 0)
            return NULL;
    if (locations == NULL)
        return NULL;
    list_locations(question, names, sizeof names);
    snprintf(buffer, size, "There is no storage location %s%s%s.", location,
             names[0] != '\0' ? "; there is: "
                              : ", nor any other; root adds one with apphostctl storage add",
             names);
    return buffer;
}

const char *aphc_question_fault(const json_t *question, const char *text, char *buffer, size_t size)
{
    const char *pattern = json_string_value(json_object_get(question, "pattern"));
    int port = strcmp(aphc_get_text(question, "kind"), "port") == 0;
    if (strcmp(aphc_get_text(question, "kind"), "storage") == 0)
        return storage_fault(question, text, buffer, size);
    if (port || is_type(question, "integer"))
        return number_fault(question, text, buffer, size);
    if (is_type(question, "choice") && !is_choice(question, text)) {
        snprintf(buffer, size, "This is none of the choices; answer with its number.");
        return buffer;
    }
    if (is_type(question, "boolean") && strcmp(text, "true") != 0 && strcmp(text, "false") != 0) {
        snprintf(buffer, size, "Please answer y or n.");
        return buffer;
    }
    if (pattern != NULL && !matches(pattern, text)) {
        snprintf(buffer, size, "This does not have the form that is wanted: %.200s", pattern);
        return buffer;
    }
    return is_type(question, "text") || is_type(question, "secret")
         ? length_fault(question, text, buffer, size) : NULL;
}

/* --- asking -------------------------------------------------------------------------------- */

/* "2" is the second choice, y and n are truths: what a person types as what travels. */
static const char *meaning(const json_t *question, const char *typed)
{
    long long number;
    if (is_type(question, "boolean"))
        return strcasecmp(typed, "y") == 0 || strcasecmp(typed, "yes") == 0  ? "true"
               : strcasecmp(typed, "n") == 0 || strcasecmp(typed, "no") == 0 ? "false"
                                                                             : typed;
    const json_t *choices = json_object_get(question, "choices");
    if (is_type(question, "choice") && !is_choice(question, typed) &&
        is_whole_number(typed, &number) && number >= 1 &&
        (size_t)number <= json_array_size(choices))
        return aphc_get_text(json_array_get(choices, (size_t)number - 1), "value");
    return typed;
}

static void print_choices(const aphc_terminal_t *terminal, const json_t *question)
{
    size_t i;
    const json_t *choice;
    json_array_foreach(json_object_get(question, "choices"), i, choice)
    {
        const char *label = aphc_get_text(choice, "label");
        aphc_putf(terminal, "%*s%zu) ", INDENT, "", i + 1);
        aphc_put(terminal, APHC_PLAIN, *label != '\0' ? label : aphc_get_text(choice, "value"));
        aphc_putf(terminal, "\n");
    }
}

static void print_locations(const aphc_terminal_t *terminal, const json_t *question)
{
    char names[200];
    list_locations(question, names, sizeof names);
    aphc_putf(terminal, "%*sA folder of a storage location, as LOCATION/folder. There is: %s.\n",
              INDENT, "", names[0] != '\0' ? names : "none (apphostctl storage add)");
    if (!json_is_true(json_object_get(question, "required")))
        aphc_putf(terminal, "%*sEmpty: a folder of the app's own.\n", INDENT, "");
}

static void print_question(const aphc_terminal_t *terminal, const json_t *question)
{
    const char *text = aphc_get_text(question, "text");
    const char *label = aphc_get_text(question, "label");
    aphc_putf(terminal, "\n");
    aphc_put(terminal, APHC_BOLD, *label != '\0' ? label : aphc_get_text(question, "id"));
    if (!json_is_true(json_object_get(question, "required")))
        aphc_put(terminal, APHC_DIM, " (may stay empty)");
    aphc_putf(terminal, "\n");
    if (*text != '\0') {
        aphc_putf(terminal, "%*s", INDENT, "");
        aphc_text_wrap(terminal->file, text, terminal->columns, INDENT);
        aphc_putf(terminal, "\n");
    }
    if (strcmp(aphc_get_text(question, "kind"), "storage") == 0)
        print_locations(terminal, question);
    print_choices(terminal, question);
}

/* What an empty line means. A kept secret and one that is made up have no text to show. */
typedef struct fallback_t {
    unsigned is_answer : 1; /* an empty line is an answer */
    const char *shown;
} fallback_t;

static fallback_t fallback_of(const json_t *question, const json_t *kept)
{
    const json_t *known = json_object_get(kept, aphc_get_text(question, "id"));
    const char *by_default = json_string_value(json_object_get(question, "default"));
    if (json_is_true(known) || (json_is_string(known) && is_type(question, "secret")))
        return (fallback_t){1, "the one of before"};
    if (json_is_string(known) && json_string_length(known) > 0)
        return (fallback_t){1, json_string_value(known)};
    if (is_type(question, "secret") &&
        json_integer_value(json_object_get(question, "generate")) > 0)
        return (fallback_t){1, "made up"};
    if (by_default != NULL && strcmp(aphc_get_text(question, "kind"), "storage") != 0)
        return (fallback_t){1, is_type(question, "secret") ? "the author's" : by_default};
    if (!json_is_true(json_object_get(question, "required")))
        return (fallback_t){1, ""};
    return (fallback_t){0, ""};
}

static apr_status_t ask_one(const aphc_terminal_t *terminal, const json_t *question,
                            const json_t *kept, json_t *given, aph_error_t *err)
{
    fallback_t fallback = fallback_of(question, kept);
    char typed[ANSWER_MAX], fault[400];
    print_question(terminal, question);
    for (;;) {
        if (*fallback.shown != '\0') {
            aphc_putf(terminal, "[");
            aphc_put(terminal, APHC_PLAIN, fallback.shown);
            aphc_putf(terminal, "]");
        }
        aphc_putf(terminal, "> ");
        if (!aphc_ask_line(terminal, is_type(question, "secret"), typed, sizeof typed))
            return aph_error_set(err, APH_ECANCELLED, 2615,
                                 "nothing is installed: the questions were not "
                                 "answered to their end");
        if (typed[0] == '\0' && fallback.is_answer)
            return APR_SUCCESS;
        const char *answer = meaning(question, typed);
        const char *why = typed[0] == '\0' ? "This needs an answer."
                        : aphc_question_fault(question, answer, fault, sizeof fault);
        json_t *text = why == NULL ? json_string(answer) : NULL;
        if (text != NULL)
            return json_object_set_new(given, aphc_get_text(question, "id"), text) == 0
                       ? APR_SUCCESS
                       : APR_ENOMEM;
        aphc_put(terminal, APHC_YELLOW, why != NULL ? why : "This is not UTF-8 text.");
        aphc_putf(terminal, "\n");
    }
}

/* Whoever wants to change what is rarely changed finds it in `show`. */
static int is_to_be_asked(const json_t *question, const json_t *kept, const json_t *given)
{
    if (json_object_get(given, aphc_get_text(question, "id")) != NULL)
        return 0;
    return !json_is_true(json_object_get(question, "advanced"))
        || !fallback_of(question, kept).is_answer;
}

apr_status_t aphc_questions_ask(const aphc_terminal_t *terminal, const json_t *manifest,
                                const json_t *kept, json_t *given, aph_error_t *err)
{
    size_t i, left = 0;
    const json_t *question;
    apr_status_t status = APR_SUCCESS;
    json_array_foreach(json_object_get(manifest, "questions"), i, question)
    {
        if (status == APR_SUCCESS && is_to_be_asked(question, kept, given))
            status = ask_one(terminal, question, kept, given, err);
        else if (json_object_get(given, aphc_get_text(question, "id")) == NULL)
            left++;
    }
    if (status == APR_SUCCESS && left > 0)
        aphc_putf(terminal,
                  "\n%zu more can be answered with --set; `apphostctl show %s` lists them.\n", left,
                  aphc_get_text(manifest, "id"));
    if (status == APR_SUCCESS)
        aphc_putf(terminal, "\n");
    return status;
}
