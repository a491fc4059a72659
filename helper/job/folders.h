/* SPDX-License-Identifier: Apache-2.0 */
/* An app's data folder: what its containers may bind, made and filled before they start. Nothing
 * here opens a path inside it by name; every step goes through a descriptor (beneath.h). What a
 * function did outlasts a loss of power once it has returned. */
#ifndef APHD_FOLDERS_H
#define APHD_FOLDERS_H

#include <stddef.h>
#include <jansson.h>
#include <sys/types.h>

#include "common/error.h"

typedef struct aphd_folders_t {
    int fd;           /* of the app's folder, -1 while closed */
    const char *path; /* for sentences; borrowed */
} aphd_folders_t;

/* Opens the app's folder path (StateDir/data/ID); its parent is root's. With make it is created
 * where it is missing; without, APR_ENOENT. */
apr_status_t aphd_folders_open(aphd_folders_t *folders, const char *path, int make,
                               aph_error_t *err);
void aphd_folders_close(aphd_folders_t *folders);

/* The part of relative that does not exist yet, as its topmost missing folder: "a/b" of "a/b/c"
 * where only "a" exists. *missing is malloc'd, NULL where all of it exists; caller frees. */
apr_status_t aphd_folders_missing(const aphd_folders_t *folders, const char *relative,
                                  char **missing, aph_error_t *err);

/* Makes relative and what is missing above it, 0755. A file of that name is left alone (a bind of a
 * file). */
apr_status_t aphd_folders_make(const aphd_folders_t *folders, const char *relative,
                               aph_error_t *err);

/* Puts a file there, 0644, whole or not at all. One that exists is the user's by now: it stays, and
 * *kept is nonzero. */
apr_status_t aphd_folders_place(const aphd_folders_t *folders, const char *relative,
                                const char *text, int *kept, aph_error_t *err);

/* What is at relative, held against text. A folder, a link and what has a second name are another
 * file than any text. */
typedef enum aphd_found_t { APHD_FOUND_NOTHING, APHD_FOUND_SAME, APHD_FOUND_OTHER } aphd_found_t;
apr_status_t aphd_folders_compare(const aphd_folders_t *folders, const char *relative,
                                  const char *text, aphd_found_t *found, aph_error_t *err);

/* Permission bits of a file or folder (never setuid or setgid); recursive: of all below it as well, but
 * for links, special files and files with a second name. */
apr_status_t aphd_folders_set_mode(const aphd_folders_t *folders, const char *relative, mode_t mode,
                                   int recursive, aph_error_t *err);

/* Gives a folder that was just made, and is root's, to uid and gid (-1: its group stays); what is below
 * it stays as it is. A file, and a folder of somebody else, are left alone. */
apr_status_t aphd_folders_give(const aphd_folders_t *folders, const char *relative, uid_t uid,
                               gid_t gid, aph_error_t *err);

/* Gives from the name to, in place of what is there; the folders above to are made. What from is, it
 * stays: nothing is read and no link followed. Not there: success, and to is left alone. */
apr_status_t aphd_folders_move(const aphd_folders_t *folders, const char *from, const char *to,
                               aph_error_t *err);

/* Deletes relative with everything below it. Not there: success. */
apr_status_t aphd_folders_remove(const aphd_folders_t *folders, const char *relative,
                                 aph_error_t *err);

/* Deletes the folder relative where nothing is in it. Not there, or not empty: success. */
apr_status_t aphd_folders_remove_empty(const aphd_folders_t *folders, const char *relative,
                                       aph_error_t *err);

/* What is there, one entry per name at the top: new array [{"path":S,"octets":N}...]. Depth beyond
 * 64 folders is not counted. */
apr_status_t aphd_folders_sizes(const aphd_folders_t *folders, json_t **sizes, aph_error_t *err);

#endif
