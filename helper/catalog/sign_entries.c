/* SPDX-License-Identifier: Apache-2.0 */
/* Which files of a folder are entries, and what an index says of them. */
#include "helper/catalog/sign.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <apr_strings.h>
#include <apr_tables.h>

#include "common/file_replace.h"
#include "helper/catalog/index.h"
#include "helper/read/index_form.h"
#include "helper/read/reader.h"

#define DEPTH_MAX 4
#define AT_ONCE   64

typedef struct found_t {
    const char *file; /* below the folder */
    const char *format, *sha256, *id;
    size_t length;
} found_t;

typedef struct search_t {
    const char *folder;
    apr_array_header_t *found; /* found_t */
    found_t *now[AT_ONCE];
    aph_error_t *err;
    apr_pool_t *p;
} search_t;

/* --- files --------------------------------------------------------------------------------- */

static int is_entry_name(const char *name)
{
    size_t length = strlen(name);
    return length > 5 && strcmp(name + length - 5, ".json") == 0;
}

/* A name no index may hold is said here, and not by who reads the index later. */
static apr_status_t take_file(search_t *search, const char *file)
{
    if (!is_entry_name(file))
        return APR_SUCCESS;
    if (!aphd_index_is_file(file))
        return aph_error_set(search->err, APH_EUNREADABLE, 2520,
                             "%s: this name cannot stand in an index: "
                             "letters, digits and ._~+()@,=- and blanks may, up to 200",
                             file);
    if (search->found->nelts >= APH_INDEX_ENTRIES_MAX)
        return aph_error_set(search->err, APH_ETOOLARGE, 2521, "there are more than %d entries",
                             APH_INDEX_ENTRIES_MAX);
    APR_ARRAY_PUSH(search->found, found_t) = (found_t){.file = file};
    return APR_SUCCESS;
}

static apr_status_t walk(search_t *search, const char *below, int depth)
{
    const char *path =
        apr_pstrcat(search->p, search->folder, below[0] != '\0' ? "/" : "", below, NULL);
    DIR *dir = opendir(path);
    struct dirent *one;
    apr_status_t status = APR_SUCCESS;
    if (dir == NULL)
        return aph_error_set(search->err,
                             errno == ENOENT ? APH_ENOTFOUND : APR_FROM_OS_ERROR(errno), 2522,
                             "the folder %s cannot be read: %s", path, strerror(errno));
    while (status == APR_SUCCESS && (one = readdir(dir)) != NULL) {
        struct stat st;
        const char *file =
            apr_pstrcat(search->p, below, below[0] != '\0' ? "/" : "", one->d_name, NULL);
        if (one->d_name[0] == '.' || strcmp(file, APHD_INDEX_FILE) == 0
            || fstatat(dirfd(dir), one->d_name, &st, AT_SYMLINK_NOFOLLOW) != 0)
            continue;
        if (S_ISDIR(st.st_mode) && depth < DEPTH_MAX)
            status = walk(search, file, depth + 1);
        else if (S_ISREG(st.st_mode))
            status = take_file(search, file);
    }
    closedir(dir);
    return status;
}

/* --- entries ------------------------------------------------------------------------------- */

static int entry_cb(void *self, size_t number, json_t *entry, const aph_error_t *why)
{
    search_t *search = self;
    found_t *found = search->now[number];
    const char *id = json_string_value(json_object_get(entry, "id"));
    if (entry == NULL)
        aph_error_set(search->err, APH_EUNREADABLE, 2523, "%s: %s", found->file, why->message);
    else if (!aphd_index_is_id(id))
        aph_error_set(search->err, APH_EUNREADABLE, 2524, "%s: its id cannot stand in an index",
                      found->file);
    else
        found->id = apr_pstrdup(search->p, id);
    return found->id == NULL;
}

static apr_status_t load(search_t *search, found_t *found, char **text, aphd_entry_text_t *entry)
{
    apr_status_t status =
        aph_file_read(apr_pstrcat(search->p, search->folder, "/", found->file, NULL),
                      APH_FOREIGN_MAX, text, &found->length, search->err);
    if (status != APR_SUCCESS)
        return status;
    *entry = (aphd_entry_text_t){aphd_form_seen(*text), *text, found->length};
    found->format = aphd_form_name(entry->form);
    found->sha256 = aphd_sha256(*text, found->length, search->p);
    return APR_SUCCESS;
}

static apr_status_t read_some(search_t *search, int from, int count)
{
    char *texts[AT_ONCE] = {NULL};
    aphd_entry_text_t entries[AT_ONCE];
    apr_status_t status = APR_SUCCESS;
    for (int i = 0; i < count && status == APR_SUCCESS; i++) {
        search->now[i] = &APR_ARRAY_IDX(search->found, from + i, found_t);
        status = load(search, search->now[i], &texts[i], &entries[i]);
    }
    if (status == APR_SUCCESS)
        status = aphd_reader_entries(entries, (size_t)count, entry_cb, search, search->err);
    for (int i = 0; i < count; i++)
        free(texts[i]);
    return status == APR_SUCCESS ? search->err->status : status;
}

static int by_id(const void *a, const void *b)
{
    return strcmp(((const found_t *)a)->id, ((const found_t *)b)->id);
}

static apr_status_t list(search_t *search, json_t **entries)
{
    found_t *all = (found_t *)(void *)search->found->elts;
    int count = search->found->nelts;
    qsort(all, (size_t)count, sizeof *all, by_id);
    for (int i = 1; i < count; i++)
        if (strcmp(all[i - 1].id, all[i].id) == 0)
            return aph_error_set(search->err, APH_EUNREADABLE, 2525,
                                 "%s and %s have the same id, %s", all[i - 1].file, all[i].file,
                                 all[i].id);
    *entries = json_array();
    for (int i = 0; i < count; i++)
        json_array_append_new(*entries,
                              json_pack("{s:s, s:s, s:s, s:s, s:I}", "id", all[i].id, "format",
                                        all[i].format, "file", all[i].file, "sha256", all[i].sha256,
                                        "length", (json_int_t)all[i].length));
    return APR_SUCCESS;
}

apr_status_t aphd_sign_entries(const char *folder, json_t **entries, apr_pool_t *p,
                               aph_error_t *err)
{
    search_t search = {
        .folder = folder, .found = apr_array_make(p, 64, sizeof(found_t)), .err = err, .p = p};
    apr_status_t status = walk(&search, "", 0);
    for (int from = 0; from < search.found->nelts && status == APR_SUCCESS; from += AT_ONCE) {
        int left = search.found->nelts - from;
        status = read_some(&search, from, left < AT_ONCE ? left : AT_ONCE);
    }
    return status == APR_SUCCESS ? list(&search, entries) : status;
}
