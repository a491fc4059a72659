/* SPDX-License-Identifier: Apache-2.0 */
/* Pages about one thing. They are made from whatever members came, so that an older apphostctl
 * shows what a newer apphostd knows. */
#include "ctl/job_text.h"

#include <stdlib.h>
#include <string.h>

#include "ctl/measure.h"
#include "ctl/operation.h"
#include "ctl/text.h"

#define DEPTH_MAX 4
#define STEP      4

int aphc_read_number(const char *text, json_int_t *number)
{
    size_t digits = strspn(text, "0123456789");
    if (digits == 0 || digits > 10 || text[digits] != '\0')
        return 0;
    *number = strtoll(text, NULL, 10);
    return 1;
}

/* A scalar as text. Times are seconds since 1970, by the names apphostd gives them. */
static void print_scalar(const aphc_terminal_t *terminal, const char *key, const json_t *value)
{
    char date[APHC_MEASURE_MAX];
    int is_time = strcmp(key, "started") == 0 || strcmp(key, "ended") == 0 ||
                  strcmp(key, "created") == 0 || strcmp(key, "changed") == 0 ||
                  strcmp(key, "since") == 0;
    if (json_is_string(value)) {
        aphc_put(terminal, APHC_PLAIN, json_string_value(value));
    } else if (json_is_integer(value) && is_time) {
        aphc_measure_date(date, json_integer_value(value));
        aphc_putf(terminal, "%s", date);
    } else if (json_is_integer(value)) {
        aphc_putf(terminal, "%lld", (long long)json_integer_value(value));
    } else if (json_is_real(value)) {
        aphc_putf(terminal, "%g", json_real_value(value));
    } else {
        aphc_putf(terminal, json_is_true(value) ? "yes" : json_is_false(value) ? "no" : "-");
    }
}

static void print_value(const aphc_terminal_t *terminal, const char *key, const json_t *value,
                        int indent);

static void print_array(const aphc_terminal_t *terminal, const char *key, const json_t *array,
                        int indent)
{
    size_t i;
    const json_t *item;
    json_array_foreach((json_t *)array, i, item)
    {
        if (json_is_object(item)) {
            aphc_putf(terminal, i == 0 ? "\n" : "");
            aphc_members_print(terminal, item, indent + STEP);
            aphc_putf(terminal, i + 1 < json_array_size(array) ? "\n" : "");
        } else {
            aphc_putf(terminal, "%s", i == 0 ? "" : ", ");
            print_scalar(terminal, key, item);
            aphc_putf(terminal, i + 1 == json_array_size(array) ? "\n" : "");
        }
    }
}

static void print_value(const aphc_terminal_t *terminal, const char *key, const json_t *value,
                        int indent)
{
    if (json_is_object(value)) {
        aphc_putf(terminal, "\n");
        aphc_members_print(terminal, value, indent + STEP);
    } else if (json_is_array(value)) {
        print_array(terminal, key, value, indent);
    } else {
        print_scalar(terminal, key, value);
        aphc_putf(terminal, "\n");
    }
}

/* What has no value is not worth a line. */
static int is_shown(const json_t *value)
{
    return !json_is_null(value) && !(json_is_string(value) && json_string_length(value) == 0) &&
           !(json_is_array(value) && json_array_size(value) == 0);
}

void aphc_members_print(const aphc_terminal_t *terminal, const json_t *object, int indent)
{
    const char *key;
    json_t *value;
    int widest = 0;
    if (indent > DEPTH_MAX * STEP)
        return;
    json_object_foreach((json_t *)object, key,
                        value) if (is_shown(value) && aphc_text_columns(key) > widest) widest =
        aphc_text_columns(key);
    json_object_foreach((json_t *)object, key, value)
    {
        if (!is_shown(value))
            continue;
        char words[64];
        snprintf(words, sizeof words, "%s", key);
        for (char *at = words; (at = strchr(at, '_')) != NULL;)
            *at = ' ';
        aphc_putf(terminal, "%*s", indent, "");
        aphc_put(terminal, APHC_BOLD, words);
        aphc_putf(terminal, ":%*s", widest - aphc_text_columns(words) + 1, "");
        print_value(terminal, key, value, indent);
    }
}

/* The log is one text; its lines may be a container's own words. */
static void print_log(const aphc_terminal_t *terminal, const char *log)
{
    char line[1024];
    while (*log != '\0') {
        size_t length = strcspn(log, "\n");
        snprintf(line, sizeof line, "%.*s", (int)(length < sizeof line ? length : sizeof line),
                 log);
        aphc_put(terminal, APHC_DIM, line);
        aphc_putf(terminal, "\n");
        log += length + (log[length] == '\n');
    }
}

void aphc_job_print(const aphc_terminal_t *terminal, const json_t *job)
{
    const char *key;
    json_t *value;
    json_t *facts = json_object();
    json_object_foreach((json_t *)job, key,
                        value) if (strcmp(key, "log") != 0 && strcmp(key, "answer") != 0)
        json_object_set(facts, key, value);
    aphc_members_print(terminal, facts, 0);
    json_decref(facts);
    const char *log = aphc_get_text(job, "log");
    if (*log != '\0') {
        aphc_putf(terminal, "\n");
        print_log(terminal, log);
    }
}
