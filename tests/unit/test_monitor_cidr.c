/* SPDX-License-Identifier: Apache-2.0 */
/* The arithmetic of subnets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "helper/base/cidr.h"

static void check_parse(const char *text, const char *back)
{
    aphd_cidr_t cidr;
    char out[APHD_CIDR_TEXT_MAX];
    assert_int_equal(aphd_cidr_parse(text, &cidr), back != NULL);
    if (back == NULL)
        return;
    aphd_cidr_format(&cidr, out);
    assert_string_equal(out, back);
}

static void test_parse(void **state)
{
    check_parse("10.213.0.0/16", "10.213.0.0/16");
    check_parse("10.213.7.9/16", "10.213.0.0/16");
    check_parse("0.0.0.0/0", "0.0.0.0/0");
    check_parse("255.255.255.255/32", "255.255.255.255/32");
    static const char *const wrong[] = {"", "10.0.0.0", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1",
                                        "10.0.0.0/+8", "10.0.0.0/008", "10.0.0/8", "10.0.0.256/8",
                                        "fd00::/8", "10.0.0.0/8 ", " 10.0.0.0/8", "/8",
                                        "100.100.100.1000/8"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        check_parse(wrong[i], NULL);
}

static int overlap(const char *a, const char *b)
{
    aphd_cidr_t x, y;
    assert_true(aphd_cidr_parse(a, &x) && aphd_cidr_parse(b, &y));
    assert_int_equal(aphd_cidr_overlap(&x, &y), aphd_cidr_overlap(&y, &x));
    return aphd_cidr_overlap(&x, &y);
}

static void test_overlap(void **state)
{
    assert_true(overlap("10.0.0.0/8", "10.255.255.240/28"));
    assert_true(overlap("0.0.0.0/0", "192.168.1.1/32"));
    assert_true(overlap("10.0.0.0/28", "10.0.0.15/32"));
    assert_false(overlap("10.0.0.0/28", "10.0.0.16/28"));
    assert_false(overlap("9.255.255.255/32", "10.0.0.0/8"));
}

static void check_free(const char *pool, const char *const *taken, size_t count, const char *want)
{
    aphd_cidr_t p, list[8], found;
    char out[APHD_CIDR_TEXT_MAX];
    assert_true(aphd_cidr_parse(pool, &p));
    for (size_t i = 0; i < count; i++)
        assert_true(aphd_cidr_parse(taken[i], &list[i]));
    assert_int_equal(aphd_cidr_free(&p, 28, list, count, &found), want != NULL);
    if (want == NULL)
        return;
    aphd_cidr_format(&found, out);
    assert_string_equal(out, want);
}

static void test_first_free(void **state)
{
    static const char *const some[] = {"10.213.0.0/28", "10.213.0.20/32", "172.17.0.0/16"};
    static const char *const wide[] = {"10.213.0.0/17", "10.213.128.0/28"};
    static const char *const around[] = {"10.0.0.0/8"};
    static const char *const last[] = {"10.213.0.0/25", "10.213.0.128/26", "10.213.0.192/27",
                                       "10.213.0.224/28"};
    static const char *const full[] = {"10.213.0.0/25", "10.213.0.128/25"};
    check_free("10.213.0.0/16", NULL, 0, "10.213.0.0/28");
    check_free("10.213.0.0/16", some, 3, "10.213.0.32/28");
    check_free("10.213.0.0/16", wide, 2, "10.213.128.16/28");
    check_free("10.213.0.0/16", around, 1, NULL);
    check_free("10.213.0.0/24", last, 4, "10.213.0.240/28");
    check_free("10.213.0.0/24", full, 2, NULL);
    /* The end of the address space must not wrap round to its beginning. */
    static const char *const top[] = {"255.255.255.0/24"};
    check_free("255.255.255.0/24", top, 1, NULL);
    check_free("255.255.255.0/24", NULL, 0, "255.255.255.0/28");
}

static void test_room(void **state)
{
    assert_int_equal(aphd_cidr_bits_for(0), 28);
    assert_int_equal(aphd_cidr_bits_for(13), 28);
    assert_int_equal(aphd_cidr_bits_for(14), 27);
    assert_int_equal(aphd_cidr_bits_for(29), 27);
    assert_int_equal(aphd_cidr_bits_for(30), 26);
    assert_int_equal(aphd_cidr_bits_for(61), 26);
    assert_int_equal(aphd_cidr_bits_for(2000000000), 8);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parse),
        cmocka_unit_test(test_overlap),
        cmocka_unit_test(test_first_free),
        cmocka_unit_test(test_room),
    };
    return cmocka_run_group_tests_name("monitor_cidr", tests, NULL, NULL);
}
