/* SPDX-License-Identifier: Apache-2.0 */
/* Files and links of the machine, replaced by rename. */
#include "helper/setup/things.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <apr_strings.h>

#include "common/file_replace.h"

#define FILE_LIMIT (1024 * 1024)

static apr_status_t look_link(aphd_thing_t *thing, const char *path, apr_pool_t *p,
                              aph_error_t *err)
{
    char target[PATH_MAX];
    ssize_t length = readlink(path, target, sizeof target - 1);
    if (length < 0)
        return aph_error_set(err, APR_FROM_OS_ERROR(errno), 2166, "%s cannot be read: %s", path,
                             strerror(errno));
    thing->text = apr_pstrmemdup(p, target, (apr_size_t)length);
    thing->length = (size_t)length;
    return APR_SUCCESS;
}

static apr_status_t look_file(aphd_thing_t *thing, const char *path, apr_pool_t *p,
                              aph_error_t *err)
{
    char *octets = NULL;
    apr_status_t status = aph_file_read(path, FILE_LIMIT, &octets, &thing->length, err);
    if (status == APR_SUCCESS)
        thing->text = apr_pmemdup(p, octets, thing->length + 1);
    free(octets);
    return status;
}

apr_status_t aphd_thing_look(aphd_thing_t *thing, const char *path, apr_pool_t *p, aph_error_t *err)
{
    struct stat there;
    *thing = (aphd_thing_t){.kind = APHD_NOTHING};
    if (lstat(path, &there) != 0) {
        if (errno == ENOENT || errno == ENOTDIR)
            return APR_SUCCESS;
        return aph_error_set(err, APR_FROM_OS_ERROR(errno), 2167, "%s cannot be looked at: %s",
                             path, strerror(errno));
    }
    thing->mode = there.st_mode & 07777;
    thing->uid = there.st_uid;
    thing->gid = there.st_gid;
    thing->kind = S_ISLNK(there.st_mode) ? APHD_LINK : APHD_FILE;
    if (S_ISLNK(there.st_mode))
        return look_link(thing, path, p, err);
    if (S_ISREG(there.st_mode))
        return look_file(thing, path, p, err);
    return aph_error_set(err, APH_ETAKEN, 2168,
                         "%s is neither a file nor a link; move it away, it is in the way", path);
}

int aphd_thing_same(const aphd_thing_t *one, const aphd_thing_t *other)
{
    return one->kind == other->kind && one->length == other->length &&
           (one->length == 0 || memcmp(one->text, other->text, one->length) == 0);
}

/* The name under which something is made before it takes its place: always the same one, so that
 * what a crash leaves behind is known. No program that reads a folder of configuration files takes
 * a name that ends so. */
static const char *beside(const char *path, char *room, size_t size)
{
    return (size_t)snprintf(room, size, "%s.apphost~", path) < size ? room : NULL;
}

/* -1 with errno. */
static int write_file(const char *path, const aphd_thing_t *thing)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return -1;
    size_t done = 0;
    while (done < thing->length) {
        ssize_t n = write(fd, thing->text + done, thing->length - done);
        if (n < 0 && errno != EINTR)
            break;
        done += n > 0 ? (size_t)n : 0;
    }
    int failed = done < thing->length || fchown(fd, thing->uid, thing->gid) != 0 ||
                 fchmod(fd, thing->mode) != 0 || fsync(fd) != 0;
    int cause = errno;
    close(fd);
    errno = cause;
    return failed ? -1 : 0;
}

/* The folder's word on its names is on the disk. Best effort: the rename has been done. */
static void sync_folder(const char *path)
{
    char folder[PATH_MAX];
    const char *slash = strrchr(path, '/');
    snprintf(folder, sizeof folder, "%.*s", slash == path ? 1 : (int)(slash - path), path);
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0) {
        fsync(fd);
        close(fd);
    }
}

static apr_status_t make(const char *path, const aphd_thing_t *thing, aph_error_t *err)
{
    char room[PATH_MAX];
    const char *fresh = beside(path, room, sizeof room);
    if (fresh == NULL)
        return aph_error_set(err, APH_ECONFIG, 2169, "the path %.200s... is too long", path);
    unlink(fresh);
    int made = thing->kind == APHD_LINK ? symlink(thing->text, fresh) : write_file(fresh, thing);
    if (made == 0 && rename(fresh, path) == 0) {
        sync_folder(path);
        return APR_SUCCESS;
    }
    int cause = errno;
    unlink(fresh);
    return aph_error_set(err, APR_FROM_OS_ERROR(cause), 2170, "%s cannot be written: %s", path,
                         strerror(cause));
}

apr_status_t aphd_thing_put(const char *path, const aphd_thing_t *thing, aph_error_t *err)
{
    if (thing->kind != APHD_NOTHING)
        return make(path, thing, err);
    if (unlink(path) != 0 && errno != ENOENT)
        return aph_error_set(err, APR_FROM_OS_ERROR(errno), 2171, "%s cannot be removed: %s", path,
                             strerror(errno));
    sync_folder(path);
    return APR_SUCCESS;
}

int aphd_things_still(const aphd_recorded_t *entry, apr_pool_t *p)
{
    aphd_thing_t now;
    return aphd_thing_look(&now, entry->change.path, p, NULL) == APR_SUCCESS &&
           now.kind == entry->change.after.kind &&
           strcmp(aphd_record_sum(now.text != NULL ? now.text : "", now.length, p),
                  entry->sha256) == 0;
}

/* Somebody changed it since: it stays, where it can do no harm. */
static apr_status_t keep(aphd_setup_t *setup, const aphd_change_t *change, aph_error_t *err)
{
    const char *to = change->path;
    if (change->active) {
        to = apr_pstrcat(setup->p, change->path, ".kept", NULL);
        if (rename(change->path, to) != 0)
            return aph_error_set(err, APR_FROM_OS_ERROR(errno), 2172, "%s cannot be moved: %s",
                                 change->path, strerror(errno));
    }
    aphd_setup_note(setup, "%s was changed since it was written, so it stays%s%s.", change->path,
                    change->active ? ", as " : "", change->active ? to : "");
    return APR_SUCCESS;
}

static apr_status_t undo_one(aphd_setup_t *setup, aphd_recorded_t *entry, aph_error_t *err)
{
    const aphd_change_t *change = &entry->change;
    aphd_thing_t now;
    char room[PATH_MAX];
    if (beside(change->path, room, sizeof room) != NULL)
        unlink(room);
    apr_status_t status = aphd_thing_look(&now, change->path, setup->p, err);
    if (status != APR_SUCCESS)
        return status;
    entry->was = now;
    entry->seen = 1;
    if (now.kind == APHD_NOTHING && change->before.kind != APHD_NOTHING) {
        aphd_setup_note(setup, "%s is gone; what was there before setup is not brought back.",
                        change->path);
        return APR_SUCCESS;
    }
    if (now.kind == APHD_NOTHING || aphd_thing_same(&now, &change->before))
        return APR_SUCCESS;
    return aphd_things_still(entry, setup->p) ? aphd_thing_put(change->path, &change->before, err)
                                              : keep(setup, change, err);
}

apr_status_t aphd_things_undo(aphd_setup_t *setup, aphd_record_t *record, aph_error_t *err)
{
    apr_status_t first = APR_SUCCESS;
    for (int i = record->entries->nelts - 1; i >= 0; i--) {
        apr_status_t status =
            undo_one(setup, &APR_ARRAY_IDX(record->entries, i, aphd_recorded_t), err);
        if (first == APR_SUCCESS)
            first = status;
    }
    return first;
}

apr_status_t aphd_things_redo(const aphd_record_t *record, int shared_only, aph_error_t *err)
{
    apr_status_t first = APR_SUCCESS;
    for (int i = 0; i < record->entries->nelts; i++) {
        const aphd_recorded_t *entry = &APR_ARRAY_IDX(record->entries, i, aphd_recorded_t);
        apr_status_t status = APR_SUCCESS;
        if (entry->was.kind != APHD_NOTHING && (entry->change.shared || !shared_only))
            status = aphd_thing_put(entry->change.path, &entry->was, err);
        if (first == APR_SUCCESS)
            first = status;
    }
    return first;
}
