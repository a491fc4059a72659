/* SPDX-License-Identifier: Apache-2.0 */
/* Any octets as each of the answers of a registry, and as the index of a catalog. What is accepted holds
 * digests, sizes and texts of the grammar, and nothing else. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "helper/read/index_form.h"
#include "helper/read/index_text.h"
#include "helper/read/registry_text.h"

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t size);

static void must(int condition)
{
    if (!condition)
        abort();
}

static void check_rows(const json_t *rows, int sized)
{
    size_t i;
    json_t *row;
    json_array_foreach((json_t *)rows, i, row) {
        json_int_t octets = json_integer_value(json_object_get(row, "size"));
        must(aphd_registry_digest(json_string_value(json_object_get(row, "digest"))));
        must(!sized || (json_is_integer(json_object_get(row, "size")) && octets >= 0
                        && octets <= (1LL << 50)));
    }
    must(json_array_size(rows) <= 512);
}

static void check_plain(const json_t *value, size_t most)
{
    const char *text = json_string_value(value);
    must(text != NULL && strlen(text) <= most);
    for (; *text != '\0'; text++)
        must(*text >= ' ' && *text <= '~');
}

static void check_manifest(const json_t *normal)
{
    json_t *config = json_object_get(normal, "config");
    json_auto_t *one = json_array();
    check_rows(json_object_get(normal, "index"), 0);
    check_rows(json_object_get(normal, "layers"), 1);
    json_array_append(one, config);
    if (config != NULL)
        check_rows(one, 1);
}

static void check_image(const json_t *normal)
{
    size_t i;
    json_t *id;
    check_plain(json_object_get(normal, "user"), 256);
    json_array_foreach(json_object_get(normal, "diff_ids"), i, id)
        must(aphd_registry_digest(json_string_value(id)));
}

static void check_challenge(const json_t *normal)
{
    check_plain(json_object_get(normal, "realm"), 1024);
    check_plain(json_object_get(normal, "service"), 1024);
    check_plain(json_object_get(normal, "scope"), 1024);
}

static void check_token(const json_t *normal)
{
    check_plain(json_object_get(normal, "token"), 16384);
}

static void check_index(const json_t *normal)
{
    must(aphd_index_is_normal(normal));
}

/* An index is read piece by piece; what is no JSON object as a whole is none. */
static void check_whole(const char *text, size_t size, const json_t *normal)
{
    json_t *whole = json_loadb(text, size, JSON_REJECT_DUPLICATES, NULL);
    const json_t *entries = json_object_get(whole, "entries");
    must(json_is_object(whole));
    must(json_array_size(entries) == json_array_size(json_object_get(normal, "entries"))
                                         + json_array_size(json_object_get(normal, "bad")));
    json_decref(whole);
}

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t size)
{
    static const struct {
        apr_status_t (*read)(const char *text, size_t length, json_t **normal, aph_error_t *err);
        void (*check)(const json_t *normal);
    } rows[] = {{aphd_registry_manifest, check_manifest},
                {aphd_registry_image, check_image},
                {aphd_registry_challenge, check_challenge},
                {aphd_registry_token, check_token},
                {aphd_index_text, check_index}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        json_t *normal = NULL;
        aph_error_t err = APH_ERROR_INIT;
        if (rows[i].read((const char *)octets, size, &normal, &err) == APR_SUCCESS) {
            must(normal != NULL);
            rows[i].check(normal);
            if (rows[i].read == aphd_index_text)
                check_whole((const char *)octets, size, normal);
            json_decref(normal);
        } else {
            must(normal == NULL && err.message[0] != '\0');
        }
    }
    return 0;
}
