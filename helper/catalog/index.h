/* SPDX-License-Identifier: Apache-2.0 */
/* The index of a catalog as the job works with it: read by apphost-read (helper/read/index_text.h),
 * and held against the rules of the form again on this side (helper/read/answer_form.h). */
#ifndef APHD_CATALOG_INDEX_H
#define APHD_CATALOG_INDEX_H

#include <stddef.h>
#include <jansson.h>
#include <apr_hash.h>
#include <apr_pools.h>

#include "common/error.h"
#include "helper/read/reader.h"

#define APHD_INDEX_FILE     "index.json"
#define APHD_SIGNATURE_FILE "index.json.sig"

typedef struct aphd_index_entry_t {
    const char *id;
    const char *format; /* "apphost" */
    aphd_entry_form_t form;
    const char *file;
    const char *sha256;
    size_t length;
} aphd_index_entry_t;

/* An entry that is none; the others are not held back by it. */
typedef struct aphd_index_bad_t {
    const char *id;     /* NULL: it has none */
    const char *reason; /* with its place in the index */
} aphd_index_bad_t;

typedef struct aphd_index_t {
    const char *name;
    json_int_t version, generated, expires;
    const char *sha256; /* of its octets */
    size_t count;
    aphd_index_entry_t *entries;
    size_t bad_count;
    aphd_index_bad_t *bad;
} aphd_index_t;

/* Everything lives in p. */
apr_status_t aphd_index_read(aphd_index_t *index, const char *octets, size_t length, apr_pool_t *p,
                             aph_error_t *err);

/* The ids it names, those of bad entries included: what is none of them has vanished. Lives in p. */
apr_hash_t *aphd_index_ids(const aphd_index_t *index, apr_pool_t *p);

/* 64 hexadecimal digits of octets. Lives in p. */
const char *aphd_sha256(const char *octets, size_t length, apr_pool_t *p);

#endif
