/* SPDX-License-Identifier: Apache-2.0 */
/* What setup sets in motion: the kernel's reservation, apphostd, httpd. */
#ifndef APHD_SETUP_SERVICE_H
#define APHD_SETUP_SERVICE_H

#include "helper/setup/setup.h"

/* Sets the kernel's list of reserved ports. */
apr_status_t aphd_service_reserve(const char *list, aph_error_t *err);

/* Whether systemd runs this machine. */
int aphd_service_systemd(void);

/* Whether systemd starts apphostd at boot already. */
int aphd_service_enabled(apr_pool_t *p);

/* systemctl VERB [--now] apphostd. APH_EDAEMON with systemctl's words. */
apr_status_t aphd_service_systemctl(const char *verb, int now, apr_pool_t *p, aph_error_t *err);

/* The process that holds apphostd's lock; 0 where none does. */
pid_t aphd_service_daemon(const aphd_settings_t *settings);

/* Ends apphostd, and waits until it is gone. */
apr_status_t aphd_service_stop_daemon(const aphd_settings_t *settings, aph_error_t *err);

/* Reloads a running httpd whose configuration was just found sound. The first time there is no
 * mod_apphost in it yet that could say whether there is room, and the last time there will be none
 * afterwards that could say that it is done; so the parent of the pid file is signalled, and asked
 * until it answers as it shall: with the probe, or without. APH_EUNHEALTHY where it does not. */
apr_status_t aphd_service_reload(aphd_setup_t *setup, int with_apphost, aph_error_t *err);

#endif
