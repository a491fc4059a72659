/* SPDX-License-Identifier: Apache-2.0 */
/* Whether apps can be served beside what httpd serves already: judged on what httpd says of its
 * virtual hosts, before anything is written. */
#ifndef APHD_HTTPD_JUDGE_H
#define APHD_HTTPD_JUDGE_H

#include "helper/httpd/httpd.h"

typedef struct aphd_judgement_t {
    unsigned stand_in : 1;  /* no virtual host serves *:PORT: the main server does, and would no
                               longer once there is one; an empty one must come before ours */
    apr_array_header_t *bound; /* const aphd_httpd_name_t *: each address of PORT that has virtual
                                  hosts of its own, where ours are never reached */
} aphd_judgement_t;

/* ours: the file of our own site, whose virtual hosts do not count. What cannot work is refused,
 * with file and line: APH_ETAKEN for a wildcard that covers the names of apps; APH_ECONFIG for an
 * address this machine asks httpd on that is bound, or for <VirtualHost *> without a port, which
 * one with a port would switch off. Pure. */
apr_status_t aphd_judge(aphd_judgement_t *judgement, const apr_array_header_t *names,
                        const aphd_settings_t *settings, const char *ours, apr_pool_t *p,
                        aph_error_t *err);

/* The first virtual host of every address is its default, and must stay so: APH_ECONFIG with file
 * and line for the first address of before whose first one is another in after. Pure. */
apr_status_t aphd_judge_defaults(const apr_array_header_t *before, const apr_array_header_t *after,
                                 aph_error_t *err);

#endif
