/* SPDX-License-Identifier: Apache-2.0 */
/* UTF-8: what is a character, what is mended, and that a sentence can always be sent. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "common/frame.h"
#include "common/utf8.h"

static void test_sequences(void **state)
{
    static const struct {
        const char *text;
        size_t length;
        unsigned long point;
    } rows[] = {
        {"a", 1, 'a'}, {"\xC3\xA4", 2, 0xE4}, {"\xE2\x82\xAC", 3, 0x20AC},
        {"\xF0\x9F\x98\x80", 4, 0x1F600}, {"\xF4\x8F\xBF\xBF", 4, 0x10FFFF},
        {"", 0, 0}, {"\x80", 0, 0}, {"\xC0\xAF", 0, 0}, {"\xC1\x81", 0, 0}, {"\xC3", 0, 0},
        {"\xC3z", 0, 0}, {"\xE0\x80\x80", 0, 0}, {"\xED\xA0\x80", 0, 0}, {"\xE2\x82", 0, 0},
        {"\xF0\x80\x80\x80", 0, 0}, {"\xF4\x90\x80\x80", 0, 0}, {"\xF5\x80\x80\x80", 0, 0},
        {"\xFF", 0, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        unsigned long point = 0;
        assert_int_equal(aph_utf8_decode(rows[i].text, strlen(rows[i].text), &point),
                         rows[i].length);
        assert_int_equal(point, rows[i].point);
    }
}

static void test_mending(void **state)
{
    static const char *const rows[][2] = {
        {"", ""}, {"plain", "plain"}, {"\xC3\xA4\xE2\x82\xAC", "\xC3\xA4\xE2\x82\xAC"},
        {"cut \xC3", "cut "}, {"cut \xE2\x82", "cut "}, {"cut \xF0\x9F\x98", "cut "},
        {"mid \xC3 more", "mid ? more"}, {"\xFF\xFE", "??"}, {"alone \x82", "alone ?"},
        {"\xC3\xC3\xA4", "?\xC3\xA4"}, {"\xED\xA0\x80.", "???."},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char text[32];
        strcpy(text, rows[i][0]);
        aph_utf8_mend(text);
        assert_string_equal(text, rows[i][1]);
    }
}

/* A word quoted in the middle of a sentence is cut by octets; what the other side of a socket said may
 * be no text at all. Neither may cost the reader the whole sentence. */
static void test_every_error_can_be_sent(void **state)
{
    aph_error_t err = APH_ERROR_INIT;
    aph_error_set(&err, APH_EUSAGE, 1920, "there is no argument %.4s in this row",
                  "a\xC3\xA4\xC3\xA4\xC3\xA4");
    aph_error_wrap(&err, "engine \xFF");
    json_t *frame = aph_frame_error(&err);
    assert_non_null(frame);
    assert_string_equal(json_string_value(json_object_get(frame, "message")),
                        "engine ?: there is no argument a\xC3\xA4? in this row");
    json_decref(frame);

    aph_error_t received = APH_ERROR_INIT;
    aph_error_receive(&received, "engine", "\xFF\xFE", "it said \xE2\x82 only");
    frame = aph_frame_error(&received);
    assert_non_null(frame);
    json_decref(frame);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sequences),
        cmocka_unit_test(test_mending),
        cmocka_unit_test(test_every_error_can_be_sent),
    };
    return cmocka_run_group_tests_name("utf8", tests, NULL, NULL);
}
