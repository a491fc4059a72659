/* SPDX-License-Identifier: Apache-2.0 */
/* The doctor's pure parts: ranges of ports, lines of /proc/net/tcp, reports. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <apr_general.h>
#include <cmocka.h>

#include "helper/doctor/doctor.h"
#include "helper/base/listeners.h"
#include "helper/base/port_ranges.h"

static void test_ranges(void **state)
{
    static const struct {
        const char *list;
        int first, last, gap;
    } cases[] = {
        {"", 35001, 35999, 35001},
        {"35001-35999", 35001, 35999, 0},
        {"22,35001-35999,40000", 35001, 35999, 0},
        {"35001-35500,35501-35999\n", 35001, 35999, 0},
        {"35500-35999,35001-35499", 35001, 35999, 0},
        {"35001-35998", 35001, 35999, 35999},
        {"35002-35999", 35001, 35999, 35001},
        {"35001-35499,35501-35999", 35001, 35999, 35500},
        {"35001", 35001, 35001, 0},
        {"nonsense", 35001, 35001, 35001},
        {"35001-99999", 35001, 35999, 35001},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_int_equal(aphd_port_ranges_gap(cases[i].list, cases[i].first, cases[i].last),
                         cases[i].gap);
}

#define TAIL " 00000000:00000000 00:00000000 00000000     0        0 4711 1 0 100 0 0 10 0"

static void test_listener_line(void **state)
{
    unsigned long inode = 0;
    /* 35007 is 88BF; 0A listens, 01 is a connection. */
    assert_true(aphd_listener_line("   0: 0100007F:88BF 00000000:0000 0A" TAIL, 35007, &inode));
    assert_int_equal(inode, 4711);
    assert_true(aphd_listener_line("   0: 00000000:88BF 00000000:0000 0A" TAIL, 35007, &inode));
    assert_true(aphd_listener_line("  12: 00000000000000000000000000000000:88BF "
                                   "00000000000000000000000000000000:0000 0A" TAIL,
                                   35007, &inode));
    assert_false(aphd_listener_line("   0: 0100007F:88BF 0100007F:1234 01" TAIL, 35007, &inode));
    assert_false(aphd_listener_line("   0: 0100007F:88C0 00000000:0000 0A" TAIL, 35007, &inode));
    assert_false(aphd_listener_line("   0: 0101A8C0:88BF 00000000:0000 0A" TAIL, 35007, &inode));
    assert_false(aphd_listener_line("  sl  local_address rem_address   st", 35007, &inode));
    assert_false(aphd_listener_line("", 35007, &inode));
}

static void look_bad(aphd_doctor_t *doctor)
{
    aphd_report(doctor, APHD_FAULT, NULL, "held by %s", "x\033[31m");
    aphd_report(doctor, APHD_WARNING, "own cure", "second");
}

static void look_good(aphd_doctor_t *doctor)
{
}

static const char *member(const aphd_doctor_t *doctor, size_t i, const char *key)
{
    return json_string_value(json_object_get(json_array_get(doctor->reports, i), key));
}

static void test_reports(void **state)
{
    aphd_doctor_t doctor = {.reports = json_array()};
    const aphd_check_t bad = {"bad", look_bad, "never said", "row's cure"};
    const aphd_check_t good = {"good", look_good, "all is well", "never needed"};
    apr_pool_create(&doctor.p, NULL);
    aphd_check_run(&doctor, &bad);
    aphd_check_run(&doctor, &good);
    assert_int_equal(json_array_size(doctor.reports), 3);
    assert_string_equal(member(&doctor, 0, "verdict"), "fault");
    assert_string_equal(member(&doctor, 0, "cause"), "held by x?[31m");
    assert_string_equal(member(&doctor, 0, "cure"), "row's cure");
    assert_string_equal(member(&doctor, 1, "cure"), "own cure");
    assert_string_equal(member(&doctor, 2, "verdict"), "ok");
    assert_string_equal(member(&doctor, 2, "cause"), "all is well");
    assert_null(member(&doctor, 2, "cure"));
    json_decref(doctor.reports);
    apr_pool_destroy(doctor.p);
}

static void test_every_check_has_its_words(void **state)
{
    size_t count;
    const aphd_check_t *checks = aphd_checks(&count);
    assert_true(count >= 15);
    for (size_t i = 0; i < count; i++) {
        assert_true(strlen(checks[i].good) > 10 && strlen(checks[i].cure) > 10);
        for (size_t j = 0; j < i; j++)
            assert_string_not_equal(checks[i].name, checks[j].name);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ranges),
        cmocka_unit_test(test_listener_line),
        cmocka_unit_test(test_reports),
        cmocka_unit_test(test_every_check_has_its_words),
    };
    apr_initialize();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
