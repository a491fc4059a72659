/* SPDX-License-Identifier: Apache-2.0 */
/* Files that are either the old ones or the new ones, whole, whatever happens in between. */
#include "common/file_replace.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/stat.h>

#define READ_STEP 65536

static apr_status_t fail(aph_error_t *err, int tag, const char *what, const char *path)
{
    apr_status_t status = APR_FROM_OS_ERROR(errno);
    char reason[128];
    apr_strerror(status, reason, sizeof reason);
    return aph_error_set(err, status, tag, "cannot %s %s: %s", what, path, reason);
}

static apr_status_t write_whole(int fd, const char *octets, size_t length)
{
    while (length > 0) {
        ssize_t n = write(fd, octets, length);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return APR_FROM_OS_ERROR(errno);
        octets += n;
        length -= (size_t)n;
    }
    return APR_SUCCESS;
}

/* Without this a crash may forget the rename although the file's octets are on the disk. */
apr_status_t aph_name_sync(const char *path, aph_error_t *err)
{
    char directory[PATH_MAX];
    const char *slash = strrchr(path, '/');
    if (slash == NULL)
        snprintf(directory, sizeof directory, ".");
    else
        snprintf(directory, sizeof directory, "%.*s", slash == path ? 1 : (int)(slash - path),
                 path);
    int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return fail(err, 20, "open", directory);
    apr_status_t rv = fsync(fd) == 0 ? APR_SUCCESS : fail(err, 21, "sync", directory);
    close(fd);
    return rv;
}

/* fchmod and not the mode of open: the umask must not take part. */
static apr_status_t fill(int fd, const void *octets, size_t length, mode_t mode)
{
    apr_status_t rv = write_whole(fd, octets, length);
    if (rv == APR_SUCCESS && (fchmod(fd, mode) != 0 || fsync(fd) != 0))
        rv = APR_FROM_OS_ERROR(errno);
    if (close(fd) != 0 && rv == APR_SUCCESS)
        rv = APR_FROM_OS_ERROR(errno);
    return rv;
}

apr_status_t aph_file_replace(const char *path, const void *octets, size_t length, mode_t mode,
                              aph_error_t *err)
{
    char temporary[PATH_MAX];
    int used = snprintf(temporary, sizeof temporary, "%s.XXXXXX", path);
    if (used < 0 || (size_t)used >= sizeof temporary)
        return aph_error_set(err, APH_ECONFIG, 22, "the path %.200s... is too long", path);

    int fd = mkostemp(temporary, O_CLOEXEC);
    if (fd < 0)
        return fail(err, 23, "create a file beside", path);
    apr_status_t rv = fill(fd, octets, length, mode);
    if (rv == APR_SUCCESS && rename(temporary, path) != 0)
        rv = APR_FROM_OS_ERROR(errno);
    if (rv != APR_SUCCESS) {
        unlink(temporary);
        errno = APR_TO_OS_ERROR(rv);
        return fail(err, 24, "write", path);
    }
    return aph_name_sync(path, err);
}

/* Reads to the end; one octet more than limit is enough to know that it is too much. */
static apr_status_t read_whole(int fd, const char *path, size_t limit, char **octets,
                               size_t *length, aph_error_t *err)
{
    char *buffer = NULL;
    size_t have = 0, room = 0;
    for (;;) {
        if (have == room) {
            size_t wanted = room + READ_STEP < limit + 1 ? room + READ_STEP : limit + 1;
            char *larger = realloc(buffer, wanted + 1);
            if (larger == NULL) {
                free(buffer);
                return aph_error_set(err, APR_ENOMEM, 25, "no memory to read %s", path);
            }
            buffer = larger;
            room = wanted;
        }
        ssize_t n = read(fd, buffer + have, room - have);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0) {
            apr_status_t rv = fail(err, 26, "read", path);
            free(buffer);
            return rv;
        }
        if (n == 0)
            break;
        have += (size_t)n;
        if (have > limit) {
            free(buffer);
            return aph_error_set(err, APH_ETOOLARGE, 27, "%s is larger than %zu octets", path,
                                 limit);
        }
    }
    buffer[have] = '\0';
    *octets = buffer;
    *length = have;
    return APR_SUCCESS;
}

apr_status_t aph_file_read(const char *path, size_t limit, char **octets, size_t *length,
                           aph_error_t *err)
{
    if (strcmp(path, "-") == 0)
        return read_whole(STDIN_FILENO, "standard input", limit, octets, length, err);

    /* O_NONBLOCK: opening a FIFO must not wait for a writer before it is refused. */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
        return aph_error_set(err, APH_ENOTFOUND, 28, "there is no file %s", path);
    if (fd < 0)
        return fail(err, 29, "open", path);
    struct stat about;
    apr_status_t rv;
    if (fstat(fd, &about) != 0)
        rv = fail(err, 30, "examine", path);
    else if (!S_ISREG(about.st_mode))
        rv = aph_error_set(err, APH_EUNREADABLE, 31, "%s is not a regular file", path);
    else if (about.st_size > 0 && (size_t)about.st_size > limit)
        rv = aph_error_set(err, APH_ETOOLARGE, 32, "%s is larger than %zu octets", path, limit);
    else
        rv = read_whole(fd, path, limit, octets, length, err);
    close(fd);
    return rv;
}
