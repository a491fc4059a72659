/* SPDX-License-Identifier: Apache-2.0 */
/* Paths and program names of a script. */
#include <string.h>
#include <apr_strings.h>

#include "helper/read/script_line.h"

/* What the folder of the app is called in the script, taken off the front. */
static const char *below_app(const char *path, const aphd_words_t *words)
{
    size_t length = words->webapp_path != NULL ? strlen(words->webapp_path) : 0;
    if (length > 0 && strncmp(path, words->webapp_path, length) == 0 && path[length] == '/')
        return path + length + 1;
    return path;
}

apr_status_t aphd_script_path(const char *path, const aphd_words_t *words, int line,
                              const char **clean, apr_pool_t *p, aph_error_t *err)
{
    const char *at = below_app(path, words);
    if (*at == '/')
        return aph_error_set(err, APH_EUNREADABLE, 470,
                             "line %d: %.120s is outside of the app's folder; name a file below it",
                             line, path);
    char *out = apr_pcalloc(p, strlen(at) + 1);
    size_t length = 0;
    while (*at != '\0') {
        size_t part = strcspn(at, "/");
        if (part == 2 && memcmp(at, "..", 2) == 0)
            return aph_error_set(err, APH_EUNREADABLE, 471,
                                 "line %d: %.120s leaves the app's folder (..)", line, path);
        if (part > 0 && !(part == 1 && *at == '.')) {
            if (length > 0)
                out[length++] = '/';
            memcpy(out + length, at, part);
            length += part;
        }
        at += part + (at[part] == '/');
    }
    if (length == 0)
        return aph_error_set(
            err, APH_EUNREADABLE, 472,
            "line %d: \"%.120s\" is the app's folder itself; name a file or folder "
            "in it",
            line, path);
    for (const char *c = out; *c != '\0'; c++)
        if (strchr("\\\n\t$:", *c) != NULL)
            return aph_error_set(err, APH_EUNREADABLE, 473,
                                 "line %d: %.120s has a character that no file name here may have",
                                 line, path);
    *clean = out;
    return APR_SUCCESS;
}

/* Number of single-letter changes between two short words (Levenshtein, one row at a time). */
static size_t distance(const char *a, const char *b)
{
    size_t row[32];
    size_t width = strlen(b);
    if (width >= sizeof row / sizeof row[0] || strlen(a) >= sizeof row / sizeof row[0])
        return sizeof row;
    for (size_t j = 0; j <= width; j++)
        row[j] = j;
    for (size_t i = 0; a[i] != '\0'; i++) {
        size_t diagonal = row[0];
        row[0] = i + 1;
        for (size_t j = 0; j < width; j++) {
            size_t change = diagonal + (a[i] != b[j]);
            diagonal = row[j + 1];
            size_t step = (row[j] < row[j + 1] ? row[j] : row[j + 1]) + 1;
            row[j + 1] = change < step ? change : step;
        }
    }
    return row[width];
}

apr_status_t aphd_script_unknown(const char *program, int line, aph_error_t *err)
{
    static const char *const known[] = {"docker-compose", "mkdir", "chmod", "cat", "docker"};
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        size_t changes = distance(program, known[i]);
        if (changes > 0 && changes <= strlen(known[i]) / 4)
            return aph_error_set(err, APH_EUNREADABLE, 474,
                                 "line %d: %.60s is not a command; it looks like a slip for %s",
                                 line, program, known[i]);
    }
    return aph_error_set(err, APH_EUNREADABLE, 475,
                         "line %d: %.60s is not among the commands that are read (cat with a "
                         "here-document, mkdir, chmod, docker-compose; to uninstall also rm)",
                         line, program);
}
