/* SPDX-License-Identifier: Apache-2.0 */
#include "helper/monitor/places.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define SAME_GROUP ((gid_t)-1)

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
        return aph_error_set(err, APH_ECONFIG, 893,
                             "%s may be written to by others (mode %04o); look what they left there, "
                             "then chmod it to %04o",
                             path, (unsigned)there.st_mode & 07777, (unsigned)mode);
    if ((gid != SAME_GROUP && fchown(fd, (uid_t)-1, gid) != 0) || fchmod(fd, mode) != 0)
        return aph_error_set(err, APR_FROM_OS_ERROR(errno), 894, "%s cannot be given its mode: %s",
                             path, strerror(errno));
    return APR_SUCCESS;
}

/* Opened without following a link at its end, and judged by the descriptor: what was judged is what is
 * used. */
static apr_status_t prepare(const char *path, mode_t mode, gid_t gid, aph_error_t *err)
{
    int made = mkdir(path, 0700) == 0;
    if (!made && errno != EEXIST)
        return aph_error_set(err, APR_FROM_OS_ERROR(errno), 895, "%s cannot be made: %s", path,
                             strerror(errno));
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

apr_status_t aphd_places_lock(const aphd_settings_t *settings, int *fd, aph_error_t *err)
{
    char text[24];
    *fd = open(settings->lock_path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (*fd < 0)
        return aph_error_set(err, APR_FROM_OS_ERROR(errno), 897, "%s cannot be opened: %s",
                             settings->lock_path, strerror(errno));
    if (flock(*fd, LOCK_EX | LOCK_NB) != 0) {
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
