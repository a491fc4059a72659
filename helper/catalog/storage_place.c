/* SPDX-License-Identifier: Apache-2.0 */
#include "helper/catalog/storage_place.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "common/utf8.h"

#define PATH_LONGEST 512 /* with an answer behind it still a path every program takes */

/* --- the path as text --- */

static int is_below(const char *path, const char *folder)
{
    size_t length = strlen(folder);
    if (strcmp(folder, "/") == 0)
        return 1;
    return strncmp(path, folder, length) == 0 && (path[length] == '/' || path[length] == '\0');
}

/* No part that is empty, "." or "..", and no character with which compose or a person reads another
 * path. */
static int is_clean(const char *path)
{
    size_t length = strlen(path);
    if (path[0] != '/' || length > PATH_LONGEST || (length > 1 && path[length - 1] == '/'))
        return 0;
    for (size_t at = 0, step; at < length; at += step) {
        unsigned long point = 0;
        step = aph_utf8_decode(path + at, length - at, &point);
        if (step == 0 || point < 0x20 || (point >= 0x7F && point <= 0xA0)
            || (point >= 0x200B && point <= 0x202E)
            || (point < 0x80 && strchr(":\\,$\"`;|<>*?", (int)point) != NULL))
            return 0;
    }
    for (const char *part = path; *part == '/' && length > 1;) {
        size_t size = strcspn(++part, "/");
        if (size == 0 || size > 255 || (size == 1 && part[0] == '.')
            || (size == 2 && part[0] == '.' && part[1] == '.'))
            return 0;
        part += size;
    }
    return 1;
}

/* These and all below them belong to the system; of the second list only the folders themselves
 * do. */
static const char *const system_trees[] = {
    "/bin",     "/boot",     "/dev",         "/etc",       "/lib",     "/lib32",
    "/lib64",   "/libx32",   "/proc",        "/root",      "/run",     "/sbin",
    "/sys",     "/usr",      "/var/backups", "/var/cache", "/var/lib", "/var/lock",
    "/var/log", "/var/mail", "/var/run",     "/var/spool", NULL};
static const char *const system_folders[] = {"/",    "/home",    "/opt", "/tmp",
                                             "/var", "/var/tmp", NULL};

static apr_status_t judge_text(const char *path, aph_error_t *err)
{
    if (!is_clean(path))
        return aph_error_set(err, APH_EUSAGE, 2664, "%.200s is not the path of a storage location: "
                             "give an absolute path without . or .. in it, without a slash at its "
                             "end, and with plain characters", path);
    const char *system = NULL;
    for (const char *const *folder = system_folders; *folder != NULL; folder++)
        if (strcmp(path, *folder) == 0)
            system = *folder;
    for (const char *const *tree = system_trees; *tree != NULL; tree++)
        if (is_below(path, *tree))
            system = *tree;
    if (system == NULL)
        return APR_SUCCESS;
    return aph_error_set(err, APH_EDENIED, 2669,
                         "%s belongs to the system, as %s does, and an app that "
                         "writes there could have the machine; choose a folder of data, as "
                         "/srv/media",
                         path, system);
}

static apr_status_t judge_own(const char *path, const char *own, aph_error_t *err)
{
    if (!is_below(path, own) && !is_below(own, path))
        return APR_SUCCESS;
    return aph_error_set(err, APH_EDENIED, 2671, "%s %s %s, which apphost or the container engine "
                         "works with; choose a folder of data beside it", path,
                         is_below(path, own) ? "lies in" : "holds", own);
}

static apr_status_t judge_others(const char *path, const aphd_location_rules_t *rules,
                                 aph_error_t *err)
{
    size_t i;
    json_t *other;
    json_array_foreach((json_t *)rules->others, i, other) {
        const char *name = json_string_value(json_object_get(other, "name"));
        const char *there = json_string_value(json_object_get(other, "path"));
        if (name == NULL || there == NULL || strcmp(name, rules->name) == 0
            || (!is_below(path, there) && !is_below(there, path)))
            continue;
        return aph_error_set(
            err, APH_EDENIED, 2672,
            "%s %s the storage location %s (%s); name a "
            "folder in it when an app asks, as %s/FOLDER, or remove that one first",
            path,
            strcmp(path, there) == 0 ? "is"
            : is_below(path, there)  ? "lies in"
                                     : "holds",
            name, there, name);
    }
    return APR_SUCCESS;
}

apr_status_t aphd_location_judge(const char *path, const aphd_location_rules_t *rules,
                                 aph_error_t *err)
{
    int fd = -1;
    apr_status_t status = judge_text(path, err);
    for (const char *const *own = rules->own; status == APR_SUCCESS && *own != NULL; own++) {
        char *real = realpath(*own, NULL); /* it may be a link to where it is */
        status = judge_own(path, *own, err);
        if (status == APR_SUCCESS && real != NULL)
            status = judge_own(path, real, err);
        free(real);
    }
    if (status == APR_SUCCESS)
        status = judge_others(path, rules, err);
    if (status == APR_SUCCESS)
        status = aphd_location_walk(path, &fd, err);
    if (fd >= 0)
        close(fd);
    return status;
}

/* --- the way to it --- */

static apr_status_t cannot_open(const char *path, const char *here, aph_error_t *err)
{
    int cause = errno;
    if (cause == ENOENT)
        return aph_error_set(err, APH_ENOTFOUND, 2665,
                             "there is no folder %s; make it (mkdir -p), or "
                             "mount the disk it is on",
                             here);
    return aph_error_set(err, cause == ENOTDIR ? APH_EDENIED : APR_FROM_OS_ERROR(cause), 2666,
                         "cannot open %s as the folder it is to be on the way to %s: %s", here,
                         path, cause == ENOTDIR ? "it is not a folder" : strerror(cause));
}

static apr_status_t is_link(const char *path, const char *here, aph_error_t *err)
{
    char *real = realpath(path, NULL);
    apr_status_t status = aph_error_set(err, APH_EDENIED, 2668, "%s is a link, and links can be "
                                        "turned elsewhere; name the folder itself%s%.500s", here,
                                        real != NULL ? ": " : "", real != NULL ? real : "");
    free(real);
    return status;
}

/* Who may write a folder may replace what is in it; where it is sticky, only what is his own. */
static apr_status_t judge_parent(const char *path, const char *here, const struct stat *parent,
                                 const struct stat *child, aph_error_t *err)
{
    int others_write = (parent->st_mode & (S_IWGRP | S_IWOTH)) != 0;
    int held = (parent->st_mode & S_ISVTX) != 0 && child->st_uid == 0;
    if (parent->st_uid == 0 && (!others_write || held))
        return APR_SUCCESS;
    if (parent->st_uid != 0)
        return aph_error_set(
            err, APH_EDENIED, 2673,
            "%s is in %s, which belongs to user %lu, who could "
            "put something else in its place; choose a folder all of whose parents "
            "are root's",
            path, here, (unsigned long)parent->st_uid);
    return aph_error_set(
        err, APH_EDENIED, 2674,
        "%s is in %s, which others than root may write (mode "
        "%04o), and who may could put something else in its place; take that right "
        "away, or choose another folder",
        path, here, (unsigned)parent->st_mode & 07777);
}

/* One step down; *fd is replaced. here is the path so far, with the step. */
static apr_status_t step_down(const char *path, const char *name, const char *here, int *fd,
                              aph_error_t *err)
{
    char above[PATH_LONGEST + 2];
    struct stat parent, child;
    int next = openat(*fd, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    if (next < 0)
        return cannot_open(path, here, err);
    apr_status_t status = APR_SUCCESS;
    if (fstat(*fd, &parent) != 0 || fstat(next, &child) != 0)
        status = cannot_open(path, here, err);
    else if (S_ISLNK(child.st_mode))
        status = is_link(path, here, err);
    else if (!S_ISDIR(child.st_mode)) {
        errno = ENOTDIR;
        status = cannot_open(path, here, err);
    } else {
        snprintf(above, sizeof above, "%s", here);
        char *slash = strrchr(above, '/');
        slash[slash == above] = '\0';
        status = judge_parent(path, above, &parent, &child, err);
    }
    close(*fd);
    *fd = next;
    return status;
}

apr_status_t aphd_location_walk(const char *path, int *fd, aph_error_t *err)
{
    char here[PATH_LONGEST + 2], name[256];
    apr_status_t status = APR_SUCCESS;
    *fd = -1;
    if (!is_clean(path) || path[1] == '\0')
        return judge_text(path, err);
    int at = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (at < 0)
        return cannot_open(path, "/", err);
    for (const char *part = path; status == APR_SUCCESS && *part == '/';) {
        size_t size = strcspn(++part, "/");
        snprintf(name, sizeof name, "%.*s", (int)size, part);
        part += size;
        snprintf(here, sizeof here, "%.*s", (int)(part - path), path);
        status = step_down(path, name, here, &at, err);
    }
    if (status != APR_SUCCESS) {
        close(at);
        return status;
    }
    *fd = at;
    return APR_SUCCESS;
}

/* --- known again --- */

static int on_system_disk(const struct stat *st)
{
    struct stat root;
    return stat("/", &root) == 0 && root.st_dev == st->st_dev;
}

/* What tells one folder from another on any disk. born: when the folder was made, in nanoseconds, which of
 * the root of a file system is when that was made; 0: not recorded. */
typedef struct identity_t {
    unsigned long long device, inode, file_system, born;
    char disk[8]; /* "system" or "apart" */
} identity_t;

static int identify(int fd, identity_t *identity)
{
    struct stat st;
    struct statfs fs;
    struct statx times;
    unsigned parts[2];
    if (fstat(fd, &st) != 0 || fstatfs(fd, &fs) != 0)
        return 0;
    memcpy(parts, &fs.f_fsid, sizeof parts);
    identity->device = st.st_dev;
    identity->inode = st.st_ino;
    identity->file_system = (unsigned long long)parts[0] << 32 | parts[1];
    identity->born = 0;
    if (statx(fd, "", AT_EMPTY_PATH, STATX_BTIME, &times) == 0 && (times.stx_mask & STATX_BTIME) != 0)
        identity->born =
            (unsigned long long)times.stx_btime.tv_sec * 1000000000u + times.stx_btime.tv_nsec;
    snprintf(identity->disk, sizeof identity->disk, "%s", on_system_disk(&st) ? "system" : "apart");
    return 1;
}

char *aphd_location_mark(int fd)
{
    identity_t is;
    char *mark = NULL;
    if (!identify(fd, &is)
        || asprintf(&mark, "%llu:%llu:%s:%llx:%llu", is.device, is.inode, is.disk, is.file_system,
                    is.born) < 0)
        return NULL;
    return mark;
}

/* The time a folder was made outlives a boot and a change of cable. Where it is not recorded, a file
 * system's own number does for most kinds. Where there is none either (some of the network), the inode
 * has to do: numbers of devices are given anew at each boot, and an app that does not start then is
 * worse than another disk somebody put in the same place. */
int aphd_location_is(int fd, const char *mark)
{
    identity_t was = {.born = 0}, is;
    int known = sscanf(mark, "%llu:%llu:%7[a-z]:%llx:%llu", &was.device, &was.inode, was.disk,
                       &was.file_system, &was.born);
    if (known < 3 || !identify(fd, &is) || was.inode != is.inode
        || (strcmp(was.disk, is.disk) != 0 && was.device != is.device))
        return 0;
    if (was.born != 0 && is.born != 0)
        return was.born == is.born;
    if (was.file_system != 0 && is.file_system != 0)
        return was.file_system == is.file_system;
    return 1;
}

apr_status_t aphd_location_open(const json_t *location, int *fd, aph_error_t *err)
{
    const char *name = json_string_value(json_object_get(location, "name"));
    const char *path = json_string_value(json_object_get(location, "path"));
    const char *mark = json_string_value(json_object_get(location, "mark"));
    *fd = -1;
    if (name == NULL || path == NULL || mark == NULL)
        return aph_error_set(err, APH_EINTERNAL, 2675, "a storage location has no name or path");
    apr_status_t status = aphd_location_walk(path, fd, err);
    if (status != APR_SUCCESS) {
        aph_error_wrap(err, "the storage location %.63s", name);
        return status;
    }
    if (aphd_location_is(*fd, mark))
        return APR_SUCCESS;
    close(*fd);
    *fd = -1;
    return aph_error_set(
        err, APH_EDENIED, 2676,
        "the storage location %s (%s) is not the folder that "
        "was added: its disk seems not to be mounted; mount it. If it was replaced "
        "on purpose, say so: apphostctl storage add %s %s",
        name, path, name, path);
}
