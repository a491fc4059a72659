/* SPDX-License-Identifier: Apache-2.0 */
/* Bounded GETs over the network, side by side: the only place where apphost talks to a host it was
 * led to by an author's text. Each has a time, a size and few redirects; every address is looked at
 * before it is connected to (registry_address.h), none is taken from a cache of connections; TLS is
 * verified; the environment, cookies and passwords have no part in it. */
#ifndef APHD_REGISTRY_FETCH_H
#define APHD_REGISTRY_FETCH_H

#include <stddef.h>
#include <apr_pools.h>

#include "common/error.h"
#include "helper/job/halt.h"
#include "helper/job/registry_address.h"

typedef struct aphd_fetches_t aphd_fetches_t;
typedef struct aphd_fetch_t aphd_fetch_t;

/* Where a registry was found to be, kept by the caller over all of its requests. */
typedef struct aphd_fetch_home_t {
    aphd_address_t kind; /* NEVER until it was connected to */
    int named_loopback;
    int port;            /* of a registry on loopback */
} aphd_fetch_home_t;

typedef struct aphd_fetch_spec_t {
    const char *url;
    const char *accept;       /* NULL: anything */
    const char *token;        /* NULL: none; never sent to another host */
    aphd_fetch_home_t *home;
    int sent_on;              /* url is what the registry said, not what the reference names */
    int milliseconds;
} aphd_fetch_spec_t;

/* What came; borrowed from the fetch. */
typedef struct aphd_fetched_t {
    long status;              /* of HTTP; 0 where nothing came: why then says it */
    const char *body;         /* NUL-terminated */
    size_t length;
    const char *type;         /* Content-Type without its parameters, in lower case; "" */
    const char *digest;       /* Docker-Content-Digest; "" */
    const char *challenge;    /* WWW-Authenticate; "" */
    const char *why;
} aphd_fetched_t;

/* halt is borrowed for the life of fetches, which is that of p. */
apr_status_t aphd_fetches_open(aphd_fetches_t **fetches, const aphd_halt_t *halt, apr_pool_t *p,
                               aph_error_t *err);

/* The fetch belongs to the caller until aphd_fetch_end. */
apr_status_t aphd_fetch_begin(aphd_fetches_t *fetches, const aphd_fetch_spec_t *spec,
                              aphd_fetch_t **fetch, aph_error_t *err);

/* Moves all on for at most milliseconds. Only halt is an error. */
apr_status_t aphd_fetches_pump(aphd_fetches_t *fetches, int milliseconds, aph_error_t *err);

int aphd_fetch_done(const aphd_fetch_t *fetch);
void aphd_fetch_result(aphd_fetch_t *fetch, aphd_fetched_t *fetched);
void aphd_fetch_end(aphd_fetch_t *fetch);

/* text as it may stand in a query. Lives in p. */
const char *aphd_fetch_escape(const char *text, apr_pool_t *p);

#endif
