/* SPDX-License-Identifier: Apache-2.0 */
/* A tree deeper than DEPTH_MAX is made flat: the folder at that depth is renamed to the top, where
 * the walk finds it again. So neither descriptors nor stack grow with what a container built. */
#include "helper/base/purge.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "helper/base/beneath.h"

#define DEPTH_MAX 64

typedef struct purging_t {
    int top;          /* the folder that is purged */
    unsigned renamed; /* folders brought to the top so far */
    unsigned long long deleted;
    time_t told;      /* when the watch heard of it last */
    const aphd_purge_watch_t *watch; /* or NULL */
    aph_error_t *err;
} purging_t;

static apr_status_t purge_entry(purging_t *purging, int directory, const char *name, int depth);

/* A file or folder marked immutable or append-only cannot be deleted before the mark is gone. A
 * file with a second name keeps it: that name may be of something outside. */
static void clear_marks(int directory, const char *name)
{
    int marks;
    struct stat st;
    int found = aphd_beneath_look(directory, name, &st);
    if (found < 0)
        return;
    int fd = aphd_beneath_is_own(&st) ? aphd_beneath_reopen(found, O_RDONLY) : -1;
    close(found);
    if (fd < 0)
        return;
    if (ioctl(fd, FS_IOC_GETFLAGS, &marks) == 0 && (marks & (FS_IMMUTABLE_FL | FS_APPEND_FL))) {
        marks &= ~(FS_IMMUTABLE_FL | FS_APPEND_FL);
        ioctl(fd, FS_IOC_SETFLAGS, &marks);
    }
    close(fd);
}

static apr_status_t failed(purging_t *purging, const char *name)
{
    int cause = errno;
    if (cause == EXDEV || cause == EBUSY)
        return aph_error_set(purging->err, APH_EBUSY, 1110, "cannot delete %s: a file system is "
                             "mounted there; unmount it and try again", name);
    if (cause == EPERM)
        return aph_error_set(purging->err, APH_EDENIED, 2322,
                             "cannot delete %s: it, or the folder it "
                             "is in, is marked immutable or append-only; take the mark away with "
                             "chattr -i -a and try again",
                             name);
    return aph_error_set(purging->err, APR_FROM_OS_ERROR(cause), 1111, "cannot delete %s: %s", name,
                         strerror(cause));
}

/* One more is gone. Looks at the clock only now and then. */
static apr_status_t count(purging_t *purging)
{
    struct timespec now;
    if (++purging->deleted % 512 != 0 || purging->watch == NULL)
        return APR_SUCCESS;
    clock_gettime(CLOCK_MONOTONIC, &now);
    if (purging->told != 0 && now.tv_sec != purging->told)
        purging->watch->deleted_cb(purging->watch->baton, purging->deleted);
    purging->told = now.tv_sec;
    return APR_SUCCESS;
}

/* Empties the folder fd, which it closes. Entries may be skipped by readdir while others go, so it
 * is read until it is found empty. */
static apr_status_t empty(purging_t *purging, int fd, int depth)
{
    DIR *stream = fdopendir(fd);
    apr_status_t status = APR_SUCCESS;
    struct dirent *entry;
    int seen = 1;
    if (stream == NULL) {
        close(fd);
        return failed(purging, "a folder");
    }
    while (seen && status == APR_SUCCESS) {
        seen = 0;
        rewinddir(stream);
        while (status == APR_SUCCESS && (entry = readdir(stream)) != NULL) {
            if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
                continue;
            seen = 1;
            status = purge_entry(purging, fd, entry->d_name, depth);
        }
    }
    closedir(stream);
    return status;
}

static apr_status_t bring_up(purging_t *purging, int directory, const char *name)
{
    char fresh[48];
    do {
        snprintf(fresh, sizeof fresh, ".apphost-purge-%u", purging->renamed++);
        if (renameat2(directory, name, purging->top, fresh, RENAME_NOREPLACE) == 0)
            return APR_SUCCESS;
    } while (errno == EEXIST);
    return failed(purging, name);
}

static apr_status_t purge_folder(purging_t *purging, int directory, const char *name, int depth)
{
    if (depth == 0)
        return bring_up(purging, directory, name);
    int fd = aphd_beneath_open(directory, name, O_RDONLY | O_DIRECTORY, 0);
    if (fd < 0)
        return failed(purging, name);
    apr_status_t status = empty(purging, fd, depth - 1);
    if (status != APR_SUCCESS || unlinkat(directory, name, AT_REMOVEDIR) == 0)
        return status == APR_SUCCESS ? count(purging) : status;
    if (errno == ENOENT)
        return APR_SUCCESS;
    if (errno == ENOTEMPTY) /* filled again behind us: the caller's loop comes back */
        return APR_SUCCESS;
    clear_marks(directory, name);
    return unlinkat(directory, name, AT_REMOVEDIR) == 0 ? status : failed(purging, name);
}

static apr_status_t purge_entry(purging_t *purging, int directory, const char *name, int depth)
{
    struct stat st;
    if (fstatat(directory, name, &st, AT_SYMLINK_NOFOLLOW) != 0)
        return errno == ENOENT ? APR_SUCCESS : failed(purging, name);
    if (S_ISDIR(st.st_mode)) {
        clear_marks(directory, name);
        return purge_folder(purging, directory, name, depth);
    }
    if (unlinkat(directory, name, 0) == 0 || errno == ENOENT)
        return count(purging);
    if (errno == EPERM && S_ISREG(st.st_mode))
        clear_marks(directory, name);
    return unlinkat(directory, name, 0) == 0 ? APR_SUCCESS : failed(purging, name);
}

static apr_status_t purge(int directory, const char *name, const aphd_purge_watch_t *watch,
                          aph_error_t *err)
{
    purging_t purging = {.top = -1, .watch = watch, .err = err};
    struct stat st;
    if (fstatat(directory, name, &st, AT_SYMLINK_NOFOLLOW) != 0 && errno == ENOENT)
        return fsync(directory) == 0 ? APR_SUCCESS : failed(&purging, name);
    purging.top = aphd_beneath_open(directory, name, O_RDONLY | O_DIRECTORY, 0);
    if (purging.top < 0 && (errno == ENOTDIR || errno == ELOOP))
        return purge_entry(&purging, directory, name, 0);
    if (purging.top < 0)
        return failed(&purging, name);
    int again = fcntl(purging.top, F_DUPFD_CLOEXEC, 3);
    apr_status_t status = again >= 0 ? empty(&purging, again, DEPTH_MAX) : failed(&purging, name);
    close(purging.top);
    if (status == APR_SUCCESS && unlinkat(directory, name, AT_REMOVEDIR) != 0 && errno != ENOENT)
        status = failed(&purging, name);
    /* What was promised to be gone does not come back after a loss of power. */
    if (status == APR_SUCCESS && fsync(directory) != 0)
        status = failed(&purging, name);
    return status;
}

apr_status_t aphd_purge(int directory, const char *name, aph_error_t *err)
{
    return purge(directory, name, NULL, err);
}

apr_status_t aphd_purge_path(const char *path, aph_error_t *err)
{
    return aphd_purge_watched(path, NULL, err);
}

apr_status_t aphd_purge_watched(const char *path, const aphd_purge_watch_t *watch,
                                aph_error_t *err)
{
    char parent[512];
    const char *slash = strrchr(path, '/');
    snprintf(parent, sizeof parent, "%.*s", (int)(slash != NULL ? slash - path : 0), path);
    int fd = open(slash == path ? "/" : parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 && errno == ENOENT)
        return APR_SUCCESS;
    if (slash == NULL || fd < 0)
        return aph_error_set(err, APR_FROM_OS_ERROR(errno), 1112, "cannot open the folder of %s",
                             path);
    apr_status_t status = purge(fd, slash + 1, watch, err);
    close(fd);
    return status;
}
