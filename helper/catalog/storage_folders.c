/* SPDX-License-Identifier: Apache-2.0 */
#include "helper/catalog/storage_folders.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "helper/base/beneath.h"
#include "helper/catalog/storage_place.h"

static const char *path_of(const json_t *location)
{
    return json_string_value(json_object_get(location, "path"));
}

/* up_to: the part of folder that was reached. */
static apr_status_t cannot(const json_t *location, const char *folder, size_t up_to,
                           aph_error_t *err)
{
    int cause = errno;
    char at[1100];
    snprintf(at, sizeof at, "%s/%.*s", path_of(location), (int)up_to, folder);
    if (cause == ELOOP)
        return aph_error_set(err, APH_EDENIED, 2678,
                             "%s is a link, and an app is not led by links in "
                             "a storage location, which others may plant there; put the folder "
                             "itself in its place",
                             at);
    if (cause == EXDEV)
        return aph_error_set(
            err, APH_EDENIED, 2679,
            "another file system is mounted at %s; add it as "
            "a storage location of its own (apphostctl storage add), or unmount it",
            at);
    if (cause == ENOTDIR)
        return aph_error_set(err, APH_EDENIED, 2680, "%s is not a folder; choose another one", at);
    if (cause == EAGAIN)
        return aph_error_set(err, APH_EBUSY, 2682, "%s was replaced while it was made; look who "
                             "writes there, and try again", at);
    int full = cause == ENOSPC || cause == EDQUOT;
    return aph_error_set(err, full ? APH_ENOSPACE : APR_FROM_OS_ERROR(cause), 2683,
                         "cannot open or make %s: %s%s", at, strerror(cause),
                         cause == EROFS ? "; make it yourself, and try again" : "");
}

/* The length of folder's first part or parts up to the next slash after at. */
static size_t next_part(const char *folder, size_t at, char name[256])
{
    size_t begin = at + (folder[at] == '/'), size = strcspn(folder + begin, "/");
    snprintf(name, 256, "%.*s", (int)size, folder + begin);
    return begin + size;
}

static json_int_t free_on(int fd)
{
    struct statvfs disk;
    char path[48];
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    return statvfs(path, &disk) == 0 ? (json_int_t)disk.f_bavail * (json_int_t)disk.f_frsize : -1;
}

apr_status_t aphd_storage_look(const json_t *location, const char *folder,
                               aphd_storage_folder_t *seen, aph_error_t *err)
{
    char name[256];
    size_t at = 0, end = 0;
    int fd;
    *seen = (aphd_storage_folder_t){.free = -1};
    apr_status_t status = aphd_location_open(location, &fd, err);
    if (status != APR_SUCCESS)
        return status;
    while (status == APR_SUCCESS && folder[at] != '\0' && seen->missing == NULL) {
        end = next_part(folder, at, name);
        int inner = aphd_beneath_open(fd, name, O_PATH | O_DIRECTORY, 0);
        if (inner >= 0) {
            close(fd);
            fd = inner;
        } else if (errno == ENOENT) {
            seen->missing = strndup(folder, end);
        } else {
            status = cannot(location, folder, end, err);
        }
        at = end;
    }
    seen->there = seen->missing == NULL;
    if (status == APR_SUCCESS && fstat(fd, &seen->st) != 0)
        status = cannot(location, folder, end, err);
    if (status == APR_SUCCESS)
        seen->free = free_on(fd);
    close(fd);
    return status;
}

void aphd_storage_folder_clear(aphd_storage_folder_t *seen)
{
    free(seen->missing);
    seen->missing = NULL;
}

/* Nonzero where nobody has put anything into the folder that is root's: it is the one that was just
 * made, or one nobody can tell from it. */
static int is_fresh(int fd)
{
    struct stat st;
    int again = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *stream = again >= 0 ? fdopendir(again) : NULL;
    const struct dirent *entry;
    int fresh = stream != NULL && fstat(fd, &st) == 0 && st.st_uid == geteuid();
    while (fresh && (entry = readdir(stream)) != NULL)
        fresh = strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0;
    if (stream != NULL)
        closedir(stream);
    return fresh;
}

/* Opens name in *fd, which is replaced, and makes it where it is missing. owner: NULL, or whose a
 * new one becomes. -1 with errno. */
static int enter(int *fd, const char *name, const aphd_storage_owner_t *owner)
{
    int made = mkdirat(*fd, name, 0755) == 0;
    if (!made && errno != EEXIST)
        return -1;
    int inner = aphd_beneath_open(*fd, name, O_RDONLY | O_DIRECTORY, 0);
    if (inner < 0)
        return -1;
    close(*fd);
    *fd = inner;
    if (made && !is_fresh(inner)) {
        errno = EAGAIN;
        return -1;
    }
    if (made && (fchmod(inner, 0755) != 0
                 || (owner != NULL && fchown(inner, owner->uid, owner->gid) != 0)))
        return -1;
    return 0;
}

apr_status_t aphd_storage_make(const json_t *location, const char *folder,
                               const aphd_storage_owner_t *owner, aph_error_t *err)
{
    char name[256];
    size_t at = 0;
    int place;
    apr_status_t status = aphd_location_open(location, &place, err);
    if (status != APR_SUCCESS)
        return status;
    int fd = aphd_beneath_reopen(place, O_RDONLY | O_DIRECTORY);
    if (fd < 0)
        status = cannot(location, folder, 0, err);
    while (status == APR_SUCCESS && folder[at] != '\0') {
        at = next_part(folder, at, name);
        if (enter(&fd, name, folder[at] == '\0' ? owner : NULL) != 0)
            status = cannot(location, folder, at, err);
    }
    if (fd >= 0)
        close(fd);
    close(place);
    return status;
}

/* Removes the folder of that length if it is empty; -1 where it is not, or not there. */
static int remove_empty(int place, const char *folder, size_t length)
{
    char name[256];
    size_t at = 0;
    int fd = aphd_beneath_reopen(place, O_RDONLY | O_DIRECTORY), rc = -1;
    while (fd >= 0) {
        size_t end = next_part(folder, at, name);
        if (end >= length) {
            rc = unlinkat(fd, name, AT_REMOVEDIR);
            break;
        }
        int inner = aphd_beneath_open(fd, name, O_RDONLY | O_DIRECTORY, 0);
        close(fd);
        fd = inner;
        at = end;
    }
    if (fd >= 0)
        close(fd);
    return rc;
}

void aphd_storage_unmake(const json_t *location, const char *folder, const char *missing)
{
    aph_error_t unheard = APH_ERROR_INIT;
    size_t least = strlen(missing), length = strlen(folder);
    int place;
    if (length < least || strncmp(folder, missing, least) != 0
        || aphd_location_open(location, &place, &unheard) != APR_SUCCESS)
        return;
    while (length >= least && remove_empty(place, folder, length) == 0)
        while (length > 0 && folder[--length] != '/')
            ;
    close(place);
}
