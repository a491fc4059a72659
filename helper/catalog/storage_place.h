/* SPDX-License-Identifier: Apache-2.0 */
/* Where a storage location may be, and whether it is still there. A location is a folder that
 * nobody but root can move away or replace: every folder above it is root's, and nobody else's to
 * write. What is in it may be anybody's. */
#ifndef APHD_CATALOG_STORAGE_PLACE_H
#define APHD_CATALOG_STORAGE_PLACE_H

#include <jansson.h>
#include <apr_pools.h>

#include "common/error.h"

/* Folders of apphost and of the engine that no location may hold or lie in. */
typedef struct aphd_location_rules_t {
    const char *const
        *own; /* absolute paths, NULL-terminated; NULL entries do not occur before it */
    const json_t *others;   /* the LOCATIONs there are; borrowed */
    const char *name;       /* of the location at hand: its own row does not count */
} aphd_location_rules_t;

/* Judges path as it is written, then what it leads to: APH_EUSAGE where it is no clean absolute
 * path, APH_ENOTFOUND where nothing is there, APH_EDENIED for a link, a folder of the system or of
 * apphost, one that lies in another location or holds it, or one others could replace; each says
 * which and why. */
apr_status_t aphd_location_judge(const char *path, const aphd_location_rules_t *rules,
                                 aph_error_t *err);

/* Opens path (O_PATH) the way aphd_location_judge does, folder by folder, and no link is
 * followed. */
apr_status_t aphd_location_walk(const char *path, int *fd, aph_error_t *err);

/* By what the folder fd stands for is known again, malloc'd; caller frees. NULL with errno. Its
 * inode, whether its disk is the system's own, and when it was made (for the root of a file system:
 * when that was made), or the file system's number where that time is not recorded. A number of a
 * device counts for nothing where these are known: it changes when a machine starts again. */
char *aphd_location_mark(int fd);

/* Nonzero where the folder fd stands for is the one mark was made of. */
int aphd_location_is(int fd, const char *mark);

/* Opens a LOCATION that was added before. APH_EDENIED where it is not the folder it was then: most
 * often its disk is not mounted, and what is there is the empty folder below. */
apr_status_t aphd_location_open(const json_t *location, int *fd, aph_error_t *err);

#endif
