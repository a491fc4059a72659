/* SPDX-License-Identifier: Apache-2.0 */
/* What arrives in pieces: lines, log frames, JSON lines of a pull. Every split point must give the
 * same result as the whole. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "common/error.h"
#include "helper/job/engine_events.h"
#include "helper/job/lines.h"
#include "helper/job/log_frames.h"
#include "helper/job/pull_progress.h"
#include "helper/job/report.h"

typedef struct collected_t {
    char text[65536];
    size_t length;
} collected_t;

static apr_status_t collect_cb(void *baton, char *line, size_t length)
{
    collected_t *collected = baton;
    assert_int_equal(strlen(line), length);
    memcpy(collected->text + collected->length, line, length);
    collected->length += length;
    collected->text[collected->length++] = '|';
    collected->text[collected->length] = '\0';
    return APR_SUCCESS;
}

static void test_lines_at_every_split(void **state)
{
    static const char input[] = "one\ntwo\r\n\nfour";
    for (size_t split = 0; split < sizeof input; split++) {
        collected_t collected = {.length = 0};
        aphd_lines_t lines;
        aphd_lines_init(&lines, collect_cb, &collected);
        assert_int_equal(aphd_lines_feed(&lines, input, split), APR_SUCCESS);
        assert_int_equal(aphd_lines_feed(&lines, input + split, sizeof input - 1 - split),
                         APR_SUCCESS);
        assert_int_equal(aphd_lines_finish(&lines), APR_SUCCESS);
        assert_string_equal(collected.text, "one|two||four|");
        aphd_lines_clear(&lines);
    }
}

static void test_a_long_line_is_cut_once(void **state)
{
    static collected_t collected;
    char *input = malloc(3 * APHD_LINE_MAX + 8);
    aphd_lines_t lines;
    collected.length = 0;
    memset(input, 'x', 3 * APHD_LINE_MAX);
    memcpy(input + 3 * APHD_LINE_MAX, "\nnext\n", 6);
    aphd_lines_init(&lines, collect_cb, &collected);
    assert_int_equal(aphd_lines_feed(&lines, input, 3 * APHD_LINE_MAX + 6), APR_SUCCESS);
    assert_int_equal(collected.length, APHD_LINE_MAX + 1 + 5);
    assert_string_equal(collected.text + APHD_LINE_MAX, "|next|");
    aphd_lines_clear(&lines);
    free(input);
}

static void put_frame(char *out, size_t *at, int stream, const char *text)
{
    size_t length = strlen(text);
    const char head[8] = {(char)stream, 0, 0, 0, 0, 0, (char)(length >> 8), (char)length};
    memcpy(out + *at, head, sizeof head);
    memcpy(out + *at + sizeof head, text, length);
    *at += sizeof head + length;
}

/* stdout and stderr interleave inside a line, and an empty frame stands between. */
static void test_log_frames_at_every_split(void **state)
{
    char input[256];
    size_t length = 0;
    put_frame(input, &length, 1, "out a");
    put_frame(input, &length, 2, "err\n");
    put_frame(input, &length, 1, "");
    put_frame(input, &length, 1, "nd b\nlast");
    for (size_t first = 0; first <= length; first++)
        for (size_t second = first; second <= length; second++) {
            collected_t collected = {.length = 0};
            aphd_log_frames_t frames;
            aphd_log_frames_init(&frames, 0, collect_cb, &collected);
            assert_int_equal(aphd_log_frames_feed(&frames, input, first), APR_SUCCESS);
            assert_int_equal(aphd_log_frames_feed(&frames, input + first, second - first),
                             APR_SUCCESS);
            assert_int_equal(aphd_log_frames_feed(&frames, input + second, length - second),
                             APR_SUCCESS);
            assert_int_equal(aphd_log_frames_finish(&frames), APR_SUCCESS);
            assert_string_equal(collected.text, "err|out and b|last|");
            aphd_log_frames_clear(&frames);
        }
}

static void test_a_terminal_is_raw(void **state)
{
    collected_t collected = {.length = 0};
    aphd_log_frames_t frames;
    aphd_log_frames_init(&frames, 1, collect_cb, &collected);
    assert_int_equal(aphd_log_frames_feed(&frames, "login: \r\nhi\r\n", 13), APR_SUCCESS);
    assert_string_equal(collected.text, "login: |hi|");
    aphd_log_frames_clear(&frames);
}

static void test_other_octets_are_refused(void **state)
{
    collected_t collected = {.length = 0};
    aphd_log_frames_t frames;
    aphd_log_frames_init(&frames, 0, collect_cb, &collected);
    assert_int_equal(aphd_log_frames_feed(&frames, "not a frame at all", 18), APH_EENGINE);
    assert_int_equal(collected.length, 0);
    aphd_log_frames_clear(&frames);
}

static int take(aphd_pull_progress_t *progress, const char *text)
{
    json_t *line = json_loads(text, 0, NULL);
    int changed = aphd_pull_progress_take(progress, line);
    json_decref(line);
    return changed;
}

static void test_pull_sums_over_layers(void **state)
{
    aphd_pull_progress_t *sum = calloc(1, sizeof *sum);
    assert_false(take(sum, "{\"status\":\"Pulling from library/x\",\"id\":\"latest\"}"));
    assert_true(take(sum, "{\"status\":\"Downloading\",\"id\":\"a\","
                          "\"progressDetail\":{\"current\":10,\"total\":100}}"));
    assert_true(take(sum, "{\"status\":\"Downloading\",\"id\":\"b\","
                          "\"progressDetail\":{\"current\":50,\"total\":200}}"));
    assert_int_equal(sum->done, 60);
    assert_int_equal(sum->total, 300);
    /* Repeated, and begun again: the sum never goes back. */
    assert_false(take(sum, "{\"status\":\"Downloading\",\"id\":\"a\","
                           "\"progressDetail\":{\"current\":10,\"total\":100}}"));
    take(sum, "{\"status\":\"Downloading\",\"id\":\"b\","
              "\"progressDetail\":{\"current\":5,\"total\":200}}");
    assert_int_equal(sum->done, 60);
    /* Extracting tells other octets; completion tells none. */
    assert_false(take(sum, "{\"status\":\"Extracting\",\"id\":\"a\","
                           "\"progressDetail\":{\"current\":999,\"total\":1000}}"));
    assert_true(take(sum, "{\"status\":\"Download complete\",\"id\":\"a\","
                          "\"progressDetail\":{}}"));
    assert_true(take(sum, "{\"status\":\"Pull complete\",\"id\":\"b\"}"));
    assert_int_equal(sum->done, 300);
    assert_int_equal(sum->total, 300);
    free(sum);
}

/* As Podman 4.3 tells it: octets of the large layers only, and the image itself at the end. */
static void test_pull_counts_layers(void **state)
{
    aphd_pull_progress_t *sum = calloc(1, sizeof *sum);
    sum->by_layers = 1;
    assert_true(take(sum, "{\"status\":\"Pulling fs layer\",\"progressDetail\":{},\"id\":\"a\"}"));
    assert_true(take(sum, "{\"status\":\"Pulling fs layer\",\"progressDetail\":{},\"id\":\"b\"}"));
    assert_false(take(sum, "{\"status\":\"Downloading\",\"id\":\"a\","
                           "\"progressDetail\":{\"current\":10,\"total\":100}}"));
    assert_int_equal(sum->done, 0);
    assert_int_equal(sum->total, 2);
    assert_true(take(sum, "{\"status\":\"Already exists\",\"id\":\"c\"}"));
    assert_true(take(sum, "{\"status\":\"Download complete\",\"id\":\"a\"}"));
    assert_false(take(sum, "{\"status\":\"Download complete\",\"id\":\"a\"}"));
    assert_int_equal(sum->done, 2);
    assert_int_equal(sum->total, 3);
    assert_true(take(sum, "{\"status\":\"Download complete\",\"id\":\"b\"}"));
    assert_int_equal(sum->done, 3);
    free(sum);
}

static void test_pull_counts_a_bounded_number_of_layers(void **state)
{
    aphd_pull_progress_t *sum = calloc(1, sizeof *sum);
    for (int i = 0; i < APHD_PULL_LAYERS_MAX + 100; i++) {
        json_t *line = json_pack("{s:s, s:o, s:{s:i, s:i}}", "status", "Downloading",
                                 "id", json_sprintf("layer%d", i), "progressDetail", "current", 1,
                                 "total", 2);
        aphd_pull_progress_take(sum, line);
        json_decref(line);
    }
    assert_int_equal(sum->count, APHD_PULL_LAYERS_MAX);
    assert_int_equal(sum->total, 2 * APHD_PULL_LAYERS_MAX);
    free(sum);
}

static void test_events_of_ours_only(void **state)
{
    static const struct { const char *line; int app; } rows[] = {
        {"{\"Action\":\"start\",\"Actor\":{\"Attributes\":{\"org.apphost.instance\":\"me\","
         "\"org.apphost.app\":\"7\"}}}", 7},
        {"{\"Action\":\"die\",\"Actor\":{\"Attributes\":{\"org.apphost.instance\":\"other\","
         "\"org.apphost.app\":\"7\"}}}", 0},
        {"{\"Action\":\"die\",\"Actor\":{\"ID\":\"abc\",\"Attributes\":{"
         "\"org.apphost.instance\":\"me\",\"org.apphost.app\":\"8\"}}}", 8},
        {"{\"Action\":\"start\",\"Actor\":{\"Attributes\":{\"name\":\"x\"}}}", 0},
        {"{\"Action\":\"exec_start: sh\",\"Actor\":{\"Attributes\":{"
         "\"org.apphost.instance\":\"me\",\"org.apphost.app\":\"7\"}}}", 0},
        {"not JSON", 0},
        {"", 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        aphd_event_t event = {0};
        assert_int_equal(aphd_event_read(rows[i].line, strlen(rows[i].line), "me", &event),
                         rows[i].app != 0);
        assert_int_equal(event.app_id, rows[i].app);
        assert_int_equal(event.ended, rows[i].app == 8);
        assert_string_equal(event.container, rows[i].app == 8 ? "abc" : "");
    }
}

static void test_text_becomes_utf8(void **state)
{
    char text[] = "ok \xc3\xa4 \xff \xc3 \xed\xa0\x80 \x1b[0m \xf0\x9f\x98\x80\t.";
    aphd_text_clean(text);
    assert_string_equal(text, "ok \xc3\xa4 ? ? ??? ?[0m \xf0\x9f\x98\x80\t.");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lines_at_every_split),
        cmocka_unit_test(test_a_long_line_is_cut_once),
        cmocka_unit_test(test_log_frames_at_every_split),
        cmocka_unit_test(test_a_terminal_is_raw),
        cmocka_unit_test(test_other_octets_are_refused),
        cmocka_unit_test(test_pull_sums_over_layers),
        cmocka_unit_test(test_pull_counts_layers),
        cmocka_unit_test(test_pull_counts_a_bounded_number_of_layers),
        cmocka_unit_test(test_events_of_ours_only),
        cmocka_unit_test(test_text_becomes_utf8),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
