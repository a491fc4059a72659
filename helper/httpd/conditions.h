/* SPDX-License-Identifier: Apache-2.0 */
/* The directives of a file that took effect: without those in an <IfDefine> or <IfModule> that does
 * not hold in httpd as facts describe it, and without what a <Macro> only keeps for later. Pure. */
#ifndef APHD_HTTPD_CONDITIONS_H
#define APHD_HTTPD_CONDITIONS_H

#include "helper/httpd/directives.h"
#include "helper/httpd/httpd.h"

typedef struct aphd_effective_t {
    aphd_directives_t text; /* the directive read last is in here */
    const aphd_httpd_facts_t *facts;
    int depth;
    int asleep;             /* the depth at which a condition failed; 0: all hold */
} aphd_effective_t;

void aphd_effective_begin(aphd_effective_t *effective, const char *octets,
                          const aphd_httpd_facts_t *facts, apr_pool_t *p);

/* Nonzero while there is one more; the sections themselves are not shown. */
int aphd_effective_next(aphd_effective_t *effective);

/* Whether httpd says that it has the module ("ssl_module"). */
int aphd_effective_module(const aphd_httpd_facts_t *facts, const char *name);

#endif
