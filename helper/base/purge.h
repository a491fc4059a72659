/* SPDX-License-Identifier: Apache-2.0 */
/* Deleting a folder a container could write to, with everything below it and nothing else. */
#ifndef APHD_PURGE_H
#define APHD_PURGE_H

#include "common/error.h"

/* Deletes name (one component) in directory, a descriptor of a folder no container can write to.
 * Links are deleted, never followed; a mounted file system stops it with a sentence. Uses at most
 * about seventy descriptors however deep the tree; may be called again after it was interrupted.
 * Not there: success. */
apr_status_t aphd_purge(int directory, const char *name, aph_error_t *err);

/* The same by path, whose parent is root's. */
apr_status_t aphd_purge_path(const char *path, aph_error_t *err);

/* Hears about once a second how many files and folders are gone, for one who waits. */
typedef struct aphd_purge_watch_t {
    void (*deleted_cb)(void *baton, unsigned long long deleted);
    void *baton;
} aphd_purge_watch_t;

/* aphd_purge_path, watched. */
apr_status_t aphd_purge_watched(const char *path, const aphd_purge_watch_t *watch,
                                aph_error_t *err);

#endif
