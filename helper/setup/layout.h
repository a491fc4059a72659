/* SPDX-License-Identifier: Apache-2.0 */
/* Where a running httpd keeps modules and sites, judged by what it reads and not by who made it. */
#ifndef APHD_SETUP_LAYOUT_H
#define APHD_SETUP_LAYOUT_H

#include "helper/setup/setup.h"

/* From the files httpd read: one below mods-enabled/ makes it Debian's shape, one below
 * conf.modules.d/ Fedora's, and ServerRoot decides where neither was read. APH_ECONFIG where the
 * folders of neither are there: then conf/apphost.conf is included by hand. */
apr_status_t aphd_layout_find(aphd_layout_t *layout, const aphd_httpd_facts_t *facts,
                              apr_pool_t *p, aph_error_t *err);

/* Whether httpd has loaded a module, such as "proxy_module". */
int aphd_layout_has_module(const aphd_httpd_facts_t *facts, const char *module);

/* The name our site gets, so that httpd reads it after all that are in the folder of sites now. */
apr_status_t aphd_layout_site_name(const char **name, const aphd_layout_t *layout, apr_pool_t *p,
                                   aph_error_t *err);

#endif
