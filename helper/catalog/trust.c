/* SPDX-License-Identifier: Apache-2.0 */
#include "helper/catalog/trust.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <apr_strings.h>
#include <sodium.h>

#include "helper/catalog/members.h"

#define DAY 86400

/* --- the signature ------------------------------------------------------------------------- */

static int from_hex(unsigned char *into, size_t want, const char *text, size_t length)
{
    size_t got = 0;
    const char *end = NULL;
    for (size_t i = 0; i < length; i++)
        if (strchr("0123456789abcdef", text[i]) == NULL || text[i] == '\0')
            return 0;
    return length == 2 * want && sodium_hex2bin(into, want, text, length, NULL, &got, &end) == 0
        && got == want;
}

apr_status_t aphd_trust_signature(const char *key, const char *octets, size_t length,
                                  const char *signature, size_t signature_length, aph_error_t *err)
{
    unsigned char public_key[crypto_sign_PUBLICKEYBYTES], raw[crypto_sign_BYTES];
    if (signature_length > 0 && signature[signature_length - 1] == '\n')
        signature_length--;
    if (!from_hex(public_key, sizeof public_key, key, strlen(key)))
        return aph_error_set(err, APH_EDENIED, 2494,
                             "the catalog has no usable key: remove it and add "
                             "it again with --key and 64 hexadecimal digits");
    if (!from_hex(raw, sizeof raw, signature, signature_length))
        return aph_error_set(err, APH_EDENIED, 2495, "%s is not signed: %s does not hold 128 "
                             "hexadecimal digits", APHD_INDEX_FILE, APHD_SIGNATURE_FILE);
    if (crypto_sign_verify_detached(raw, (const unsigned char *)octets, length, public_key) != 0)
        return aph_error_set(
            err, APH_EDENIED, 2496,
            "%s is not what the owner of the key %.16s... "
            "signed: it was changed, or signed with another key. Nothing of it was "
            "read",
            APHD_INDEX_FILE, key);
    return APR_SUCCESS;
}

/* --- versions and times -------------------------------------------------------------------- */

json_int_t aphd_trust_now(const json_t *catalog, json_int_t now)
{
    static const char *const seen[] = {"generated", "checked"};
    for (size_t i = 0; i < sizeof seen / sizeof seen[0]; i++)
        if (number_of(catalog, seen[i]) > now)
            now = number_of(catalog, seen[i]);
    return now;
}

static const char *date_of(json_int_t seconds, char *text, size_t size)
{
    time_t time = (time_t)seconds;
    struct tm parts;
    if (gmtime_r(&time, &parts) == NULL || strftime(text, size, "%Y-%m-%d %H:%M UTC", &parts) == 0)
        snprintf(text, size, "%lld", (long long)seconds);
    return text;
}

static apr_status_t judge_version(const json_t *catalog, const aphd_index_t *index,
                                  aph_error_t *err)
{
    json_int_t seen = number_of(catalog, "version");
    if (seen == 0)
        return APR_SUCCESS;
    if (index->version < seen)
        return aph_error_set(err, APH_EDENIED, 2497,
                             "version %lld of the index is older than version "
                             "%lld, which was here before",
                             (long long)index->version, (long long)seen);
    if (index->version == seen && strcmp(index->sha256, text_of(catalog, "sha256")) != 0)
        return aph_error_set(err, APH_EDENIED, 2498,
                             "this is another version %lld of the index than "
                             "the one that was here before",
                             (long long)seen);
    if (index->version - seen > APHD_TRUST_STEP_MAX)
        return aph_error_set(err, APH_EDENIED, 2499,
                             "version %lld of the index is more than %d ahead "
                             "of version %lld, which was here before; if that is right, remove the "
                             "catalog and add it again",
                             (long long)index->version, APHD_TRUST_STEP_MAX, (long long)seen);
    return APR_SUCCESS;
}

apr_status_t aphd_trust_index(const json_t *catalog, const aphd_index_t *index, json_int_t now,
                              aph_error_t *err)
{
    char date[64], today[64];
    json_int_t floor = aphd_trust_now(catalog, now);
    apr_status_t status = judge_version(catalog, index, err);
    if (status != APR_SUCCESS)
        return status;
    if (index->generated > floor + DAY)
        return aph_error_set(err, APH_EDENIED, 2500,
                             "the index was generated at %s, and here it is "
                             "%s: the clock of this machine or of its maker is wrong",
                             date_of(index->generated, date, sizeof date),
                             date_of(floor, today, sizeof today));
    if (index->expires <= floor)
        return aph_error_set(err, APH_EDENIED, 2501, "the index expired at %s%s",
                             date_of(index->expires, date, sizeof date),
                             floor > now ? "; the clock of this machine was set back, and that "
                                           "changes nothing. If it was wrong before, remove the "
                                           "catalog and add it again" : "");
    return APR_SUCCESS;
}

apr_status_t aphd_catalog_may_install(const json_t *catalog, json_int_t now, aph_error_t *err)
{
    char date[64];
    json_int_t expires = number_of(catalog, "expires");
    if (expires == 0 || expires > aphd_trust_now(catalog, now))
        return APR_SUCCESS;
    if (expires > now)
        return aph_error_set(
            err, APH_EDENIED, 2695,
            "catalog %s expired at %s by the clock this machine "
            "had before; if that clock was wrong, remove the catalog and add it again: "
            "apphostctl catalog remove %s",
            text_of(catalog, "name"), date_of(expires, date, sizeof date),
            text_of(catalog, "name"));
    return aph_error_set(
        err, APH_EDENIED, 2502,
        "catalog %s expired at %s, so nobody knows whether "
        "its apps are still the right ones; refresh it: apphostctl catalog refresh %s",
        text_of(catalog, "name"), date_of(expires, date, sizeof date), text_of(catalog, "name"));
}

const char *aphd_catalog_warning(const json_t *catalog, json_int_t now, apr_pool_t *p)
{
    char date[64];
    json_int_t generated = number_of(catalog, "generated"), expires = number_of(catalog, "expires");
    json_int_t floor = aphd_trust_now(catalog, now);
    if (expires == 0 || floor <= generated + (expires - generated) / 2)
        return NULL;
    return apr_psprintf(p,
                        floor >= expires ? "it expired at %s: nothing is installed from it"
                                         : "more than half of its time is over: it expires at %s",
                        date_of(expires, date, sizeof date));
}
