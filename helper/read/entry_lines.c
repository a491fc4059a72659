/* SPDX-License-Identifier: Apache-2.0 */
/* Lines of a manifest. Its compose part is written out once more before it is read as YAML, and
 * would then stand on one line; here every value goes back to the line its author wrote it in, so
 * that the policy's findings name it. */
#include <stdlib.h>
#include <string.h>

#include "helper/read/entry_parts.h"

typedef struct scan_t {
    const char *at, *end;
    int line;
} scan_t;

/* Stops at the next thing of valid JSON that is not punctuation: a string, number, literal, { or [.
 * Zero at the end. depth, if not NULL, follows the brackets. */
static int find_token(scan_t *scan, int *depth)
{
    for (; scan->at < scan->end; scan->at++) {
        if (*scan->at == '\n')
            scan->line++;
        else if ((*scan->at == '}' || *scan->at == ']') && depth != NULL)
            --*depth;
        else if (strchr(" \t\r,:}]", *scan->at) == NULL)
            return 1;
    }
    return 0;
}

/* Behind the token. A string of JSON has no line end in it. */
static void skip_token(scan_t *scan, int *depth)
{
    char first = *scan->at++;
    if ((first == '{' || first == '[') && depth != NULL)
        ++*depth;
    if (first == '{' || first == '[')
        return;
    if (first != '"') {
        while (scan->at < scan->end && strchr(" \t\r\n,:}]", *scan->at) == NULL)
            scan->at++;
        return;
    }
    while (scan->at < scan->end && *scan->at != '"')
        scan->at += 1 + (*scan->at == '\\');
    scan->at += scan->at < scan->end;
}

/* Stops at the value of a member of the outermost object. */
static int find_member(scan_t *scan, const char *name)
{
    int depth = 0, key = 1;
    size_t length = strlen(name);
    while (find_token(scan, &depth)) {
        const char *token = scan->at;
        int here = depth == 1, is_key = here && key;
        skip_token(scan, &depth);
        if (here)
            key = !key;
        if (is_key && (size_t)(scan->at - token) == length + 2 &&
            memcmp(token + 1, name, length) == 0)
            return find_token(scan, NULL);
    }
    return 0;
}

char *aphd_lines_restore(const char *source, size_t length, const char *member, char *dump,
                         apr_pool_t *p)
{
    if (source == NULL)
        return dump;
    scan_t from = {source, source + length, 1}, to = {dump, dump + strlen(dump), 1};
    if (!find_member(&from, member))
        return dump;
    /* The dump's one line, and no more line ends than the source has. */
    size_t lines = 0, size = 0;
    for (size_t i = 0; i < length; i++)
        lines += source[i] == '\n';
    char *out = apr_palloc(p, strlen(dump) + lines + 1);
    const char *copied = dump;
    for (; find_token(&to, NULL); copied = to.at) {
        if (!find_token(&from, NULL))
            return dump;
        memcpy(out + size, copied, (size_t)(to.at - copied));
        size += (size_t)(to.at - copied);
        for (; to.line < from.line; to.line++)
            out[size++] = '\n';
        const char *token = to.at;
        skip_token(&from, NULL);
        skip_token(&to, NULL);
        memcpy(out + size, token, (size_t)(to.at - token));
        size += (size_t)(to.at - token);
    }
    memcpy(out + size, copied, (size_t)(to.end - copied) + 1);
    return out;
}
