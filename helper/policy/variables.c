/* SPDX-License-Identifier: Apache-2.0 */
/* Finding variables, and reading $$ as the $ it stands for. */
#include "helper/policy/variables.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/utf8.h"

typedef struct search_t {
    char *found;
    size_t size;
    int *found_line;
} search_t;

static void note(search_t *s, const char *text, int line)
{
    if (*s->found != '\0')
        return;
    size_t length =
        text[1] == '{' ? strcspn(text, "}") + 1 : 1 + strcspn(text + 1, " \t\n\"'/:,$}");
    if (length > strlen(text))
        length = strlen(text);
    snprintf(s->found, s->size, "%.*s", (int)(length < 60 ? length : 60), text);
    aph_utf8_mend(s->found);
    *s->found_line = line;
}

static json_t *read_string(const char *text, int line, search_t *s)
{
    char *out = malloc(strlen(text) + 1);
    if (out == NULL)
        return NULL;
    size_t length = 0;
    for (; *text != '\0'; text++) {
        if (*text == '$' && text[1] == '$')
            text++;
        else if (*text == '$')
            note(s, text, line);
        out[length++] = *text;
    }
    json_t *value = json_stringn(out, length);
    free(out);
    return value;
}

/* The text of a mounted file (volumes.#.content) is no value of compose: it is written down as it
 * stands, and a script in it has its own variables. */
static int is_content(const json_t *option)
{
    const char *name = json_string_value(json_array_get(option, 0));
    return name != NULL && strcmp(name, "content") == 0;
}

/* The depth of a normal form is fixed, so recursion is bounded. */
static json_t *read_value(const json_t *value, int line, search_t *s);

static json_t *read_options(const json_t *options, int line, search_t *s)
{
    json_t *copy = json_array(), *option;
    size_t i;
    json_array_foreach((json_t *)options, i, option)
        if (json_array_append_new(copy, is_content(option) ? json_deep_copy(option)
                                                           : read_value(option, line, s))
            != 0) {
            json_decref(copy);
            return NULL;
        }
    return copy;
}

static json_t *read_value(const json_t *value, int line, search_t *s)
{
    if (json_is_string(value))
        return read_string(json_string_value(value), line, s);
    if (json_is_array(value)) {
        json_t *copy = json_array();
        size_t i;
        json_t *item;
        json_array_foreach(value, i, item)
            if (json_array_append_new(copy, read_value(item, line, s)) != 0) {
                json_decref(copy);
                return NULL;
            }
        return copy;
    }
    if (json_is_object(value)) {
        json_t *own_line = json_object_get(value, "line");
        json_t *copy = json_object();
        const char *key;
        json_t *member;
        if (json_is_integer(own_line))
            line = (int)json_integer_value(own_line);
        json_object_foreach((json_t *)value, key, member)
            if (json_object_set_new(copy, key, strcmp(key, "options") == 0
                                                   ? read_options(member, line, s)
                                                   : read_value(member, line, s))
                != 0) {
                json_decref(copy);
                return NULL;
            }
        return copy;
    }
    return json_copy((json_t *)value);
}

json_t *aphd_variables_read(const json_t *value, int line, char *found, size_t size,
                            int *found_line)
{
    search_t s = {found, size, found_line};
    *found = '\0';
    return read_value(value, line, &s);
}
