/* SPDX-License-Identifier: Apache-2.0 */
/* Replacing and reading whole files. */
#include <dirent.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <signal.h>
#include <cmocka.h>

#include "common/file_replace.h"

static char folder[] = "/tmp/aph-test-XXXXXX";
static char path[64];

static int make_folder(void **state)
{
    if (mkdtemp(folder) == NULL)
        return -1;
    snprintf(path, sizeof path, "%s/file", folder);
    return 0;
}

static int remove_folder(void **state)
{
    unlink(path);
    return rmdir(folder);
}

static int files_in_folder(void)
{
    int count = 0;
    DIR *directory = opendir(folder);
    for (struct dirent *entry; (entry = readdir(directory)) != NULL;)
        count += entry->d_name[0] != '.';
    closedir(directory);
    return count;
}

static void assert_content(const char *expected)
{
    char *octets;
    size_t length;
    assert_int_equal(aph_file_read(path, 100, &octets, &length, NULL), APR_SUCCESS);
    assert_int_equal(length, strlen(expected));
    assert_string_equal(octets, expected);
    free(octets);
}

static void replaces(void **state)
{
    struct stat about;
    mode_t mask = umask(0077);
    assert_int_equal(aph_file_replace(path, "one", 3, 0644, NULL), APR_SUCCESS);
    assert_content("one");
    assert_int_equal(aph_file_replace(path, "", 0, 0640, NULL), APR_SUCCESS);
    assert_content("");
    assert_int_equal(aph_file_replace(path, "two", 3, 0666, NULL), APR_SUCCESS);
    umask(mask);
    assert_content("two");
    assert_int_equal(stat(path, &about), 0);
    assert_int_equal(about.st_mode & 07777, 0666);
    assert_int_equal(files_in_folder(), 1);
}

static void keeps_the_old_one_on_failure(void **state)
{
    static char big[65536];
    struct rlimit limit, small;
    aph_error_t err = APH_ERROR_INIT;
    assert_int_equal(aph_file_replace(path, "old", 3, 0644, NULL), APR_SUCCESS);
    signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &limit);
    small = limit;
    small.rlim_cur = 4096;
    setrlimit(RLIMIT_FSIZE, &small);
    apr_status_t rv = aph_file_replace(path, big, sizeof big, 0644, &err);
    setrlimit(RLIMIT_FSIZE, &limit);
    assert_int_equal(rv, EFBIG);
    assert_non_null(strstr(err.message, path));
    assert_content("old");
    assert_int_equal(files_in_folder(), 1);
}

static void needs_its_folder(void **state)
{
    aph_error_t err = APH_ERROR_INIT;
    assert_int_equal(aph_file_replace("/nowhere/at/all", "x", 1, 0644, &err), ENOENT);
    assert_non_null(strstr(err.message, "/nowhere/at/all"));
}

static void bounds_what_it_reads(void **state)
{
    char *octets = NULL;
    size_t length;
    assert_int_equal(aph_file_replace(path, "12345", 5, 0644, NULL), APR_SUCCESS);
    assert_int_equal(aph_file_read(path, 4, &octets, &length, NULL), APH_ETOOLARGE);
    assert_int_equal(aph_file_read(path, 5, &octets, &length, NULL), APR_SUCCESS);
    free(octets);
    assert_int_equal(aph_file_read(path, 0, &octets, &length, NULL), APH_ETOOLARGE);
    /* A file that says it is empty and is not. */
    assert_int_equal(aph_file_read("/proc/self/status", 10, &octets, &length, NULL), APH_ETOOLARGE);
    assert_int_equal(aph_file_read("/proc/self/status", 65536, &octets, &length, NULL),
                     APR_SUCCESS);
    assert_true(length > 10);
    free(octets);
}

static void refuses_what_is_no_file(void **state)
{
    char *octets = NULL;
    size_t length;
    char fifo[80];
    snprintf(fifo, sizeof fifo, "%s/fifo", folder);
    assert_int_equal(mkfifo(fifo, 0600), 0);
    assert_int_equal(aph_file_read(fifo, 10, &octets, &length, NULL), APH_EUNREADABLE);
    assert_int_equal(aph_file_read(folder, 10, &octets, &length, NULL), APH_EUNREADABLE);
    assert_int_equal(aph_file_read("/dev/zero", 10, &octets, &length, NULL), APH_EUNREADABLE);
    assert_int_equal(aph_file_read("/nowhere", 10, &octets, &length, NULL), APH_ENOTFOUND);
    unlink(fifo);
}

static void reads_standard_input(void **state)
{
    char *octets;
    size_t length;
    int ends[2], saved = dup(STDIN_FILENO);
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(write(ends[1], "piped", 5), 5);
    close(ends[1]);
    dup2(ends[0], STDIN_FILENO);
    close(ends[0]);
    apr_status_t rv = aph_file_read("-", 100, &octets, &length, NULL);
    if (saved >= 0)
        dup2(saved, STDIN_FILENO);
    close(saved);
    assert_int_equal(rv, APR_SUCCESS);
    assert_string_equal(octets, "piped");
    free(octets);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(replaces),
        cmocka_unit_test(keeps_the_old_one_on_failure),
        cmocka_unit_test(needs_its_folder),
        cmocka_unit_test(bounds_what_it_reads),
        cmocka_unit_test(refuses_what_is_no_file),
        cmocka_unit_test(reads_standard_input),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
