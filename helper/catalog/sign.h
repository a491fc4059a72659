/* SPDX-License-Identifier: Apache-2.0 */
/* apphost-sign: a folder of entries becomes a catalog. Writes index.json and index.json.sig in it,
 * and nothing else; a new key where it is told to, and only where there is no file. */
#ifndef APHD_CATALOG_SIGN_H
#define APHD_CATALOG_SIGN_H

#include <jansson.h>
#include <apr_pools.h>
#include <sodium.h>

#include "common/error.h"

typedef struct aphd_sign_key_t {
    unsigned char secret[crypto_sign_SECRETKEYBYTES];
    char public_hex[2 * crypto_sign_PUBLICKEYBYTES + 1];
} aphd_sign_key_t;

/* sign_key.c. The file holds the seed, 64 hexadecimal digits, and is its owner's alone (0600). */
apr_status_t aphd_sign_key_read(aphd_sign_key_t *key, const char *path, aph_error_t *err);
apr_status_t aphd_sign_key_make(aphd_sign_key_t *key, const char *path, aph_error_t *err);

/* 128 hexadecimal digits and a line end; lives in p. */
const char *aphd_sign_text(const aphd_sign_key_t *key, const char *octets, size_t length,
                           apr_pool_t *p);

/* sign_entries.c. The "entries" of an index, sorted by id: every *.json below folder that is an
 * entry. New reference. APH_EUNREADABLE names the first file that is none, and why. */
apr_status_t aphd_sign_entries(const char *folder, json_t **entries, apr_pool_t *p,
                               aph_error_t *err);

#endif
