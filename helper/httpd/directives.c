/* SPDX-License-Identifier: Apache-2.0 */
#include "helper/httpd/directives.h"

#include <string.h>
#include <strings.h>

#include <apr_lib.h>
#include <apr_strings.h>

void aphd_directives_begin(aphd_directives_t *text, const char *octets, apr_pool_t *p)
{
    *text = (aphd_directives_t){.next = octets, .next_line = 1, .p = p};
}

/* One line with those it is continued by. */
static char *logical_line(aphd_directives_t *text)
{
    char *line = apr_pstrdup(text->p, "");
    for (int more = 1; more && *text->next != '\0'; text->next_line++) {
        size_t length = strcspn(text->next, "\n"), used = length;
        if (used > 0 && text->next[used - 1] == '\r')
            used--;
        more = used > 0 && text->next[used - 1] == '\\';
        line = apr_pstrcat(text->p, line, apr_pstrmemdup(text->p, text->next, used - (size_t)more),
                           NULL);
        text->next += length + (text->next[length] == '\n');
    }
    return line;
}

static char *trim(char *line)
{
    while (apr_isspace(*line))
        line++;
    size_t length = strlen(line);
    while (length > 0 && apr_isspace(line[length - 1]))
        length--;
    line[length] = '\0';
    return line;
}

int aphd_directives_next(aphd_directives_t *text)
{
    while (*text->next != '\0') {
        text->line = text->next_line;
        char *line = trim(logical_line(text));
        if (*line == '\0' || *line == '#')
            continue;
        size_t length = strlen(line);
        if (*line == '<' && line[length - 1] == '>')
            line[length - 1] = '\0';
        text->args = line;
        text->name = aphd_directives_word(&text->args, text->p);
        return 1;
    }
    return 0;
}

int aphd_directives_is(const aphd_directives_t *text, const char *name)
{
    return strcasecmp(text->name, name) == 0;
}

/* As httpd's own ap_getword_conf does it: a backslash stands for itself but before another one and
 * before the quote. */
const char *aphd_directives_word(const char **args, apr_pool_t *p)
{
    const char *from = *args;
    while (apr_isspace(*from))
        from++;
    char quote = *from == '"' || *from == '\'' ? *from : '\0';
    char *word = apr_palloc(p, strlen(from) + 1), *to = word;
    from += quote != '\0';
    while (*from != '\0' && (quote != '\0' ? *from != quote : !apr_isspace(*from))) {
        if (*from == '\\' && (from[1] == '\\' || (quote != '\0' && from[1] == quote)))
            from++;
        *to++ = *from++;
    }
    *to = '\0';
    from += quote != '\0' && *from == quote;
    while (apr_isspace(*from))
        from++;
    *args = from;
    return word;
}
