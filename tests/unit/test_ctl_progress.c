/* SPDX-License-Identifier: Apache-2.0 */
/* The progress line: what it says, how it gives way, what is printed where it cannot be redrawn. */
#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "ctl/progress.h"
#include "ctl/text.h"

static json_t *frame(const char *step, const char *text, json_int_t done, json_int_t total,
                     const char *unit)
{
    return json_pack("{s:i, s:s, s:s, s:I, s:I, s:s}", "job", 12, "step", step, "text", text,
                     "done", done, "total", total, "unit", unit);
}

static void test_line(void **state)
{
    static const struct {
        const char *step, *text;
        json_int_t done, total;
        const char *unit;
        int64_t rate;
        int columns;
        const char *expected;
    } cases[] = {
        {"pull", "nginx", 500000, 1000000, "bytes", 250000, 0,
         "pull  nginx  [##########----------]  500.0 kB of 1.0 MB  250.0 kB/s"},
        {"pull", "nginx", 500000, 1000000, "bytes", 250000, 45,
         "pull  nginx  500.0 kB of 1.0 MB  250.0 kB/s"},
        {"pull", "nginx", 500000, 0, "bytes", 0, 0, "pull  nginx  500.0 kB"},
        {"pull", "nginx", 2000, 1000, "bytes", 0, 0,
         "pull  nginx  [####################]  2.0 kB of 1.0 kB"},
        {"start", "", 2, 5, "steps", 99, 0, "start  2 of 5"},
        {"images", "pulling nginx", 3, 7, "layers", 99, 0, "images  pulling nginx  3 of 7 layers"},
        {"plan", "", 0, 0, "", 0, 0, "plan"},
        {"", "words", -1, -1, "bytes", 0, 0, "words"},
        {"pull", "a-long-reference-to-an-image", 1, 2, "steps", 0, 20,
         "pull  a-lon\xE2\x80\xA6  1 of 2"},
    };
    char out[APHC_PROGRESS_LINE_MAX];
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        json_t *progress =
            frame(cases[i].step, cases[i].text, cases[i].done, cases[i].total, cases[i].unit);
        aphc_progress_line(out, progress, cases[i].rate, cases[i].columns);
        json_decref(progress);
        assert_string_equal(out, cases[i].expected);
    }
}

static void test_line_always_fits(void **state)
{
    char out[APHC_PROGRESS_LINE_MAX];
    json_t *progress =
        frame("pull", "registry.example.org/some/image:1.2.3", 123456789, 987654321, "bytes");
    for (int columns = 1; columns < 140; columns++) {
        aphc_progress_line(out, progress, 123456, columns);
        assert_true(aphc_text_columns(out) <= columns);
    }
    json_decref(progress);
}

static void update(aphc_progress_t *progress, json_t *stolen, int64_t now)
{
    aphc_progress_update(progress, stolen, now);
    json_decref(stolen);
}

static void test_lines_for_a_file(void **state)
{
    char *out = NULL;
    size_t length = 0;
    aphc_terminal_t terminal = {.file = open_memstream(&out, &length)};
    aphc_progress_t progress;
    aphc_progress_init(&progress, &terminal, 0);
    update(&progress, frame("plan", "", 0, 0, ""), 1);
    update(&progress, frame("pull", "nginx", 0, 100, "bytes"), 2);
    update(&progress, frame("pull", "nginx", 50, 100, "bytes"), 3000000);
    aphc_progress_log(&progress, "a \033 line");
    update(&progress, frame("start", "", 0, 0, ""), 4000000);
    aphc_progress_end(&progress);
    fclose(terminal.file);
    assert_string_equal(out, "plan\npull  nginx  [--------------------]  0 B of 100 B\na ? line\n"
                             "start\n");
    assert_int_equal(progress.job, 12);
    free(out);
}

static void test_rate(void **state)
{
    char *out = NULL;
    size_t length = 0;
    aphc_terminal_t terminal = {.file = open_memstream(&out, &length), .is_terminal = 1};
    aphc_progress_t progress;
    aphc_progress_init(&progress, &terminal, 0);
    update(&progress, frame("pull", "a", 0, 9000000, "bytes"), 1000000);
    update(&progress, frame("pull", "a", 500000, 9000000, "bytes"), 1500000);
    assert_int_equal(progress.rate, 0); /* too early to say */
    update(&progress, frame("pull", "a", 2000000, 9000000, "bytes"), 2000000);
    assert_int_equal(progress.rate, 2000000);
    update(&progress, frame("pull", "a", 2000000, 9000000, "bytes"), 3000000);
    assert_int_equal(progress.rate, 1000000); /* slower, smoothed */
    update(&progress, frame("pull", "b", 10, 9000000, "bytes"), 4000000);
    assert_int_equal(progress.rate, 0); /* another image */
    aphc_progress_end(&progress);
    fclose(terminal.file);
    assert_non_null(strstr(out, "\r\033[K"));
    free(out);
}

static void test_hidden(void **state)
{
    char *out = NULL;
    size_t length = 0;
    aphc_terminal_t terminal = {.file = open_memstream(&out, &length), .is_terminal = 1};
    aphc_progress_t progress;
    aphc_progress_init(&progress, &terminal, 1);
    update(&progress, frame("plan", "", 0, 0, ""), 1);
    aphc_progress_log(&progress, "line");
    aphc_progress_end(&progress);
    fclose(terminal.file);
    assert_string_equal(out, "");
    assert_int_equal(progress.job, 12); /* still needed to say how to follow it */
    free(out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_line),
        cmocka_unit_test(test_line_always_fits),
        cmocka_unit_test(test_lines_for_a_file),
        cmocka_unit_test(test_rate),
        cmocka_unit_test(test_hidden),
    };
    setlocale(LC_CTYPE, "C.UTF-8");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
