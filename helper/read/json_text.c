/* SPDX-License-Identifier: Apache-2.0 */
/* Only the brackets, colons and commas of the object and of its one list are read here; every name
 * and every value is jansson's. */
#include "helper/read/json_text.h"

#include <string.h>

int aphd_json_too_deep(const char *text, size_t length, int deepest)
{
    int depth = 0, quoted = 0;
    for (size_t i = 0; i < length; i++) {
        char c = text[i];
        if (quoted && c == '\\')
            i++;
        else if (c == '"')
            quoted = !quoted;
        else if (!quoted && (c == '{' || c == '[') && ++depth > deepest)
            return 1;
        else if (!quoted && (c == '}' || c == ']'))
            depth--;
    }
    return 0;
}

typedef struct walk_t {
    const char *text;
    size_t length, at;
    const char *list;
    aphd_json_item_cb *cb;
    void *self;
    json_t *object;
    aph_error_t *err;
} walk_t;

static apr_status_t not_json(const walk_t *walk)
{
    size_t line = 1;
    for (size_t i = 0; i < walk->at && i < walk->length; i++)
        line += walk->text[i] == '\n';
    return aph_error_set(walk->err, APH_EUNREADABLE, 2720, "it is not JSON (line %zu)", line);
}

/* The next character that is no blank; -1 at the end. */
static int peek(walk_t *walk)
{
    while (walk->at < walk->length && walk->text[walk->at] != '\0'
           && strchr(" \t\r\n", walk->text[walk->at]) != NULL)
        walk->at++;
    return walk->at < walk->length ? (unsigned char)walk->text[walk->at] : -1;
}

static int take(walk_t *walk, char c)
{
    if (peek(walk) != c)
        return 0;
    walk->at++;
    return 1;
}

static apr_status_t take_value(walk_t *walk, json_t **value)
{
    json_error_t where = {.position = 0};
    *value = json_loadb(walk->text + walk->at, walk->length - walk->at,
                        JSON_REJECT_DUPLICATES | JSON_DECODE_ANY | JSON_DISABLE_EOF_CHECK, &where);
    walk->at += where.position > 0 ? (size_t)where.position : 0;
    return *value != NULL ? APR_SUCCESS : not_json(walk);
}

static apr_status_t take_list(walk_t *walk)
{
    size_t number = 0;
    json_t *value;
    if (!take(walk, '['))
        return not_json(walk);
    if (take(walk, ']'))
        return APR_SUCCESS;
    do {
        apr_status_t status = take_value(walk, &value);
        if (status == APR_SUCCESS)
            status = walk->cb(walk->self, number++, value, walk->err);
        if (status != APR_SUCCESS)
            return status;
    } while (take(walk, ','));
    return take(walk, ']') ? APR_SUCCESS : not_json(walk);
}

static apr_status_t take_member(walk_t *walk)
{
    json_auto_t *name = NULL;
    json_t *value = NULL;
    apr_status_t status = peek(walk) == '"' ? take_value(walk, &name) : not_json(walk);
    if (status != APR_SUCCESS)
        return status;
    const char *key = json_string_value(name);
    if (json_object_get(walk->object, key) != NULL || !take(walk, ':'))
        return not_json(walk);
    int is_list = peek(walk) == '[' && strcmp(key, walk->list) == 0;
    status = is_list ? take_list(walk) : take_value(walk, &value);
    if (status == APR_SUCCESS)
        json_object_set_new(walk->object, key, is_list ? json_array() : value);
    return status;
}

static apr_status_t take_object(walk_t *walk)
{
    if (!take(walk, '{'))
        return peek(walk) == '[' ? aph_error_set(walk->err, APH_EUNREADABLE, 2721,
                                                 "it is not a JSON object")
                                 : not_json(walk);
    if (!take(walk, '}')) {
        do {
            apr_status_t status = take_member(walk);
            if (status != APR_SUCCESS)
                return status;
        } while (take(walk, ','));
        if (!take(walk, '}'))
            return not_json(walk);
    }
    return peek(walk) < 0 ? APR_SUCCESS : not_json(walk);
}

apr_status_t aphd_json_walk(const char *text, size_t length, const char *list,
                            aphd_json_item_cb *cb, void *self, json_t **object, aph_error_t *err)
{
    walk_t walk = {.text = text, .length = length, .list = list, .cb = cb, .self = self,
                   .object = json_object(), .err = err};
    apr_status_t status = take_object(&walk);
    *object = status == APR_SUCCESS ? walk.object : NULL;
    if (status != APR_SUCCESS)
        json_decref(walk.object);
    return status;
}
