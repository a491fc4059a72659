/* SPDX-License-Identifier: Apache-2.0 */
/* What setup will do, as data. */
#ifndef APHD_SETUP_PLAN_H
#define APHD_SETUP_PLAN_H

#include "helper/setup/setup.h"

#define APHD_SYSCTL_FILE    "/etc/sysctl.d/60-apphost.conf"
#define APHD_LOGROTATE_FILE "/etc/logrotate.d/apphost"
#define APHD_RESERVED_PORTS "/proc/sys/net/ipv4/ip_local_reserved_ports"

/* Whether nobody has made apphostd.conf his own yet: it is not there, or is the shipped one. Then a
 * domain must be asked for. */
apr_status_t aphd_plan_is_fresh(const aphd_setup_t *setup, int *fresh, aph_error_t *err);

/* apphostd.conf with what was asked for: reads what is there (else what was shipped) and sets that
 * in it. Sets settings and config_text. */
apr_status_t aphd_plan_settings(aphd_setup_t *setup, aph_error_t *err);

/* Asks httpd, and sets in the configuration what it says: PublicPort, WebUser. Sets httpd, facts,
 * layout and parent, and settings and config_text anew. */
apr_status_t aphd_plan_httpd(aphd_setup_t *setup, aph_error_t *err);

/* The pid in httpd's pid file, while that process is an httpd; else 0. */
pid_t aphd_plan_parent(const aphd_httpd_facts_t *facts, apr_pool_t *p);

/* Makes setup->changes and its notes: everything that must differ on the disk, and nothing else. An
 * entry whose before equals its after needs no writing but stays ours. */
apr_status_t aphd_plan_changes(aphd_setup_t *setup, aph_error_t *err);

/* Whether the thing on the disk is another than it shall be. */
int aphd_plan_differs(const aphd_setup_t *setup, const aphd_change_t *change);

/* The kernel's list of reserved ports; "" where it cannot be read. */
const char *aphd_plan_reserved(apr_pool_t *p);

/* "35001-35999" */
const char *aphd_plan_range(const aphd_settings_t *settings, apr_pool_t *p);

#endif
