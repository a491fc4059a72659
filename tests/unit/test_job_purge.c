/* SPDX-License-Identifier: Apache-2.0 */
/* Purging what a hostile container may have built: everything below goes, nothing outside is
 * touched. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "helper/base/purge.h"

typedef struct place_t {
    char path[64];
    int root;   /* "data" is purged in it */
    int victim; /* the folder "data" itself */
} place_t;

static void put(int directory, const char *name, const char *text)
{
    int fd = openat(directory, name, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    close(fd);
}

static int set_up(void **state)
{
    place_t *place = calloc(1, sizeof *place);
    strcpy(place->path, "/tmp/aph-purge-XXXXXX");
    if (mkdtemp(place->path) == NULL)
        return -1;
    place->root = open(place->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    mkdirat(place->root, "data", 0755);
    mkdirat(place->root, "outside", 0755);
    place->victim = openat(place->root, "data", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int outside = openat(place->root, "outside", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    put(outside, "precious", "precious");
    close(outside);
    *state = place;
    return 0;
}

static int tear_down(void **state)
{
    place_t *place = *state;
    aph_error_t err = APH_ERROR_INIT;
    close(place->victim);
    close(place->root);
    apr_status_t status = aphd_purge_path(place->path, &err);
    free(place);
    return status == APR_SUCCESS ? 0 : -1;
}

static void purge_and_check(place_t *place)
{
    aph_error_t err = APH_ERROR_INIT;
    struct stat st;
    char text[16] = "";
    assert_int_equal(aphd_purge(place->root, "data", &err), APR_SUCCESS);
    assert_int_equal(fstatat(place->root, "data", &st, AT_SYMLINK_NOFOLLOW), -1);
    assert_int_equal(errno, ENOENT);
    int fd = openat(place->root, "outside/precious", O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(read(fd, text, sizeof text - 1), 8);
    assert_string_equal(text, "precious");
    close(fd);
}

static void test_links_are_not_followed(void **state)
{
    place_t *place = *state;
    char outside[128];
    snprintf(outside, sizeof outside, "%s/outside", place->path);
    mkdirat(place->victim, "config", 0755);
    assert_int_equal(symlinkat(outside, place->victim, "absolute"), 0);
    assert_int_equal(symlinkat("../../outside", place->victim, "config/relative"), 0);
    assert_int_equal(symlinkat("loop", place->victim, "loop"), 0);
    assert_int_equal(symlinkat("/nowhere", place->victim, "dangling"), 0);
    assert_int_equal(symlinkat("/proc/self/root", place->victim, "magic"), 0);
    assert_int_equal(linkat(place->root, "outside/precious", place->victim, "hard", 0), 0);
    purge_and_check(place);
}

static void test_odd_names_and_kinds(void **state)
{
    place_t *place = *state;
    char longest[256];
    memset(longest, 'n', 255);
    longest[255] = '\0';
    put(place->victim, "new\nline", "");
    put(place->victim, "-rf", "");
    put(place->victim, "* ?", "");
    put(place->victim, "\xff\xfe not UTF-8", "");
    put(place->victim, longest, "");
    mkdirat(place->victim, " ", geteuid() == 0 ? 0000 : 0700); /* only root may look into the first */
    assert_int_equal(mkfifoat(place->victim, "fifo", 0644), 0);
    put(place->victim, ".apphost-purge-0", "a name of our own");
    purge_and_check(place);
}

/* With 100 descriptors a depth of 2,000 can only be walked flat. */
static void test_a_deep_tree(void **state)
{
    place_t *place = *state;
    struct rlimit limit, few;
    int fd = fcntl(place->victim, F_DUPFD_CLOEXEC, 3);
    for (int i = 0; i < 2000; i++) {
        mkdirat(fd, "d", 0755);
        put(fd, "f", "x");
        int inner = openat(fd, "d", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        assert_true(inner >= 0);
        close(fd);
        fd = inner;
    }
    close(fd);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    few = limit;
    few.rlim_cur = 100;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
    purge_and_check(place);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
}

static void test_many_entries(void **state)
{
    place_t *place = *state;
    char name[32];
    for (int i = 0; i < 3000; i++) {
        snprintf(name, sizeof name, "file-%d", i);
        put(place->victim, name, "");
    }
    purge_and_check(place);
}

static void test_a_link_in_its_place(void **state)
{
    place_t *place = *state;
    unlinkat(place->root, "data", AT_REMOVEDIR);
    assert_int_equal(symlinkat("outside", place->root, "data"), 0);
    purge_and_check(place);
}

static void test_nothing_there(void **state)
{
    place_t *place = *state;
    aph_error_t err = APH_ERROR_INIT;
    assert_int_equal(aphd_purge(place->root, "absent", &err), APR_SUCCESS);
    assert_int_equal(aphd_purge_path("/tmp/aph-no-such-folder/data", &err), APR_SUCCESS);
    purge_and_check(place);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_links_are_not_followed, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_odd_names_and_kinds, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_deep_tree, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_many_entries, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_link_in_its_place, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_nothing_there, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
