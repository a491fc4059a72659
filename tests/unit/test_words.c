/* SPDX-License-Identifier: Apache-2.0 */
/* The four words of a script: replaced on borders, once, or named. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include <apr_general.h>

#include "helper/read/words.h"

static const aphd_words_t values = {.host_port = "35007",
                                    .webapp_path = "/srv/APP_HOSTNAME",
                                    .app_identifier = "app-7",
                                    .app_hostname = "photos.home.arpa"};

static const char *replaced(const char *text, const aphd_words_t *words, apr_pool_t *p,
                            aph_error_t *err)
{
    aphd_foreign_t in = {text, strlen(text), 1}, out;
    if (aphd_words_replace(&in, words, &out, p, err) != APR_SUCCESS)
        return NULL;
    assert_int_equal(strlen(out.text), out.length);
    return out.text;
}

static void becomes(const char *text, const char *expected)
{
    apr_pool_t *p;
    aph_error_t err = APH_ERROR_INIT;
    apr_pool_create(&p, NULL);
    assert_string_equal(replaced(text, &values, p, &err), expected);
    apr_pool_destroy(p);
}

static void test_borders(void **state)
{
    becomes("HOST_PORT:80", "35007:80");
    becomes("'HOST_PORT:HOST_PORT'", "'35007:35007'");
    becomes("http://APP_HOSTNAME:HOST_PORT/", "http://photos.home.arpa:35007/");
    becomes("x-APP_IDENTIFIER.y", "x-app-7.y");
}

static void test_longer_words_stay(void **state)
{
    becomes("GHOST_PORT", "GHOST_PORT");
    becomes("DB_HOST_PORT=1", "DB_HOST_PORT=1");
    becomes("MY_APP_HOSTNAME_X HOST_PORTS HOST_PORT2", "MY_APP_HOSTNAME_X HOST_PORTS HOST_PORT2");
}

static void test_inserted_text_is_not_read_again(void **state)
{
    becomes("WEBAPP_PATH/x", "/srv/APP_HOSTNAME/x");
}

static void test_edges(void **state)
{
    becomes("", "");
    becomes("HOST_PORT", "35007");
    becomes("_", "_");
    becomes("\xC3\xA4HOST_PORT\xC3\xA4", "\xC3\xA4"
                                         "35007\xC3\xA4");
}

static void refused(const char *text, const aphd_words_t *words, const char *piece)
{
    apr_pool_t *p;
    aph_error_t err = APH_ERROR_INIT;
    apr_pool_create(&p, NULL);
    assert_null(replaced(text, words, p, &err));
    assert_int_equal(err.status, APH_EUNREADABLE);
    assert_non_null(strstr(err.message, piece));
    apr_pool_destroy(p);
}

static void test_a_word_without_a_value_is_named(void **state)
{
    aphd_words_t headless = values;
    headless.host_port = NULL;
    refused("a\nGHOST_PORT\nb HOST_PORT", &headless, "line 3: HOST_PORT");
    becomes("GHOST_PORT only", "GHOST_PORT only");
}

static void test_a_value_may_not_break_lines(void **state)
{
    aphd_words_t odd = values;
    odd.app_hostname = "a\nrm -rf /";
    refused("x APP_HOSTNAME", &odd, "line 1: APP_HOSTNAME");
}

static void test_the_result_is_bounded(void **state)
{
    static char text[APH_FOREIGN_MAX];
    for (size_t i = 0; i + 10 < sizeof text; i += 10)
        memcpy(text + i, "HOST_PORT ", 10);
    aphd_words_t odd = values;
    odd.host_port = "3500700000";
    text[sizeof text - 10] = '\0';
    refused(text, &odd, "octets");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_borders),
        cmocka_unit_test(test_longer_words_stay),
        cmocka_unit_test(test_inserted_text_is_not_read_again),
        cmocka_unit_test(test_edges),
        cmocka_unit_test(test_a_word_without_a_value_is_named),
        cmocka_unit_test(test_a_value_may_not_break_lines),
        cmocka_unit_test(test_the_result_is_bounded),
    };
    apr_initialize();
    return cmocka_run_group_tests_name("words", tests, NULL, NULL);
}
