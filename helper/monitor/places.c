/* SPDX-License-Identifier: Apache-2.0 */
#include "helper/monitor/places.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define SAME_GROUP ((gid_t)-1)
#define LOCK_TRIES    50
#define LOCK_PAUSE_MS 20

apr_status_t aphd_places_group(const aphd_settings_t *settings, gid_t *gid, aph_error_t *err)
{
    const struct group *group = getgrnam(settings->web_user);
    const struct passwd *user = group == NULL ? getpwnam(settings->web_user) : NULL;
    if (group == NULL && user == NULL)
        return aph_error_set(err, APH_ECONFIG, 890,
                             "%s: WebUser = %s: there is no such group or user; name the one httpd "
                             "runs as",
                             settings->path, settings->web_user);
    *gid = group != NULL ? group->gr_gid : user->pw_gid;
    return APR_SUCCESS;
}

/* systemd lets us write only where the unit says. */
static const char *hint(int cause)
{
    return cause == EROFS
               ? "; where systemd runs apphostd, a drop-in has to name it: see the comment "
                 "on ReadWritePaths= in apphostd.service"
               : "";
}

static apr_status_t judge(const char *path, int fd, int made, mode_t mode, gid_t gid,
                          aph_error_t *err)
{
    struct stat there;
    if (fstat(fd, &there) != 0)
        return aph_error_set(err, APR_FROM_OS_ERROR(errno), 891, "%s: %s", path, strerror(errno));
    if (there.st_uid != geteuid())
        return aph_error_set(err, APH_ECONFIG, 892,
                             "%s belongs to user id %u; give it to root, or name another directory "
                             "in apphostd.conf",
                             path, (unsigned)there.st_uid);
    if (!made && (there.st_mode & 022 & ~mode) != 0)
        return aph_error_set(
            err, APH_ECONFIG, 893,
            "%s may be written to by others (mode %04o); look what they left there, "
            "then chmod it to %04o",
            path, (unsigned)there.st_mode & 07777, (unsigned)mode);
    if ((gid != SAME_GROUP && fchown(fd, (uid_t)-1, gid) != 0) || fchmod(fd, mode) != 0)
        return aph_error_set(err, APR_FROM_OS_ERROR(errno), 894,
                             "%s cannot be given its mode: %s%s", path, strerror(errno),
                             hint(errno));
    return APR_SUCCESS;
}

/* Opened without following a link at its end, and judged by the descriptor: what was judged is what
 * is used. */
static apr_status_t prepare(const char *path, mode_t mode, gid_t gid, aph_error_t *err)
{
    int made = mkdir(path, 0700) == 0;
    if (!made && errno != EEXIST)
        return aph_error_set(err, APR_FROM_OS_ERROR(errno), 895, "%s cannot be made: %s%s", path,
                             strerror(errno), hint(errno));
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return aph_error_set(err, APH_ECONFIG, 896, "%s is not a directory of ours: %s", path,
                             strerror(errno));
    apr_status_t status = judge(path, fd, made, mode, gid, err);
    close(fd);
    return status;
}

apr_status_t aphd_places_prepare(const aphd_settings_t *settings, gid_t gid, aph_error_t *err)
{
    apr_status_t status = prepare(settings->state_dir, 0755, SAME_GROUP, err);
    if (status == APR_SUCCESS)
        status = prepare(settings->apps_dir, 0700, SAME_GROUP, err);
    if (status == APR_SUCCESS)
        status = prepare(settings->data_dir, 0711, SAME_GROUP, err);
    if (status == APR_SUCCESS)
        status = prepare(settings->sites_dir, 0755, SAME_GROUP, err);
    if (status == APR_SUCCESS)
        status = prepare(settings->vhosts_available, 0755, SAME_GROUP, err);
    if (status == APR_SUCCESS)
        status = prepare(settings->runtime_dir, 0750, gid, err);
    return status;
}

/* What a daemon that was killed had just forked holds its lock until it has become its own program:
 * that is waited for, so that a daemon started at once in its place does not give up. */
static int take_lock(int fd)
{
    for (int tries = 0; tries < LOCK_TRIES; tries++) {
        if (flock(fd, LOCK_EX | LOCK_NB) == 0)
            return 1;
        poll(NULL, 0, LOCK_PAUSE_MS);
    }
    return 0;
}

apr_status_t aphd_places_lock(const aphd_settings_t *settings, int *fd, aph_error_t *err)
{
    char text[24];
    *fd = open(settings->lock_path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (*fd < 0)
        return aph_error_set(err, APR_FROM_OS_ERROR(errno), 897, "%s cannot be opened: %s",
                             settings->lock_path, strerror(errno));
    if (!take_lock(*fd)) {
        ssize_t length = read(*fd, text, sizeof text - 1);
        text[length > 0 ? length : 0] = '\0';
        text[strcspn(text, "\n")] = '\0';
        close(*fd);
        *fd = -1;
        return aph_error_set(err, APH_EBUSY, 898,
                             "another apphostd (process %s) runs in %s; stop it first, or name "
                             "another RuntimeDir and StateDir",
                             text, settings->runtime_dir);
    }
    /* For the sentence above only: nothing relies on it. */
    int length = snprintf(text, sizeof text, "%d\n", (int)getpid());
    if (ftruncate(*fd, 0) != 0 || pwrite(*fd, text, (size_t)length, 0) != length)
        return aph_error_set(err, APR_FROM_OS_ERROR(errno), 899, "%s cannot be written: %s",
                             settings->lock_path, strerror(errno));
    return APR_SUCCESS;
}
