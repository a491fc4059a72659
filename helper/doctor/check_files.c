/* SPDX-License-Identifier: Apache-2.0 */
/* Folders, what was left in them, and the room on their disks. */
#include "helper/doctor/doctor.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#define SPACE_FAULT    (512ll * 1024 * 1024)
#define SPACE_WARNING  (2048ll * 1024 * 1024)
#define INODES_PERCENT 3
#define LEFT_SECONDS   60 /* younger files may still be under way */

static int need_settings(aphd_doctor_t *doctor)
{
    if (doctor->settings == NULL)
        aphd_report(doctor, APHD_UNCHECKED, NULL, "needs the configuration");
    return doctor->settings != NULL;
}

/* Whoever may write to a folder above it can put another one in its place. */
static void look_above(aphd_doctor_t *doctor, const char *path)
{
    char above[256];
    struct stat what;
    snprintf(above, sizeof above, "%s", path);
    for (char *slash; (slash = strrchr(above, '/')) != NULL && slash != above;) {
        *slash = '\0';
        if (stat(above, &what) == 0 && (what.st_mode & S_IWOTH) != 0 &&
            (what.st_mode & S_ISVTX) == 0)
            aphd_report(doctor, APHD_FAULT, aphd_doctor_text(doctor, "chmod o-w %s", above),
                        "everybody may write to %s, and so replace %s", above, path);
    }
}

static void look_folder(aphd_doctor_t *doctor, const char *path, mode_t forbidden, const char *mode)
{
    struct stat what;
    if (lstat(path, &what) != 0) {
        aphd_report(doctor, APHD_FAULT,
                    "start apphostd: it makes its folders; if it had data, restore it first",
                    "the folder %s cannot be seen: %s", path, strerror(errno));
        return;
    }
    if (S_ISLNK(what.st_mode)) {
        aphd_report(doctor, APHD_FAULT,
                    "put the folder itself there; for another disk, mount it there or set StateDir",
                    "%s is a symbolic link, which apphostd does not follow", path);
        return;
    }
    if (!S_ISDIR(what.st_mode)) {
        aphd_report(doctor, APHD_FAULT, "move it away, then restart apphostd", "%s is not a folder",
                    path);
        return;
    }
    if (what.st_uid != 0)
        aphd_report(doctor, APHD_FAULT, aphd_doctor_text(doctor, "chown root: %s", path),
                    "the folder %s belongs to user %u and not to root", path,
                    (unsigned)what.st_uid);
    if ((what.st_mode & forbidden) != 0)
        aphd_report(doctor, APHD_FAULT, aphd_doctor_text(doctor, "chmod %s %s", mode, path),
                    "the folder %s has mode %04o: others may %s", path,
                    (unsigned)what.st_mode & 07777u,
                    (what.st_mode & 0022) != 0 ? "write to it" : "look into it");
}

void aphd_look_folders(aphd_doctor_t *doctor)
{
    if (!need_settings(doctor))
        return;
    look_folder(doctor, doctor->settings->state_dir, 0022, "0755");
    look_folder(doctor, doctor->settings->apps_dir, 0077, "0700");
    look_folder(doctor, doctor->settings->data_dir, 0022, "0711");
    look_folder(doctor, doctor->settings->runtime_dir, 0022, "0750");
    look_above(doctor, doctor->settings->state_dir);
    look_above(doctor, doctor->settings->runtime_dir);
}

/* The names aph_file_replace writes to before it renames: NAME.XXXXXX. */
static int looks_temporary(const char *name)
{
    const char *dot = strrchr(name, '.');
    if (dot == NULL || dot == name || strlen(dot + 1) != 6)
        return 0;
    const char *const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
    return strspn(dot + 1, letters) == 6;
}

static void look_left(aphd_doctor_t *doctor, const char *folder)
{
    DIR *entries = opendir(folder);
    struct dirent *entry;
    if (entries == NULL)
        return; /* "folders" has reported that */
    time_t now = time(NULL);
    while ((entry = readdir(entries)) != NULL) {
        struct stat what;
        if (looks_temporary(entry->d_name) &&
            fstatat(dirfd(entries), entry->d_name, &what, AT_SYMLINK_NOFOLLOW) == 0 &&
            S_ISREG(what.st_mode) && now - what.st_mtime > LEFT_SECONDS) {
            const char *path = aphd_doctor_text(doctor, "%s/%s", folder, entry->d_name);
            aphd_report(doctor, APHD_WARNING, aphd_doctor_text(doctor, "rm %s", path),
                        "%s was left half-written, probably by a crash", path);
        }
    }
    closedir(entries);
}

void aphd_look_leftovers(aphd_doctor_t *doctor)
{
    if (!need_settings(doctor))
        return;
    look_left(doctor, doctor->settings->state_dir);
    DIR *apps = opendir(doctor->settings->apps_dir);
    struct dirent *app;
    while (apps != NULL && (app = readdir(apps)) != NULL)
        if (app->d_name[0] != '.')
            look_left(doctor,
                      aphd_doctor_text(doctor, "%s/%s", doctor->settings->apps_dir, app->d_name));
    if (apps != NULL)
        closedir(apps);
}

static void look_disk(aphd_doctor_t *doctor, const char *what, const char *path)
{
    struct statvfs disk;
    if (statvfs(path, &disk) != 0)
        return;
    long long free_octets = (long long)disk.f_bavail * (long long)disk.f_frsize;
    if (free_octets < SPACE_WARNING)
        aphd_report(doctor, free_octets < SPACE_FAULT ? APHD_FAULT : APHD_WARNING, NULL,
                    "only %lld MB are free for %s in %s", free_octets / 1000000, what, path);
    if (disk.f_files > 0 && disk.f_favail * 100 < disk.f_files * INODES_PERCENT)
        aphd_report(doctor, APHD_FAULT, "delete files, or make a file system with more inodes",
                    "the file system of %s in %s is nearly out of inodes (%llu left)", what, path,
                    (unsigned long long)disk.f_favail);
}

void aphd_look_space(aphd_doctor_t *doctor)
{
    if (!need_settings(doctor))
        return;
    look_disk(doctor, "apphost's own data", doctor->settings->state_dir);
    if (doctor->engine_root != NULL)
        look_disk(doctor, "the engine's images", doctor->engine_root);
}
