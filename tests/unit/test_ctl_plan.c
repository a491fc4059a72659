/* SPDX-License-Identifier: Apache-2.0 */
/* Plans as text: every folder of tests/cases/plan holds a plan.json and what is printed of it on 80
 * columns, expected.txt, whose first line is the verdict. A new case is a new folder. */
#include <dirent.h>
#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "common/file_replace.h"
#include "ctl/plan_text.h"

#define COLUMNS 80

static const char *verdict_name(aphc_verdict_t verdict)
{
    return verdict == APHC_PLAN_FREE      ? "free"
           : verdict == APHC_PLAN_CONSENT ? "consent"
                                          : "refused";
}

static char *printed(const json_t *plan)
{
    char *out = NULL;
    size_t length = 0;
    aphc_terminal_t terminal = {.file = open_memstream(&out, &length), .columns = COLUMNS};
    aphc_putf(&terminal, "%s\n", verdict_name(aphc_plan_verdict(plan)));
    aphc_plan_print(&terminal, plan);
    fclose(terminal.file);
    return out;
}

static void check_case(const char *folder, const char *name)
{
    char path[1024];
    char *expected = NULL;
    size_t length = 0;
    json_error_t where;
    snprintf(path, sizeof path, "%s/%s/plan.json", folder, name);
    json_t *plan = json_load_file(path, 0, &where);
    if (plan == NULL)
        fail_msg("%s: %s", path, where.text);
    snprintf(path, sizeof path, "%s/%s/expected.txt", folder, name);
    char *actual = printed(plan);
    if (aph_file_read(path, 65536, &expected, &length, NULL) != APR_SUCCESS)
        fail_msg("%s cannot be read; what is printed is:\n%s", path, actual);
    if (strcmp(actual, expected) != 0)
        fail_msg("%s: printed is\n%s", path, actual);
    free(expected);
    free(actual);
    json_decref(plan);
}

static void test_cases(void **state)
{
    char folder[512];
    int count = 0;
    const char *tree = getenv("srcdir");
    snprintf(folder, sizeof folder, "%s/tests/cases/plan", tree != NULL ? tree : ".");
    DIR *cases = opendir(folder);
    struct dirent *entry;
    assert_non_null(cases);
    while ((entry = readdir(cases)) != NULL) {
        if (entry->d_name[0] == '.')
            continue;
        check_case(folder, entry->d_name);
        count++;
    }
    closedir(cases);
    assert_true(count >= 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_cases)};
    setlocale(LC_CTYPE, "C.UTF-8");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
