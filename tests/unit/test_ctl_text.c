/* SPDX-License-Identifier: Apache-2.0 */
/* Text for terminals: widths, cutting, what is made safe; sizes and times; tables. */
#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "ctl/measure.h"
#include "ctl/table.h"
#include "ctl/text.h"

#define CJK   "\xE4\xB8\xAD"     /* two columns */
#define ACUTE "e\xCC\x81"        /* one column, two characters */
#define SMILE "\xF0\x9F\x98\x80" /* two columns, four octets */
#define DOTS  "\xE2\x80\xA6"
#define RTL   "\xE2\x80\xAE" /* right-to-left override */

static void test_columns(void **state)
{
    assert_int_equal(aphc_text_columns(""), 0);
    assert_int_equal(aphc_text_columns("photos"), 6);
    assert_int_equal(aphc_text_columns(CJK CJK), 4);
    assert_int_equal(aphc_text_columns(ACUTE), 1);
    assert_int_equal(aphc_text_columns("a\xFF"
                                       "b"),
                     3);
    assert_int_equal(aphc_text_columns("\xE4\xB8"), 2); /* cut in the middle: two wrong octets */
}

static void test_cut(void **state)
{
    static const struct {
        const char *text;
        int columns;
        const char *expected;
        int used;
    } cases[] = {
        {"photos", 6, "photos", 6},         {"photos", 5, "phot" DOTS, 5},
        {"photos", 0, "photos", 6},         {CJK CJK CJK, 6, CJK CJK CJK, 6},
        {CJK CJK CJK, 5, CJK CJK DOTS, 5},  {CJK CJK CJK, 4, CJK DOTS, 3},
        {ACUTE ACUTE, 2, ACUTE ACUTE, 2},   {"a\tb\nc", 9, "a b c", 5},
        {"\033[31mred", 20, "?[31mred", 8}, {RTL "evil", 9, "?evil", 5},
        {"\x7F\x9B", 9, "??", 2},           {"\xC0\x80", 9, "??", 2},
    };
    char out[64];
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(aphc_text_cut(out, sizeof out, cases[i].text, cases[i].columns),
                         cases[i].used);
        assert_string_equal(out, cases[i].expected);
    }
}

static void test_cut_never_splits_a_character(void **state)
{
    char out[16];
    for (size_t size = 1; size < sizeof out; size++) {
        aphc_text_cut(out, size, SMILE SMILE SMILE, 0);
        assert_true(strlen(out) < size);
        assert_int_equal(strlen(out) % 4, 0);
    }
}

static char *wrapped(const char *text, int columns, int indent)
{
    char *out = NULL;
    size_t length = 0;
    FILE *file = open_memstream(&out, &length);
    aphc_text_wrap(file, text, columns, indent);
    fclose(file);
    return out;
}

static void test_wrap(void **state)
{
    char *out = wrapped("one two  three\nfour", 10, 2);
    assert_string_equal(out, "one two\n  three\n  four");
    free(out);
    out = wrapped("one two", 0, 2);
    assert_string_equal(out, "one two");
    free(out);
    out = wrapped("incomprehensibilities a", 8, 0);
    assert_string_equal(out, "incomprehensibilities\na");
    free(out);
}

static void test_size(void **state)
{
    static const struct {
        int64_t octets;
        const char *expected;
    } cases[] = {
        {0, "0 B"},
        {-5, "0 B"},
        {999, "999 B"},
        {1000, "1.0 kB"},
        {1050, "1.1 kB"},
        {999949, "999.9 kB"},
        {999950, "1.0 MB"},
        {67100000, "67.1 MB"},
        {999999999, "1.0 GB"},
        {1300000000, "1.3 GB"},
        {INT64_MAX, "9.2 EB"},
    };
    char out[APHC_MEASURE_MAX];
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        aphc_measure_size(out, cases[i].octets);
        assert_string_equal(out, cases[i].expected);
    }
}

static void test_time(void **state)
{
    static const struct {
        int64_t milliseconds;
        const char *expected;
    } cases[] = {
        {-1, "0 ms"},         {850, "850 ms"},        {1999, "1 s"},
        {65000, "1 min 5 s"}, {7620000, "2 h 7 min"}, {349200000, "4 d 1 h"},
    };
    char out[APHC_MEASURE_MAX];
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        aphc_measure_time(out, cases[i].milliseconds);
        assert_string_equal(out, cases[i].expected);
    }
    aphc_measure_date(out, 0);
    assert_string_equal(out, "-");
    setenv("TZ", "UTC", 1);
    aphc_measure_date(out, 1700000000);
    assert_string_equal(out, "2023-11-14 22:13:20");
}

static const aphc_column_t columns[] = {{"NAME", 0, 1}, {"PORT", 1, 0}, {"ADDRESS", 0, 1}};

static char *table(int width, const char *const *cells, size_t rows)
{
    char *out = NULL;
    size_t length = 0;
    aphc_terminal_t terminal = {.file = open_memstream(&out, &length), .columns = width};
    aphc_table_print(&terminal, columns, 3, cells, rows, NULL);
    fclose(terminal.file);
    return out;
}

static void test_table(void **state)
{
    static const char *const cells[] = {CJK CJK,  "35007", "http://a.home.arpa/",
                                        "photos", "9",     NULL};
    char *out = table(0, cells, 2);
    assert_string_equal(out, "NAME     PORT  ADDRESS\n" CJK CJK "    35007  http://a.home.arpa/\n"
                             "photos      9  -\n");
    free(out);
}

static void test_table_fits(void **state)
{
    static const char *const cells[] = {"a-name-that-is-long", "35007", "http://a.home.arpa/"};
    char *out = table(32, cells, 1);
    char *second = strchr(out, '\n') + 1;
    assert_int_equal(aphc_text_columns(second), 32 + 1); /* and the line end */
    assert_non_null(strstr(second, DOTS));
    assert_non_null(strstr(second, "35007"));
    free(out);
    out = table(5, cells, 1); /* too narrow for anything: no loop, no crash */
    assert_non_null(strstr(out, "35007"));
    free(out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_columns),
        cmocka_unit_test(test_cut),
        cmocka_unit_test(test_cut_never_splits_a_character),
        cmocka_unit_test(test_wrap),
        cmocka_unit_test(test_size),
        cmocka_unit_test(test_time),
        cmocka_unit_test(test_table),
        cmocka_unit_test(test_table_fits),
    };
    setlocale(LC_CTYPE, "C.UTF-8");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
