/* SPDX-License-Identifier: Apache-2.0 */
/* What an index may say, whose index is believed, and which addresses a catalog may have. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <apr_general.h>
#include <apr_strings.h>
#include <sodium.h>
#include <cmocka.h>

#include "common/limits.h"
#include "helper/catalog/place.h"
#include "helper/catalog/trust.h"
#include "helper/read/index_form.h"
#include "helper/read/index_text.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])
#define SHA "1111111111111111111111111111111111111111111111111111111111111111"
#define DAY 86400

static apr_pool_t *p;

/* --- the text ------------------------------------------------------------------------------ */

#define HEAD "{\"apphost-catalog\":1,\"name\":\"main\",\"version\":3," \
             "\"generated\":\"2026-01-01T00:00:00Z\",\"expires\":\"2026-02-01T00:00:00Z\""
#define ENTRY(id, file) "{\"id\":\"" id "\",\"format\":\"apphost\",\"file\":\"" file "\",\"sha256\":\"" SHA \
                        "\",\"length\":12}"
#define INDEX(entries) HEAD ",\"entries\":[" entries "]}"

static void test_index(void **state)
{
    static const struct {
        const char *text, *word; /* NULL: it is read */
    } rows[] = {
        {INDEX(""), NULL},
        {INDEX(ENTRY("a", "a.json")), NULL},
        {INDEX(ENTRY("a", "x/a b.json") "," ENTRY("b.c-d_e", "b")), NULL},
        {INDEX(ENTRY("a", "a") "," ENTRY("b", "a")), NULL}, /* one file: its text says whose it is */
        {INDEX(ENTRY("a", "a") "," ENTRY("a", "b")), "entry a is there twice: it is number 1 of the list, "
                                                     "and number 2"},
        {INDEX(ENTRY("a", "../a") "," ENTRY("b", "b") "," ENTRY("a", "a")), "entry a is there twice"},
        {INDEX(ENTRY("a", "a") "," ENTRY("a", "..")), "entry a is there twice"},
        {HEAD ",\"entries\":[],\"key\":\"" SHA "\"}", "no member \"key\""},
        {HEAD ",\"entries\":[],\"version\":4}", "not JSON"},
        {HEAD "}", "\"entries\""},
        {HEAD ",\"entries\":{}}", "\"entries\""},
        {HEAD ",\"entries\":[],\"entries\":[]}", "not JSON"},
        {INDEX(ENTRY("a", "a") ","), "not JSON"},
        {INDEX("," ENTRY("a", "a")), "not JSON"},
        {INDEX(ENTRY("a", "a") " " ENTRY("b", "b")), "not JSON"},
        {INDEX("{\"id\":\"a\",\"id\":\"b\"}"), "not JSON"},
        {INDEX("{\"id\":}"), "not JSON"},
        {INDEX("nonsense"), "not JSON"},
        {INDEX("\n\n,"), "line 3"},
        {INDEX("") ",", "not JSON"},
        {INDEX("") "{}", "not JSON"},
        {HEAD ",\"entries\":[]", "not JSON"},
        {HEAD ",\"entries\":[", "not JSON"},
        {HEAD ",\"entries\":[7", "not JSON"},
        {HEAD ",\"entries\" []}", "not JSON"},
        {HEAD ",entries:[]}", "not JSON"},
        {HEAD ",}", "not JSON"},
        {HEAD ",7:[]}", "not JSON"},
        {"{}", "\"apphost-catalog\""},
        {" \t\r\n{ } \n", "\"apphost-catalog\""},
        {"{\"apphost-catalog\":2}", "\"apphost-catalog\""},
        {"{\"apphost-catalog\":1,\"name\":\"m\",\"version\":9223372036854775807,\"generated\":"
         "\"2026-01-01T00:00:00Z\",\"expires\":\"2026-02-01T00:00:00Z\",\"entries\":[]}", "\"version\""},
        {"{\"apphost-catalog\":1,\"name\":\"m\",\"version\":1e400}", "not JSON"},
        {"{\"apphost-catalog\":1,\"name\":\"m\",\"version\":1,\"generated\":"
         "\"2026-02-30T00:00:00Z\",\"expires\":\"2026-03-01T00:00:00Z\",\"entries\":[]}", "\"generated\""},
        {"{\"apphost-catalog\":1,\"name\":\"m\",\"version\":1,\"generated\":"
         "\"2026-02-03T00:00:00Z\",\"expires\":\"2026-01-01T00:00:00Z\",\"entries\":[]}", "expires before"},
        {"{\"apphost-catalog\":1,\"name\":\"m\",\"version\":1,\"generated\":"
         "\"2026-02-03\",\"expires\":\"2026-01-01T00:00:00Z\",\"entries\":[]}", "\"generated\""},
        {"\xef\xbb\xbf" INDEX(""), "not JSON"},
        {"{\"apphost-catalog\":1,\"name\":\"\\ud800\"}", "not JSON"},
        {"{\"apphost-catalog\":NaN}", "not JSON"},
        {"[]", "not a JSON object"},
        {"", "not JSON"},
        {"7", "not JSON"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        aph_error_t err = APH_ERROR_INIT;
        json_t *normal = NULL;
        apr_status_t status = aphd_index_text(rows[i].text, strlen(rows[i].text), &normal, &err);
        if (rows[i].word == NULL) {
            assert_int_equal(status, APR_SUCCESS);
            assert_true(aphd_index_is_normal(normal));
            assert_int_equal(json_integer_value(json_object_get(normal, "generated")), 1767225600);
            json_decref(normal);
        } else if (status != APH_EUNREADABLE || strstr(err.message, rows[i].word) == NULL) {
            fail_msg("%s: %s", rows[i].text, err.message);
        }
    }
}

/* One entry, and what is said of it where it is none. */
static void test_bad_entries(void **state)
{
#define FORM(format, sha256, rest) \
    "{\"id\":\"a\",\"format\":\"" format "\",\"file\":\"a\",\"sha256\":\"" sha256 "\"," rest "}"
    static const struct {
        const char *text, *id, *word;
    } rows[] = {
        {ENTRY("A", "a"), NULL, "\"id\""},
        {ENTRY("a.", "a"), NULL, "\"id\""},
        {ENTRY("", "a"), NULL, "\"id\""},
        {ENTRY("a", "../a"), "a", "\"file\""},
        {ENTRY("a", "/a"), "a", "\"file\""},
        {ENTRY("a", "b//a"), "a", "\"file\""},
        {ENTRY("a", ".a"), "a", "\"file\""},
        {ENTRY("a", "a/"), "a", "\"file\""},
        {ENTRY("a", "a%2fb"), "a", "\"file\""},
        {ENTRY("a", "a?b"), "a", "\"file\""},
        {ENTRY("a", "index.json"), "a", "\"file\""},
        {"7", NULL, "not an object"},
        {"[]", NULL, "not an object"},
        {"null", NULL, "not an object"},
        {"\"a\"", NULL, "not an object"},
        {"{}", NULL, "\"id\""},
        {"{\"id\":\"a\"}", "a", "\"format\""},
        {FORM("deb", SHA, "\"length\":1"), "a", "\"format\" is none of"},
        {FORM("amahi", "11", "\"length\":1"), "a", "\"sha256\""},
        {FORM("amahi", SHA, "\"length\":1048577"), "a", "\"length\""},
        {FORM("amahi", SHA, "\"length\":0"), "a", "\"length\""},
        {FORM("amahi", SHA, "\"length\":-1"), "a", "\"length\""},
        {FORM("amahi", SHA, "\"length\":1.0"), "a", "\"length\""},
        {FORM("amahi", SHA, "\"length\":1,\"key\":\"x\""), "a", "no member \"key\""},
        {FORM("amahi", SHA, "\"length\":1,\"\xe2\x80\xae\\u001b\":\"x\""), "a", "no member \"????\""},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        aph_error_t err = APH_ERROR_INIT;
        json_auto_t *normal = NULL;
        const char *text = apr_pstrcat(p, HEAD ",\"entries\":[" ENTRY("b", "b") " , ", rows[i].text,
                                       ",\n", ENTRY("c", "c"), "]}", NULL);
        if (aphd_index_text(text, strlen(text), &normal, &err) != APR_SUCCESS)
            fail_msg("%s: %s", rows[i].text, err.message);
        assert_true(aphd_index_is_normal(normal));
        assert_int_equal(json_array_size(json_object_get(normal, "entries")), 2);
        assert_int_equal(json_array_size(json_object_get(normal, "bad")), 1);
        const json_t *bad = json_array_get(json_object_get(normal, "bad"), 0);
        const char *id = json_string_value(json_object_get(bad, "id"));
        const char *reason = json_string_value(json_object_get(bad, "reason"));
        assert_int_equal(json_integer_value(json_object_get(bad, "position")), 2);
        if ((id == NULL) != (rows[i].id == NULL) || (id != NULL && strcmp(id, rows[i].id) != 0)
            || strstr(reason, rows[i].word) == NULL)
            fail_msg("%s: %s: %s", rows[i].text, id, reason);
    }
}

/* Many are refused, even bad ones, before there is much of them; the most there may be pass. */
static void test_many(void **state)
{
    for (int more = 0; more <= 1; more++) {
        aph_error_t err = APH_ERROR_INIT;
        json_auto_t *normal = NULL;
        size_t head = strlen(HEAD ",\"entries\":["), count = APH_INDEX_ENTRIES_MAX + (size_t)more;
        char *text = malloc(head + 2 * count + 2);
        strcpy(text, HEAD ",\"entries\":[");
        for (size_t i = 0; i < count; i++)
            memcpy(text + head + 2 * i, "7,", 2);
        memcpy(text + head + 2 * count - 1, "]}", 3);
        apr_status_t status = aphd_index_text(text, strlen(text), &normal, &err);
        free(text);
        assert_int_equal(status, more ? APH_EUNREADABLE : APR_SUCCESS);
        if (more)
            assert_non_null(strstr(err.message, "more than 20000"));
        else
            assert_true(aphd_index_is_normal(normal));
    }
}

static void test_zones(void **state)
{
    static const char text[] = "{\"apphost-catalog\":1,\"name\":\"m\",\"version\":1,\"generated\":"
        "\"2026-01-01T02:30:00+02:30\",\"expires\":\"2025-12-31T23:00:01-01:00\",\"entries\":[]}";
    json_auto_t *normal = NULL;
    assert_int_equal(aphd_index_text(text, sizeof text - 1, &normal, NULL), APR_SUCCESS);
    assert_int_equal(json_integer_value(json_object_get(normal, "generated")), 1767225600);
    assert_int_equal(json_integer_value(json_object_get(normal, "expires")), 1767225601);
}

/* Against the library's own reckoning, over all the days there are. */
static void test_days(void **state)
{
    for (time_t day = 0; day < 200LL * 366; day += 5) {
        time_t wanted = day * 86400 + day % 86400;
        char text[300], date[32];
        struct tm parts;
        json_auto_t *normal = NULL;
        gmtime_r(&wanted, &parts);
        strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%SZ", &parts);
        snprintf(text, sizeof text, "{\"apphost-catalog\":1,\"name\":\"m\",\"version\":1,"
                 "\"generated\":\"%s\",\"expires\":\"2999-01-01T00:00:00Z\",\"entries\":[]}", date);
        assert_int_equal(aphd_index_text(text, strlen(text), &normal, NULL), APR_SUCCESS);
        assert_int_equal(json_integer_value(json_object_get(normal, "generated")), wanted);
    }
}

static void test_depth(void **state)
{
    size_t length = 100000;
    char *text = malloc(length + 1);
    memset(text, '[', length);
    text[length] = '\0';
    json_t *normal = NULL;
    aph_error_t err = APH_ERROR_INIT;
    assert_int_equal(aphd_index_text(text, length, &normal, &err), APH_EUNREADABLE);
    assert_non_null(strstr(err.message, "nested"));
    free(text);
}

/* --- signatures ---------------------------------------------------------------------------- */

static void test_signature(void **state)
{
    static const char text[] = "{\"version\":1}\n";
    unsigned char public_key[32], secret[64], other_public[32], other_secret[64], raw[64];
    char key[65], other[65], signature[131];
    crypto_sign_keypair(public_key, secret);
    crypto_sign_keypair(other_public, other_secret);
    crypto_sign_detached(raw, NULL, (const unsigned char *)text, sizeof text - 1, secret);
    sodium_bin2hex(key, sizeof key, public_key, sizeof public_key);
    sodium_bin2hex(other, sizeof other, other_public, sizeof other_public);
    sodium_bin2hex(signature, sizeof signature, raw, sizeof raw);
    signature[128] = '\n', signature[129] = '\0';
    size_t n = sizeof text - 1;
    assert_int_equal(aphd_trust_signature(key, text, n, signature, 129, NULL), APR_SUCCESS);
    assert_int_equal(aphd_trust_signature(key, text, n, signature, 128, NULL), APR_SUCCESS);
    assert_int_equal(aphd_trust_signature(other, text, n, signature, 128, NULL), APH_EDENIED);
    assert_int_equal(aphd_trust_signature(key, text, n - 1, signature, 128, NULL), APH_EDENIED);
    assert_int_equal(aphd_trust_signature(key, text, n, signature, 127, NULL), APH_EDENIED);
    assert_int_equal(aphd_trust_signature(key, text, n, "", 0, NULL), APH_EDENIED);
    assert_int_equal(aphd_trust_signature("", text, n, signature, 128, NULL), APH_EDENIED);
    assert_int_equal(aphd_trust_signature("zz", text, n, signature, 128, NULL), APH_EDENIED);
    for (size_t bit = 0; bit < 64 * 8; bit += 37) { /* any change of the signature */
        unsigned char wrong[64];
        char hex[129];
        memcpy(wrong, raw, sizeof wrong);
        wrong[bit / 8] ^= (unsigned char)(1u << bit % 8);
        sodium_bin2hex(hex, sizeof hex, wrong, sizeof wrong);
        assert_int_equal(aphd_trust_signature(key, text, n, hex, 128, NULL), APH_EDENIED);
    }
    /* The neutral element as a key would accept some signatures of anybody. */
    static const char zero[] = "0100000000000000000000000000000000000000000000000000000000000000";
    char nothing[129];
    memset(nothing, '0', 128), nothing[1] = '1', nothing[128] = '\0';
    assert_int_equal(aphd_trust_signature(zero, text, n, nothing, 128, NULL), APH_EDENIED);
}

/* --- versions and times -------------------------------------------------------------------- */

static void test_versions(void **state)
{
    enum { NOW = 1000000000 };
    static const struct {
        json_int_t version, generated, expires, now;
        const char *sha256, *word;
    } rows[] = {
        {5, NOW, NOW + 9 * DAY, NOW, SHA, NULL}, /* the same again */
        {6, NOW, NOW + 9 * DAY, NOW, "2", NULL},
        {5 + APHD_TRUST_STEP_MAX, NOW, NOW + 9 * DAY, NOW, "2", NULL},
        {4, NOW, NOW + 9 * DAY, NOW, SHA, "older than version 5"},
        {5, NOW, NOW + 9 * DAY, NOW, "2", "another version 5"},
        {6 + APHD_TRUST_STEP_MAX, NOW, NOW + 9 * DAY, NOW, "2", "ahead"},
        {(1LL << 53) - 1, NOW, NOW + 9 * DAY, NOW, "2", "ahead"},
        {6, NOW - 9 * DAY, NOW, NOW, "2", "expired"},
        {6, NOW + 3 * DAY, NOW + 9 * DAY, NOW, "2", "clock"},
        {6, NOW - 30 * DAY, NOW - 20 * DAY, NOW - 25 * DAY, "2", "set back"}, /* we were here at NOW - 1 */
        {6, NOW - 2, NOW + DAY, NOW - 25 * DAY, "2", NULL},
    };
    json_auto_t *catalog = json_pack("{s:i,s:s,s:i,s:i}", "version", 5, "sha256", SHA, "generated",
                                     NOW - 5 * DAY, "checked", NOW - 1);
    for (size_t i = 0; i < COUNT(rows); i++) {
        aph_error_t err = APH_ERROR_INIT;
        aphd_index_t index = {.version = rows[i].version, .generated = rows[i].generated,
                              .expires = rows[i].expires, .sha256 = rows[i].sha256};
        apr_status_t status = aphd_trust_index(catalog, &index, rows[i].now, &err);
        if (rows[i].word == NULL ? status != APR_SUCCESS
                                 : status != APH_EDENIED || strstr(err.message, rows[i].word) == NULL)
            fail_msg("row %zu: %s", i, err.message);
    }
    json_auto_t *fresh = json_pack("{s:i}", "version", 0);
    aphd_index_t first = {.version = 1LL << 52, .generated = NOW, .expires = NOW + DAY, .sha256 = "2"};
    assert_int_equal(aphd_trust_index(fresh, &first, NOW, NULL), APR_SUCCESS);
}

static void test_may_install(void **state)
{
    json_auto_t *catalog = json_pack("{s:s,s:i,s:i,s:i}", "name", "main", "generated", 1000, "expires",
                                     2000, "checked", 1200);
    assert_int_equal(aphd_catalog_may_install(catalog, 1999, NULL), APR_SUCCESS);
    assert_int_equal(aphd_catalog_may_install(catalog, 2000, NULL), APH_EDENIED);
    assert_null(aphd_catalog_warning(catalog, 1500, p));
    assert_non_null(strstr(aphd_catalog_warning(catalog, 1501, p), "more than half"));
    assert_non_null(strstr(aphd_catalog_warning(catalog, 2000, p), "expired"));
    json_object_set_new(catalog, "checked", json_integer(2000)); /* the clock was set back since */
    aph_error_t err = APH_ERROR_INIT;
    assert_int_equal(aphd_catalog_may_install(catalog, 1300, &err), APH_EDENIED);
    assert_non_null(strstr(err.message, "catalog remove main"));
    json_auto_t *fresh = json_pack("{s:s,s:i}", "name", "main", "expires", 0);
    assert_int_equal(aphd_catalog_may_install(fresh, 1, NULL), APR_SUCCESS);
    assert_null(aphd_catalog_warning(fresh, 1, p));
}

/* --- places -------------------------------------------------------------------------------- */

static void test_places(void **state)
{
    static const struct {
        const char *url, *normal; /* NULL: refused */
    } rows[] = {
        {"https://Apps.Example", "https://apps.example/"},
        {"https://apps.example/", "https://apps.example/"},
        {"https://apps.example/a/b", "https://apps.example/a/b/"},
        {"https://apps.example/a/index.json", "https://apps.example/a/"},
        {"https://apps.example/index.json", "https://apps.example/"},
        {"https://apps.example:443/a", "https://apps.example/a/"},
        {"https://apps.example:8443", "https://apps.example:8443/"},
        {"https://[2001:db8::1]:8443/a", "https://[2001:db8::1]:8443/a/"},
        {"https://10.0.0.7/a", "https://10.0.0.7/a/"},
        {"file:///srv/catalog", "file:///srv/catalog/"},
        {"file:///srv/catalog/index.json", "file:///srv/catalog/"},
        {"http://apps.example/", NULL}, {"gopher://apps.example/", NULL}, {"HTTPS://a/", NULL},
        {"https:apps.example", NULL}, {"https:///a", NULL}, {"https://:443/", NULL},
        {"https://user@apps.example/", NULL}, {"https://u:p@apps.example/", NULL},
        {"https://apps.example:22/", NULL}, {"https://apps.example:25/", NULL},
        {"https://apps.example:80/", NULL}, {"https://apps.example:/", NULL},
        {"https://apps.example:99999/", NULL}, {"https://apps.example:443x/", NULL},
        {"https://apps.example:+443/", NULL}, {"https://apps.example:0443 /", NULL},
        {"https://apps.example/?a", NULL}, {"https://apps.example?a", NULL},
        {"https://apps.example/#a", NULL}, {"https://apps.example/a/../b", NULL},
        {"https://apps.example/..", NULL}, {"https://apps.example/.", NULL},
        {"https://apps.example//a", NULL}, {"https://apps.example/a b", NULL},
        {"https://apps.example\\@evil.example/", NULL}, {"https://[::1/", NULL}, {"https://[]/", NULL},
        {"https://\xc3\xa4.example/", NULL}, {"https://a/\n", NULL},
        {"file://host/srv", NULL}, {"file:///", NULL}, {"file://srv", NULL}, {"file:///a/../b", NULL},
        {"file:///a%2e", NULL}, {"/srv/catalog", NULL}, {"", NULL},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        aphd_place_t place;
        apr_status_t status = aphd_place_read(&place, rows[i].url, p, NULL);
        if (rows[i].normal == NULL ? status != APH_EUSAGE
                                   : status != APR_SUCCESS || strcmp(place.url, rows[i].normal) != 0)
            fail_msg("%s: %s", rows[i].url, status == APR_SUCCESS ? place.url : "refused");
    }
}

static void test_addresses(void **state)
{
    const aphd_address_t public = APHD_ADDRESS_PUBLIC, private = APHD_ADDRESS_PRIVATE,
                         loop = APHD_ADDRESS_LOOPBACK;
    assert_true(aphd_place_fits(public, 443, 0, 0, 0));
    assert_true(aphd_place_fits(public, 443, 0, 1, 0));
    assert_false(aphd_place_fits(public, 22, 0, 0, 0));
    assert_false(aphd_place_fits(public, 22, 1, 1, 1));
    assert_false(aphd_place_fits(private, 443, 0, 0, 0));
    assert_false(aphd_place_fits(loop, 8443, 0, 0, 1));
    assert_true(aphd_place_fits(private, 443, 1, 0, 0));
    assert_true(aphd_place_fits(loop, 8443, 1, 0, 0));
    assert_false(aphd_place_fits(loop, 8443, 1, 1, 0));
    assert_true(aphd_place_fits(loop, 8443, 1, 1, 1));
    assert_false(aphd_place_fits(APHD_ADDRESS_NEVER, 443, 1, 0, 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_index),     cmocka_unit_test(test_bad_entries),
        cmocka_unit_test(test_many),      cmocka_unit_test(test_zones),
        cmocka_unit_test(test_days),
        cmocka_unit_test(test_depth),     cmocka_unit_test(test_signature),
        cmocka_unit_test(test_versions),  cmocka_unit_test(test_may_install),
        cmocka_unit_test(test_places),    cmocka_unit_test(test_addresses),
    };
    apr_initialize();
    if (sodium_init() < 0)
        return 1;
    apr_pool_create(&p, NULL);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
