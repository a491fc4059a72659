/* SPDX-License-Identifier: Apache-2.0 */
#include "helper/job/folders.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/file_replace.h"
#include "helper/base/beneath.h"
#include "helper/base/purge.h"

#define DEPTH_MAX 64

static apr_status_t cannot(const aphd_folders_t *folders, const char *what, const char *relative,
                           aph_error_t *err)
{
    int cause = errno;
    if (cause == ENOSPC || cause == EDQUOT)
        return aph_error_set(err, APH_ENOSPACE, 1100, "cannot %s %s/%s: the disk is full; free "
                             "some space and try again", what, folders->path, relative);
    if (cause == EXDEV)
        return aph_error_set(err, APH_EDENIED, 2320, "cannot %s %s/%s: another file system is mounted "
                             "in that path, and an app's folder is not left; unmount it", what,
                             folders->path, relative);
    if (cause == ELOOP)
        return aph_error_set(err, APH_EDENIED, 1101, "cannot %s %s/%s: there is a symbolic link in "
                             "that path, and links in an app's folder are not followed; remove it",
                             what, folders->path, relative);
    return aph_error_set(err, APR_FROM_OS_ERROR(cause), 1102, "cannot %s %s/%s: %s", what,
                         folders->path, relative, strerror(cause));
}

/* Makes one folder, 0755 whatever the umask: containers run as users of their own. EEXIST counts as
 * failed; it may have been made by a job that was killed, so it is synced all the same. */
static int make_folder(int directory, const char *name)
{
    int rc = mkdirat(directory, name, 0755);
    if (rc != 0 && errno == EEXIST && fsync(directory) == 0)
        errno = EEXIST;
    if (rc != 0)
        return -1;
    int made = aphd_beneath_open(directory, name, O_RDONLY | O_DIRECTORY, 0);
    if (made < 0)
        return -1;
    if (fchmod(made, 0755) != 0 || fsync(made) != 0 || fsync(directory) != 0)
        rc = -1;
    int cause = errno;
    close(made);
    errno = cause;
    return rc;
}

apr_status_t aphd_folders_open(aphd_folders_t *folders, const char *path, int make,
                               aph_error_t *err)
{
    folders->path = path;
    folders->fd = -1;
    int made = make && mkdir(path, 0755) == 0;
    if (make && !made && errno != EEXIST)
        return cannot(folders, "make the folder", "", err);
    folders->fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (folders->fd < 0 && errno == ENOENT && !make)
        return APR_ENOENT;
    if (folders->fd < 0 || (made && fchmod(folders->fd, 0755) != 0))
        return cannot(folders, "open", "", err);
    return make ? aph_name_sync(path, err) : APR_SUCCESS;
}

void aphd_folders_close(aphd_folders_t *folders)
{
    if (folders->fd >= 0)
        close(folders->fd);
    folders->fd = -1;
}

/* Walks to the folder that holds relative's last component, which *last receives (a pointer into
 * relative). With make, what is missing is created. Returns its descriptor, or -1 with errno; *at
 * is how many octets of relative lie before the component the walk ended at. */
static int walk(const aphd_folders_t *folders, const char *relative, int make, const char **last,
                size_t *at)
{
    char name[256];
    const char *here = relative;
    int fd = fcntl(folders->fd, F_DUPFD_CLOEXEC, 3);
    errno = EINVAL;
    if (fd < 0 || !aphd_beneath_valid(relative)) {
        if (fd >= 0)
            close(fd);
        errno = EINVAL;
        return -1;
    }
    for (const char *slash; (slash = strchr(here, '/')) != NULL; here = slash + 1) {
        *at = (size_t)(slash - relative);
        snprintf(name, sizeof name, "%.*s", (int)(slash - here), here);
        if (make && make_folder(fd, name) != 0 && errno != EEXIST)
            break;
        int inner = aphd_beneath_open(fd, name, O_RDONLY | O_DIRECTORY, 0);
        if (inner < 0)
            break;
        close(fd);
        fd = inner;
    }
    *last = here;
    if (strchr(here, '/') == NULL)
        return fd;
    int cause = errno;
    close(fd);
    errno = cause;
    return -1;
}

apr_status_t aphd_folders_missing(const aphd_folders_t *folders, const char *relative,
                                  char **missing, aph_error_t *err)
{
    const char *last;
    size_t at = 0;
    struct stat st;
    *missing = NULL;
    int fd = walk(folders, relative, 0, &last, &at);
    if (fd < 0 && errno == ENOENT)
        *missing = strndup(relative, at);
    else if (fd < 0)
        return cannot(folders, "look at", relative, err);
    else if (fstatat(fd, last, &st, AT_SYMLINK_NOFOLLOW) != 0 && errno == ENOENT)
        *missing = strdup(relative);
    if (fd >= 0)
        close(fd);
    return APR_SUCCESS;
}

apr_status_t aphd_folders_make(const aphd_folders_t *folders, const char *relative,
                               aph_error_t *err)
{
    const char *last;
    size_t at;
    struct stat st;
    int fd = walk(folders, relative, 1, &last, &at);
    if (fd < 0)
        return cannot(folders, "make the folder", relative, err);
    apr_status_t status = APR_SUCCESS;
    if (make_folder(fd, last) != 0
        && (errno != EEXIST || fstatat(fd, last, &st, AT_SYMLINK_NOFOLLOW) != 0))
        status = cannot(folders, "make the folder", relative, err);
    else if (fstatat(fd, last, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(st.st_mode)) {
        errno = ELOOP;
        status = cannot(folders, "use", relative, err);
    }
    close(fd);
    return status;
}

static int write_all(int fd, const char *text)
{
    for (size_t left = strlen(text); left > 0;) {
        ssize_t wrote = write(fd, text, left);
        if (wrote < 0 && errno != EINTR)
            return -1;
        if (wrote > 0) {
            text += wrote;
            left -= (size_t)wrote;
        }
    }
    return 0;
}

/* What came to be there meanwhile stays: then *kept is set. */
static int give_name(int directory, const char *temporary, const char *name, int *kept)
{
    if (renameat2(directory, temporary, directory, name, RENAME_NOREPLACE) == 0)
        return 0;
    if (errno == EINVAL) /* a file system that cannot tell */
        return renameat(directory, temporary, directory, name);
    *kept = errno == EEXIST;
    return *kept ? 0 : -1;
}

apr_status_t aphd_folders_place(const aphd_folders_t *folders, const char *relative,
                                const char *text, int *kept, aph_error_t *err)
{
    static const char temporary[] = ".apphost-new";
    const char *last;
    size_t at;
    struct stat st;
    int fd = walk(folders, relative, 1, &last, &at);
    if (fd < 0)
        return cannot(folders, "write", relative, err);
    *kept = fstatat(fd, last, &st, AT_SYMLINK_NOFOLLOW) == 0;
    apr_status_t status = APR_SUCCESS;
    if (!*kept) {
        unlinkat(fd, temporary, 0); /* of an install that was killed */
        int file = aphd_beneath_open(fd, temporary, O_WRONLY | O_CREAT | O_EXCL, 0644);
        if (file < 0 || write_all(file, text) != 0 || fchmod(file, 0644) != 0
            || fsync(file) != 0 || give_name(fd, temporary, last, kept) != 0 || fsync(fd) != 0)
            status = cannot(folders, "write", relative, err);
        if (file >= 0)
            close(file);
        if (status != APR_SUCCESS || *kept)
            unlinkat(fd, temporary, 0);
    }
    close(fd);
    return status;
}

/* Nonzero where the file holds these octets to its end; -1 with errno. */
static int holds(int fd, const char *text, size_t length)
{
    char part[4096];
    size_t at = 0;
    for (;;) {
        ssize_t got = read(fd, part, sizeof part);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return got < 0 ? -1 : at == length;
        if ((size_t)got > length - at || memcmp(part, text + at, (size_t)got) != 0)
            return 0;
        at += (size_t)got;
    }
}

apr_status_t aphd_folders_compare(const aphd_folders_t *folders, const char *relative,
                                  const char *text, aphd_found_t *found, aph_error_t *err)
{
    const char *last;
    size_t at = 0;
    struct stat st;
    int fd = walk(folders, relative, 0, &last, &at), same = 0;
    *found = APHD_FOUND_NOTHING;
    if (fd < 0)
        return errno == ENOENT ? APR_SUCCESS : cannot(folders, "look at", relative, err);
    int file = aphd_beneath_look(fd, last, &st);
    int missing = file < 0 && errno == ENOENT;
    if (file >= 0 && S_ISREG(st.st_mode) && aphd_beneath_is_own(&st)
        && (size_t)st.st_size == strlen(text)) {
        int content = aphd_beneath_reopen(file, O_RDONLY);
        same = content >= 0 ? holds(content, text, strlen(text)) : -1;
        if (content >= 0)
            close(content);
    }
    apr_status_t status = same < 0 ? cannot(folders, "read", relative, err) : APR_SUCCESS;
    if (!missing)
        *found = same > 0 ? APHD_FOUND_SAME : APHD_FOUND_OTHER;
    if (file >= 0)
        close(file);
    close(fd);
    return status;
}

static int set_modes_below(int folder, mode_t mode, int depth);

/* What is no longer there, a link, or not the app's own alone is left as it is: between the listing
 * and here somebody may have put anything in its place. -1 with errno. */
static int set_mode_of_entry(int directory, const char *name, mode_t mode, int depth)
{
    struct stat st;
    int fd = aphd_beneath_look(directory, name, &st);
    if (fd < 0)
        return errno == ENOENT || errno == ELOOP ? 0 : -1;
    int rc = 0;
    if (aphd_beneath_is_own(&st))
        rc = aphd_beneath_chmod(fd, mode);
    if (rc == 0 && S_ISDIR(st.st_mode) && depth > 0)
        rc = set_modes_below(fd, mode, depth - 1);
    close(fd);
    return rc;
}

/* Everything below folder that may be changed. The recursion is bounded by depth, and so are the
 * descriptors. -1 with errno. */
static int set_modes_below(int folder, mode_t mode, int depth)
{
    int again = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *stream = again >= 0 ? fdopendir(again) : NULL;
    const struct dirent *entry;
    int rc = 0;
    if (stream == NULL)
        return -1;
    while (rc == 0 && (entry = readdir(stream)) != NULL)
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            rc = set_mode_of_entry(again, entry->d_name, mode, depth);
    int cause = errno;
    closedir(stream);
    errno = cause;
    return rc;
}

/* One file's mode, or, where there may be a million, all the file system holds back. -1 with errno. */
static int sync_modes(int directory, int file, int recursive)
{
    if (recursive)
        return syncfs(directory);
    int fd = aphd_beneath_reopen(file, O_RDONLY);
    if (fd < 0)
        return -1;
    int rc = fsync(fd), cause = errno;
    close(fd);
    errno = cause;
    return rc;
}

apr_status_t aphd_folders_set_mode(const aphd_folders_t *folders, const char *relative, mode_t mode,
                                   int recursive, aph_error_t *err)
{
    const char *last;
    size_t at;
    struct stat st;
    int fd = walk(folders, relative, 0, &last, &at);
    if (fd < 0)
        return cannot(folders, "change the mode of", relative, err);
    int file = aphd_beneath_look(fd, last, &st);
    apr_status_t status = APR_SUCCESS;
    if (file < 0)
        status = cannot(folders, "change the mode of", relative, err);
    else if (!aphd_beneath_is_own(&st))
        status = aph_error_set(err, APH_EDENIED, 1103, "%s/%s is not a plain file of its own; its "
                               "mode is not changed", folders->path, relative);
    else if (aphd_beneath_chmod(file, mode & 0777) != 0
             || (recursive && S_ISDIR(st.st_mode)
                 && set_modes_below(file, mode & 0777, DEPTH_MAX) != 0)
             || sync_modes(fd, file, recursive) != 0)
        status = cannot(folders, "change the mode of", relative, err);
    if (file >= 0)
        close(file);
    close(fd);
    return status;
}

apr_status_t aphd_folders_give(const aphd_folders_t *folders, const char *relative, uid_t uid,
                               gid_t gid, aph_error_t *err)
{
    const char *last;
    size_t at;
    struct stat st;
    int fd = walk(folders, relative, 0, &last, &at);
    if (fd < 0)
        return cannot(folders, "give away", relative, err);
    int folder = aphd_beneath_open(fd, last, O_RDONLY | O_DIRECTORY, 0);
    apr_status_t status = APR_SUCCESS;
    if ((folder < 0 && errno != ENOTDIR) || (folder >= 0 && fstat(folder, &st) != 0))
        status = cannot(folders, "give away", relative, err);
    else if (folder >= 0 && st.st_uid == geteuid() && fchown(folder, uid, gid) != 0)
        status = cannot(folders, "give away", relative, err);
    else if (folder >= 0 && fsync(folder) != 0)
        status = cannot(folders, "give away", relative, err);
    if (folder >= 0)
        close(folder);
    close(fd);
    return status;
}

apr_status_t aphd_folders_remove(const aphd_folders_t *folders, const char *relative,
                                 aph_error_t *err)
{
    const char *last;
    size_t at;
    int fd = walk(folders, relative, 0, &last, &at);
    if (fd < 0)
        return errno == ENOENT ? APR_SUCCESS : cannot(folders, "delete", relative, err);
    apr_status_t status = aphd_purge(fd, last, err);
    close(fd);
    return status;
}

apr_status_t aphd_folders_remove_empty(const aphd_folders_t *folders, const char *relative,
                                       aph_error_t *err)
{
    const char *last;
    size_t at;
    apr_status_t status = APR_SUCCESS;
    int fd = walk(folders, relative, 0, &last, &at);
    if (fd < 0)
        return errno == ENOENT ? APR_SUCCESS : cannot(folders, "delete", relative, err);
    int rc = unlinkat(fd, last, AT_REMOVEDIR);
    if (rc != 0 && errno != ENOENT && errno != ENOTEMPTY && errno != EEXIST)
        status = cannot(folders, "delete", relative, err);
    else if (rc == 0 && fsync(fd) != 0)
        status = cannot(folders, "delete", relative, err);
    close(fd);
    return status;
}

/* What rename cannot replace, a folder for one, goes first. */
static apr_status_t rename_over(const aphd_folders_t *folders, int source, const char *from, int target,
                                const char *to, aph_error_t *err)
{
    if (renameat(source, from, target, to) == 0)
        return APR_SUCCESS;
    if (errno == ENOENT)
        return APR_ENOENT;
    if (errno != EISDIR && errno != ENOTDIR && errno != ENOTEMPTY && errno != EEXIST)
        return cannot(folders, "move", from, err);
    apr_status_t status = aphd_purge(target, to, err);
    if (status == APR_SUCCESS && renameat(source, from, target, to) != 0)
        status = cannot(folders, "move", from, err);
    return status;
}

apr_status_t aphd_folders_move(const aphd_folders_t *folders, const char *from, const char *to,
                               aph_error_t *err)
{
    const char *name, *new_name;
    size_t at;
    struct stat st;
    int source = walk(folders, from, 0, &name, &at);
    if (source < 0)
        return errno == ENOENT ? APR_SUCCESS : cannot(folders, "move", from, err);
    apr_status_t status = APR_SUCCESS;
    int target = -1;
    if (fstatat(source, name, &st, AT_SYMLINK_NOFOLLOW) == 0) {
        target = walk(folders, to, 1, &new_name, &at);
        status = target < 0 ? cannot(folders, "make room for", to, err)
                            : rename_over(folders, source, name, target, new_name, err);
        if (status == APR_SUCCESS && (fsync(target) != 0 || fsync(source) != 0))
            status = cannot(folders, "move", from, err);
    } else if (errno != ENOENT) {
        status = cannot(folders, "move", from, err);
    }
    if (target >= 0)
        close(target);
    close(source);
    return status == APR_ENOENT ? APR_SUCCESS : status;
}

/* Octets below name in directory. The recursion is bounded by depth, and so are the descriptors. */
static json_int_t octets_of(int directory, const char *name, int depth)
{
    struct stat st;
    if (fstatat(directory, name, &st, AT_SYMLINK_NOFOLLOW) != 0)
        return 0;
    json_int_t octets = (json_int_t)st.st_blocks * 512;
    if (!S_ISDIR(st.st_mode) || depth == 0)
        return octets;
    int fd = aphd_beneath_open(directory, name, O_RDONLY | O_DIRECTORY, 0);
    DIR *stream = fd >= 0 ? fdopendir(fd) : NULL;
    struct dirent *entry;
    if (stream == NULL)
        return octets;
    while ((entry = readdir(stream)) != NULL)
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            octets += octets_of(fd, entry->d_name, depth - 1);
    closedir(stream);
    return octets;
}

apr_status_t aphd_folders_sizes(const aphd_folders_t *folders, json_t **sizes, aph_error_t *err)
{
    int fd = openat(folders->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *stream = fd >= 0 ? fdopendir(fd) : NULL;
    struct dirent *entry;
    *sizes = json_array();
    if (stream == NULL)
        return cannot(folders, "list", "", err);
    while ((entry = readdir(stream)) != NULL) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        /* A name that is not UTF-8 has no place in JSON; its octets count all the same. */
        json_t *path = json_sprintf("%s/%s", folders->path, entry->d_name);
        json_array_append_new(*sizes, json_pack("{s:o, s:I}", "path",
                                                path != NULL ? path : json_string(folders->path),
                                                "octets", octets_of(fd, entry->d_name, DEPTH_MAX)));
    }
    closedir(stream);
    return APR_SUCCESS;
}
