/* SPDX-License-Identifier: Apache-2.0 */
/* Why httpd's command failed, out of what it wrote to standard error (or to its error log):
 *
 *   AH00526: Syntax error on line 2 of /etc/x.conf:
 *   Invalid command 'Foo', perhaps misspelled ...
 *
 *   apache2: Syntax error on line 9 of /etc/h.conf: Syntax error on line 1 of /etc/x.conf: Could
 *   not ...
 *
 *   (2)No such file or directory: AH02291: Cannot access directory '/x/' for error log of vhost
 *   defined at /etc/x.conf:1
 *   AH00014: Configuration check failed */
#include "helper/httpd/dump.h"

#include <stdlib.h>
#include <string.h>

#include <apr_lib.h>
#include <apr_strings.h>

#define ON_LINE "on line "

/* Reads "on line N of FILE:"; returns what follows, NULL for other text. */
static const char *read_place(aphd_cause_t *cause, const char *text, apr_pool_t *p)
{
    char *end;
    long line = strtol(text + strlen(ON_LINE), &end, 10);
    if (line <= 0 || strncmp(end, " of ", 4) != 0)
        return NULL;
    const char *file = end + 4;
    size_t length = 0;
    while (file[length] != '\0' && file[length] != '\n' &&
           !(file[length] == ':' && (apr_isspace(file[length + 1]) || file[length + 1] == '\0')))
        length++;
    if (length == 0 || file[length] != ':')
        return NULL;
    cause->file = apr_pstrmemdup(p, file, length);
    cause->line = (int)line;
    return file + length + 1;
}

/* "[date] [core:crit] [pid 1] (2)No such file: AH02291: words": only the words. */
static const char *without_prefix(const char *line)
{
    while (*line == '[' && strstr(line, "] ") != NULL)
        line = strstr(line, "] ") + 2;
    const char *tag = strstr(line, "AH");
    if (tag != NULL && tag - line < 80 && strspn(tag + 2, "0123456789") == 5 && tag[7] == ':')
        line = tag + 8;
    return line + strspn(line, " \t");
}

static int is_noise(const char *line)
{
    static const char *const noise[] = {"AH00558", "AH00557", "AH00014", "AH00112", "AH00020",
                                        "Warning:", ":notice]", ":warn]", "Syntax OK"};
    for (size_t i = 0; i < sizeof noise / sizeof noise[0]; i++)
        if (strstr(line, noise[i]) != NULL)
            return 1;
    return *line == '\0';
}

/* The first line that says something. */
static const char *first_words(const char *text, apr_pool_t *p)
{
    char *rest, *copy = apr_pstrdup(p, text);
    for (char *line = apr_strtok(copy, "\r\n", &rest); line != NULL;
         line = apr_strtok(NULL, "\r\n", &rest))
        if (!is_noise(line))
            return without_prefix(line);
    return NULL;
}

/* "... of vhost defined at /etc/x.conf:1" */
static void read_definition(aphd_cause_t *cause, const char *text, apr_pool_t *p)
{
    const char *place = strstr(text, " defined at ");
    if (place == NULL)
        return;
    place += strlen(" defined at ");
    size_t length = strcspn(place, "\n");
    char *file = apr_pstrmemdup(p, place, length);
    char *colon = strrchr(file, ':');
    if (colon == NULL || atoi(colon + 1) <= 0)
        return;
    cause->line = atoi(colon + 1);
    *colon = '\0';
    cause->file = file;
}

void aphd_dump_cause(aphd_cause_t *cause, const char *errors, apr_pool_t *p)
{
    const char *rest = errors;
    *cause = (aphd_cause_t){NULL, 0, NULL};
    for (const char *at = strstr(errors, ON_LINE); at != NULL; at = strstr(at + 1, ON_LINE)) {
        const char *after = read_place(cause, at, p);
        rest = after != NULL ? after : rest;
    }
    const char *words = first_words(rest, p);
    cause->sentence = words != NULL ? words : "it gives no reason";
    if (cause->file == NULL) {
        read_definition(cause, errors, p);
        return;
    }
    /* "/etc/x.conf:1: <VirtualHost> was not closed." says the place twice. */
    const char *again = apr_psprintf(p, "%s:%d: ", cause->file, cause->line);
    if (strncmp(cause->sentence, again, strlen(again)) == 0)
        cause->sentence += strlen(again);
}
