/* SPDX-License-Identifier: Apache-2.0 */
/* What an app's `--option NAME[=VALUE]` say, judged: common/options.def has the list. Pure
 * functions; everything lives in the pool that was given. */
#ifndef APHD_OPTIONS_H
#define APHD_OPTIONS_H

#include <stdint.h>
#include <apr_pools.h>
#include <apr_tables.h>

#include "common/error.h"

#define APHD_OPTIONS_MAX  64
#define APHD_ALLOW_IP_MAX 64

typedef struct aphd_options_t {
    /* Of the route. */
    uint32_t route_flags;  /* APH_ROUTE_HTTPS, or 0 */
    uint32_t max_requests; /* 0: not given */
    uint32_t max_websockets;
    /* Of the virtual host. Each array holds const char *. */
    apr_array_header_t *lines;    /* whole directives, none of them access */
    apr_array_header_t *allow_ip; /* addresses and networks, as httpd reads them */
    const char *auth_file;        /* absolute path in the grammar of text.h, or NULL */
    const char *auth_name;        /* NULL: the app's name */
    const char *named;            /* those that need the virtual host, "a, b"; "" where none does */
    apr_array_header_t *modules;  /* modules of httpd they need, without "_module", each once */
    unsigned access : 1;          /* somebody is kept out: served in its own virtual host only */
    unsigned vhost : 1;           /* at least one of them needs the virtual host */
} aphd_options_t;

/* Judges count texts "NAME" or "NAME=VALUE". Unknown, a value missing or not allowed, given twice
 * where that means nothing: APH_EUSAGE, naming the option and what is allowed. Files are not looked
 * at (see files_dir.h). count 0 gives options that say nothing. */
apr_status_t aphd_options_parse(const char *const *given, int count, aphd_options_t *options,
                                apr_pool_t *p, aph_error_t *err);

#endif
