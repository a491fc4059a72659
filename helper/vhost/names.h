/* SPDX-License-Identifier: Apache-2.0 */
/* Aliases and kinds: what an app may be called beside its name, and what it may be. Pure. */
#ifndef APHD_NAMES_H
#define APHD_NAMES_H

#include <apr_pools.h>

#include "common/error.h"

#define APHD_ALIASES_MAX     32
#define APHD_KIND_OCTETS_MAX 32

/* What an alias is judged against; all borrowed. */
typedef struct aphd_naming_t {
    const char *name;           /* the app's own label */
    const char *const *domains; /* normalised, NULL-terminated */
    const char *machine;        /* short or full name of this machine; may be NULL */
} aphd_naming_t;

/* Brings count aliases as typed into the form of routes: *aliases receives an array of count names,
 * NULL-terminated, in p; *outside whether one of them lies in none of the domains (then the
 * wildcard virtual host never sees it, and the app needs its own). APH_EUSAGE for what is no full
 * host name, given twice or too many; APH_ETAKEN for a name that is the server's or the app's own.
 * Whether another app has it, the database knows. */
apr_status_t aphd_aliases_judge(const char *const *typed, int count, const aphd_naming_t *naming,
                                const char *const **aliases, int *outside, apr_pool_t *p,
                                aph_error_t *err);

/* Nonzero when host (normalised) is a domain of domains or lies below one. */
int aphd_host_inside(const char *host, const char *const *domains);

typedef enum aphd_kind_t {
    APHD_KIND_UNKNOWN,
    APHD_KIND_CONTAINER, /* any label that contains "container" */
    APHD_KIND_WEBAPP,    /* files of a folder, no container */
    APHD_KIND_HEADLESS   /* containers and no web page: no route, no virtual host */
} aphd_kind_t;

/* Which of them a kind is; APHD_KIND_UNKNOWN for everything else, too long a label included. */
aphd_kind_t aphd_kind_of(const char *kind);

/* APH_EUSAGE with the list where it is none. */
apr_status_t aphd_kind_judge(const char *kind, aph_error_t *err);

#endif
