/* SPDX-License-Identifier: Apache-2.0 */
/* The daily copy. It runs in a process of its own (apphostd -b), so that the monitor neither waits
 * for it nor keeps its memory; WAL lets the monitor write meanwhile. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "common/file_replace.h"
#include "helper/monitor/store_private.h"

#define COPY_PATTERN_LENGTH 19 /* "apphost-YYYYMMDD.db" */

static int is_copy(const struct dirent *entry)
{
    return strlen(entry->d_name) == COPY_PATTERN_LENGTH
           && strncmp(entry->d_name, "apphost-", 8) == 0
           && strspn(entry->d_name + 8, "0123456789") == 8
           && strcmp(entry->d_name + 16, ".db") == 0;
}

/* What a copy that was cut off left behind. */
static int is_part(const struct dirent *entry)
{
    size_t length = strlen(entry->d_name);
    return strncmp(entry->d_name, "apphost-", 8) == 0 && length > 5
           && strcmp(entry->d_name + length - 5, ".part") == 0;
}

/* Removes the entries that filter picks, but for the last keep of them by name; names sort by
 * date. */
static apr_status_t prune(const char *directory, int (*filter)(const struct dirent *), int keep,
                          aph_error_t *err)
{
    struct dirent **entries = NULL;
    int count = scandir(directory, &entries, filter, alphasort);
    if (count < 0)
        return aph_error_set(err, APR_FROM_OS_ERROR(errno), 790, "%s cannot be listed: %s",
                             directory, strerror(errno));
    int dir = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    for (int i = 0; i < count; i++) {
        if (dir >= 0 && i < count - keep)
            unlinkat(dir, entries[i]->d_name, 0);
        free(entries[i]);
    }
    free(entries);
    if (dir >= 0)
        close(dir);
    return APR_SUCCESS;
}

static apr_status_t vacuum_into(const char *path, const char *part, aph_error_t *err)
{
    sqlite3 *db = NULL;
    char *sql = sqlite3_mprintf("VACUUM INTO %Q", part);
    apr_status_t status = APR_SUCCESS;
    if (sql == NULL || sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL) != SQLITE_OK
        || sqlite3_busy_timeout(db, 10000) != SQLITE_OK
        || sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
        status = aph_error_set(err, APH_EINTERNAL, 791, "%s cannot be copied to %s: %s", path, part,
                               db != NULL ? sqlite3_errmsg(db) : "no memory");
    sqlite3_free(sql);
    sqlite3_close(db);
    return status;
}

apr_status_t aphd_store_settle_copy(const char *part, const char *whole, aph_error_t *err)
{
    int fd = open(part, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
    int failed = fd < 0 || fchmod(fd, 0600) != 0 || fsync(fd) != 0 || rename(part, whole) != 0;
    int cause = errno;
    if (fd >= 0)
        close(fd);
    if (failed)
        return aph_error_set(err, APR_FROM_OS_ERROR(cause), 795, "%s cannot be put in place: %s",
                             whole, strerror(cause));
    return aph_name_sync(whole, err);
}

apr_status_t aphd_store_copy(const char *path, const char *directory, int64_t now,
                             aph_error_t *err)
{
    char whole[4096];
    char part[4096 + 8];
    char day[16];
    struct tm broken;
    time_t seconds = (time_t)now;
    if (gmtime_r(&seconds, &broken) == NULL || strftime(day, sizeof day, "%Y%m%d", &broken) != 8)
        return aph_error_set(err, APH_EINTERNAL, 792, "the clock cannot be read as a date");
    if (mkdir(directory, 0700) != 0 && errno != EEXIST)
        return aph_error_set(err, APR_FROM_OS_ERROR(errno), 793, "%s cannot be made: %s", directory,
                             strerror(errno));
    if (snprintf(whole, sizeof whole, "%s/apphost-%s.db", directory, day) >= (int)sizeof whole)
        return aph_error_set(err, APH_ECONFIG, 794, "%s: the path is too long", directory);
    if (access(whole, F_OK) == 0)
        return APR_SUCCESS;
    snprintf(part, sizeof part, "%s.part", whole);
    apr_status_t status = prune(directory, is_part, 0, err);
    if (status == APR_SUCCESS)
        status = vacuum_into(path, part, err);
    if (status == APR_SUCCESS)
        status = aphd_store_settle_copy(part, whole, err);
    if (status != APR_SUCCESS)
        unlink(part);
    return status == APR_SUCCESS ? prune(directory, is_copy, APHD_COPIES_KEPT, err) : status;
}
