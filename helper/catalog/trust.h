/* SPDX-License-Identifier: Apache-2.0 */
/* Whether an index is believed. Pure.
 *
 * The key comes from `catalog add`, which only root runs; nothing that was fetched can name one.
 * The signature covers the exact octets of index.json and is checked before anything reads them.
 * After it: versions only count up and not by leaps, and time only goes forward, so that nobody
 * between the maker and this machine can serve an old index, keep serving the same one, or use up
 * the numbers. */
#ifndef APHD_CATALOG_TRUST_H
#define APHD_CATALOG_TRUST_H

#include <stddef.h>
#include <jansson.h>
#include <apr_pools.h>

#include "common/error.h"
#include "helper/catalog/index.h"

#define APHD_TRUST_STEP_MAX 1000000 /* versions an index may be ahead of the last one */

/* key: 64 hexadecimal digits. signature: 128 of them, and nothing else but one line end.
 * APH_EDENIED. */
apr_status_t aphd_trust_signature(const char *key, const char *octets, size_t length,
                                  const char *signature, size_t signature_length, aph_error_t *err);

/* catalog: its CATALOG row (store.h), borrowed; now: of this machine. APH_EDENIED. */
apr_status_t aphd_trust_index(const json_t *catalog, const aphd_index_t *index, json_int_t now,
                              aph_error_t *err);

/* Now, or the newest time that was ever seen with that catalog: a clock that was set back makes
 * nothing young again. */
json_int_t aphd_trust_now(const json_t *catalog, json_int_t now);

/* For who installs or updates from a catalog: APH_EDENIED where its index has expired. */
apr_status_t aphd_catalog_may_install(const json_t *catalog, json_int_t now, aph_error_t *err);

/* A sentence where more than half of the index's life is over, else NULL. Lives in p. */
const char *aphd_catalog_warning(const json_t *catalog, json_int_t now, apr_pool_t *p);

#endif
