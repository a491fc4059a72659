/* SPDX-License-Identifier: Apache-2.0 */
/* Templates of virtual hosts: which one is effective for a kind, and whether it is as it was
 * shipped. */
#ifndef APHD_TEMPLATE_H
#define APHD_TEMPLATE_H

#include <apr_pools.h>

#include "common/error.h"
#include "helper/base/settings.h"

#define APHD_VHOST_TEXT_MAX 65536 /* octets of a template, and of what was rendered */

typedef struct aphd_template_t {
    const char *path; /* for sentences */
    const char *text; /* UTF-8, without NUL */
    apr_size_t length;
    unsigned shipped : 1; /* octet for octet what came with apphost for this kind */
} aphd_template_t;

/* The effective one of kind: settings->templates_dir/vhost/KIND.conf, else shipped/vhost/KIND.conf;
 * for a kind that contains "container" then container.conf of the admin, else the shipped one.
 * shipped NULL means where `make install` put them (pkgdatadir/templates). A file that is there and
 * cannot be used is an error and never passed over: APH_ECONFIG names it and what is wrong (a link,
 * not a regular file, not root's, writable by others, too long, no UTF-8). APH_EUSAGE for a kind
 * that has no virtual host. Lives in p. */
apr_status_t aphd_template_find(const aphd_settings_t *settings, const char *kind,
                                const char *shipped, aphd_template_t *template, apr_pool_t *p,
                                aph_error_t *err);

#endif
