/* SPDX-License-Identifier: Apache-2.0 */
/* Files that are either the old ones or the new ones, whole, whatever happens in between. */
#ifndef APH_FILE_REPLACE_H
#define APH_FILE_REPLACE_H

#include <stddef.h>
#include <sys/types.h>

#include "common/error.h"

/* Writes length octets to a new file beside path, syncs it, renames it over path and syncs the
 * directory. mode is exact (no umask). Only for directories no container can write to. */
apr_status_t aph_file_replace(const char *path, const void *octets, size_t length, mode_t mode,
                              aph_error_t *err);

/* That there is a file or folder of that name, or none any more, outlasts a loss of power from here
 * on: its folder is synced. What is in it is its writer's care. */
apr_status_t aph_name_sync(const char *path, aph_error_t *err);

/* Reads a regular file of at most limit octets into *octets (malloc'd, NUL added, caller frees).
 * APH_ETOOLARGE above the limit, APH_ENOTFOUND, APH_EUNREADABLE for anything but a regular file.
 * path "-" reads standard input. */
apr_status_t aph_file_read(const char *path, size_t limit, char **octets, size_t *length,
                           aph_error_t *err);

#endif
