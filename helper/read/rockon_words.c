/* SPDX-License-Identifier: Apache-2.0 */
/* Values of a rock-on, as people typed them over ten years: numbers in quotes, keys misspelt. */
#include "helper/read/rockon.h"

#include <string.h>
#include <strings.h>
#include <apr_strings.h>

#include "helper/read/entry.h"

#define ID_MAX            40
#define LABEL_MAX         100 /* these and the next in characters, as in entry_members.def */
#define TEXT_MAX          2000
#define REASON_MAX        500
#define PERMISSIONS_MAX   64
#define PERMISSION_ID_MAX 300

/* Misspellings in published definitions. */
static const struct {
    const char *name, *spelt;
} misspellings[] = {
    {"protocol", "procotol"},
};

json_t *aphd_rockon_member(const json_t *object, const char *name)
{
    json_t *value = json_object_get(object, name);
    for (size_t i = 0; value == NULL && i < sizeof misspellings / sizeof misspellings[0]; i++)
        if (strcmp(misspellings[i].name, name) == 0)
            value = json_object_get(object, misspellings[i].spelt);
    return value;
}

static const char *trimmed(const char *text, apr_pool_t *p)
{
    text += strspn(text, " \t\r\n");
    size_t length = strlen(text);
    while (length > 0 && strchr(" \t\r\n", text[length - 1]) != NULL)
        length--;
    return apr_pstrmemdup(p, text, length);
}

const char *aphd_rockon_text(const json_t *value, apr_pool_t *p)
{
    if (json_is_string(value))
        return trimmed(json_string_value(value), p);
    if (json_is_integer(value))
        return apr_psprintf(p, "%" APR_INT64_T_FMT, (apr_int64_t)json_integer_value(value));
    if (json_is_real(value)) /* a tag such as 9.6 */
        return apr_psprintf(p, "%.10g", json_real_value(value));
    return NULL;
}

int aphd_rockon_number(const json_t *value, json_int_t *number)
{
    if (json_is_integer(value)) {
        *number = json_integer_value(value);
        return 1;
    }
    if (json_is_real(value)) {
        double real = json_real_value(value);
        if (real < -1e15 || real > 1e15 || real != (double)(json_int_t)real)
            return 0;
        *number = (json_int_t)real;
        return 1;
    }
    const char *text = json_string_value(value);
    if (text == NULL)
        return 0;
    text += strspn(text, " ");
    int negative = *text == '-';
    const char *digits = text + negative;
    size_t length = strspn(digits, "0123456789");
    if (length == 0 || length > 15 || digits[length + strspn(digits + length, " ")] != '\0')
        return 0;
    *number = apr_atoi64(text);
    return 1;
}

int aphd_rockon_flag(const json_t *value)
{
    const char *text = json_string_value(value);
    if (text != NULL)
        return strcasecmp(text, "true") == 0 || strcasecmp(text, "yes") == 0 ||
               strcmp(text, "1") == 0;
    return json_is_true(value) || (json_is_integer(value) && json_integer_value(value) != 0);
}

/* Nonzero where text begins with one of the elements that definitions use; "<your server>" is none.
 */
static int is_element(const char *text)
{
    static const char *const names[] = {
        "a",    "b",     "i",  "u",   "p",    "br",    "em",    "strong", "ul",  "ol",     "li",
        "h1",   "h2",    "h3", "h4",  "h5",   "h6",    "hr",    "code",   "pre", "script", "div",
        "span", "style", "tt", "img", "font", "small", "table", "tr",     "td",  "th"};
    const char *name = text + 1 + (text[1] == '/');
    size_t length = strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ123456");
    if (text[1] == '!')
        return 1;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strlen(names[i]) == length && strncasecmp(names[i], name, length) == 0)
            return strchr(" \t\r\n/>", name[length]) != NULL;
    return 0;
}

const char *aphd_rockon_plain(const json_t *value, apr_pool_t *p)
{
    const char *text = aphd_rockon_text(value, p);
    size_t length = 0;
    if (text == NULL)
        return "";
    char *html = apr_palloc(p, 4 * strlen(text) + 1);
    for (; *text != '\0'; text++) {
        if (*text == '<' && !is_element(text)) {
            for (const char *as = "&lt;"; *as != '\0'; as++)
                html[length++] = *as;
        } else {
            html[length++] = *text;
        }
    }
    return aphd_entry_plain(html, length, p);
}

const char *aphd_rockon_bare(const char *text, apr_pool_t *p)
{
    size_t length = 0;
    char *out = apr_palloc(p, 2 * strlen(text) + 1);
    for (; *text != '\0'; text++) {
        if (*text == '{' && text[1] == '{') {
            memcpy(out + length, "{{{", 3);
            length += 3;
            text++;
        }
        out[length++] = *text;
    }
    out[length] = '\0';
    return out;
}

json_t *aphd_rockon_shown(const char *plain, size_t most, apr_pool_t *p)
{
    char *html = apr_palloc(p, 5 * strlen(plain) + 1);
    for (size_t limit = most;; limit--) {
        const char *text = aphd_rockon_cut(plain, limit, p);
        size_t length = 0, characters = 0;
        for (; *text != '\0'; text++) {
            const char *as = *text == '<' ? "&lt;" : *text == '&' ? "&amp;" : NULL;
            size_t before = length;
            if (as == NULL)
                html[length++] = *text;
            for (; as != NULL && *as != '\0'; as++)
                html[length++] = *as;
            characters += length - before > 1 || ((unsigned char)*text & 0xC0) != 0x80
                        ? length - before : 0;
        }
        if (characters <= most || limit < 8)
            return json_stringn(html, length);
    }
}

json_t *aphd_rockon_literal(const char *text, apr_pool_t *p)
{
    size_t length = 0;
    text = aphd_rockon_bare(text, p);
    char *out = apr_palloc(p, 2 * strlen(text) + 1);
    for (; *text != '\0'; text++) {
        if (*text == '$')
            out[length++] = '$';
        out[length++] = *text;
    }
    return json_stringn(out, length);
}

const char *aphd_rockon_slug(const char *text, char mark, size_t most, apr_pool_t *p)
{
    char *out = apr_palloc(p, strlen(text) + 1);
    size_t length = 0;
    for (; *text != '\0' && length < most; text++) {
        char c = *text >= 'A' && *text <= 'Z' ? (char)(*text - 'A' + 'a') : *text;
        if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'))
            out[length++] = c;
        else if (length > 0 && out[length - 1] != mark)
            out[length++] = mark;
    }
    while (length > 0 && out[length - 1] == mark)
        length--;
    out[length] = '\0';
    return out;
}

int aphd_rockon_says(const char *text, const char *word)
{
    size_t length = strlen(word);
    for (; *text != '\0'; text++)
        if (strncasecmp(text, word, length) == 0)
            return 1;
    return 0;
}

void aphd_rockon_add(json_t *service, const char *key, json_t *value)
{
    json_t *list = json_object_get(service, key);
    if (list == NULL) {
        list = json_array();
        json_object_set_new(service, key, list);
    }
    json_array_append_new(list, value);
}

aphd_rockon_container_t *aphd_rockon_find(aphd_rockon_t *r, const char *name)
{
    for (size_t i = 0; i < r->count; i++)
        if (strcmp(r->containers[i].name, name) == 0)
            return &r->containers[i];
    return NULL;
}

static int is_asked(const aphd_rockon_t *r, const char *id)
{
    size_t i;
    json_t *question;
    json_array_foreach(r->questions, i, question)
        if (strcmp(json_string_value(json_object_get(question, "id")), id) == 0)
            return 1;
    return 0;
}

/* The same definition always gives the same ids, since answers are kept under them: first the bare
 * one, then one with the container's name, then numbers. */
static const char *unique_id(const aphd_rockon_t *r, const char *container, const char *wanted)
{
    const char *id = aphd_rockon_slug(wanted, '_', ID_MAX, r->p);
    if (*id < 'a' || *id > 'z')
        id = aphd_rockon_slug(apr_pstrcat(r->p, "of_", id, NULL), '_', ID_MAX, r->p);
    if (!is_asked(r, id))
        return id;
    const char *longer = apr_pstrcat(r->p, "of_", container, "_", wanted, NULL);
    id = aphd_rockon_slug(longer + 3, '_', ID_MAX, r->p);
    if (*id < 'a' || *id > 'z')
        id = aphd_rockon_slug(longer, '_', ID_MAX, r->p);
    for (int i = 2; is_asked(r, id); i++)
        id = apr_psprintf(r->p, "%s_%d", aphd_rockon_slug(id, '_', ID_MAX - 5, r->p), i);
    return id;
}

static void set_text(json_t *object, const char *key, const char *text)
{
    if (text != NULL && *text != '\0')
        json_object_set_new(object, key, json_string(text));
}

const char *aphd_rockon_cut(const char *text, size_t most, apr_pool_t *p)
{
    size_t length = 0, characters = 0;
    while (text[length] != '\0') {
        characters += ((unsigned char)text[length] & 0xC0) != 0x80;
        if (characters > most)
            return apr_pstrcat(p, apr_pstrmemdup(p, text, length - 3), "...", NULL);
        length++;
    }
    return text;
}

const char *aphd_rockon_ask(aphd_rockon_t *r, const aphd_rockon_container_t *container,
                            const aphd_rockon_question_t *q)
{
    const char *id = unique_id(r, container != NULL ? container->name : "app", q->id);
    const char *label =
        q->label != NULL ? q->label : aphd_rockon_plain(json_object_get(q->from, "label"), r->p);
    const char *text = q->text != NULL
                           ? q->text
                           : aphd_rockon_plain(json_object_get(q->from, "description"), r->p);
    json_t *question =
        json_pack("{s:s,s:s,s:o}", "id", id, "kind", q->kind, "label",
                  aphd_rockon_shown(*label != '\0' ? label : q->id, LABEL_MAX, r->p));
    if (*text != '\0')
        json_object_set_new(question, "text", aphd_rockon_shown(text, TEXT_MAX, r->p));
    if (container != NULL)
        json_object_set_new(question, "service", json_string(container->name));
    set_text(question, "target", q->target);
    set_text(question, "protocol", q->protocol);
    set_text(question, "type", q->type);
    if (q->initial != NULL)
        json_object_set_new(question, "default", json_string(q->initial));
    json_object_set_new(question, "required", json_boolean(q->required));
    if (q->bounded) {
        json_object_set_new(question, "min", json_integer(q->min));
        json_object_set_new(question, "max", json_integer(q->max));
    }
    if (q->min_size > 0)
        json_object_set_new(question, "min_size", json_integer(q->min_size));
    if (q->generate > 0)
        json_object_set_new(question, "generate", json_integer(q->generate));
    if (q->advanced)
        json_object_set_new(question, "advanced", json_true());
    json_array_append_new(r->questions, question);
    return id;
}

void aphd_rockon_permission(aphd_rockon_t *r, const char *id, const char *reason)
{
    size_t i, length = strlen(id);
    json_t *permission;
    for (i = 0; i < length; i++)
        if (id[i] < ' ' || id[i] > '~')
            return;
    json_array_foreach(r->permissions, i, permission)
        if (strcmp(json_string_value(json_object_get(permission, "id")), id) == 0)
            return;
    if (json_array_size(r->permissions) < PERMISSIONS_MAX && length <= PERMISSION_ID_MAX &&
        id[length - 1] != ' ')
        json_array_append_new(r->permissions,
                              json_pack("{s:s,s:o}", "id", id, "reason",
                                        aphd_rockon_shown(reason, REASON_MAX, r->p)));
}
