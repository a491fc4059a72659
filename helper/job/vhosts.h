/* SPDX-License-Identifier: Apache-2.0 */
/* The virtual hosts of all apps: files as rendered, and the set httpd has. What the set is follows from
 * the rows of the database: whoever changes a row brings httpd to it. */
#ifndef APHD_VHOSTS_H
#define APHD_VHOSTS_H

#include "helper/httpd/httpd.h"
#include "helper/job/site.h"

/* Writes vhosts-available/ID.conf and makes sites/ID; its logs/ are made when httpd gets it. Nothing where
 * the site has no virtual host. */
apr_status_t aphd_vhosts_write(const aphd_job_t *job, const aphd_job_app_t *app,
                               const aphd_site_t *site, aph_error_t *err);

/* Removes both. The logs go with purge; else they stay beside the data. */
apr_status_t aphd_vhosts_remove(const aphd_job_t *job, const aphd_job_app_t *app, int logs,
                                aph_error_t *err);

/* Nobody else in httpd answers at a name of the app. What httpd cannot be asked is logged, and is no
 * obstacle: an app that needs no virtual host of its own needs no answer. */
apr_status_t aphd_vhosts_names_free(const aphd_job_t *job, const aphd_job_app_t *app,
                                    const aphd_site_t *site, aph_error_t *err);

/* Puts the app's virtual host among the enabled ones and httpd onto the new set; the row says so from
 * then on. On error httpd serves what it served before, and the row says so too. */
apr_status_t aphd_vhosts_enable(aphd_job_t *job, const aphd_site_t *site, aph_error_t *err);

/* Takes it out again, where the row has it. Where httpd cannot be brought to it the row is right all the
 * same, and the next change of any virtual host makes httpd right; *left then says why. */
apr_status_t aphd_vhosts_disable(aphd_job_t *job, aph_error_t *left, aph_error_t *err);

#endif
