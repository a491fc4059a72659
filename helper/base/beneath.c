/* SPDX-License-Identifier: Apache-2.0 */
#include "helper/base/beneath.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
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

/* With one component and no link followed nothing can lead elsewhere but a mount point, which shows
 * by its device. */
int aphd_beneath_open_by_hand(int directory, const char *name, int flags, mode_t mode)
{
    struct stat outer, inner;
    if (!is_one_component(name)) {
        errno = EINVAL;
        return -1;
    }
    int fd = openat(directory, name, flags | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK, mode);
    if (fd < 0)
        return failed(directory, name);
    if (fstat(directory, &outer) == 0 && fstat(fd, &inner) == 0 && outer.st_dev == inner.st_dev)
        return fd;
    close(fd);
    errno = EXDEV;
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
