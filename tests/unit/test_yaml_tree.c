/* SPDX-License-Identifier: Apache-2.0 */
/* The strict YAML tree: what is refused, the bounds to the last octet, and texts that arrive
 * unchanged. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <apr_general.h>

#include "helper/read/yaml_tree.h"

static apr_pool_t *pool;

static aphd_yaml_t *parsed_n(const char *text, size_t length, aph_error_t *err)
{
    aphd_yaml_t *root = NULL;
    aphd_foreign_t foreign = {text, length, 1};
    apr_pool_clear(pool);
    return aphd_yaml_parse(&foreign, &root, pool, err) == APR_SUCCESS ? root : NULL;
}

static aphd_yaml_t *accepted(const char *text)
{
    aph_error_t err = APH_ERROR_INIT;
    aphd_yaml_t *root = parsed_n(text, strlen(text), &err);
    if (root == NULL)
        print_error("# refused: %s\n", err.message);
    assert_non_null(root);
    return root;
}

static void refused_n(const char *text, size_t length, const char *piece)
{
    aph_error_t err = APH_ERROR_INIT;
    assert_null(parsed_n(text, length, &err));
    assert_int_equal(err.status, APH_EUNREADABLE);
    if (strstr(err.message, piece) == NULL)
        print_error("# said: %s\n", err.message);
    assert_non_null(strstr(err.message, piece));
}

static void refused(const char *text, const char *piece)
{
    refused_n(text, strlen(text), piece);
}

static void value_is(const char *text, const char *expected)
{
    const aphd_yaml_t *value = aphd_yaml_get(accepted(text), "k");
    assert_non_null(value);
    assert_int_equal(value->kind, APHD_YAML_SCALAR);
    assert_string_equal(value->text, expected);
}

static void test_scalars_are_text(void **state)
{
    static const char *const odd[] = {"22:22", "0o17", "1e3",  ".inf", "2001-01-01", "yes",
                                      "0x1F",  "null", "true", "=",    "1_000"};
    for (size_t i = 0; i < sizeof odd / sizeof odd[0]; i++) {
        char text[64];
        snprintf(text, sizeof text, "k: %s\n", odd[i]);
        value_is(text, odd[i]);
    }
    value_is("\"k\": 'it''s'", "it's");
    value_is("k : v # comment", "v");
    value_is("k: \"a\\n\\tb\"", "a\n\tb");
}

static void test_block_scalars_survive(void **state)
{
    value_is("k: |\n  external_url 'x'\n  a['b'] = 2224\n", "external_url 'x'\na['b'] = 2224\n");
    value_is("k: |-\n  a\n  b\n", "a\nb");
    value_is("k: >\n  a\n  b\n", "a b\n");
    value_is("k: |2\n    a\n   b\n", "  a\n b\n");
}

static void test_null_is_told_from_text(void **state)
{
    assert_true(aphd_yaml_is_null(aphd_yaml_get(accepted("k:\n"), "k")));
    assert_true(aphd_yaml_is_null(aphd_yaml_get(accepted("k: ~\n"), "k")));
    assert_false(aphd_yaml_is_null(aphd_yaml_get(accepted("k: ''\n"), "k")));
    assert_false(aphd_yaml_is_null(aphd_yaml_get(accepted("k: 'null'\n"), "k")));
}

static void test_lines(void **state)
{
    aphd_yaml_t *root = NULL;
    aph_error_t err = APH_ERROR_INIT;
    static const char text[] = "a:\n  - b\n  - c\n";
    aphd_foreign_t foreign = {text, sizeof text - 1, 10};
    assert_int_equal(aphd_yaml_parse(&foreign, &root, pool, &err), APR_SUCCESS);
    assert_int_equal(root->first->key_line, 10);
    assert_int_equal(root->first->first->next->line, 12);
}

static void test_flow_forms(void **state)
{
    assert_int_equal(accepted("{a: b,}")->count, 1);
    assert_int_equal(accepted("- - a\n")->count, 1);
    refused("[a,,b]", "line 1");
}

static void test_refused_constructs(void **state)
{
    refused("a: &x 1", "anchors");
    refused("a: *x", "aliases");
    refused("a:\n  <<: {b: c}", "line 2: merge keys");
    refused("a: !!str b", "tags");
    refused("a: ! b", "tags");
    refused("%YAML 1.1\n---\na: b", "directives");
    refused("%TAG ! tag:x,2000:\n---\na: b", "directives");
    refused("a: b\n---\nc: d", "line 2: a second document");
    refused("a: b\n...\nx", "line");
    refused("? [a]\n: b", "line 1: a key must be plain text");
    refused("{[a]: b}", "a key must be plain text");
    refused(": b", "line 1");
    refused("\"\": b", "a key is empty");
    refused("~: b", "a key is null");
    refused("null: b", "a key is null");
    refused("a: 1\nb: 2\na: 3", "line 3: a stands here for the second time (first in line 1)");
    refused("a: 1\n\"a\": 3", "second time");
    refused("", "empty");
    refused("# nothing\n", "empty");
    refused("a: [", "line");
}

static void test_refused_characters(void **state)
{
    refused("a:\n\tb: c", "line 2: contains a tab");
    refused("\xEF\xBB\xBF"
            "a: b",
            "byte order mark");
    refused_n("a\0b", 3, "NUL");
    refused("a: b\x07", "control");
    refused("a: b\x7F", "control");
    refused("a: b\xC2\x85", "control");
    refused("a: b\xE2\x80\xA8", "control");
    refused("a: b\rc: d", "carriage return");
    refused("a: \xFF", "UTF-8");
    refused("a: \xC0\x80", "UTF-8");
    refused("a: \xED\xA0\x80", "UTF-8");
    refused_n("\xFF\xFE"
              "a\0:\0",
              6, "UTF-8");
    refused("a: \"x\\0y\"", "control character");
    refused("a: \"x\\x1by\"", "control character");
    refused("a: \"x\\ufeffy\"", "control character");
    value_is("a: b\r\nk: v\r\n", "v");
    value_is("k: \xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80", "\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80");
}

/* text grows by `piece` until it is `length` octets long: a comment changes no value. */
static char *padded(const char *head, size_t length, char filler)
{
    char *text = malloc(length + 1);
    size_t used = strlen(head);
    memcpy(text, head, used);
    memset(text + used, filler, length - used);
    text[length] = '\0';
    return text;
}

static void test_size_bound(void **state)
{
    aph_error_t err = APH_ERROR_INIT;
    char *text = padded("a: b #", APH_FOREIGN_MAX, 'x');
    assert_non_null(parsed_n(text, APH_FOREIGN_MAX, &err));
    free(text);
    text = padded("a: b #", APH_FOREIGN_MAX + 1, 'x');
    refused_n(text, APH_FOREIGN_MAX + 1, "octets");
    free(text);
}

static void test_scalar_bound(void **state)
{
    aph_error_t err = APH_ERROR_INIT;
    char *text = padded("- ", APH_YAML_SCALAR_MAX + 2, 'x');
    assert_non_null(parsed_n(text, APH_YAML_SCALAR_MAX + 2, &err));
    free(text);
    text = padded("- ", APH_YAML_SCALAR_MAX + 3, 'x');
    refused_n(text, APH_YAML_SCALAR_MAX + 3, "a value of 65537 octets");
    free(text);
}

/* A list of `count` scalars: count + 1 values. */
static void test_node_bound(void **state)
{
    static char text[4 * APH_YAML_NODES_MAX + 4];
    size_t used = 0;
    aph_error_t err = APH_ERROR_INIT;
    for (int i = 0; i < APH_YAML_NODES_MAX - 1; i++, used += 4)
        memcpy(text + used, "- x\n", 5);
    assert_non_null(parsed_n(text, used, &err));
    memcpy(text + used, "- x\n", 5);
    refused_n(text, used + 4, "more than 10000 values");
}

static void test_depth_bound(void **state)
{
    char text[2 * APH_YAML_DEPTH_MAX + 3];
    for (int depth = APH_YAML_DEPTH_MAX; depth <= APH_YAML_DEPTH_MAX + 1; depth++) {
        aph_error_t err = APH_ERROR_INIT;
        memset(text, '[', (size_t)depth);
        memset(text + depth, ']', (size_t)depth);
        aphd_yaml_t *root = parsed_n(text, 2 * (size_t)depth, &err);
        assert_int_equal(root != NULL, depth <= APH_YAML_DEPTH_MAX);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_scalars_are_text),
        cmocka_unit_test(test_block_scalars_survive),
        cmocka_unit_test(test_null_is_told_from_text),
        cmocka_unit_test(test_lines),
        cmocka_unit_test(test_flow_forms),
        cmocka_unit_test(test_refused_constructs),
        cmocka_unit_test(test_refused_characters),
        cmocka_unit_test(test_size_bound),
        cmocka_unit_test(test_scalar_bound),
        cmocka_unit_test(test_node_bound),
        cmocka_unit_test(test_depth_bound),
    };
    apr_initialize();
    apr_pool_create(&pool, NULL);
    return cmocka_run_group_tests_name("yaml_tree", tests, NULL, NULL);
}
