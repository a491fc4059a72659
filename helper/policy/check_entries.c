/* SPDX-License-Identifier: Apache-2.0 */
/* Which files of a folder are entries of a catalog. */
#include "helper/policy/check_catalog.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <apr_strings.h>

#include "common/file_replace.h"

#define DEPTH_MAX 16
#define INDEX_MS  30000

static aphd_check_entry_t *add(apr_array_header_t *entries, const char *folder, const char *file)
{
    aphd_check_entry_t *entry = apr_array_push(entries);
    *entry = (aphd_check_entry_t){.file = file, .length = -1};
    entry->path = apr_pstrcat(entries->pool, folder, "/", file, NULL);
    return entry;
}

/* --- with an index --- */

static void add_row(apr_array_header_t *entries, const char *folder, const json_t *row)
{
    const char *file = json_string_value(json_object_get(row, "file"));
    const char *id = json_string_value(json_object_get(row, "id"));
    aphd_check_entry_t *entry = add(entries, folder, apr_pstrdup(entries->pool, file));
    entry->id = apr_pstrdup(entries->pool, id);
    entry->length = json_integer_value(json_object_get(row, "length"));
    aphd_form_find(json_string_value(json_object_get(row, "format")), &entry->form);
    entry->known_form = 1;
}

/* An entry of the index that is none: it has a line of its own, as one whose file cannot be
 * read. */
static void add_bad(apr_array_header_t *entries, const json_t *row)
{
    const char *id = json_string_value(json_object_get(row, "id"));
    int place = (int)json_integer_value(json_object_get(row, "position"));
    aphd_check_entry_t *entry = apr_array_push(entries);
    *entry = (aphd_check_entry_t){.file = "index.json", .length = -1, .known_form = 1};
    aph_error_set(&entry->error, APH_EUNREADABLE, 2722, "entry %d%s%s: %s", place,
                  id != NULL ? ", " : "", id != NULL ? id : "",
                  json_string_value(json_object_get(row, "reason")));
}

static apr_status_t from_index(const char *folder, const char *path, apr_array_header_t *entries,
                               aph_error_t *err)
{
    char *text = NULL;
    size_t length = 0, i;
    json_t *index = NULL, *row;
    apr_status_t rv = aph_file_read(path, APH_INDEX_MAX, &text, &length, err);
    if (rv == APR_SUCCESS) {
        const aphd_reading_t reading = {
            .kind = APHD_READ_INDEX, .text = text, .length = length, .milliseconds = INDEX_MS};
        rv = aphd_reader_run_within(&reading, &index, err);
        if (rv != APR_SUCCESS)
            aph_error_wrap(err, "%s", path);
    }
    json_array_foreach(json_object_get(index, "entries"), i, row)
        add_row(entries, folder, row);
    json_array_foreach(json_object_get(index, "bad"), i, row)
        add_bad(entries, row);
    json_decref(index);
    free(text);
    return rv;
}

/* --- without --- */

static int visible(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

/* By octets: the same folder gives the same list everywhere. */
static int by_octets(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static int is_entry(const char *name)
{
    size_t length = strlen(name);
    return length > 5 && strcmp(name + length - 5, ".json") == 0;
}

static apr_status_t walk(const char *folder, const char *below, int depth,
                         apr_array_header_t *entries, aph_error_t *err)
{
    struct dirent **found = NULL;
    const char *here = apr_pstrcat(entries->pool, folder, "/", below, NULL);
    int count = scandir(here, &found, visible, by_octets);
    if (count < 0)
        return aph_error_set(err, APR_FROM_OS_ERROR(errno), 2474, "%s cannot be listed: %s", here,
                             strerror(errno));
    apr_status_t rv = APR_SUCCESS;
    for (int i = 0; i < count; i++) {
        struct stat seen;
        const char *file = apr_pstrcat(entries->pool, below, found[i]->d_name, NULL);
        const char *path = apr_pstrcat(entries->pool, folder, "/", file, NULL);
        if (rv == APR_SUCCESS && lstat(path, &seen) == 0) {
            if (S_ISDIR(seen.st_mode) && depth < DEPTH_MAX)
                rv = walk(folder, apr_pstrcat(entries->pool, file, "/", NULL), depth + 1, entries,
                          err);
            else if (S_ISREG(seen.st_mode) && is_entry(found[i]->d_name))
                add(entries, folder, file);
        }
        free(found[i]);
    }
    free(found);
    return rv;
}

int aphd_check_is_entry(const char *path)
{
    char *text = NULL;
    size_t length = 0;
    struct stat seen;
    if (!is_entry(path) || stat(path, &seen) != 0 || !S_ISREG(seen.st_mode) ||
        aph_file_read(path, APH_FOREIGN_MAX, &text, &length, NULL) != APR_SUCCESS)
        return 0;
    int found = (strstr(text, "\"apphost\"") != NULL && strstr(text, "\"revision\"") != NULL) ||
                (strstr(text, "\"containers\"") != NULL && strstr(text, "\"image\"") != NULL) ||
                strstr(text, "\"install_script\"") != NULL;
    free(text);
    return found;
}

/* A file by itself. */
static apr_status_t from_file(const char *path, apr_array_header_t *entries)
{
    aphd_check_entry_t *entry = apr_array_push(entries);
    *entry = (aphd_check_entry_t){.file = path, .path = path, .length = -1};
    return APR_SUCCESS;
}

apr_status_t aphd_check_entries(const char *folder, apr_array_header_t **entries, apr_pool_t *p,
                                aph_error_t *err)
{
    struct stat seen;
    size_t length = strlen(folder);
    while (length > 1 && folder[length - 1] == '/')
        length--;
    const char *clean = apr_pstrndup(p, folder, length);
    const char *index = apr_pstrcat(p, clean, "/index.json", NULL);
    *entries = apr_array_make(p, 128, sizeof(aphd_check_entry_t));
    apr_status_t rv = stat(clean, &seen) == 0 && S_ISREG(seen.st_mode) ? from_file(clean, *entries)
                      : stat(index, &seen) == 0 ? from_index(clean, index, *entries, err)
                                                : walk(clean, "", 0, *entries, err);
    if (rv == APR_SUCCESS && (*entries)->nelts == 0)
        return aph_error_set(err, APH_ENOTFOUND, 2475,
                             "in %s is no index.json, and below it no *.json", clean);
    return rv;
}
