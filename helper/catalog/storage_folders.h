/* SPDX-License-Identifier: Apache-2.0 */
/* Folders in a storage location, opened part by part below its descriptor: no link is followed, and
 * no file system mounted in it is entered. Whoever may write the location may change them at any
 * moment; so they are looked at again before every start. Nothing that is there is deleted or
 * changes hands. */
#ifndef APHD_CATALOG_STORAGE_FOLDERS_H
#define APHD_CATALOG_STORAGE_FOLDERS_H

#include <sys/stat.h>
#include <jansson.h>

#include "common/error.h"

typedef struct aphd_storage_folder_t {
    int there;
    struct stat st;  /* where it is there; else of the folder it will be made in */
    json_int_t free; /* octets on its file system that programs may have; -1: unknown */
    char *missing;   /* topmost folder to be made, relative to the location; NULL where it is there;
                      * malloc'd */
} aphd_storage_folder_t;

/* Looks at folder ("": the location itself) of a LOCATION (storage_place.h: the right one, or
 * APH_EDENIED). A part that is missing is no error. APH_EDENIED for a link, a mount or a file in
 * the way. */
apr_status_t aphd_storage_look(const json_t *location, const char *folder,
                               aphd_storage_folder_t *seen, aph_error_t *err);
void aphd_storage_folder_clear(aphd_storage_folder_t *seen);

/* Makes what is missing of folder, 0755 and root's; the last one is given to owner (NULL: it stays
 * root's) if, and only if, it was made just now. */
typedef struct aphd_storage_owner_t {
    uid_t uid;
    gid_t gid;
} aphd_storage_owner_t;
apr_status_t aphd_storage_make(const json_t *location, const char *folder,
                               const aphd_storage_owner_t *owner, aph_error_t *err);

/* Takes back what aphd_storage_make made from missing on, as long as the folders are empty. What is
 * not, somebody uses: it stays, and so does everything where the location is not there. */
void aphd_storage_unmake(const json_t *location, const char *folder, const char *missing);

#endif
