/* SPDX-License-Identifier: Apache-2.0 */
/* The sets of virtual hosts on the disk. A set is complete before it has its name, and never
 * changes after; vhosts-enabled and vhosts-candidate are symbolic links, replaced by rename. So
 * whatever ends us, vhosts-enabled names one whole set.
 *
 * Who changes anything here holds the lock of httpd. */
#ifndef APHD_HTTPD_SETS_H
#define APHD_HTTPD_SETS_H

#include "helper/httpd/httpd.h"

/* StateDir/vhosts-sets, -enabled, -candidate, -available: each with a slash at its end; the first
 * three are where httpd may say that a virtual host of ours stands. NULL-terminated. */
const char *const *aphd_sets_folders(const aphd_httpd_t *httpd);

/* StateDir/vhosts-sets/NAME */
const char *aphd_sets_path(const aphd_httpd_t *httpd, const char *name);

/* *number is the set vhosts-enabled names; 0: there is no such link. APH_ECONFIG when it is
 * something else than a link to a set that is there. */
apr_status_t aphd_sets_current(int *number, const aphd_httpd_t *httpd, aph_error_t *err);

/* Whether set number (0: the empty one) is, octet by octet, the wanted one. */
int aphd_sets_equal(const aphd_httpd_t *httpd, int number, const apr_array_header_t *wanted);

/* The texts of a set; apps are called by their number. */
apr_status_t aphd_sets_read(apr_array_header_t **vhosts, const aphd_httpd_t *httpd, int number,
                            aph_error_t *err);

/* Writes wanted as a new set, with a number above least and above every set there is. */
apr_status_t aphd_sets_write(int *number, const aphd_httpd_t *httpd, int least,
                             const apr_array_header_t *wanted, aph_error_t *err);

/* Points vhosts-enabled or vhosts-candidate to a set; 0 takes the link away. */
apr_status_t aphd_sets_enable(const aphd_httpd_t *httpd, int number, aph_error_t *err);
apr_status_t aphd_sets_nominate(const aphd_httpd_t *httpd, int number, aph_error_t *err);

/* Removes the candidate's link and every set but the two kept ones; what somebody was ended in the
 * middle of goes with them. */
apr_status_t aphd_sets_tidy(const aphd_httpd_t *httpd, int keep, int keep_too, aph_error_t *err);

/* A new empty folder beside the sets that everybody may look into; tidy removes it too. */
apr_status_t aphd_sets_scratch(const char **path, const aphd_httpd_t *httpd, aph_error_t *err);
void aphd_sets_remove(const char *path);

/* Makes the log folders StateDir/sites/ID/logs of the wanted that are missing: httpd ends where the
 * folder of a log is not there. 0750 root:adm, or 0700 where there is no group adm. */
apr_status_t aphd_sets_log_folders(const aphd_httpd_t *httpd, const apr_array_header_t *wanted,
                                   aph_error_t *err);

#endif
