/* SPDX-License-Identifier: Apache-2.0 */
/* The table of commands against the operations, and the parsing of command lines. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "common/ops.h"
#include "ctl/arguments.h"

static void test_every_operation_has_a_command(void **state)
{
    size_t count;
    const aph_op_t *ops = aph_ops(&count);
    aphc_command_t command;
    for (size_t i = 0; i < count; i++)
        if (ops[i].usage != NULL && (!aphc_command_find(ops[i].name, &command) || command.local))
            fail_msg("%s has no command", ops[i].name);
}

static void test_every_command_is_whole(void **state)
{
    aphc_command_t command, found;
    size_t count = 0;
    for (; aphc_command_at(count, &command); count++) {
        assert_non_null(command.run);
        assert_non_null(command.usage);
        assert_non_null(command.help);
        assert_true(aphc_command_find(command.name, &found) && found.run == command.run);
        assert_true(command.operands_max <= APHC_OPERANDS_MAX);
        /* The usage begins with the verb itself. */
        assert_int_equal(strncmp(command.usage, command.name, strlen(command.name)), 0);
        int options = 0;
        while (command.options != NULL && command.options[options].name != NULL)
            options++;
        assert_true(options <= APHC_OPTIONS_MAX);
    }
    assert_true(count >= 14);
    assert_false(aphc_command_find("remove", &command));
}

/* A long option in the usage is one the command takes. */
static void test_usage_names_real_options(void **state)
{
    aphc_command_t command;
    for (size_t i = 0; aphc_command_at(i, &command); i++)
        for (const char *at = command.usage; (at = strstr(at, "--")) != NULL;) {
            size_t length = strspn(at += 2, "abcdefghijklmnopqrstuvwxyz-");
            int known = 0;
            for (int o = 0; command.options != NULL && command.options[o].name != NULL; o++)
                known |= strlen(command.options[o].name) == length &&
                         strncmp(command.options[o].name, at, length) == 0;
            if (!known)
                fail_msg("%s: --%.*s", command.name, (int)length, at);
        }
}

typedef struct line_t {
    const char *words[8];
    apr_status_t status;
    const char *said; /* in the error */
} line_t;

static apr_status_t parse(const line_t *line, aphc_context_t *context, aphc_arguments_t *arguments,
                          aph_error_t *err)
{
    char *argv[9] = {NULL};
    int argc = 0;
    aphc_command_t command;
    for (; argc < 8 && line->words[argc] != NULL; argc++)
        argv[argc] = (char *)(uintptr_t)line->words[argc];
    assert_true(aphc_command_find(argv[0], &command));
    return aphc_arguments_parse(context, &command, argc, argv, arguments, err);
}

static void test_refused_lines(void **state)
{
    static const line_t lines[] = {
        {{"start"}, APH_EUSAGE, "start NAME"},
        {{"start", "a", "b"}, APH_EUSAGE, "'b'"},
        {{"list", "a"}, APH_EUSAGE, "'a'"},
        {{"install", "--nonsense"}, APH_EUSAGE, "--nonsense"},
        {{"install", "f", "--name"}, APH_EUSAGE, "--name needs a value"},
        {{"install", "f", "-z"}, APH_EUSAGE, "-z"},
        {{"list", "--yes"}, APH_EUSAGE, "--yes"},
        {{"start", "--help"}, APR_SUCCESS, ""},
        {{"install", "f", "--name", "x"}, APR_SUCCESS, ""},
    };
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        aphc_context_t context = {.socket_path = "s"};
        aphc_arguments_t arguments;
        aph_error_t err = APH_ERROR_INIT;
        assert_int_equal(parse(&lines[i], &context, &arguments, &err), lines[i].status);
        if (strstr(err.message, lines[i].said) == NULL)
            fail_msg("%s %s: %s", lines[i].words[0], lines[i].said, err.message);
    }
}

static void test_options_may_stand_anywhere(void **state)
{
    static const line_t line = {
        {"install", "--json", "-y", "script.sh", "--socket", "/s", "-nphotos"}, 0, ""};
    aphc_context_t context = {.socket_path = "default"};
    aphc_arguments_t arguments;
    aph_error_t err = APH_ERROR_INIT;
    assert_int_equal(parse(&line, &context, &arguments, &err), APR_SUCCESS);
    assert_true(context.json);
    assert_string_equal(context.socket_path, "/s");
    assert_string_equal(arguments.operands[0], "script.sh");
    assert_string_equal(arguments.values[0], "photos"); /* --name */
    assert_null(arguments.values[1]);
    assert_string_equal(arguments.values[12], ""); /* --yes */
    assert_false(arguments.help);
}

static void test_options_that_may_be_repeated(void **state)
{
    static const line_t line = {{"install", "s", "--alias", "a.example", "-o", "hsts", "-a", "b.example"},
                                0, ""};
    aphc_context_t context = {.socket_path = "default"};
    aphc_arguments_t arguments;
    aph_error_t err = APH_ERROR_INIT;
    assert_int_equal(parse(&line, &context, &arguments, &err), APR_SUCCESS);
    assert_int_equal(arguments.repeat_count, 3);
    assert_string_equal(arguments.repeats[0].value, "a.example");
    assert_string_equal(arguments.repeats[1].value, "hsts");
    assert_string_equal(arguments.repeats[2].value, "b.example");
    assert_int_equal(arguments.repeats[0].option, arguments.repeats[2].option);
    assert_int_not_equal(arguments.repeats[0].option, arguments.repeats[1].option);
}

static void test_common_options_end_at_the_command(void **state)
{
    char program[] = "apphostctl", json[] = "--json", verb[] = "install", yes[] = "--yes";
    char *argv[] = {program, json, verb, yes, NULL};
    aphc_context_t context = {.socket_path = "default"};
    aph_error_t err = APH_ERROR_INIT;
    int rest = 0, help = 0;
    assert_int_equal(aphc_arguments_common(&context, 4, argv, &rest, &help, &err), APR_SUCCESS);
    assert_int_equal(rest, 2);
    assert_true(context.json);
    char *bad[] = {program, yes, verb, NULL};
    assert_int_equal(aphc_arguments_common(&context, 3, bad, &rest, &help, &err), APH_EUSAGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_operation_has_a_command),
        cmocka_unit_test(test_every_command_is_whole),
        cmocka_unit_test(test_usage_names_real_options),
        cmocka_unit_test(test_refused_lines),
        cmocka_unit_test(test_options_may_stand_anywhere),
        cmocka_unit_test(test_options_that_may_be_repeated),
        cmocka_unit_test(test_common_options_end_at_the_command),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
