/* SPDX-License-Identifier: Apache-2.0 */
/* What httpd prints about itself, read. Pure: text in, facts out; strings live in the pool.
 *
 * One run of `COMMAND -t -D DUMP_...` prints everything that was asked for, one section after the
 * other; a line that nobody knows is passed over, because modules print lines of their own. */
#ifndef APHD_HTTPD_DUMP_H
#define APHD_HTTPD_DUMP_H

#include "helper/httpd/httpd.h"

/* Fills facts (all arrays made) from the output of DUMP_RUN_CFG, DUMP_INCLUDES, DUMP_MODULES and
 * DUMP_VHOSTS. lonely, where not NULL, receives the addresses (const char *) that have one virtual
 * host only: httpd prints no aliases for these. */
void aphd_dump_read(aphd_httpd_facts_t *facts, apr_array_header_t *lonely, const char *text,
                    apr_pool_t *p);

/* The names of facts without those whose <VirtualHost> stands below one of our folders (paths that
 * end in a slash, NULL-terminated) or on the command line. */
void aphd_dump_drop_ours(aphd_httpd_facts_t *facts, const char *const *folders);

/* The output of -V. */
void aphd_dump_build(aphd_httpd_build_t *build, const char *text, apr_pool_t *p);

/* Why httpd's command ended with an error. file is NULL where it names none; sentence never is. */
typedef struct aphd_cause_t {
    const char *file;
    int line;
    const char *sentence;
} aphd_cause_t;

void aphd_dump_cause(aphd_cause_t *cause, const char *errors, apr_pool_t *p);

#endif
