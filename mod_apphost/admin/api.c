/* SPDX-License-Identifier: Apache-2.0 */
/* The routing table, and the way from a request to arguments. */
#include "mod_apphost/admin/api.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const aphm_api_row_t rows[] = {
#define APH_API_ROW(method, path, op, items, arguments, status, flags) \
    {method, path, op, items, arguments, status, flags},
#include "mod_apphost/admin/api.def"
#undef APH_API_ROW
};

#define ROWS (sizeof rows / sizeof rows[0])

const aphm_api_row_t *aphm_api_rows(size_t *count)
{
    *count = ROWS;
    return rows;
}

/* -- method and path ------------------------------------------------------------------------- */

/* One segment, without its slash. */
typedef struct segment_t {
    const char *text;
    size_t length;
} segment_t;

/* 0 at the end. */
static int next_segment(const char **cursor, segment_t *segment)
{
    if (**cursor != '/')
        return 0;
    segment->text = *cursor + 1;
    segment->length = strcspn(segment->text, "/");
    *cursor = segment->text + segment->length;
    return 1;
}

static int is_variable(const segment_t *pattern)
{
    return pattern->length > 2 && pattern->text[0] == '{';
}

/* How well path suits pattern: 0 not at all; more for each word that is the same. */
static int suits(const char *pattern, const char *path, json_t *params)
{
    segment_t want, have;
    int score = 1;
    while (next_segment(&pattern, &want)) {
        if (!next_segment(&path, &have) || have.length == 0)
            return 0;
        if (is_variable(&want)) {
            char name[32] = "";
            memcpy(name, want.text + 1, want.length - 2 < sizeof name ? want.length - 2 : 0);
            if (params != NULL)
                json_object_set_new(params, name, json_stringn(have.text, have.length));
        } else if (want.length != have.length || memcmp(want.text, have.text, want.length) != 0) {
            return 0;
        } else {
            score++;
        }
    }
    return *path == '\0' ? score : 0;
}

static void add_method(char *methods, const char *method)
{
    size_t used = strlen(methods);
    if (strstr(methods, method) != NULL || used + strlen(method) + 3 > APHM_API_METHODS_MAX)
        return;
    snprintf(methods + used, APHM_API_METHODS_MAX - used, "%s%s", used > 0 ? ", " : "", method);
}

const aphm_api_row_t *aphm_api_find(const char *method, const char *path, json_t *params,
                                    char *methods)
{
    int best = 0;
    *methods = '\0';
    for (size_t i = 0; i < ROWS; i++) {
        int score = suits(rows[i].path, path, NULL);
        best = score > best ? score : best;
    }
    const aphm_api_row_t *found = NULL;
    const char *wanted = strcmp(method, "HEAD") == 0 ? "GET" : method;
    for (size_t i = 0; i < ROWS && best > 0; i++) {
        if (suits(rows[i].path, path, NULL) != best)
            continue;
        add_method(methods, rows[i].method);
        if (strcmp(rows[i].method, "GET") == 0)
            add_method(methods, "HEAD");
        if (strcmp(rows[i].method, wanted) == 0)
            found = &rows[i];
    }
    if (best > 0)
        add_method(methods, "OPTIONS");
    if (found != NULL)
        suits(found->path, path, params);
    return found;
}

/* -- the query ------------------------------------------------------------------------------- */

static int hex_value(char c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

/* Decodes length octets of text into out, which holds as many and a NUL. -1: a bad escape, or NUL.
 */
static int decode(const char *text, size_t length, char *out)
{
    for (size_t i = 0; i < length; i++) {
        if (text[i] != '%') {
            *out++ = (char)(text[i] == '+' ? ' ' : text[i]);
            continue;
        }
        int high = i + 2 < length ? hex_value(text[i + 1]) : -1;
        int low = i + 2 < length ? hex_value(text[i + 2]) : -1;
        if (high < 0 || low < 0 || (high == 0 && low == 0))
            return -1;
        *out++ = (char)(high * 16 + low);
        i += 2;
    }
    *out = '\0';
    return 0;
}

/* One "name=value". */
static apr_status_t add_pair(const char *pair, size_t length, json_t *query, aph_error_t *err)
{
    const char *equals = memchr(pair, '=', length);
    size_t name_length = equals != NULL ? (size_t)(equals - pair) : length;
    size_t value_length = equals != NULL ? length - name_length - 1 : 0;
    char *name = malloc(length + 2), *value = malloc(length + 2);
    apr_status_t status = APR_SUCCESS;
    if (name == NULL || value == NULL || decode(pair, name_length, name) != 0
        || (equals != NULL && decode(equals + 1, value_length, value) != 0))
        status = aph_error_set(err, APH_EUSAGE, 3100,
                               "the query of the address has an escape that stands for nothing");
    else if (equals == NULL)
        *value = '\0';
    if (status == APR_SUCCESS && json_object_get(query, name) != NULL)
        status = aph_error_set(err, APH_EUSAGE, 3101, "%.64s is given twice in the query", name);
    if (status == APR_SUCCESS && json_object_set_new(query, name, json_string(value)) != 0)
        status = aph_error_set(err, APH_EUSAGE, 3102, "the query of the address is not UTF-8");
    free(name);
    free(value);
    return status;
}

apr_status_t aphm_api_query(const char *text, json_t *query, aph_error_t *err)
{
    apr_status_t status = APR_SUCCESS;
    while (text != NULL && *text != '\0' && status == APR_SUCCESS) {
        size_t length = strcspn(text, "&");
        if (length > 0)
            status = add_pair(text, length, query, err);
        text += length + (text[length] == '&');
    }
    return status;
}

/* -- arguments ------------------------------------------------------------------------------- */

static int parse_int(const char *text, int *value)
{
    char *end;
    if (*text < '0' || *text > '9' || strlen(text) > 10)
        return -1;
    long long number = strtoll(text, &end, 10);
    if (*end != '\0' || number > 0x7fffffff)
        return -1;
    *value = (int)number;
    return 0;
}

/* "a,b" -> ["a","b"] */
static json_t *split(const char *text)
{
    json_t *list = json_array();
    while (*text != '\0') {
        size_t length = strcspn(text, ",");
        json_array_append_new(list, json_stringn(text, length));
        text += length + (text[length] == ',');
    }
    return list;
}

/* A text of the address as the type an argument has; NULL where it cannot be one. */
static json_t *typed(const char *type, const char *text)
{
    int number;
    if (strcmp(type, "int") == 0)
        return parse_int(text, &number) == 0 ? json_integer(number) : NULL;
    if (strcmp(type, "bool") == 0)
        return strcmp(text, "true") == 0 || strcmp(text, "1") == 0    ? json_true()
               : strcmp(text, "false") == 0 || strcmp(text, "0") == 0 ? json_false()
                                                                      : NULL;
    return strcmp(type, "list") == 0 ? split(text) : json_string(text);
}

/* Sets argument name to text, as its type. */
static apr_status_t give_text(const aph_op_t *op, json_t *args, const char *name, const char *text,
                              aph_error_t *err)
{
    const char *type = aph_op_type(op, name);
    if (type == NULL)
        return aph_error_set(err, APH_EINTERNAL, 3103, "api.def gives %s an argument %s", op->name,
                             name);
    json_t *value = typed(type, text);
    if (value == NULL)
        return aph_error_set(err, APH_EUSAGE, 3104, "%s: %.200s is no %s", name, text,
                             strcmp(type, "int") == 0 ? "whole number from 0 to 2147483647"
                                                      : "true or false");
    json_object_set_new(args, name, value);
    return APR_SUCCESS;
}

/* Where a text is wanted, an object stands for its JSON: answers are written so. */
static apr_status_t give_value(const aph_op_t *op, json_t *args, const char *name, json_t *value,
                               aph_error_t *err)
{
    const char *type = aph_op_type(op, name);
    if (type == NULL || strcmp(type, "text") != 0 || !json_is_object(value)) {
        json_object_set(args, name, value);
        return APR_SUCCESS;
    }
    char *text = json_dumps(value, JSON_COMPACT);
    json_object_set_new(args, name, json_string(text != NULL ? text : "{}"));
    free(text);
    return text != NULL ? APR_SUCCESS
                        : aph_error_set(err, APH_EINTERNAL, 3105, "no memory is left for %s", name);
}

/* value of "name=value" with its {x} put in, and these taken out of left: they are no arguments. */
static void fill(const char *value, const json_t *params, json_t *left, char *out, size_t size)
{
    size_t used = 0;
    for (const char *at = value; *at != '\0' && used + 1 < size;) {
        const char *close = *at == '{' ? strchr(at, '}') : NULL;
        if (close == NULL) {
            out[used++] = *at++;
            continue;
        }
        json_t *part = json_object_getn(params, at + 1, (size_t)(close - at - 1));
        size_t length = json_string_length(part);
        if (length < size - used) {
            memcpy(out + used, json_string_value(part), length);
            used += length;
        }
        json_object_deln(left, at + 1, (size_t)(close - at - 1));
        at = close + 1;
    }
    out[used] = '\0';
}

#define NAME_OCTETS 32

/* Walks the row's arguments: sets what is always so, and collects in allowed what may be given. */
static apr_status_t give_fixed(const aphm_api_row_t *row, const aph_op_t *op, const json_t *params,
                               json_t *args, json_t *allowed, aph_error_t *err)
{
    json_auto_t *left = json_copy((json_t *)params);
    apr_status_t status = APR_SUCCESS;
    for (const char *at = row->arguments; *at != '\0' && status == APR_SUCCESS;) {
        size_t length = strcspn(at, " ");
        char word[128] = "", name[NAME_OCTETS] = "", value[APH_FRAME_MAX / 16];
        memcpy(word, at, length < sizeof word ? length : 0);
        size_t name_length = strcspn(word, "=");
        memcpy(name, word, name_length < sizeof name ? name_length : 0);
        at += length + strspn(at + length, " ");
        if (word[name_length] == '\0') {
            json_object_set_new(allowed, name, json_true());
            continue;
        }
        fill(word + name_length + 1, params, left, value, sizeof value);
        status = give_text(op, args, name, value, err);
    }
    const char *key;
    json_t *value;
    json_object_foreach(left, key, value)
        if (status == APR_SUCCESS)
            status = give_text(op, args, key, json_string_value(value), err);
    return status;
}

static int is_reading(const aphm_api_row_t *row)
{
    return strcmp(row->method, "GET") == 0 || strcmp(row->method, "DELETE") == 0;
}

/* The words of a query that are the handler's own, not the operation's. */
static int takes_word(const aphm_api_row_t *row, const aph_op_t *op, const char *word)
{
    if (strcmp(word, "wait") == 0)
        return op->kind == APH_OP_JOB || (row->flags & APHM_API_WAIT) != 0;
    if (strcmp(word, "follow") == 0)
        return (row->flags & APHM_API_LINES) != 0;
    return row->items != NULL && (strcmp(word, "limit") == 0 || strcmp(word, "offset") == 0);
}

static apr_status_t take_word(aphm_asked_t *asked, const char *word, const char *text,
                              aph_error_t *err)
{
    int number;
    if (strcmp(word, "follow") == 0 && (strcmp(text, "true") == 0 || strcmp(text, "1") == 0)) {
        asked->follow = 1;
        return APR_SUCCESS;
    }
    if (strcmp(word, "follow") == 0 && (strcmp(text, "false") == 0 || strcmp(text, "0") == 0))
        return APR_SUCCESS;
    if (parse_int(text, &number) != 0 || strcmp(word, "follow") == 0)
        return aph_error_set(err, APH_EUSAGE, 3106, "%s: %.200s is not what it may be", word, text);
    if (strcmp(word, "wait") == 0)
        asked->wait = number < APHM_API_WAIT_MAX ? number : APHM_API_WAIT_MAX;
    else if (strcmp(word, "offset") == 0)
        asked->offset = number;
    else if (number < 1 || number > APHM_API_LIMIT_MAX)
        return aph_error_set(err, APH_EUSAGE, 3107, "limit is a whole number from 1 to %d",
                             APHM_API_LIMIT_MAX);
    else
        asked->limit = number;
    return APR_SUCCESS;
}

static apr_status_t take_query(const aphm_api_row_t *row, const aph_op_t *op, const json_t *query,
                               const json_t *allowed, aphm_asked_t *asked, aph_error_t *err)
{
    const char *key;
    json_t *value;
    apr_status_t status = APR_SUCCESS;
    json_object_foreach((json_t *)query, key, value) {
        const char *text = json_string_value(value);
        if (status != APR_SUCCESS)
            break;
        if (takes_word(row, op, key))
            status = take_word(asked, key, text, err);
        else if (is_reading(row) && json_object_get(allowed, key) != NULL)
            status = give_text(op, asked->args, key, text, err);
        else
            status = aph_error_set(err, APH_EUSAGE, 3108, "%s %s knows no %.64s in the query",
                                   row->method, row->path, key);
    }
    return status;
}

static apr_status_t take_body(const aphm_api_row_t *row, const aph_op_t *op, const json_t *body,
                              const json_t *allowed, aphm_asked_t *asked, aph_error_t *err)
{
    const char *key;
    json_t *value;
    apr_status_t status = APR_SUCCESS;
    json_object_foreach((json_t *)body, key, value) {
        if (status != APR_SUCCESS)
            break;
        if (is_reading(row) || json_object_get(allowed, key) == NULL)
            status = aph_error_set(err, APH_EUSAGE, 3109, "%s %s knows no member %.64s",
                                   row->method, row->path, key);
        else if (!json_is_null(value)) /* as though it were not there */
            status = give_value(op, asked->args, key, value, err);
    }
    return status;
}

apr_status_t aphm_api_ask(const aphm_api_row_t *row, const json_t *params, const json_t *query,
                          const json_t *body, aphm_asked_t *asked, aph_error_t *err)
{
    const aph_op_t *op = aph_op_find(row->op);
    json_auto_t *allowed = json_object();
    *asked = (aphm_asked_t){.wait = -1, .limit = APHM_API_LIMIT};
    if (op == NULL)
        return aph_error_set(err, APH_EINTERNAL, 3110, "api.def names an operation %s", row->op);
    asked->args = json_object();
    apr_status_t status = give_fixed(row, op, params, asked->args, allowed, err);
    if (status == APR_SUCCESS)
        status = take_query(row, op, query, allowed, asked, err);
    if (status == APR_SUCCESS)
        status = take_body(row, op, body, allowed, asked, err);
    /* An operation that counts itself is told; the others' lists are cut by the handler. */
    if (status == APR_SUCCESS && row->items != NULL && aph_op_type(op, "limit") != NULL) {
        json_object_set_new(asked->args, "limit", json_integer(asked->limit));
        json_object_set_new(asked->args, "offset", json_integer(asked->offset));
    }
    if (status != APR_SUCCESS) {
        json_decref(asked->args);
        asked->args = NULL;
    }
    return status;
}
