/* SPDX-License-Identifier: Apache-2.0 */
/* What teardown asks apphostd, over its socket. */
#ifndef APHD_SETUP_DAEMON_H
#define APHD_SETUP_DAEMON_H

#include "helper/setup/setup.h"

/* The names of the installed apps, NULL-terminated, in setup's pool. APH_EDAEMON where apphostd
 * does not answer. */
apr_status_t aphd_daemon_apps(const char *const **names, const aphd_setup_t *setup,
                              aph_error_t *err);

/* Uninstalls one; returns when it is done. */
apr_status_t aphd_daemon_uninstall(const aphd_setup_t *setup, const char *name, aph_error_t *err);

#endif
