/* SPDX-License-Identifier: Apache-2.0 */
#include "helper/job/verify_storage.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "helper/job/verify_values.h"

/* Fills st with what path leads to, below directory; -1 with errno. */
static int look(int directory, const char *path, unsigned long long resolve, struct stat *st)
{
    struct open_how how = {.flags = O_PATH | O_CLOEXEC, .resolve = resolve};
    int fd = (int)syscall(SYS_openat2, directory, path, &how, sizeof how);
    if (fd < 0)
        return -1;
    int rc = fstat(fd, st);
    close(fd);
    return rc;
}

/* The root of a container that runs; -1 where it does not, or where this machine does not show it. */
static int root_of(const json_t *container)
{
    char path[48];
    const json_t *state = json_object_get(container, "State");
    json_int_t pid = json_integer_value(json_object_get(state, "Pid"));
    if (pid <= 0)
        return -1;
    snprintf(path, sizeof path, "/proc/%lld/root", (long long)pid);
    return open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
}

static int is_the_same(int root, const aphd_mount_t *mount)
{
    struct stat outside, inside;
    if (look(AT_FDCWD, mount->source, RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS, &outside) != 0)
        return errno == ENOSYS || errno == EPERM;
    return look(root, mount->target, RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS, &inside) == 0
        && outside.st_dev == inside.st_dev && outside.st_ino == inside.st_ino;
}

/* It may have ended since it was inspected; then its number means nothing, or somebody else. */
static int has_ended(const json_t *container, int root)
{
    int again = root_of(container);
    struct stat first, second;
    int ended = again < 0 || fstat(root, &first) != 0 || fstat(again, &second) != 0
             || first.st_dev != second.st_dev || first.st_ino != second.st_ino;
    if (again >= 0)
        close(again);
    return ended;
}

apr_status_t aphd_verify_storage(const json_t *service, const char *name, const json_t *container,
                                 aph_error_t *err)
{
    apr_status_t status = APR_SUCCESS;
    int root = root_of(container);
    size_t i;
    json_t *row;
    if (root < 0)
        return APR_SUCCESS;
    json_array_foreach(json_object_get(service, "volumes"), i, row) {
        aphd_mount_t mount;
        /* Only these are rendered with a propagation (judge_storage.c). */
        if (status == APR_SUCCESS && aphd_mount_read(row, &mount) && mount.private
            && !is_the_same(root, &mount) && !has_ended(container, root))
            status = aph_error_set(err, APH_EDENIED, 2670, "service %s was given another folder than "
                                   "%s: something was put in its place while the app started; it was "
                                   "stopped. Look who may write the folders above, and start it again",
                                   name, mount.source);
    }
    close(root);
    return status;
}

/* As the policy renders them (judge_storage.c). */
static json_t *volumes_of(const json_t *rows, const char *name)
{
    json_t *volumes = json_array();
    size_t i, k;
    json_t *row, *mount;
    json_array_foreach((json_t *)rows, i, row) {
        json_array_foreach(json_object_get(row, "mounts"), k, mount) {
            const char *service = json_string_value(json_object_get(mount, "service"));
            if (service != NULL && strcmp(service, name) == 0)
                json_array_append_new(volumes, json_pack("{s:O,s:O,s:{s:s}}", "source",
                                                         json_object_get(row, "path"), "target",
                                                         json_object_get(mount, "target"), "bind",
                                                         "propagation", "rprivate"));
        }
    }
    return volumes;
}

apr_status_t aphd_verify_storage_rows(const json_t *rows, const char *name, const json_t *container,
                                      aph_error_t *err)
{
    json_auto_t *service = json_pack("{s:o}", "volumes", volumes_of(rows, name));
    return aphd_verify_storage(service, name, container, err);
}
