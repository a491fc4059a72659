/* SPDX-License-Identifier: Apache-2.0 */
/* Whom a reference leads to, which addresses may be gone to, and what a registry's answers mean. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <apr_general.h>
#include <apr_strings.h>
#include <cmocka.h>

#include "helper/job/registry_address.h"
#include "helper/job/registry_name.h"
#include "helper/read/registry_text.h"

#define DIGEST "sha256:1111111111111111111111111111111111111111111111111111111111111111"
#define OTHER  "sha256:2222222222222222222222222222222222222222222222222222222222222222"

static apr_pool_t *p;

/* --- names --------------------------------------------------------------------------------- */

static const char docker[] =
    "{\"IndexServerAddress\":\"https://index.hub.example/v1/\",\"RegistryConfig\":{\"IndexConfigs\":{"
    "\"hub.example\":{\"Official\":true,\"Secure\":true,\"Mirrors\":[]},"
    "\"lan.example:5000\":{\"Official\":false,\"Secure\":false,\"Mirrors\":[]}}}}";
static const char mirrored[] =
    "{\"IndexServerAddress\":\"https://index.hub.example/v1/\",\"RegistryConfig\":{\"IndexConfigs\":{"
    "\"hub.example\":{\"Official\":true,\"Mirrors\":[\"http://127.0.0.1:5000/\",\"nonsense\"]}}}}";

/* All places in turn, the path and the tag as one text; "-" where nobody can be asked. */
static const char *asked(const char *info, const char *ref, const char *full)
{
    json_auto_t *value = json_loads(info, 0, NULL);
    aphd_registry_site_t site = {value, "amd64", ""};
    aphd_registry_name_t name;
    aph_error_t err = APH_ERROR_INIT;
    const char *text = "";
    if (aphd_registry_name(ref, full, &site, &name, p, &err) != APR_SUCCESS)
        return "-";
    for (size_t i = 0; i < APHD_REGISTRY_BASES_MAX && name.bases[i] != NULL; i++)
        text = apr_pstrcat(p, text, name.bases[i], " ", NULL);
    return apr_pstrcat(p, text, name.path, " ", name.tag, NULL);
}

static void test_names(void **state)
{
    static const struct {
        const char *info, *ref, *full, *asked;
    } rows[] = {
        {docker, "web", NULL, "https://index.hub.example library/web latest"},
        {docker, "web:2", NULL, "https://index.hub.example library/web 2"},
        {docker, "team/web", NULL, "https://index.hub.example team/web latest"},
        {docker, "hub.example/web", NULL, "https://index.hub.example library/web latest"},
        {docker, "hub.example/team/web", NULL, "https://index.hub.example team/web latest"},
        {mirrored, "web", NULL, "http://127.0.0.1:5000 https://index.hub.example library/web latest"},
        {"{}", "web", NULL, "-"},
        {"{}", "web", "hub.example/library/web",
         "https://hub.example https://index.hub.example library/web latest"},
        {docker, "r.example/a/b:c", NULL, "https://r.example https://index.r.example a/b c"},
        {docker, "r.example:5000/a", NULL, "https://r.example:5000 a latest"},
        {docker, "lan.example:5000/a", NULL, "http://lan.example:5000 a latest"},
        {docker, "127.0.0.1:5000/a", NULL, "http://127.0.0.1:5000 a latest"},
        {docker, "127.9.9.9/a", NULL, "http://127.9.9.9 a latest"},
        {docker, "localhost:5000/a", NULL, "http://127.0.0.1:5000 a latest"},
        {docker, "[::1]:5000/a", NULL, "http://[::1]:5000 a latest"},
        {docker, "127.evil.example/a", NULL, "https://127.evil.example https://index.127.evil.example a latest"},
        {docker, "10.0.0.1/a", NULL, "https://10.0.0.1 a latest"},
        {docker, "a@" DIGEST, NULL, "https://index.hub.example library/a " DIGEST},
        {docker, "r.example/../a", NULL, "-"},
        {docker, "r.example/a?b", NULL, "-"},
        {docker, "u:p@r.example/a", NULL, "-"},
        {docker, "r.example\\@e/a", NULL, "-"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_string_equal(asked(rows[i].info, rows[i].ref, rows[i].full), rows[i].asked);
}

static void test_the_whole_name(void **state)
{
    const char *said = "failed to find image web: hub.example/library/web: No such image";
    assert_string_equal(aphd_registry_full("web:2", said, p), "hub.example/library/web");
    assert_null(aphd_registry_full("web", "No such image: web:latest", p));
    assert_null(aphd_registry_full("eb", "no /eb here, nor a/b/eb", p));
    assert_null(aphd_registry_full("web", "", p));
}

static const char *picked(const char *entries, const char *architecture, const char *variant)
{
    json_auto_t *index = json_loads(entries, 0, NULL);
    aphd_registry_site_t site = {NULL, architecture, variant};
    const char *digest = aphd_registry_pick(index, &site);
    return digest == NULL ? "none" : strcmp(digest, DIGEST) == 0 ? "first" : "second";
}

static void test_the_part_for_this_machine(void **state)
{
    static const char arm[] =
        "[{\"os\":\"linux\",\"architecture\":\"arm\",\"variant\":\"v6\",\"digest\":\"" DIGEST "\"},"
        "{\"os\":\"linux\",\"architecture\":\"arm\",\"variant\":\"v7\",\"digest\":\"" OTHER "\"}]";
    static const char mixed[] =
        "[{\"os\":\"unknown\",\"architecture\":\"amd64\",\"variant\":\"\",\"digest\":\"" OTHER "\"},"
        "{\"os\":\"linux\",\"architecture\":\"amd64\",\"variant\":\"\",\"digest\":\"" DIGEST "\"},"
        "{\"os\":\"linux\",\"architecture\":\"arm64\",\"variant\":\"v8\",\"digest\":\"" OTHER "\"},"
        "{\"os\":\"linux\",\"architecture\":\"386\",\"variant\":\"\",\"digest\":\"../../x\"}]";
    assert_string_equal(picked(arm, "arm", "v7"), "second");
    assert_string_equal(picked(arm, "arm", "v6"), "first");
    assert_string_equal(picked(arm, "arm", "v5"), "none");
    assert_string_equal(picked(arm, "amd64", ""), "none");
    assert_string_equal(picked(mixed, "amd64", ""), "first");
    assert_string_equal(picked(mixed, "arm64", ""), "second");
    assert_string_equal(picked(mixed, "386", ""), "none");
    assert_string_equal(picked("[]", "386", ""), "none");
}

static void test_where_tokens_come_from(void **state)
{
    assert_true(aphd_registry_realm_fits("https://auth.example/token", "https://r.example"));
    assert_true(aphd_registry_realm_fits("http://127.0.0.1:5000/t", "http://127.0.0.1:5000"));
    assert_false(aphd_registry_realm_fits("http://127.0.0.1:50001/t", "http://127.0.0.1:5000"));
    assert_false(aphd_registry_realm_fits("http://auth.example/token", "https://r.example"));
    assert_false(aphd_registry_realm_fits("http://auth.example/token", "http://127.0.0.1:5000"));
    assert_false(aphd_registry_realm_fits("https://u@auth.example/", "https://r.example"));
    assert_false(aphd_registry_realm_fits("file:///etc/passwd", "https://r.example"));
    assert_false(aphd_registry_realm_fits("https://a b/", "https://r.example"));
    assert_false(aphd_registry_realm_fits("https://", "https://r.example"));
    assert_false(aphd_registry_realm_fits("", "https://r.example"));
}

/* --- addresses ----------------------------------------------------------------------------- */

static aphd_address_t kind_of(const char *text)
{
    struct sockaddr_in four = {.sin_family = AF_INET};
    struct sockaddr_in6 six = {.sin6_family = AF_INET6};
    if (inet_pton(AF_INET, text, &four.sin_addr) == 1)
        return aphd_address_of((struct sockaddr *)&four);
    assert_int_equal(inet_pton(AF_INET6, text, &six.sin6_addr), 1);
    return aphd_address_of((struct sockaddr *)&six);
}

static void test_addresses(void **state)
{
    static const struct {
        aphd_address_t kind;
        const char *addresses[12];
    } rows[] = {
        {APHD_ADDRESS_LOOPBACK, {"127.0.0.1", "127.255.255.255", "::1", "::ffff:127.0.0.1"}},
        {APHD_ADDRESS_PRIVATE, {"10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1",
                                "100.64.0.1", "fd00::1", "::ffff:10.0.0.1", "64:ff9b::a00:1"}},
        {APHD_ADDRESS_NEVER, {"0.0.0.0", "169.254.169.254", "224.0.0.1", "255.255.255.255", "::",
                              "fe80::1", "ff02::1", "::ffff:169.254.169.254", "64:ff9b::a9fe:a9fe",
                              "2002:a9fe:a9fe::1"}},
        {APHD_ADDRESS_PUBLIC, {"8.8.8.8", "172.32.0.1", "100.128.0.1", "2600::1",
                               "::ffff:8.8.8.8"}},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        for (size_t k = 0; k < 12 && rows[i].addresses[k] != NULL; k++)
            assert_int_equal(kind_of(rows[i].addresses[k]), rows[i].kind);
}

static void test_who_may_send_whither(void **state)
{
    aphd_address_t never = APHD_ADDRESS_NEVER, here = APHD_ADDRESS_LOOPBACK,
                   near = APHD_ADDRESS_PRIVATE, out = APHD_ADDRESS_PUBLIC;
    assert_true(aphd_address_fits_registry(here, 1));
    assert_false(aphd_address_fits_registry(here, 0));
    assert_false(aphd_address_fits_registry(out, 1));
    assert_true(aphd_address_fits_registry(near, 0));
    assert_false(aphd_address_fits_registry(never, 0));
    assert_true(aphd_address_fits_hop(out, out, 0));
    assert_false(aphd_address_fits_hop(near, out, 1));
    assert_false(aphd_address_fits_hop(here, out, 1));
    assert_true(aphd_address_fits_hop(near, near, 0));
    assert_false(aphd_address_fits_hop(here, near, 1));
    assert_false(aphd_address_fits_hop(near, here, 0));
    assert_true(aphd_address_fits_hop(here, here, 1));
    assert_false(aphd_address_fits_hop(here, here, 0));
    assert_false(aphd_address_fits_hop(never, near, 1));
}

/* --- texts --------------------------------------------------------------------------------- */

typedef apr_status_t read_t(const char *text, size_t length, json_t **normal, aph_error_t *err);

/* The normal form as text, or the sentence. */
static const char *read_as(read_t *read, const char *text)
{
    json_t *normal = NULL;
    aph_error_t err = APH_ERROR_INIT;
    if (read(text, strlen(text), &normal, &err) != APR_SUCCESS) {
        assert_null(normal);
        assert_int_equal(err.status, APH_EUNREADABLE);
        return apr_pstrdup(p, err.message);
    }
    char *dump = json_dumps(normal, JSON_COMPACT | JSON_SORT_KEYS);
    const char *copy = apr_pstrdup(p, dump);
    free(dump);
    json_decref(normal);
    return copy;
}

static void test_manifests(void **state)
{
    assert_string_equal(read_as(aphd_registry_manifest,
        "{\"schemaVersion\":2,\"config\":{\"digest\":\"" DIGEST "\",\"size\":5,\"x\":1},\"layers\":["
        "{\"digest\":\"" OTHER "\",\"size\":7,\"urls\":[\"http://x\"]}],\"annotations\":{}}"),
        "{\"config\":{\"digest\":\"" DIGEST "\",\"size\":5},\"layers\":[{\"digest\":\"" OTHER
        "\",\"size\":7}]}");
    assert_string_equal(read_as(aphd_registry_manifest,
        "{\"manifests\":[{\"digest\":\"" DIGEST "\",\"size\":5,\"platform\":{\"os\":\"linux\","
        "\"architecture\":\"arm\",\"variant\":\"v7\"}},{\"digest\":\"md5:1\",\"size\":1}]}"),
        "{\"index\":[{\"architecture\":\"arm\",\"digest\":\"" DIGEST "\",\"os\":\"linux\","
        "\"variant\":\"v7\"}]}");
    static const char *const wrong[][2] = {
        {"", "it is not JSON (line 1)"},
        {"[]", "it is not a JSON object"},
        {"{}", "it is neither an index nor a manifest"},
        {"{\"schemaVersion\":1,\"fsLayers\":[]}", "it is a manifest of the old format (schema 1)"},
        {"{\"layers\":[],\"manifests\":[]}", "it is neither an index nor a manifest"},
        {"{\"manifests\":[],\"config\":{}}", "it is neither an index nor a manifest"},
        {"{\"layers\":[],\"layers\":[]}", "it is not JSON (line 1)"},
        {"{\"layers\":[]}", "the manifest names no configuration by digest and size"},
        {"{\"config\":{\"digest\":\"" DIGEST "\",\"size\":1},\"layers\":[{\"digest\":\"" DIGEST
         "\",\"size\":1e3}]}", "a layer has no digest or no size"},
        {"{\"config\":{\"digest\":\"" DIGEST "\",\"size\":1},\"layers\":[{\"digest\":\"" DIGEST
         "\",\"size\":1125899906842625}]}", "a layer has no digest or no size"},
        {"{\"config\":{\"digest\":\"" DIGEST "/\",\"size\":1},\"layers\":[]}",
         "the manifest names no configuration by digest and size"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        assert_string_equal(read_as(aphd_registry_manifest, wrong[i][0]), wrong[i][1]);
}

/* As deep as is allowed, with brackets in a string, and one deeper. */
static void test_depth(void **state)
{
    char text[200] = "";
    for (int depth = 32; depth <= 33; depth++) {
        memset(text, 0, sizeof text);
        strncat(text, "{\"[[[\\\"[\":", sizeof text - 1);
        memset(text + strlen(text), '[', (size_t)depth - 1);
        memset(text + strlen(text), ']', (size_t)depth - 1);
        text[strlen(text)] = '}';
        assert_string_equal(read_as(aphd_registry_manifest, text),
                            depth == 32 ? "it is neither an index nor a manifest"
                                        : "it is nested deeper than 32");
    }
}

static void test_configurations(void **state)
{
    assert_string_equal(read_as(aphd_registry_image,
        "{\"config\":{\"User\":\"1000:100\",\"Env\":[\"PATH=/\",\"PUID=911\",\"PGID=x y\"]},"
        "\"rootfs\":{\"diff_ids\":[\"" DIGEST "\"]}}"),
        "{\"diff_ids\":[\"" DIGEST "\"],\"pgid\":null,\"puid\":\"911\",\"user\":\"1000:100\"}");
    assert_string_equal(read_as(aphd_registry_image, "{\"config\":{\"User\":\"a\\nb\"}}"),
                        "{\"diff_ids\":[],\"pgid\":null,\"puid\":null,\"user\":\"\"}");
    assert_string_equal(read_as(aphd_registry_image, "{\"rootfs\":{\"diff_ids\":[1]}}"),
                        "the configuration names a layer without its digest");
}

static void test_challenges(void **state)
{
    assert_string_equal(read_as(aphd_registry_challenge,
        "Bearer realm=\"https://a/t\",service=\"s\\\"x\", scope=\"repository:a/b:pull,push\""),
        "{\"realm\":\"https://a/t\",\"scope\":\"repository:a/b:pull,push\",\"service\":\"s\\\"x\"}");
    assert_string_equal(read_as(aphd_registry_challenge, "bearer realm=https://a/t"),
                        "{\"realm\":\"https://a/t\",\"scope\":\"\",\"service\":\"\"}");
    assert_string_equal(read_as(aphd_registry_challenge, "Bearer realm=\"https://a/t"),
                        "it does not say where a token is to be had");
    assert_string_equal(read_as(aphd_registry_challenge, "Bearer service=\"x\""),
                        "it does not say where a token is to be had");
    assert_string_equal(read_as(aphd_registry_challenge, "Basic realm=\"x\""),
                        "it asks for another kind of login than a token");
    assert_string_equal(read_as(aphd_registry_challenge, ""),
                        "it asks for another kind of login than a token");
}

static void test_tokens(void **state)
{
    assert_string_equal(read_as(aphd_registry_token, "{\"token\":\"abc\"}"), "{\"token\":\"abc\"}");
    assert_string_equal(read_as(aphd_registry_token, "{\"access_token\":\"abc\"}"),
                        "{\"token\":\"abc\"}");
    assert_string_equal(read_as(aphd_registry_token, "{\"token\":\"a\\r\\nX: y\"}"),
                        "the answer holds no token");
    assert_string_equal(read_as(aphd_registry_token, "{\"token\":\"\"}"), "the answer holds no token");
}

static int setup(void **state)
{
    return apr_initialize() == APR_SUCCESS && apr_pool_create(&p, NULL) == APR_SUCCESS ? 0 : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_the_whole_name),
        cmocka_unit_test(test_the_part_for_this_machine),
        cmocka_unit_test(test_where_tokens_come_from),
        cmocka_unit_test(test_addresses),
        cmocka_unit_test(test_who_may_send_whither),
        cmocka_unit_test(test_manifests),
        cmocka_unit_test(test_depth),
        cmocka_unit_test(test_configurations),
        cmocka_unit_test(test_challenges),
        cmocka_unit_test(test_tokens),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}
