/* SPDX-License-Identifier: Apache-2.0 */
/* Where the image of a reference is to be asked for. Pure.
 *
 * No registry's host name stands in apphost. A reference that names its registry is asked there; for
 * one that does not, the engine says whom it asks:
 *   Docker  /info: IndexServerAddress is the registry of short names, the entry of IndexConfigs
 *           that is "Official" how references may call it, and its Mirrors are asked first
 *   Podman  tells the whole name when it is asked for an image it does not have
 * Where neither does, the sizes stay unknown.
 *
 * http is spoken with a registry on this machine's loopback, and with those the admin declared
 * insecure to the engine (IndexConfigs, Secure false); with all others only https. */
#ifndef APHD_REGISTRY_NAME_H
#define APHD_REGISTRY_NAME_H

#include <jansson.h>
#include <apr_pools.h>

#include "common/error.h"

#define APHD_REGISTRY_BASES_MAX 4

/* The engine's part in it, borrowed. */
typedef struct aphd_registry_site_t {
    const json_t *info;       /* the engine's /info */
    const char *architecture; /* as an index calls it: "amd64" */
    const char *variant;      /* "v7"; "" where there is none */
} aphd_registry_site_t;

typedef struct aphd_registry_name_t {
    const char *bases[APHD_REGISTRY_BASES_MAX]; /* "https://HOST[:PORT]", asked in turn; NULL ends */
    const char *path;   /* "library/name" */
    const char *tag;    /* or the digest */
    const char *domain; /* for sentences */
    int pinned;         /* tag is a digest */
} aphd_registry_name_t;

/* full is the whole name as Podman told it, or NULL. APH_EIMAGE says why nobody can be asked. Strings
 * live in p. */
apr_status_t aphd_registry_name(const char *ref, const char *full, const aphd_registry_site_t *site,
                                aphd_registry_name_t *name, apr_pool_t *p, aph_error_t *err);

/* The whole name of ref in what Podman says of an image it does not have; NULL where said has none.
 * Lives in p. */
const char *aphd_registry_full(const char *ref, const char *said, apr_pool_t *p);

/* The digest of the index entry for this machine: linux, its architecture, and its variant, the
 * entry without one, or the highest below it. NULL: there is none. Borrowed from index. */
const char *aphd_registry_pick(const json_t *index, const aphd_registry_site_t *site);

/* Nonzero where base names this machine's loopback by its address. */
int aphd_registry_on_loopback(const char *base);

/* Nonzero for "sha256:" and 64 hexadecimal digits in lower case. */
int aphd_registry_is_digest(const char *text);

/* Whether realm may be asked for a token: https, or the registry on loopback itself (base). */
int aphd_registry_realm_fits(const char *realm, const char *base);

#endif
