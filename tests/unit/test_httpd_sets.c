/* SPDX-License-Identifier: Apache-2.0 */
/* Sets of virtual hosts on the disk. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <sys/stat.h>
#include <unistd.h>

#include <apr_general.h>
#include <apr_strings.h>

#include "common/file_replace.h"
#include "helper/httpd/sets.h"

static apr_pool_t *p;
static aphd_settings_t settings;
static aphd_httpd_t httpd;

static const char *in_state(const char *name)
{
    return apr_pstrcat(p, settings.state_dir, "/", name, NULL);
}

static int is_there(const char *name)
{
    struct stat about;
    return lstat(in_state(name), &about) == 0;
}

static int begin(void **state)
{
    char *folder = apr_pstrdup(p, "/tmp/apphost-sets.XXXXXX");
    settings = (aphd_settings_t){.state_dir = mkdtemp(folder)};
    settings.sites_dir = in_state("sites");
    httpd = (aphd_httpd_t){.p = p, .settings = &settings, .lock_fd = -1};
    return settings.state_dir == NULL;
}

static int end(void **state)
{
    aph_error_t err = APH_ERROR_INIT;
    aphd_sets_enable(&httpd, 0, &err);
    aphd_sets_tidy(&httpd, 0, 0, &err);
    rmdir(in_state("sites/7/logs"));
    rmdir(in_state("sites/7"));
    rmdir(in_state("sites"));
    rmdir(in_state("vhosts-sets"));
    return rmdir(settings.state_dir);
}

static apr_array_header_t *wanted(const char *first, const char *second)
{
    apr_array_header_t *vhosts = apr_array_make(p, 2, sizeof(aphd_vhost_file_t));
    APR_ARRAY_PUSH(vhosts, aphd_vhost_file_t) = (aphd_vhost_file_t){7, "seven", first, NULL};
    if (second != NULL)
        APR_ARRAY_PUSH(vhosts, aphd_vhost_file_t) = (aphd_vhost_file_t){12, "twelve", second, NULL};
    return vhosts;
}

static int make(int least, const apr_array_header_t *vhosts)
{
    int number = 0;
    aph_error_t err = APH_ERROR_INIT;
    assert_int_equal(aphd_sets_write(&number, &httpd, least, vhosts, &err), APR_SUCCESS);
    return number;
}

static int current(void)
{
    int number = -1;
    aph_error_t err = APH_ERROR_INIT;
    assert_int_equal(aphd_sets_current(&number, &httpd, &err), APR_SUCCESS);
    return number;
}

static void written_and_linked(void **state)
{
    char *text;
    size_t length;
    struct stat about;
    aph_error_t err = APH_ERROR_INIT;
    assert_int_equal(current(), 0);
    assert_true(aphd_sets_equal(&httpd, 0, apr_array_make(p, 1, sizeof(aphd_vhost_file_t))));
    assert_false(aphd_sets_equal(&httpd, 0, wanted("a", NULL)));

    int first = make(0, wanted("a\n", "b\n"));
    assert_int_equal(first, 1);
    assert_int_equal(current(), 0);
    assert_int_equal(aphd_sets_nominate(&httpd, first, &err), APR_SUCCESS);
    assert_true(is_there("vhosts-candidate/00012.conf"));
    assert_int_equal(aphd_sets_enable(&httpd, first, &err), APR_SUCCESS);
    assert_int_equal(current(), first);
    assert_int_equal(aph_file_read(in_state("vhosts-enabled/00007.conf"), 99, &text, &length, &err),
                     APR_SUCCESS);
    assert_string_equal(text, "a\n");
    free(text);
    assert_int_equal(stat(in_state("vhosts-enabled/"), &about), 0);
    assert_int_equal(about.st_mode & 07777, 0755);
    assert_int_equal(stat(in_state("vhosts-enabled/00007.conf"), &about), 0);
    assert_int_equal(about.st_mode & 07777, 0644);

    assert_true(aphd_sets_equal(&httpd, first, wanted("a\n", "b\n")));
    assert_false(aphd_sets_equal(&httpd, first, wanted("a\n", "c\n")));
    assert_false(aphd_sets_equal(&httpd, first, wanted("a\n", NULL)));
    apr_array_header_t *read;
    assert_int_equal(aphd_sets_read(&read, &httpd, first, &err), APR_SUCCESS);
    assert_int_equal(read->nelts, 2);
    assert_true(aphd_sets_equal(&httpd, first, read));
}

static void numbers_rise(void **state)
{
    assert_int_equal(make(0, wanted("a", NULL)), 1);
    assert_int_equal(make(0, wanted("a", NULL)), 2);
    assert_int_equal(make(40, wanted("a", NULL)), 41);
    assert_int_equal(make(3, wanted("a", NULL)), 42);
}

static void tidied(void **state)
{
    const char *scratch;
    aph_error_t err = APH_ERROR_INIT;
    for (int i = 0; i < 4; i++)
        make(0, wanted("a", NULL));
    assert_int_equal(aphd_sets_enable(&httpd, 2, &err), APR_SUCCESS);
    assert_int_equal(aphd_sets_nominate(&httpd, 3, &err), APR_SUCCESS);
    assert_int_equal(aphd_sets_scratch(&scratch, &httpd, &err), APR_SUCCESS);
    assert_int_equal(mkdir(in_state("vhosts-sets/new"), 0755), 0);
    assert_int_equal(mkdir(in_state("vhosts-sets/admin"), 0755), 0);
    assert_int_equal(symlink("vhosts-sets/1", in_state("vhosts-enabled.new")), 0);
    assert_int_equal(aphd_sets_tidy(&httpd, 2, 4, &err), APR_SUCCESS);
    assert_false(is_there("vhosts-sets/1") || is_there("vhosts-sets/3") ||
                 is_there("vhosts-sets/new") || is_there("vhosts-candidate") ||
                 is_there("vhosts-enabled.new"));
    assert_true(is_there("vhosts-sets/2/00007.conf") && is_there("vhosts-sets/4") &&
                is_there("vhosts-sets/admin"));
    assert_int_not_equal(access(scratch, F_OK), 0);
    assert_int_equal(current(), 2);
    rmdir(in_state("vhosts-sets/admin"));
}

static void strange_links(void **state)
{
    static const char *const targets[] = {"/etc", "vhosts-sets/9", "vhosts-sets/01", "x/2x", "2"};
    int number;
    for (size_t i = 0; i < sizeof targets / sizeof targets[0]; i++) {
        aph_error_t err = APH_ERROR_INIT;
        assert_int_equal(symlink(targets[i], in_state("vhosts-enabled")), 0);
        assert_int_equal(aphd_sets_current(&number, &httpd, &err), APH_ECONFIG);
        assert_int_equal(unlink(in_state("vhosts-enabled")), 0);
    }
    aph_error_t err = APH_ERROR_INIT;
    assert_int_equal(mkdir(in_state("vhosts-enabled"), 0755), 0);
    assert_int_equal(aphd_sets_current(&number, &httpd, &err), APH_ECONFIG);
    assert_int_equal(rmdir(in_state("vhosts-enabled")), 0);
}

static void folders_for_logs(void **state)
{
    struct stat about;
    aph_error_t err = APH_ERROR_INIT;
    if (geteuid() != 0)
        skip();
    for (int i = 0; i < 2; i++)
        assert_int_equal(aphd_sets_log_folders(&httpd, wanted("a", NULL), &err), APR_SUCCESS);
    assert_int_equal(stat(in_state("sites/7/logs"), &about), 0);
    assert_int_equal(about.st_mode & 0027, 0);
    assert_int_equal(about.st_uid, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(written_and_linked, begin, end),
        cmocka_unit_test_setup_teardown(numbers_rise, begin, end),
        cmocka_unit_test_setup_teardown(tidied, begin, end),
        cmocka_unit_test_setup_teardown(strange_links, begin, end),
        cmocka_unit_test_setup_teardown(folders_for_logs, begin, end),
    };
    apr_initialize();
    apr_pool_create(&p, NULL);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
