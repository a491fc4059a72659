/* SPDX-License-Identifier: Apache-2.0 */
/* Errors: the first cause wins, context goes outside, and a message is always whole UTF-8. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "common/error.h"

static const struct {
    apr_status_t status;
    const char *wire;
    int exit_code;
    int http_status;
    const char *sentence;
} rows[] = {
#define APH_ERROR_ROW(constant, wire, exit_code, http_status, sentence)                            \
    {constant, wire, exit_code, http_status, sentence},
#include "common/errors.def"
#undef APH_ERROR_ROW
};

#define ROWS (sizeof rows / sizeof rows[0])

static void every_row_is_unique_and_answered(void **state)
{
    assert_true(ROWS > 20);
    for (size_t i = 0; i < ROWS; i++) {
        for (size_t j = 0; j < i; j++) {
            assert_int_not_equal(rows[i].status, rows[j].status);
            assert_string_not_equal(rows[i].wire, rows[j].wire);
            assert_int_not_equal(rows[i].exit_code, rows[j].exit_code);
            assert_string_not_equal(rows[i].sentence, rows[j].sentence);
        }
        assert_in_range(rows[i].exit_code, 1, 63);
        assert_in_range(rows[i].http_status, 400, 599);
        assert_string_equal(aph_error_wire(rows[i].status), rows[i].wire);
        assert_int_equal(aph_error_exit_code(rows[i].status), rows[i].exit_code);
        assert_int_equal(aph_error_http_status(rows[i].status), rows[i].http_status);
        assert_string_equal(aph_error_sentence(rows[i].status), rows[i].sentence);
    }
}

/* The numbers lie where apr leaves room for them, so that none of apr's predicates takes one. */
static void codes_are_not_aprs(void **state)
{
    for (size_t i = 0; i < ROWS; i++) {
        assert_in_range(rows[i].status, APR_OS_START_USERERR + 1, APR_OS_START_EAIERR - 1);
        assert_false(APR_STATUS_IS_EOF(rows[i].status));
        assert_false(APR_STATUS_IS_EAGAIN(rows[i].status));
    }
}

static void statuses_that_are_not_ours(void **state)
{
    static const apr_status_t foreign[] = {APR_ENOENT, APR_EOF, APR_EAGAIN, APH_CODES_BEFORE,
                                           APH_CODES_AFTER, -1, 999999};
    for (size_t i = 0; i < sizeof foreign / sizeof foreign[0]; i++) {
        assert_string_equal(aph_error_wire(foreign[i]), "internal");
        assert_int_equal(aph_error_exit_code(foreign[i]), 1);
        assert_int_equal(aph_error_http_status(foreign[i]), 500);
    }
    assert_string_equal(aph_error_wire(APR_ENOSPC), "no-space");
    assert_string_equal(aph_error_wire(APR_FROM_OS_ERROR(ENOSPC)), "no-space");
    assert_int_equal(aph_error_exit_code(APR_SUCCESS), 0);
    assert_int_equal(aph_error_http_status(APR_SUCCESS), 200);
}

static void the_first_error_wins(void **state)
{
    aph_error_t err = APH_ERROR_INIT;
    assert_int_equal(aph_error_set(&err, APH_ETAKEN, 12, "the %s", "first"), APH_ETAKEN);
    assert_int_equal(aph_error_set(&err, APH_EBUSY, 13, "the second"), APH_EBUSY);
    assert_int_equal(aph_error_receive(&err, "denied", "APH0014", "the third"), APH_EDENIED);
    assert_int_equal(err.status, APH_ETAKEN);
    assert_string_equal(err.tag, "APH0012");
    assert_string_equal(err.message, "the first");
    assert_int_equal(aph_error_set(NULL, APH_EBUSY, 15, "nobody asks"), APH_EBUSY);
    err = (aph_error_t)APH_ERROR_INIT;
    aph_error_set(&err, APH_EBUSY, 9999, "%s", "");
    assert_string_equal(err.tag, "APH9999");
}

static void context_goes_outside(void **state)
{
    aph_error_t err = APH_ERROR_INIT;
    aph_error_wrap(&err, "cannot install %s", "photos");
    assert_string_equal(err.message, "");
    assert_int_equal(err.status, APR_SUCCESS);
    aph_error_set(&err, APH_ENOTFOUND, 16, "no image");
    aph_error_wrap(&err, "service %s", "db");
    aph_error_wrap(&err, "cannot install %s", "100 %s");
    assert_string_equal(err.message, "cannot install 100 %s: service db: no image");
    assert_int_equal(err.status, APH_ENOTFOUND);
    assert_string_equal(err.tag, "APH0016");
    aph_error_wrap(NULL, "nothing happens");
}

/* An independent and slower check than the one under test: decodes and encodes again. */
static int is_utf8(const char *text)
{
    const unsigned char *at = (const unsigned char *)text;
    while (*at != '\0') {
        static const uint32_t least[] = {0, 0x80, 0x800, 0x10000};
        int more = *at < 0x80 ? 0 : *at < 0xC0 ? -1 : *at < 0xE0 ? 1 : *at < 0xF0 ? 2
                   : *at < 0xF8 ? 3 : -1;
        if (more < 0)
            return 0;
        uint32_t value = more == 0 ? *at : *at & (0x3Fu >> more);
        for (int i = 1; i <= more; i++) {
            if ((at[i] & 0xC0) != 0x80)
                return 0;
            value = value << 6 | (at[i] & 0x3Fu);
        }
        if (value < least[more] || value > 0x10FFFF || (value >= 0xD800 && value < 0xE000))
            return 0;
        at += more + 1;
    }
    return 1;
}

/* Sequences of 2, 3 and 4 octets at every distance from the end of the buffer, by all three ways in. */
static void messages_are_cut_at_a_border(void **state)
{
    static const char *const sequences[] = {"a", "\xc3\xa4", "\xe2\x82\xac", "\xf0\x9f\x90\xb3"};
    char text[APH_ERROR_TEXT_MAX + 64];
    for (size_t s = 0; s < sizeof sequences / sizeof sequences[0]; s++) {
        size_t octets = strlen(sequences[s]);
        for (size_t before = APH_ERROR_TEXT_MAX - 8; before < APH_ERROR_TEXT_MAX + 4; before++) {
            memset(text, 'x', before);
            strcpy(text + before, sequences[s]);
            size_t kept = before + octets < APH_ERROR_TEXT_MAX ? before + octets
                          : before < APH_ERROR_TEXT_MAX ? before : APH_ERROR_TEXT_MAX - 1;
            aph_error_t set = APH_ERROR_INIT, got = APH_ERROR_INIT, wrapped = APH_ERROR_INIT;
            aph_error_set(&set, APH_EUSAGE, 17, "%s", text);
            assert_int_equal(strlen(set.message), kept);
            assert_memory_equal(set.message, text, kept);
            aph_error_receive(&got, "usage", "APH0001", text);
            assert_string_equal(got.message, set.message);
            aph_error_set(&wrapped, APH_EUSAGE, 18, "%s", text);
            aph_error_wrap(&wrapped, "%s", "around");
            assert_true(is_utf8(wrapped.message));
            assert_memory_equal(wrapped.message, "around: xxx", 11);
            assert_true(strlen(wrapped.message) > APH_ERROR_TEXT_MAX - 12);
            wrapped = (aph_error_t)APH_ERROR_INIT; /* the context alone fills it */
            aph_error_set(&wrapped, APH_EUSAGE, 19, "inner");
            aph_error_wrap(&wrapped, "%s", text);
            assert_memory_equal(wrapped.message, set.message, kept);
            assert_true(is_utf8(wrapped.message));
        }
    }
}

/* Octets that are no UTF-8 reach messages from file names, configuration and cut arguments. */
static void messages_are_always_utf8(void **state)
{
    static const char *const broken[] = {
        "caf\xe9.txt", "\xff", "\x80", "a\xc3", "\xc0\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80",
        "\xe2\x82 x", "\xf0\x9f\x90", "\xf8\x88\x80\x80\x80", "\xc3\xc3\xa4", "\x80\x80\x80\x80\x80",
    };
    for (size_t i = 0; i < sizeof broken / sizeof broken[0]; i++) {
        aph_error_t err = APH_ERROR_INIT;
        aph_error_set(&err, APH_EUNREADABLE, 20, "before %s after", broken[i]);
        assert_true(is_utf8(err.message));
        assert_memory_equal(err.message, "before ", 7);
        assert_string_equal(err.message + strlen(err.message) - 6, " after");
        aph_error_wrap(&err, "%s", broken[i]);
        assert_true(is_utf8(err.message));
        err = (aph_error_t)APH_ERROR_INIT;
        aph_error_receive(&err, "usage", "APH0001", broken[i]);
        assert_true(is_utf8(err.message));
    }
    aph_error_t err = APH_ERROR_INIT;
    aph_error_set(&err, APH_EUSAGE, 21, "gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x90\xb3 \xed\x9f\xbf");
    assert_string_equal(err.message, "gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x90\xb3 \xed\x9f\xbf");
}

static void received_errors(void **state)
{
    for (size_t i = 0; i < ROWS; i++) {
        aph_error_t err = APH_ERROR_INIT;
        assert_int_equal(aph_error_receive(&err, rows[i].wire, "APH0042", "said"), rows[i].status);
        assert_int_equal(err.status, rows[i].status);
        assert_string_equal(err.tag, "APH0042");
        assert_string_equal(err.message, "said");
    }
    aph_error_t err = APH_ERROR_INIT;
    assert_int_equal(aph_error_receive(&err, "no-such-code", "a tag that is long", NULL),
                     APH_EINTERNAL);
    assert_string_equal(err.tag, "a tag t");
    assert_string_equal(err.message, "something went wrong inside apphost");
    err = (aph_error_t)APH_ERROR_INIT;
    assert_int_equal(aph_error_receive(&err, NULL, NULL, "words"), APH_EINTERNAL);
    assert_string_equal(err.tag, "");
    assert_string_equal(err.message, "words");
    assert_int_equal(aph_error_receive(NULL, "busy", NULL, NULL), APH_EBUSY);
    err = (aph_error_t)APH_ERROR_INIT; /* nor does a tag speak to a terminal */
    aph_error_receive(&err, "usage", "\033]0;\177", "words");
    assert_string_equal(err.tag, "?]0;?");
    err = (aph_error_t)APH_ERROR_INIT; /* what was received is no format */
    aph_error_receive(&err, "usage", "%s%n%s", "%s%n%d");
    assert_string_equal(err.tag, "%s%n%s");
    assert_string_equal(err.message, "%s%n%d");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_row_is_unique_and_answered),
        cmocka_unit_test(codes_are_not_aprs),
        cmocka_unit_test(statuses_that_are_not_ours),
        cmocka_unit_test(the_first_error_wins),
        cmocka_unit_test(context_goes_outside),
        cmocka_unit_test(messages_are_cut_at_a_border),
        cmocka_unit_test(messages_are_always_utf8),
        cmocka_unit_test(received_errors),
    };
    return cmocka_run_group_tests_name("error", tests, NULL, NULL);
}
