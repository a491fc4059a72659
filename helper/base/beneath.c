/* SPDX-License-Identifier: Apache-2.0 */
#include "helper/base/beneath.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static int is_one_component(const char *name)
{
    return name[0] != '\0' && strchr(name, '/') == NULL && strcmp(name, ".") != 0
        && strcmp(name, "..") != 0;
}

/* A link where a folder is wanted is "not a directory" to the kernel; to a person it is a link. */
static int failed(int directory, const char *name)
{
    int cause = errno;
    struct stat st;
    if (cause == ENOTDIR && fstatat(directory, name, &st, AT_SYMLINK_NOFOLLOW) == 0
        && S_ISLNK(st.st_mode))
        cause = ELOOP;
    errno = cause;
    return -1;
}

/* The mount a descriptor was opened in, or -1 with errno. A folder bound from the same file system
 * has the same device, but never the same mount. */
static long mount_of(int fd)
{
    char path[48], text[512];
    snprintf(path, sizeof path, "/proc/self/fdinfo/%d", fd);
    int info = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t length = info >= 0 ? read(info, text, sizeof text - 1) : -1;
    if (info >= 0)
        close(info);
    if (length < 0)
        return -1;
    text[length] = '\0';
    const char *line = strstr(text, "mnt_id:");
    errno = ENOSYS;
    return line != NULL ? strtol(line + sizeof "mnt_id:" - 1, NULL, 10) : -1;
}

/* With one component and no link followed nothing can lead elsewhere but a mount point. */
int aphd_beneath_open_by_hand(int directory, const char *name, int flags, mode_t mode)
{
    if (!is_one_component(name)) {
        errno = EINVAL;
        return -1;
    }
    int fd = openat(directory, name, flags | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK, mode);
    if (fd < 0)
        return failed(directory, name);
    long outer = mount_of(directory), inner = mount_of(fd);
    if (outer >= 0 && inner == outer)
        return fd;
    int cause = outer < 0 || inner < 0 ? errno : EXDEV;
    close(fd);
    errno = cause;
    return -1;
}

int aphd_beneath_open(int directory, const char *name, int flags, mode_t mode)
{
    struct open_how how = {
        .flags = (unsigned)(flags | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK),
        .mode = flags & O_CREAT ? mode : 0,
        .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_XDEV,
    };
    if (flags & O_PATH) /* openat2 refuses what O_PATH would ignore */
        how.flags &= ~(unsigned)O_NONBLOCK;
    if (!is_one_component(name)) {
        errno = EINVAL;
        return -1;
    }
    int fd = (int)syscall(SYS_openat2, directory, name, &how, sizeof how);
    if (fd < 0 && (errno == ENOSYS || errno == EPERM))
        return aphd_beneath_open_by_hand(directory, name, flags, mode);
    return fd >= 0 ? fd : failed(directory, name);
}

int aphd_beneath_look(int directory, const char *name, struct stat *st)
{
    int fd = aphd_beneath_open(directory, name, O_PATH, 0);
    if (fd < 0)
        return -1;
    int cause = fstat(fd, st) != 0 ? errno : S_ISLNK(st->st_mode) ? ELOOP : 0;
    if (cause == 0)
        return fd;
    close(fd);
    errno = cause;
    return -1;
}

int aphd_beneath_is_own(const struct stat *st)
{
    return S_ISDIR(st->st_mode) || (S_ISREG(st->st_mode) && st->st_nlink == 1);
}

/* The name of the very file fd stands for, whatever has been put in its place meanwhile. */
static void name_of(int fd, char path[48])
{
    snprintf(path, 48, "/proc/self/fd/%d", fd);
}

int aphd_beneath_chmod(int fd, mode_t mode)
{
    char path[48];
    name_of(fd, path);
    return fchmodat(AT_FDCWD, path, mode, 0);
}

int aphd_beneath_reopen(int fd, int flags)
{
    char path[48];
    name_of(fd, path);
    return open(path, flags | O_CLOEXEC | O_NONBLOCK);
}

int aphd_beneath_valid(const char *path)
{
    size_t length = strlen(path);
    if (length == 0 || length > 1000)
        return 0;
    while (*path != '\0') {
        size_t part = strcspn(path, "/");
        if (part == 0 || part > 255 || (part == 1 && path[0] == '.')
            || (part == 2 && path[0] == '.' && path[1] == '.'))
            return 0;
        path += part;
        if (*path == '/' && *++path == '\0')
            return 0;
    }
    return 1;
}
