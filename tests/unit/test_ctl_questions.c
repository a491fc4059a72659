/* SPDX-License-Identifier: Apache-2.0 */
/* What apphostctl takes for no answer before it asks apphostd. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "ctl/questions.h"

static void check(const char *question, const char *answer, const char *fault)
{
    char said[400];
    json_t *parsed = json_loads(question, 0, NULL);
    assert_non_null(parsed);
    const char *found = aphc_question_fault(parsed, answer, said, sizeof said);
    if (fault == NULL && found != NULL)
        fail_msg("%s to %s: %s", answer, question, found);
    if (fault != NULL && (found == NULL || strstr(found, fault) == NULL))
        fail_msg("%s to %s: %s", answer, question, found != NULL ? found : "no fault");
    json_decref(parsed);
}

static void test_storage(void **state)
{
    static const char unknown[] = "{\"kind\":\"storage\"}";
    static const char two[] = "{\"kind\":\"storage\",\"locations\":[\"media\",\"music\"]}";
    static const char none[] = "{\"kind\":\"storage\",\"locations\":[]}";
    check(unknown, "anywhere/x", NULL);
    check(unknown, "/srv/x", "path of this machine");
    check(two, "media/pics", NULL);
    check(two, "med/pics", "There is no storage location med; there is: media, music.");
    check(none, "media/pics", "nor any other");
}

static void test_numbers(void **state)
{
    static const char port[] = "{\"kind\":\"port\",\"type\":\"integer\"}";
    static const char level[] = "{\"kind\":\"custom\",\"type\":\"integer\",\"min\":-3,\"max\":9}";
    static const char any[] = "{\"kind\":\"custom\",\"type\":\"integer\"}";
    check(port, "8080", NULL);
    check(port, "0", "1 or more");
    check(port, "65536", "65535 or less");
    check(port, "80 ", "whole number");
    check(port, "http", "whole number");
    check(level, "-3", NULL);
    check(level, "-4", "-3 or more");
    check(level, "10", "9 or less");
    check(level, "-", "whole number");
    check(any, "1000000", NULL);
    check(any, "99999999999999999999", "whole number");
}

static void test_texts(void **state)
{
    static const char name[] = "{\"kind\":\"custom\",\"type\":\"text\",\"pattern\":\"[a-z]+|X\",\"max\":4}";
    static const char short_one[] = "{\"kind\":\"custom\",\"type\":\"secret\",\"min\":3,\"max\":3}";
    check(name, "abcd", NULL);
    check(name, "abc1", "form that is wanted");
    check(name, "1abc", "form that is wanted");
    check(name, "abcde", "4 characters or less");
    check(short_one, "\xc3\xa4\xc3\xb6\xc3\xbc", NULL); /* characters, not octets */
    check(short_one, "ab", "3 characters or more");
    check("{\"kind\":\"custom\",\"type\":\"text\",\"pattern\":\"[\"}", "apphostd judges it", NULL);
}

static void test_choices(void **state)
{
    static const char mode[] = "{\"kind\":\"custom\",\"type\":\"choice\",\"choices\":[{\"value\":\"a\"},{\"value\":\"b\"}]}";
    check(mode, "b", NULL);
    check(mode, "c", "none of the choices");
    check("{\"kind\":\"custom\",\"type\":\"boolean\"}", "true", NULL);
    check("{\"kind\":\"custom\",\"type\":\"boolean\"}", "maybe", "y or n");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_storage),
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_texts),
        cmocka_unit_test(test_choices),
    };
    return cmocka_run_group_tests_name("ctl_questions", tests, NULL, NULL);
}
