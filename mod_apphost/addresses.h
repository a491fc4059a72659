/* SPDX-License-Identifier: Apache-2.0 */
/* What an app says about itself in the head of its answer: URLs that name its private port become
 * the address the client asked for, and cookies stay with the app.
 *
 * An app believes to be at http://127.0.0.1:PORT, http://localhost:PORT, http://[::1]:PORT or,
 * where its script wrote APP_HOSTNAME:HOST_PORT (GitLab's external_url), at
 * http://NAME.DOMAIN:PORT. Those authorities, letter for letter but for case, are replaced;
 * everything else that an app may say stays as it is. Pure: nothing here knows a request. */
#ifndef APHM_ADDRESSES_H
#define APHM_ADDRESSES_H

#include <apr_pools.h>
#include <apr_tables.h>

typedef struct aphm_addresses_t {
    const char *name;                  /* of the app */
    const apr_array_header_t *domains; /* const char *: its name lies in each of them */
    unsigned port;                     /* private */
    const char *host;                  /* asked for, normalised: no port */
    const char *scheme;                /* the client's, "http" or "https" */
    const char *authority;             /* the client's: host and port as in its Host header */
} aphm_addresses_t;

/* The public form of url (absolute, or "//host..."); NULL where it may stay as it is. */
const char *aphm_address_public(const aphm_addresses_t *addresses, const char *url, apr_pool_t *p);

/* The same for the value of a Refresh header: SECONDS; url=URL, the URL also in quotes. */
const char *aphm_address_refresh(const aphm_addresses_t *addresses, const char *value,
                                 apr_pool_t *p);

/* The value of a Set-Cookie header without the Domain attributes that would give the cookie to more
 * than this app, or to its private address. Never NULL. */
const char *aphm_address_cookie(const aphm_addresses_t *addresses, const char *cookie,
                                apr_pool_t *p);

#endif
