/* SPDX-License-Identifier: Apache-2.0 */
/* What apphostd asks before and after it has httpd read its configuration anew: who runs, with
 * which set of virtual hosts, and whether the scoreboard has room for one more generation of
 * children.
 *
 * GET http://apphost-probe.DOMAIN/ over loopback, for any AppHostDomain, is answered with
 *
 *   {"module":VERSION, "parent":PID, "generation":N, "set":NAME, "routes":PATH, "start_servers":N,
 *    "slots":{"total":N, "used":N, "quiescing":N}, "threads":{"busy":N, "idle":N},
 *    "restart_time":SECONDS}
 *
 * generation and set are those of the child that answers; a slot is used while a process holds it,
 * and quiescing while that process is of an older generation or on its way out. Access control is
 * not asked: an admin's rule for the apps' addresses must not blind apphostd. Everybody else gets
 * the page for an unknown app. */
#ifndef APHM_PROBE_H
#define APHM_PROBE_H

#include "mod_apphost/config.h"

/* Nonzero when host (normalised) is the probe's name in one of the domains. */
int aphm_probe_is_host(const aphm_config_t *config, const char *host);

/* A quick handler: answers, or DECLINED. */
int aphm_probe_handle(request_rec *r, int lookup);

/* How many children httpd starts at once. The configuration must just have been read. */
int aphm_probe_start_servers(void);

#endif
