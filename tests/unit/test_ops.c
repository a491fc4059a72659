/* SPDX-License-Identifier: Apache-2.0 */
/* The operation table: every row can be asked for, and every argument is held to its type. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "common/ops.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

static json_t *repeated(char octet, size_t length)
{
    char *text = malloc(length + 1);
    memset(text, octet, length);
    json_t *value = json_stringn(text, length);
    free(text);
    return value;
}

/* Lists at their bounds and just outside. */
static json_t *list_of(size_t n, int good)
{
    json_t *list = json_array();
    if (good && n < 3)
        for (size_t i = 0; i < (n == 0 ? 0 : n == 1 ? 1 : APH_LIST_MAX); i++)
            json_array_append_new(list, repeated('i', i == 0 ? APH_LIST_ITEM_MAX : 1));
    else if (!good && n == 0)
        for (size_t i = 0; i <= APH_LIST_MAX; i++)
            json_array_append_new(list, json_string("i"));
    else if (!good && n < 5)
        json_array_append_new(list, n == 1   ? repeated('i', APH_LIST_ITEM_MAX + 1)
                                    : n == 2 ? json_string("")
                                    : n == 3 ? json_stringn("a\0b", 3)
                                             : json_integer(1));
    else {
        json_decref(list);
        return NULL;
    }
    return list;
}

/* Values of a type: new references, at its bounds and just outside. */
static json_t *value_of(const char *type, size_t n, int good)
{
    static const char *const labels[] = {"a", "7", "a-b", "x--y"};
    static const char *const no_labels[] = {"",    "-a",  "a-",       "A", "a.b",
                                            "a_b", "a b", "\xc3\xa4", "a/"};
    static const json_int_t ints[] = {0, 1, 0x7fffffff};
    static const json_int_t no_ints[] = {-1, 0x80000000LL, INT64_MAX, INT64_MIN};
    static const char *const texts[] = {"", "a\nb\tc", "\xc3\xa4\xf0\x9f\x90\xb3"};
    static const char *const hexes[] = {"0", "0123456789abcdef", ""};
    static const char *const no_hexes[] = {"A", "0x1", "g", " 1", "-1", "\xc3\xa4"};
    if (strcmp(type, "label") == 0 && good)
        return n < COUNT(labels) ? json_string(labels[n])
               : n == COUNT(labels) ? repeated('z', APH_LABEL_MAX) : NULL;
    if (strcmp(type, "label") == 0)
        return n < COUNT(no_labels) ? json_string(no_labels[n])
               : n == COUNT(no_labels) ? repeated('z', APH_LABEL_MAX + 1)
               : n == COUNT(no_labels) + 1 ? json_stringn("a\0b", 3) : NULL;
    if (strcmp(type, "text") == 0 && good)
        return n < COUNT(texts) ? json_string(texts[n])
               : n == COUNT(texts) ? repeated('t', APH_SCRIPT_MAX) : NULL;
    if (strcmp(type, "text") == 0)
        return n == 0 ? repeated('t', APH_SCRIPT_MAX + 1) : n == 1 ? json_stringn("a\0", 2) : NULL;
    if (strcmp(type, "int") == 0 && good)
        return n < COUNT(ints) ? json_integer(ints[n]) : NULL;
    if (strcmp(type, "int") == 0)
        return n < COUNT(no_ints) ? json_integer(no_ints[n]) : NULL;
    if (strcmp(type, "hex") == 0 && good)
        return n < COUNT(hexes) ? json_string(hexes[n])
               : n == COUNT(hexes) ? repeated('f', 64) : NULL;
    if (strcmp(type, "hex") == 0)
        return n < COUNT(no_hexes) ? json_string(no_hexes[n])
               : n == COUNT(no_hexes) ? repeated('f', 65)
               : n == COUNT(no_hexes) + 1 ? json_stringn("0\0", 2) : NULL;
    if (strcmp(type, "list") == 0)
        return list_of(n, good);
    if (strcmp(type, "bool") == 0 && good)
        return n < 2 ? json_boolean((int)n) : NULL;
    return NULL;
}

/* One value of each kind of JSON; the types of ops.def take exactly one or none of them. */
static json_t *value_of_kind(size_t n)
{
    switch (n) {
    case 0: return json_null();
    case 1: return json_true();
    case 2: return json_integer(1);
    case 3: return json_real(1.0);
    case 4: return json_string("a1");
    case 5: return json_array();
    case 6: return json_object();
    default: return NULL;
    }
}

static int takes_kind(const char *type, size_t n)
{
    return strcmp(type, "bool") == 0   ? n == 1
           : strcmp(type, "int") == 0  ? n == 2
           : strcmp(type, "list") == 0 ? n == 5
                                       : n == 4;
}

typedef struct argument_t {
    char name[32];
    char type[16];
    int required;
} argument_t;

/* The arguments of a row, read by other means than the code under test. */
static size_t arguments_of(const aph_op_t *op, argument_t *arguments, size_t room)
{
    char copy[512];
    size_t count = 0;
    assert_true(strlen(op->arguments) < sizeof copy);
    strcpy(copy, op->arguments);
    char *rest = NULL;
    for (char *word = strtok_r(copy, " ", &rest); word != NULL; word = strtok_r(NULL, " ", &rest)) {
        assert_true(count < room);
        argument_t *argument = &arguments[count++];
        char *hash = strchr(word, '#');
        if (hash != NULL)
            memmove(hash, hash + 1, strlen(hash));
        char *bang = strchr(word, '!');
        argument->required = bang != NULL;
        if (bang != NULL)
            assert_true(bang[1] == '\0' && (*bang = '\0') == '\0');
        assert_int_equal(sscanf(word, "%31[a-z_]:%15[a-z]", argument->name, argument->type), 2);
        assert_int_equal(strlen(argument->name) + 1 + strlen(argument->type), strlen(word));
    }
    return count;
}

/* All arguments of a row, each with a value that holds. */
static json_t *full_request(const argument_t *arguments, size_t count)
{
    json_t *args = json_object();
    for (size_t i = 0; i < count; i++)
        json_object_set_new(args, arguments[i].name, value_of(arguments[i].type, 0, 1));
    return args;
}

typedef void case_t(const aph_op_t *op, const argument_t *arguments, size_t count);

static void for_every_op(case_t *test)
{
    size_t count;
    const aph_op_t *ops = aph_ops(&count);
    assert_true(count > 10);
    for (size_t i = 0; i < count; i++) {
        argument_t arguments[20];
        size_t known = arguments_of(&ops[i], arguments, COUNT(arguments));
        test(&ops[i], arguments, known);
    }
}

static void row_is_sound(const aph_op_t *op, const argument_t *arguments, size_t count)
{
    assert_ptr_equal(aph_op_find(op->name), op); /* so no name is there twice */
    assert_true(op->help != NULL && op->help[strlen(op->help) - 1] == '.');
    assert_true(op->kind == APH_OP_QUERY || op->kind == APH_OP_JOB || op->kind == APH_OP_STREAM);
    if (op->usage != NULL) {
        for (size_t i = 0; op->name[i] != '\0'; i++) /* a verb of two words */
            assert_int_equal(op->usage[i], op->name[i] == '-' ? ' ' : op->name[i]);
        assert_true(strchr(" ", op->usage[strlen(op->name)]) != NULL);
    }
    for (size_t i = 0; i < count; i++) {
        json_t *value = value_of(arguments[i].type, 0, 1); /* else it is a type without a test */
        assert_non_null(value);
        json_decref(value);
        for (size_t j = 0; j < i; j++)
            assert_string_not_equal(arguments[i].name, arguments[j].name);
    }
}

static void rows(void **state)
{
    for_every_op(row_is_sound);
}

static void unknown_names(void **state)
{
    static const char *const names[] = {"", "instal", "installs", "Install", "install ", "list!"};
    for (size_t i = 0; i < COUNT(names); i++)
        assert_null(aph_op_find(names[i]));
}

static void least_and_most(const aph_op_t *op, const argument_t *arguments, size_t count)
{
    json_t *args = full_request(arguments, count);
    assert_int_equal(aph_op_check(op, args, NULL), APR_SUCCESS);
    for (size_t i = 0; i < count; i++) {
        aph_error_t err = APH_ERROR_INIT;
        json_t *value = json_incref(json_object_get(args, arguments[i].name));
        json_object_del(args, arguments[i].name);
        apr_status_t expected = arguments[i].required ? APH_EUSAGE : APR_SUCCESS;
        assert_int_equal(aph_op_check(op, args, &err), expected);
        if (arguments[i].required) {
            assert_non_null(strstr(err.message, arguments[i].name));
            assert_non_null(strstr(err.message, "missing"));
        }
        json_object_set_new(args, arguments[i].name, value);
    }
    json_decref(args);
}

static void what_may_be_left_out(void **state)
{
    for_every_op(least_and_most);
}

static void stranger(const aph_op_t *op, const argument_t *arguments, size_t count)
{
    json_t *args = full_request(arguments, count);
    char near[40] = "x";
    if (count > 0)
        snprintf(near, sizeof near, "%.*s", (int)strlen(arguments[0].name) - 1, arguments[0].name);
    const char *const keys[] = {"", near, "Name", "name:label", "name ", "__proto__"};
    for (size_t i = 0; i < COUNT(keys); i++) {
        aph_error_t err = APH_ERROR_INIT;
        json_object_set_new(args, keys[i], json_true());
        assert_int_equal(aph_op_check(op, args, &err), APH_EUSAGE);
        assert_non_null(strstr(err.message, "there is no argument"));
        assert_memory_equal(err.message, op->name, strlen(op->name));
        json_object_del(args, keys[i]);
    }
    json_decref(args);
}

static void unknown_arguments(void **state)
{
    for_every_op(stranger);
}

static void bounds(const aph_op_t *op, const argument_t *arguments, size_t count)
{
    json_t *args = full_request(arguments, count), *value;
    for (size_t i = 0; i < count; i++) {
        const argument_t *argument = &arguments[i];
        for (size_t n = 0; (value = value_of(argument->type, n, 1)) != NULL; n++) {
            json_object_set_new(args, argument->name, value);
            assert_int_equal(aph_op_check(op, args, NULL), APR_SUCCESS);
        }
        for (size_t n = 0; (value = value_of(argument->type, n, 0)) != NULL; n++) {
            aph_error_t err = APH_ERROR_INIT;
            json_object_set_new(args, argument->name, value);
            assert_int_equal(aph_op_check(op, args, &err), APH_EUSAGE);
            assert_non_null(strstr(err.message, argument->name));
            assert_non_null(strstr(err.message, "must be"));
        }
        json_object_set_new(args, argument->name, value_of(argument->type, 0, 1));
    }
    json_decref(args);
}

static void every_type_at_and_over_its_bounds(void **state)
{
    for_every_op(bounds);
}

static void kinds(const aph_op_t *op, const argument_t *arguments, size_t count)
{
    json_t *args = full_request(arguments, count), *value;
    for (size_t i = 0; i < count; i++) {
        const argument_t *argument = &arguments[i];
        for (size_t n = 0; (value = value_of_kind(n)) != NULL; n++) {
            json_object_set_new(args, argument->name, value);
            assert_int_equal(aph_op_check(op, args, NULL),
                             takes_kind(argument->type, n) ? APR_SUCCESS : APH_EUSAGE);
        }
        json_object_set_new(args, argument->name, value_of(argument->type, 0, 1));
    }
    json_decref(args);
}

static void every_type_against_every_kind(void **state)
{
    for_every_op(kinds);
}

static void arguments_that_are_no_object(void **state)
{
    json_t *value;
    for (size_t n = 0; n < 6; n++) {
        aph_error_t err = APH_ERROR_INIT;
        value = value_of_kind(n);
        assert_int_equal(aph_op_check(aph_op_find("list"), value, &err), APH_EUSAGE);
        assert_string_equal(err.message, "list: args must be an object");
        json_decref(value);
    }
    assert_int_equal(aph_op_check(aph_op_find("list"), NULL, NULL), APH_EUSAGE);
}

/* A row nobody should write: found when it is used, not taken as "anything goes". */
static void a_type_that_does_not_exist(void **state)
{
    static const aph_op_t odd = {"odd", APH_OP_QUERY, APH_SCOPE_READ, "a:labels", NULL, "Odd."};
    aph_error_t err = APH_ERROR_INIT;
    json_t *args = json_pack("{s:s}", "a", "x");
    assert_int_equal(aph_op_check(&odd, args, &err), APH_EINTERNAL);
    assert_non_null(strstr(err.message, "labels"));
    json_decref(args);
}

static apr_status_t may(const char *op, const char *args, unsigned scopes)
{
    json_t *given = json_loads(args, 0, NULL);
    apr_status_t status = aph_op_may(aph_op_find(op), given, scopes, NULL);
    json_decref(given);
    return status;
}

static void who_may_ask(void **state)
{
    assert_int_equal(may("list", "{}", APH_SCOPES_VIEWER), APR_SUCCESS);
    assert_int_equal(may("list", "{}", APH_SCOPES_USER), APH_EFORBIDDEN);
    assert_int_equal(may("start", "{\"name\":\"a\"}", APH_SCOPES_VIEWER), APH_EFORBIDDEN);
    assert_int_equal(may("start", "{\"name\":\"a\"}", APH_SCOPE_RUN), APR_SUCCESS);
    assert_int_equal(may("storage-add", "{}", APH_SCOPES_ADMIN), APH_EFORBIDDEN);
    assert_int_equal(may("storage-add", "{}", ~0u), APH_EFORBIDDEN);
}

/* What an author wrote reaches root's daemon by root's hand only. */
static void what_is_roots_alone(void **state)
{
    assert_int_equal(may("install", "{\"name\":\"a\",\"entry\":\"b\"}", APH_SCOPES_ADMIN),
                     APR_SUCCESS);
    static const char *const roots[] = {"script", "uninstall_script", "kind", "webapp", "allow"};
    for (size_t i = 0; i < COUNT(roots); i++) {
        aph_error_t err = APH_ERROR_INIT;
        json_t *args = json_pack("{s:s, s:s}", "name", "a", roots[i], "x");
        assert_int_equal(aph_op_may(aph_op_find("install"), args, ~0u, &err), APH_EFORBIDDEN);
        assert_non_null(strstr(err.message, roots[i]));
        json_decref(args);
    }
    assert_int_equal(may("update", "{\"name\":\"a\",\"allow\":[]}", APH_SCOPES_ADMIN),
                     APH_EFORBIDDEN);
}

static void words_of_scopes(void **state)
{
    size_t count;
    const aph_op_t *ops = aph_ops(&count);
    for (size_t i = 0; i < count; i++)
        assert_non_null(aph_scope_name(ops[i].scope));
    for (unsigned bit = 1; bit <= APH_SCOPE_PEOPLE; bit <<= 1)
        assert_int_equal(aph_scope_parse(aph_scope_name(bit)), bit);
    assert_int_equal(aph_scope_parse("root"), 0);
    assert_null(aph_scope_name(3));
    assert_int_equal(aph_role_scopes("admin"), APH_SCOPES_ADMIN);
    assert_int_equal(aph_role_scopes("root"), 0);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_may_ask),
        cmocka_unit_test(what_is_roots_alone),
        cmocka_unit_test(words_of_scopes),
        cmocka_unit_test(rows),
        cmocka_unit_test(unknown_names),
        cmocka_unit_test(what_may_be_left_out),
        cmocka_unit_test(unknown_arguments),
        cmocka_unit_test(every_type_at_and_over_its_bounds),
        cmocka_unit_test(every_type_against_every_kind),
        cmocka_unit_test(arguments_that_are_no_object),
        cmocka_unit_test(a_type_that_does_not_exist),
    };
    return cmocka_run_group_tests_name("ops", tests, NULL, NULL);
}
