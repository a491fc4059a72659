/* SPDX-License-Identifier: Apache-2.0 */
/* A configuration text of httpd, directive by directive, as httpd itself cuts it: lines joined at a
 * backslash, comments and blank lines passed over. Pure. */
#ifndef APHD_HTTPD_DIRECTIVES_H
#define APHD_HTTPD_DIRECTIVES_H

#include <apr_pools.h>

typedef struct aphd_directives_t {
    const char *next;
    int next_line;
    apr_pool_t *p;
    /* The directive read last. */
    const char *name; /* "CustomLog", "<VirtualHost", "</VirtualHost"; in the pool */
    const char *args; /* the rest, without blanks around it, for sections without > */
    int line;         /* where it begins */
} aphd_directives_t;

void aphd_directives_begin(aphd_directives_t *text, const char *octets, apr_pool_t *p);

/* Nonzero while there is one more. */
int aphd_directives_next(aphd_directives_t *text);

/* Whether the directive has this name, in any case. */
int aphd_directives_is(const aphd_directives_t *text, const char *name);

/* Takes the next word of args, quotes removed; "" at the end. */
const char *aphd_directives_word(const char **args, apr_pool_t *p);

#endif
