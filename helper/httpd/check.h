/* SPDX-License-Identifier: Apache-2.0 */
/* Is a configuration sound? Four judges, each of which sees what the ones before it cannot:
 *   rules.c     we read our texts: what httpd's own check does not look at, but ends httpd at a
 *               reload
 *   skeleton.c  httpd reads our texts alone, as nobody, in no network
 *   check.c     httpd reads everything as root
 * Texts that the first two have not passed are never read by a program of root's. */
#ifndef APHD_HTTPD_CHECK_H
#define APHD_HTTPD_CHECK_H

#include "helper/httpd/dump.h"
#include "helper/httpd/httpd.h"

/* APH_ECONFIG: a text has a directive outside of <VirtualHost>, which would change all of httpd,
 * one that loads code, or a log whose folder is missing or belongs to somebody who is not root. */
apr_status_t aphd_rules_judge(const aphd_httpd_t *httpd, const aphd_httpd_facts_t *facts,
                              const apr_array_header_t *wanted, aph_error_t *err);

/* The same of httpd's own files, as far as a reload would end httpd: a log whose folder or program
 * is missing. */
apr_status_t aphd_rules_judge_sites(const aphd_httpd_t *httpd, const aphd_httpd_facts_t *facts,
                                    aph_error_t *err);

/* Pure part of the first: what a directive that must not stand where it stands does; NULL: all is
 * well. */
const char *aphd_rules_misplaced(const char *text, int *line, apr_pool_t *p);

/* APH_ECONFIG: httpd, with the modules of facts and nothing else, does not accept the wanted. */
apr_status_t aphd_skeleton_check(const aphd_httpd_t *httpd, const aphd_httpd_facts_t *facts,
                                 const apr_array_header_t *wanted, aph_error_t *err);

/* Pure part of it: the LoadModule and LoadFile lines of one file that took effect, as text; lines
 * in an <IfDefine> or <IfModule> that does not hold are left out, and so are modules not loaded. */
const char *aphd_skeleton_loads(const char *text, const aphd_httpd_facts_t *facts, apr_pool_t *p);

/* COMMAND -D APPHOST_CANDIDATE -t, with the candidate in place. wanted is for messages. */
apr_status_t aphd_check_candidate(const aphd_httpd_t *httpd, const apr_array_header_t *wanted,
                                  aph_error_t *err);

/* COMMAND -t: what a reload would read. wanted may be NULL. Where files is not NULL it receives
 * what was read (const char *). */
apr_status_t aphd_check_enabled(const aphd_httpd_t *httpd, const apr_array_header_t *wanted,
                                apr_array_header_t **files, aph_error_t *err);

/* --- who is to blame --- */

/* The error for a virtual host of ours: names app, file in vhosts-available, line and template. */
apr_status_t aphd_check_ours(const aphd_httpd_t *httpd, const apr_array_header_t *wanted,
                             int app_id, int line, const char *sentence, aph_error_t *err);

/* The app whose virtual host file is; 0: it is none of ours. */
int aphd_check_whose(const aphd_httpd_t *httpd, const char *file);

/* The error for a configuration that is broken without us. */
apr_status_t aphd_check_not_ours(const aphd_cause_t *cause, const aphd_httpd_t *httpd,
                                 aph_error_t *err);

#endif
