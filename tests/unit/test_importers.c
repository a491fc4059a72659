/* SPDX-License-Identifier: Apache-2.0 */
/* Runs tests/cases/rockon and tests/cases/amahi: a new case is a new folder, no code.
 *
 *   rockon/CASE/rockon.json, amahi/CASE/entry.json    what is read
 *   CASE/expect.json   {"error":TEXT, "denied":BOOL}  refused; the message contains TEXT, and
 * denied says that the text is sound but wants what nobody gets
 *                      {"manifest":{...}}             a part of the manifest: of objects those
 * members that are named (null: absent), of lists all items
 *                      {"ids":[ID...]}                of all questions, in order
 *
 * What converts has to be an entry as well: it is read to its end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <cmocka.h>

#include <apr_general.h>

#include "common/file_replace.h"
#include "helper/read/entry.h"

#define CASES_MAX 256

static char *load(const char *folder, const char *name, size_t *length)
{
    char path[1024], *text = NULL;
    struct stat st;
    snprintf(path, sizeof path, "%s/%s", folder, name);
    if (stat(path, &st) != 0)
        return NULL;
    assert_int_equal(aph_file_read(path, APH_FOREIGN_MAX, &text, length, NULL), APR_SUCCESS);
    return text;
}

static void differs(const char *where, const json_t *found)
{
    char *seen = found != NULL ? json_dumps(found, JSON_ENCODE_ANY) : NULL;
    print_error("# %s is %s\n", where, seen != NULL ? seen : "absent");
    free(seen);
    fail();
}

static void holds(const json_t *found, const json_t *expected, const char *where)
{
    char place[512];
    const char *key;
    json_t *value;
    size_t i;
    if (json_is_object(expected) && json_is_object(found)) {
        json_object_foreach((json_t *)(uintptr_t)expected, key, value) {
            const json_t *member = json_object_get(found, key);
            snprintf(place, sizeof place, "%s.%s", where, key);
            if (json_is_null(value) && member != NULL)
                differs(place, member);
            else if (!json_is_null(value))
                holds(member, value, place);
        }
    } else if (json_is_array(expected) && json_array_size(found) == json_array_size(expected)) {
        json_array_foreach((json_t *)(uintptr_t)expected, i, value) {
            snprintf(place, sizeof place, "%s[%zu]", where, i);
            holds(json_array_get(found, i), value, place);
        }
    } else if (!json_equal(found, expected)) {
        differs(where, found);
    }
}

static void holds_ids(const json_t *manifest, const json_t *ids)
{
    json_t *seen = json_array(), *question;
    size_t i;
    json_array_foreach(json_object_get(manifest, "questions"), i, question)
        json_array_append(seen, json_object_get(question, "id"));
    if (ids != NULL && !json_equal(seen, ids))
        differs("questions", seen);
    json_decref(seen);
}

/* Every manifest of ours is an entry without a fault. */
static void is_entry(aphd_entry_form_t form, const char *text, size_t length, apr_pool_t *p)
{
    aph_error_t err = APH_ERROR_INIT;
    json_t *entry = NULL;
    if (aphd_entry_read(form, text, length, &entry, p, &err) != APR_SUCCESS)
        print_error("# %s [%s]\n", err.message, err.tag);
    assert_non_null(entry);
    json_decref(entry);
}

static void expect_error(const json_t *expect, apr_status_t rv, const aph_error_t *err)
{
    const char *error = json_string_value(json_object_get(expect, "error"));
    int denied = json_is_true(json_object_get(expect, "denied"));
    if (rv == APR_SUCCESS || strstr(err->message, error) == NULL)
        print_error("# said: %s\n", err->message);
    assert_int_equal(rv, denied ? APH_EDENIED : APH_EUNREADABLE);
    assert_non_null(strstr(err->message, error));
}

static void run_case(void **state)
{
    const char *folder = *state;
    size_t length = 0, size = 0;
    aph_error_t err = APH_ERROR_INIT;
    json_t *manifest = NULL;
    apr_pool_t *p;
    apr_pool_create(&p, NULL);
    char *text = load(folder, "rockon.json", &length);
    aphd_entry_form_t form = text != NULL ? APHD_ENTRY_ROCKON : APHD_ENTRY_AMAHI;
    if (text == NULL)
        text = load(folder, "entry.json", &length);
    assert_non_null(text);
    char *wanted = load(folder, "expect.json", &size);
    json_t *expect = wanted != NULL ? json_loadb(wanted, size, JSON_REJECT_DUPLICATES, NULL) : NULL;
    assert_non_null(expect);
    apr_status_t rv = form == APHD_ENTRY_ROCKON
                          ? aphd_rockon_convert(text, length, &manifest, p, &err)
                          : aphd_amahi_convert(text, length, &manifest, p, &err);
    if (json_object_get(expect, "error") != NULL) {
        expect_error(expect, rv, &err);
    } else {
        if (rv != APR_SUCCESS)
            print_error("# said: %s [%s]\n", err.message, err.tag);
        assert_int_equal(rv, APR_SUCCESS);
        assert_true(json_object_get(expect, "manifest") != NULL ||
                    json_object_get(expect, "ids") != NULL);
        if (json_object_get(expect, "manifest") != NULL)
            holds(manifest, json_object_get(expect, "manifest"), "manifest");
        holds_ids(manifest, json_object_get(expect, "ids"));
        is_entry(form, text, length, p);
    }
    json_decref(manifest);
    json_decref(expect);
    free(wanted);
    free(text);
    apr_pool_destroy(p);
}

static size_t add_cases(struct CMUnitTest *tests, size_t count, const char *root, const char *kind)
{
    char folder[1024];
    struct dirent **names = NULL;
    snprintf(folder, sizeof folder, "%s/tests/cases/%s", root, kind);
    int found = scandir(folder, &names, NULL, alphasort);
    for (int i = 0; i < found; i++) {
        if (names[i]->d_name[0] != '.' && count < CASES_MAX) {
            size_t size = strlen(folder) + strlen(names[i]->d_name) + 2;
            char *path = malloc(size);
            snprintf(path, size, "%s/%s", folder, names[i]->d_name);
            tests[count++] = (struct CMUnitTest){
                .name = strstr(path, kind), .test_func = run_case, .initial_state = path};
        }
        free(names[i]);
    }
    free(names);
    return count;
}

/* Texts in which something is cut off at every place: nothing breaks, and nothing else is said than
 * that the text cannot be read. */
static void test_cut_off_anywhere(void **state)
{
    static const char whole[] =
        "{\"A\":{\"description\":\"<p>d\",\"version\":1,\"containers\":{\"a\":{\"image\":\"x\","
        "\"opts\":[[\"-e\",\"A=b\"],[\"--net\",\"host\"]],\"ports\":{\"80\":{\"ui\":true}},"
        "\"environment\":{\"PASS\":{\"label\":\"l\"}}}}}}";
    for (size_t length = 0; length < sizeof whole; length++) {
        aph_error_t err = APH_ERROR_INIT;
        json_t *manifest = NULL;
        apr_pool_t *p;
        apr_pool_create(&p, NULL);
        apr_status_t rv = aphd_rockon_convert(whole, length, &manifest, p, &err);
        assert_int_equal(rv, length + 1 == sizeof whole ? APR_SUCCESS : APH_EUNREADABLE);
        json_decref(manifest);
        apr_pool_destroy(p);
    }
}

int main(void)
{
    static struct CMUnitTest tests[CASES_MAX + 1];
    const char *root = getenv("srcdir");
    apr_initialize();
    tests[0] = (struct CMUnitTest)cmocka_unit_test(test_cut_off_anywhere);
    size_t count = add_cases(tests, 1, root != NULL ? root : ".", "rockon");
    size_t rockons = count;
    count = add_cases(tests, count, root != NULL ? root : ".", "amahi");
    if (rockons < 20 || count < rockons + 5)
        return 1; /* not finding the cases is a failure */
    int failed = _cmocka_run_group_tests("importers", tests, count, NULL, NULL);
    for (size_t i = 1; i < count; i++)
        free(tests[i].initial_state);
    apr_terminate();
    return failed;
}
