/* SPDX-License-Identifier: Apache-2.0 */
/* The texts below a folder. */
#include "helper/policy/check.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <apr_strings.h>

#define DEPTH_MAX 32

static int is_text(const char *name)
{
    static const char *const ends[] = {".yml", ".yaml", ".sh"};
    size_t length = strlen(name);
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        size_t end = strlen(ends[i]);
        if (length > end && strcmp(name + length - end, ends[i]) == 0)
            return 1;
    }
    return strcmp(name, "script") == 0 || strcmp(name, "uninstall") == 0;
}

static int visible(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

/* By octets, not by the language of who asks: the same tree gives the same list everywhere. */
static int by_octets(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static apr_status_t walk(const char *folder, int depth, apr_array_header_t *paths, aph_error_t *err)
{
    struct dirent **entries = NULL;
    int count = scandir(folder, &entries, visible, by_octets);
    if (count < 0)
        return aph_error_set(err, APR_FROM_OS_ERROR(errno), 2222, "%s cannot be listed: %s", folder,
                             strerror(errno));
    apr_status_t rv = APR_SUCCESS;
    for (int i = 0; i < count; i++) {
        struct stat seen;
        const char *path = apr_pstrcat(paths->pool, folder, "/", entries[i]->d_name, NULL);
        if (rv == APR_SUCCESS && lstat(path, &seen) == 0) {
            if (S_ISDIR(seen.st_mode) && depth < DEPTH_MAX)
                rv = walk(path, depth + 1, paths, err);
            else if (S_ISREG(seen.st_mode) && is_text(entries[i]->d_name))
                APR_ARRAY_PUSH(paths, const char *) = path;
        }
        free(entries[i]);
    }
    free(entries);
    return rv;
}

apr_status_t aphd_check_tree(const char *folder, apr_array_header_t **paths, apr_pool_t *p,
                             aph_error_t *err)
{
    size_t length = strlen(folder);
    while (length > 1 && folder[length - 1] == '/')
        length--;
    *paths = apr_array_make(p, 64, sizeof(const char *));
    apr_status_t rv = walk(apr_pstrndup(p, folder, length), 0, *paths, err);
    if (rv == APR_SUCCESS && (*paths)->nelts == 0)
        return aph_error_set(err, APH_ENOTFOUND, 2224,
                             "below %s is no *.yml, *.yaml, *.sh and no file called script",
                             folder);
    return rv;
}
