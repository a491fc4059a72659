/* SPDX-License-Identifier: Apache-2.0 */
/* A catalog that is a folder of this machine. Without a signature the folder is what is trusted: so
 * nobody but root (or whoever runs this, for its tests) may be able to change what is read, by
 * writing there or by moving a folder above it away. */
#include "helper/catalog/fetch.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <apr_strings.h>

#include "helper/base/beneath.h"

static int is_trusted_owner(const struct stat *st)
{
    return st->st_uid == 0 || st->st_uid == geteuid();
}

/* In a folder with the sticky bit others may write, but not move what is root's. */
static const char *wrong_of_folder(const struct stat *st, int is_last)
{
    if (!is_trusted_owner(st))
        return "belongs to somebody else than root";
    if ((st->st_mode & 022) != 0 && (is_last || (st->st_mode & S_ISVTX) == 0))
        return "can be written by others than its owner";
    return NULL;
}

static apr_status_t close_folder(void *data)
{
    close((int)(intptr_t)data);
    return APR_SUCCESS;
}

static int step_down(int fd, const char *name)
{
    int next = openat(fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    int cause = errno;
    close(fd);
    errno = cause;
    return next;
}

apr_status_t aphd_folder_open(int *fd, const char *path, apr_pool_t *p, aph_error_t *err)
{
    char *rest = apr_pstrdup(p, path + 1), *name;
    const char *wrong = NULL;
    struct stat st;
    int at = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    *fd = -1;
    while (at >= 0 && wrong == NULL && (name = apr_strtok(rest, "/", &rest)) != NULL) {
        at = step_down(at, name);
        if (at >= 0 && fstat(at, &st) == 0)
            wrong = wrong_of_folder(&st, rest == NULL || *rest == '\0');
    }
    if (at < 0)
        return aph_error_set(err, errno == ENOENT ? APH_ENOTFOUND : APR_FROM_OS_ERROR(errno), 2489,
                             "the folder %s cannot be opened: %s", path,
                             errno == ELOOP || errno == ENOTDIR
                                 ? "a part of it is a link or no folder; name the real one"
                                 : strerror(errno));
    if (wrong != NULL) {
        close(at);
        return aph_error_set(err, APH_EFORBIDDEN, 2490,
                             "%s is not taken: it, or a folder above it, "
                             "%s; chown root and chmod go-w cure that",
                             path, wrong);
    }
    *fd = at;
    apr_pool_cleanup_register(p, (void *)(intptr_t)at, close_folder, apr_pool_cleanup_null);
    return APR_SUCCESS;
}

/* The file, opened component by component, or -1 with errno (EPERM: somebody else may write it). */
static int open_below(int folder, const char *file, struct stat *st)
{
    char name[256];
    int at = fcntl(folder, F_DUPFD_CLOEXEC, 3);
    while (at >= 0) {
        size_t length = strcspn(file, "/");
        int last = file[length] == '\0';
        if (length >= sizeof name) {
            close(at);
            errno = ENAMETOOLONG;
            return -1;
        }
        memcpy(name, file, length);
        name[length] = '\0';
        int next = aphd_beneath_open(at, name, last ? O_RDONLY : O_RDONLY | O_DIRECTORY, 0);
        int cause = errno;
        close(at);
        errno = cause;
        at = next;
        if (at < 0 || fstat(at, st) != 0)
            break;
        if (!is_trusted_owner(st) || (st->st_mode & 022) != 0) {
            close(at);
            errno = EPERM;
            return -1;
        }
        if (last)
            break;
        file += length + 1;
    }
    return at;
}

static void read_all(int fd, aphd_wanted_t *wanted, size_t size)
{
    wanted->octets = malloc(size + 1);
    while (wanted->octets != NULL && wanted->length < size) {
        ssize_t got = read(fd, wanted->octets + wanted->length, size - wanted->length);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            break;
        wanted->length += (size_t)got;
    }
    if (wanted->octets == NULL || wanted->length < size) {
        aphd_wanted_fail(wanted, APH_EUNREADABLE, "it cannot be read whole: %s", strerror(errno));
        return;
    }
    wanted->octets[size] = '\0';
    wanted->status = APR_SUCCESS;
}

void aphd_folder_get(int folder, aphd_wanted_t *wanted)
{
    struct stat st;
    int fd = aphd_beneath_valid(wanted->file) ? open_below(folder, wanted->file, &st) : -1;
    if (fd < 0 && errno == ENOENT)
        aphd_wanted_fail(wanted, APH_ENOTFOUND, "there is no such file");
    else if (fd < 0)
        aphd_wanted_fail(wanted, APH_EFORBIDDEN, "%s",
                         errno == EPERM
                             ? "others than root can write it; chown root and chmod go-w "
                               "cure that"
                         : errno == ELOOP ? "it is a link, or one is above it"
                                          : strerror(errno));
    else if (!S_ISREG(st.st_mode))
        aphd_wanted_fail(wanted, APH_EUNREADABLE, "it is no regular file");
    else if ((unsigned long long)st.st_size > wanted->most)
        aphd_wanted_fail(wanted, APH_ETOOLARGE, "it is larger than %zu octets",
                         wanted->most);
    else
        read_all(fd, wanted, (size_t)st.st_size);
    if (fd >= 0)
        close(fd);
}
