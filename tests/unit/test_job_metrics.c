/* SPDX-License-Identifier: Apache-2.0 */
/* What the engines' answers about use mean, what is made of two of them, and the file they are kept
 * in. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "common/file_replace.h"
#include "helper/job/metrics.h"

static aphd_usage_t usage_of(const char *text, int expected)
{
    aphd_usage_t usage = {.at = 5000};
    json_auto_t *answer = json_loads(text, 0, NULL);
    assert_non_null(answer);
    assert_int_equal(aphd_usage_read(answer, &usage), expected);
    assert_int_equal(usage.at, 5000);
    return usage;
}

static void test_answers(void **state)
{
    aphd_usage_t v2 = usage_of(
        "{\"read\":\"2026-11-23T22:40:11.5Z\",\"cpu_stats\":{\"cpu_usage\":{\"total_usage\":700}},"
        "\"memory_stats\":{\"usage\":1000,\"limit\":4000,\"stats\":{\"inactive_file\":300}},"
        "\"networks\":{\"eth0\":{\"rx_bytes\":1,\"tx_bytes\":2},\"eth1\":{\"rx_bytes\":10,\"tx_"
        "bytes\":20}},"
        "\"blkio_stats\":{\"io_service_bytes_recursive\":[{\"op\":\"read\",\"value\":5},"
        "{\"op\":\"write\",\"value\":6},{\"op\":\"write\",\"value\":1}]}}",
        1);
    assert_int_equal(v2.cpu, 700);
    assert_int_equal(v2.memory, 700);
    assert_int_equal(v2.memory_limit, 4000);
    assert_int_equal(v2.network_in, 11);
    assert_int_equal(v2.network_out, 22);
    assert_int_equal(v2.block_read, 5);
    assert_int_equal(v2.block_write, 7);
    assert_int_equal(v2.clock % 1000000000, 500000000);
    aphd_usage_t v1 =
        usage_of("{\"read\":\"2026-11-23T23:40:12.000000001+01:00\",\"cpu_stats\":{\"cpu_usage\":{"
                 "\"total_usage\":1}},"
                 "\"memory_stats\":{\"usage\":1000,\"limit\":9223372036854771712,"
                 "\"stats\":{\"total_inactive_file\":100,\"inactive_file\":7}},"
                 "\"blkio_stats\":{\"io_service_bytes_recursive\":[{\"op\":\"Read\",\"value\":5},"
                 "{\"op\":\"Total\",\"value\":50}]}}",
                 1);
    assert_int_equal(v1.memory, 900);
    assert_int_equal(v1.memory_limit, 0);
    assert_int_equal(v1.block_read, 5);
    assert_int_equal(v1.clock % 1000000000, 1);
    /* One that ended, one that says less, and no such answer. */
    usage_of("{\"read\":\"0001-01-01T00:00:00Z\",\"cpu_stats\":{\"cpu_usage\":{\"total_usage\":0}},"
             "\"memory_stats\":{}}", 0);
    usage_of("{\"cpu_stats\":{\"cpu_usage\":{\"total_usage\":9}},\"memory_stats\":null,"
             "\"blkio_stats\":{\"io_service_bytes_recursive\":null}}", 1);
    usage_of("[]", 0);
    usage_of("{\"message\":\"no\"}", 0);
}

static void test_percent(void **state)
{
    aphd_usage_t a = {.at = 1000, .clock = 1000000000, .cpu = 0};
    aphd_usage_t b = {.at = 9000, .clock = 3000000000, .cpu = 3000000000};
    assert_int_equal(aphd_usage_cpu(&a, &b),
                     15000); /* one and a half cores, by the engine's clock */
    b.clock = 0;
    assert_int_equal(aphd_usage_cpu(&a, &b), 3750); /* by ours */
    assert_int_equal(aphd_usage_cpu(&b, &a), -1);
    assert_int_equal(aphd_usage_cpu(&a, &a), -1);
}

static void add(aphd_metrics_t *metrics, int app_id, int round, int64_t counted)
{
    aphd_stats_target_t targets[2] = {{.app_id = app_id, .id = "a", .service = "web", .known = 1},
                                      {.app_id = app_id, .id = "b", .service = "gone"}};
    targets[0].usage = (aphd_usage_t){.at = round * 30000, .cpu = counted * 1000, .memory = 5,
                                      .network_in = counted};
    aphd_metrics_add(metrics, targets, 2, round * 30);
}

static json_t *last(const json_t *answer)
{
    const json_t *history = json_object_get(answer, "history");
    return json_array_get(history, json_array_size(history) - 1);
}

static int is_there(void *self, int app_id)
{
    return app_id == *(int *)self;
}

static void test_history(void **state)
{
    aphd_metrics_t metrics = APHD_METRICS_INIT, again;
    char path[] = "/tmp/apphost-metrics-XXXXXX";
    aph_error_t err = APH_ERROR_INIT;
    close(mkstemp(path));
    for (int round = 1; round <= APHD_METRICS_KEPT + 10; round++)
        add(&metrics, 7, round, round * 100);
    add(&metrics, 7, APHD_METRICS_KEPT + 11, 40); /* it was started anew */
    assert_int_equal(aphd_metrics_save(&metrics, path, &err), APR_SUCCESS);
    aphd_metrics_load(&again, path);
    for (int i = 0; i < 2; i++) {
        json_auto_t *answer = aphd_metrics_json(i == 0 ? &metrics : &again, 7, 1);
        assert_int_equal(json_array_size(json_object_get(answer, "services")), 1);
        assert_int_equal(json_array_size(json_object_get(answer, "history")), APHD_METRICS_KEPT);
        assert_int_equal(json_integer_value(json_object_get(last(answer), "network_in")), 40);
        const json_t *before =
            json_array_get(json_object_get(answer, "history"), APHD_METRICS_KEPT - 2);
        assert_int_equal(json_integer_value(json_object_get(before, "network_in")), 100);
        assert_int_equal(json_integer_value(json_object_get(before, "at")),
                         (APHD_METRICS_KEPT + 10) * 30);
    }
    add(&again, 8, 1, 1);
    int kept = 8;
    aphd_metrics_keep(&again, is_there, &kept);
    assert_int_equal(again.app_count, 1);
    assert_int_equal(again.apps[0]->app_id, 8);
    aphd_metrics_clear(&again);
    /* Anything else is none. */
    static const char *const others[] = {"", "APHMETR",
                                         "APHMETR\0\1\0\0\0 and something else that is long"};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        assert_int_equal(aph_file_replace(path, others[i], 40 * (i == 2), 0600, &err), APR_SUCCESS);
        aphd_metrics_load(&again, path);
        assert_int_equal(again.app_count + again.service_count, 0);
        aphd_metrics_clear(&again);
    }
    unlink(path);
    aphd_metrics_load(&again, path);
    assert_int_equal(again.app_count, 0);
    aphd_metrics_clear(&metrics);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_answers),
        cmocka_unit_test(test_percent),
        cmocka_unit_test(test_history),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
