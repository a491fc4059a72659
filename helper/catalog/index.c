/* SPDX-License-Identifier: Apache-2.0 */
#include "helper/catalog/index.h"

#include <string.h>
#include <apr_strings.h>
#include <sodium.h>

#include "helper/catalog/members.h"

#define READ_MS 10000

const char *aphd_sha256(const char *octets, size_t length, apr_pool_t *p)
{
    unsigned char digest[crypto_hash_sha256_BYTES];
    char *hex = apr_palloc(p, 2 * sizeof digest + 1);
    crypto_hash_sha256(digest, (const unsigned char *)octets, length);
    return sodium_bin2hex(hex, 2 * sizeof digest + 1, digest, sizeof digest);
}

static apr_status_t keep_tree(void *data)
{
    json_decref(data);
    return APR_SUCCESS;
}

static void take_bad(aphd_index_t *index, const json_t *bad, apr_pool_t *p)
{
    index->bad_count = json_array_size(bad);
    index->bad = apr_pcalloc(p, (index->bad_count + 1) * sizeof *index->bad);
    for (size_t i = 0; i < index->bad_count; i++) {
        const json_t *one = json_array_get(bad, i);
        index->bad[i].id = text_or_null(one, "id");
        index->bad[i].reason =
            apr_psprintf(p, "entry %d of " APHD_INDEX_FILE ": %s", (int)number_of(one, "position"),
                         text_or_null(one, "reason"));
    }
}

/* The texts stay in the tree, which ends with p. */
static void take(aphd_index_t *index, json_t *tree, apr_pool_t *p)
{
    const json_t *entries = json_object_get(tree, "entries");
    apr_pool_cleanup_register(p, tree, keep_tree, apr_pool_cleanup_null);
    index->name = text_or_null(tree, "name");
    index->version = number_of(tree, "version");
    index->generated = number_of(tree, "generated");
    index->expires = number_of(tree, "expires");
    index->count = json_array_size(entries);
    index->entries = apr_pcalloc(p, (index->count + 1) * sizeof *index->entries);
    for (size_t i = 0; i < index->count; i++) {
        const json_t *entry = json_array_get(entries, i);
        index->entries[i] = (aphd_index_entry_t){
            .id = text_or_null(entry, "id"),
            .format = text_or_null(entry, "format"),
            .file = text_or_null(entry, "file"),
            .sha256 = text_or_null(entry, "sha256"),
            .length = (size_t)number_of(entry, "length"),
        };
        aphd_form_find(index->entries[i].format, &index->entries[i].form);
    }
    take_bad(index, json_object_get(tree, "bad"), p);
}

apr_status_t aphd_index_read(aphd_index_t *index, const char *octets, size_t length, apr_pool_t *p,
                             aph_error_t *err)
{
    json_t *tree = NULL;
    aphd_reading_t reading = {.kind = APHD_READ_INDEX, .text = octets, .length = length,
                              .milliseconds = READ_MS};
    memset(index, 0, sizeof *index);
    apr_status_t status = aphd_reader_run_within(&reading, &tree, err);
    if (status != APR_SUCCESS) {
        aph_error_wrap(err, "%s", APHD_INDEX_FILE);
        return status;
    }
    take(index, tree, p);
    index->sha256 = aphd_sha256(octets, length, p);
    return APR_SUCCESS;
}

apr_hash_t *aphd_index_ids(const aphd_index_t *index, apr_pool_t *p)
{
    apr_hash_t *ids = apr_hash_make(p);
    for (size_t i = 0; i < index->count; i++)
        apr_hash_set(ids, index->entries[i].id, APR_HASH_KEY_STRING, index);
    for (size_t i = 0; i < index->bad_count; i++)
        if (index->bad[i].id != NULL)
            apr_hash_set(ids, index->bad[i].id, APR_HASH_KEY_STRING, index);
    return ids;
}
