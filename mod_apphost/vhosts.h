/* SPDX-License-Identifier: Apache-2.0 */
/* The virtual hosts of apps, which apphostd renders and swaps in as a set:
 *
 *   STATE/routes             AppHostRoutes; STATE is its folder
 *   STATE/vhosts-enabled     a link to the set httpd includes, with NNNNN.conf of each app
 *   STATE/vhosts-candidate   the same for the set that is being checked (-D APPHOST_CANDIDATE)
 *   STATE/sites/ID/logs      where their logs are opened
 *
 * A server is known as one of them by the place of its file. All of this happens while httpd reads
 * its configuration, in the parent. */
#ifndef APHM_VHOSTS_H
#define APHM_VHOSTS_H

#include "mod_apphost/config.h"

/* Turns AppHost on in every such server; what it needs and does not inherit comes from the first
 * server that has it On. Must run before the configuration is judged. */
void aphm_vhosts_adopt(server_rec *main_server, apr_pool_t *p);

/* Makes the log folders that are missing, for neither does httpd start without them nor is
 * `httpd -t` content. Only for the enabled set, and only when run by root. Fails with the first
 * failure, after everything else was tried; httpd can go on. */
apr_status_t aphm_vhosts_make_logs(const char *routes_path, aph_error_t *err);

/* The set that is enabled: the last component of the link; "" where there is none. */
const char *aphm_vhosts_set(const char *routes_path, apr_pool_t *p);

#endif
