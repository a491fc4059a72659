/* SPDX-License-Identifier: Apache-2.0 */
#include "helper/job/engine_calls.h"

#include <string.h>

static const struct {
    const char *method;
    const char *path;
    const char *query;
} rows[] = {
#define APHD_ENGINE_CALL(method, path, query, origin) {method, path, query},
#include "helper/job/engine_calls.def"
#undef APHD_ENGINE_CALL
};

static int path_fits(const char *pattern, const char *path)
{
    while (*pattern != '\0' && *path != '\0') {
        if (*pattern == '*') {
            size_t segment = strcspn(path, "/?");
            /* "." and ".." would be another path than the one that was judged. */
            if (segment == 0 || strncmp(path, ".", segment) == 0 || strncmp(path, "..", segment) == 0)
                return 0;
            path += segment;
            pattern++;
        } else if (*pattern++ != *path++) {
            return 0;
        }
    }
    return *pattern == '\0' && (*path == '\0' || *path == '?');
}

static int has_word(const char *words, const char *word, size_t length)
{
    for (const char *at = words; *at != '\0'; at += strspn(at, " ")) {
        size_t size = strcspn(at, " ");
        if (size == length && strncmp(at, word, length) == 0)
            return 1;
        at += size;
    }
    return 0;
}

static int query_fits(const char *names, const char *path)
{
    const char *at = strchr(path, '?');
    while (at != NULL) {
        at++;
        if (!has_word(names, at, strcspn(at, "=&")))
            return 0;
        at = strchr(at, '&');
    }
    return 1;
}

int aphd_engine_call_listed(const char *method, const char *path)
{
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (strcmp(rows[i].method, method) == 0 && path_fits(rows[i].path, path)
            && query_fits(rows[i].query, path))
            return strpbrk(path, " #\r\n") == NULL;
    return 0;
}
