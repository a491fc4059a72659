/* SPDX-License-Identifier: Apache-2.0 */
/* {{words}} and what they become. What was put in is never looked at again, and a name nobody knows
 * is a fault of the manifest, not an empty string. {{{{ is a {{ that means itself. */
#include <string.h>
#include <apr_strings.h>

#include "helper/read/entry_parts.h"

#define ANSWER "answer."

const char *aphd_dollars(const char *text, apr_pool_t *p)
{
    if (strchr(text, '$') == NULL)
        return text;
    char *doubled = apr_palloc(p, 2 * strlen(text) + 1), *at = doubled;
    for (; *text != '\0'; text++) {
        *at++ = *text;
        if (*text == '$')
            *at++ = '$';
    }
    *at = '\0';
    return doubled;
}

/* NULL: no such name; "" with *known: a name without a value here. */
static const char *value_of(const aphd_filling_t *filling, const char *name, size_t length,
                            int *known)
{
    const aphd_words_t *words = filling->words;
    const struct {
        const char *name, *value;
    } table[] = {{"name", words->app_name},       {"url", words->app_url},
                 {"host", words->app_hostname},   {"domain", words->app_domain},
                 {"port", words->host_port}};
    *known = 1;
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        if (strlen(table[i].name) == length && memcmp(table[i].name, name, length) == 0)
            return table[i].value;
    size_t prefix = sizeof ANSWER - 1;
    const char *answer = NULL;
    if (length > prefix && memcmp(name, ANSWER, prefix) == 0)
        answer =
            json_string_value(json_object_getn(filling->answers, name + prefix, length - prefix));
    *known = answer != NULL;
    return answer;
}

typedef struct piece_t {
    const char *text;
    size_t length;
    size_t step; /* octets of the source it stands for */
} piece_t;

/* What stands at text, which begins with "{{". */
static apr_status_t placeholder(const aphd_filling_t *filling, const char *text, piece_t *piece,
                                aph_error_t *err)
{
    if (strncmp(text, "{{{{", 4) == 0) {
        *piece = (piece_t){"{{", 2, 4};
        return APR_SUCCESS;
    }
    if (text[2] == '{') {
        *piece = (piece_t){"{", 1, 1};
        return APR_SUCCESS;
    }
    int known = 0;
    const char *name = text + 2;
    size_t length = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_.");
    int whole = length > 0 && strncmp(name + length, "}}", 2) == 0;
    const char *value = whole ? value_of(filling, name, length, &known) : NULL;
    if (value == NULL && known)
        return aph_error_set(err, APH_EUNREADABLE, 2431,
                             "{{%.*s}} stands in it, and this app has no value for it", (int)length,
                             name);
    if (value == NULL)
        return aph_error_set(
            err, APH_EUNREADABLE, 2432,
            "{{%.*s%s is no placeholder; those are {{name}}, {{url}}, {{host}}, "
            "{{domain}}, {{port}} and {{answer.ID}} of a question; a {{ that means "
            "itself is written {{{{",
            (int)(length < 60 ? length : 60), name, whole ? "}}" : "");
    if (filling->dollars)
        value = aphd_dollars(value, filling->p);
    *piece = (piece_t){value, strlen(value), length + 4};
    return APR_SUCCESS;
}

/* Walks the text once; with out NULL it only measures. */
static apr_status_t walk(const aphd_filling_t *filling, const char *text, char *out, size_t *size,
                         aph_error_t *err)
{
    *size = 0;
    while (*text != '\0') {
        const char *next = strstr(text, "{{");
        piece_t piece = {text, next != NULL ? (size_t)(next - text) : strlen(text), 0};
        piece.step = piece.length;
        if (next == text) {
            apr_status_t rv = placeholder(filling, text, &piece, err);
            if (rv != APR_SUCCESS)
                return rv;
        }
        if (out != NULL)
            memcpy(out + *size, piece.text, piece.length);
        *size += piece.length;
        text += piece.step;
        if (*size > filling->left)
            return aph_error_set(
                err, APH_EUNREADABLE, 2433,
                "with its placeholders replaced the manifest has more than %d octets",
                APH_FOREIGN_MAX);
    }
    return APR_SUCCESS;
}

apr_status_t aphd_fill(aphd_filling_t *filling, const char *text, const char **filled,
                       aph_error_t *err)
{
    size_t size;
    *filled = text;
    if (strstr(text, "{{") == NULL)
        return APR_SUCCESS;
    apr_status_t rv = walk(filling, text, NULL, &size, err);
    if (rv != APR_SUCCESS)
        return rv;
    char *out = apr_palloc(filling->p, size + 1);
    walk(filling, text, out, &size, err);
    out[size] = '\0';
    filling->left -= size;
    *filled = out;
    return APR_SUCCESS;
}

static apr_status_t fill_string(aphd_filling_t *filling, json_t *value, aph_error_t *err)
{
    const char *filled = NULL;
    apr_status_t rv = aphd_fill(filling, json_string_value(value), &filled, err);
    if (rv == APR_SUCCESS && filled != json_string_value(value))
        json_string_set(value, filled);
    return rv;
}

apr_status_t aphd_fill_tree(aphd_filling_t *filling, json_t *value, aph_error_t *err)
{
    apr_status_t rv = APR_SUCCESS;
    const char *name;
    json_t *member;
    if (json_is_string(value))
        return fill_string(filling, value, err);
    for (size_t i = 0; i < json_array_size(value) && rv == APR_SUCCESS; i++)
        rv = aphd_fill_tree(filling, json_array_get(value, i), err);
    json_object_foreach(value, name, member) {
        int dollars = filling->dollars, mounted = filling->mounted;
        if (filling->mounted && strcmp(name, "content") == 0)
            filling->dollars = 0;
        filling->mounted |= strcmp(name, "volumes") == 0 || strcmp(name, "configs") == 0;
        if (rv == APR_SUCCESS && (rv = aphd_fill_tree(filling, member, err)) != APR_SUCCESS)
            aph_error_wrap(err, "%.80s", name);
        filling->dollars = dollars;
        filling->mounted = mounted;
    }
    return rv;
}
