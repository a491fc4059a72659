/* SPDX-License-Identifier: Apache-2.0 */
/* Where apphostd lives: its directories, and the lock that says it is the only one there. */
#ifndef APHD_PLACES_H
#define APHD_PLACES_H

#include <sys/types.h>

#include "helper/base/settings.h"

/* The group of WebUser: of that name, or the user's own. APH_ECONFIG where there is neither. */
apr_status_t aphd_places_group(const aphd_settings_t *settings, gid_t *gid, aph_error_t *err);

/* Makes what is missing and judges what is there: ours, a directory and not a link, nobody else may
 * write. Modes: StateDir, sites and vhosts-available 0755, apps 0700, data 0711, RuntimeDir 0750
 * with group gid. */
apr_status_t aphd_places_prepare(const aphd_settings_t *settings, gid_t gid, aph_error_t *err);

/* Takes the lock; *fd holds it until it is closed. APH_EBUSY where another apphostd has it. */
apr_status_t aphd_places_lock(const aphd_settings_t *settings, int *fd, aph_error_t *err);

#endif
