/* SPDX-License-Identifier: Apache-2.0 */
/* Writing beside containers: what is made, what is refused, and what stays as it is. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "helper/base/beneath.h"
#include "helper/job/folders.h"
#include "helper/base/purge.h"

typedef struct place_t {
    char path[64], data[96], outside[96];
    aphd_folders_t folders;
} place_t;

static int set_up(void **state)
{
    aph_error_t err = APH_ERROR_INIT;
    place_t *place = calloc(1, sizeof *place);
    strcpy(place->path, "/tmp/aph-folders-XXXXXX");
    if (mkdtemp(place->path) == NULL)
        return -1;
    snprintf(place->data, sizeof place->data, "%s/7", place->path);
    snprintf(place->outside, sizeof place->outside, "%s/outside", place->path);
    mkdir(place->outside, 0755);
    *state = place;
    return aphd_folders_open(&place->folders, place->data, 1, &err) == APR_SUCCESS ? 0 : -1;
}

static int tear_down(void **state)
{
    place_t *place = *state;
    aph_error_t err = APH_ERROR_INIT;
    aphd_folders_close(&place->folders);
    apr_status_t status = aphd_purge_path(place->path, &err);
    free(place);
    return status == APR_SUCCESS ? 0 : -1;
}

static int mode_of(const place_t *place, const char *name)
{
    struct stat st;
    return fstatat(place->folders.fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 ? (int)st.st_mode : -1;
}

static int is_empty(const char *path)
{
    return rmdir(path) == 0 && mkdir(path, 0755) == 0;
}

static void test_paths(void **state)
{
    static const char *const good[] = {"a", "a/b", "...", ".hidden/x", "a b/\n"};
    static const char *const bad[] = {"", "/", "/a", "a/", "a//b", ".", "..", "a/..", "a/../b",
                                      "./a", "a/./b"};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        assert_true(aphd_beneath_valid(good[i]));
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_false(aphd_beneath_valid(bad[i]));
}

static void test_made_and_missing(void **state)
{
    place_t *place = *state;
    aph_error_t err = APH_ERROR_INIT;
    char *missing;
    assert_int_equal(aphd_folders_missing(&place->folders, "a/b/c", &missing, &err), APR_SUCCESS);
    assert_string_equal(missing, "a");
    free(missing);
    assert_int_equal(aphd_folders_make(&place->folders, "a/b", &err), APR_SUCCESS);
    assert_int_equal(aphd_folders_make(&place->folders, "a/b", &err), APR_SUCCESS);
    assert_int_equal(aphd_folders_missing(&place->folders, "a/b/c", &missing, &err), APR_SUCCESS);
    assert_string_equal(missing, "a/b/c");
    free(missing);
    assert_int_equal(aphd_folders_missing(&place->folders, "a/b", &missing, &err), APR_SUCCESS);
    assert_null(missing);
    assert_int_equal(aphd_folders_remove(&place->folders, "a/b", &err), APR_SUCCESS);
    assert_int_equal(aphd_folders_remove(&place->folders, "a/b", &err), APR_SUCCESS);
    assert_int_equal(mode_of(place, "a") & S_IFMT, S_IFDIR);
    assert_int_equal(mode_of(place, "a/b"), -1);
}

/* apphostd closes everything by its umask; a container's own users must get in all the same. */
static void test_modes_in_spite_of_the_umask(void **state)
{
    place_t *place = *state;
    aph_error_t err = APH_ERROR_INIT;
    aphd_folders_t fresh;
    char path[128];
    struct stat st;
    int kept;
    mode_t before = umask(077);
    snprintf(path, sizeof path, "%s/8", place->path);
    assert_int_equal(aphd_folders_open(&fresh, path, 1, &err), APR_SUCCESS);
    assert_int_equal(fstat(fresh.fd, &st), 0);
    aphd_folders_close(&fresh);
    assert_int_equal(aphd_folders_make(&place->folders, "html/sub", &err), APR_SUCCESS);
    assert_int_equal(aphd_folders_place(&place->folders, "etc/app.conf", "x", &kept, &err),
                     APR_SUCCESS);
    umask(before);
    assert_int_equal(st.st_mode & 07777, 0755);
    assert_int_equal(mode_of(place, "html"), S_IFDIR | 0755);
    assert_int_equal(mode_of(place, "html/sub"), S_IFDIR | 0755);
    assert_int_equal(mode_of(place, "etc"), S_IFDIR | 0755);
    assert_int_equal(mode_of(place, "etc/app.conf"), S_IFREG | 0644);
}

static void test_files_are_placed_once(void **state)
{
    place_t *place = *state;
    aph_error_t err = APH_ERROR_INIT;
    char text[64] = "";
    int kept = -1;
    assert_int_equal(aphd_folders_place(&place->folders, "etc/app.conf", "first", &kept, &err),
                     APR_SUCCESS);
    assert_false(kept);
    assert_int_equal(mode_of(place, "etc/app.conf"), S_IFREG | 0644);
    assert_int_equal(aphd_folders_place(&place->folders, "etc/app.conf", "second", &kept, &err),
                     APR_SUCCESS);
    assert_true(kept);
    int fd = openat(place->folders.fd, "etc/app.conf", O_RDONLY | O_CLOEXEC);
    assert_int_equal(read(fd, text, sizeof text - 1), 5);
    assert_string_equal(text, "first");
    close(fd);
    assert_int_equal(aphd_folders_set_mode(&place->folders, "etc/app.conf", 04755, 0, &err),
                     APR_SUCCESS);
    assert_int_equal(mode_of(place, "etc/app.conf"), S_IFREG | 0755);
}

/* config -> outside, planted by a container of an earlier installation. */
static void test_planted_links(void **state)
{
    place_t *place = *state;
    int kept;
    assert_int_equal(symlinkat(place->outside, place->folders.fd, "config"), 0);
    assert_int_equal(symlinkat("../outside", place->folders.fd, "up"), 0);
    for (int i = 0; i < 2; i++) {
        static const char *const inside[] = {"config/x", "up/x"};
        static const char *const itself[] = {"config", "up"};
        aph_error_t err = APH_ERROR_INIT;
        assert_int_not_equal(aphd_folders_make(&place->folders, inside[i], &err), APR_SUCCESS);
        assert_int_equal(err.status, APH_EDENIED);
        assert_non_null(strstr(err.message, "symbolic link"));
        assert_int_not_equal(aphd_folders_place(&place->folders, inside[i], "x", &kept, NULL),
                             APR_SUCCESS);
        assert_int_not_equal(aphd_folders_make(&place->folders, itself[i], NULL), APR_SUCCESS);
        assert_int_not_equal(aphd_folders_set_mode(&place->folders, itself[i], 0777, 0, NULL),
                             APR_SUCCESS);
    }
    assert_true(is_empty(place->outside));
}

static void test_modes_only_of_plain_files(void **state)
{
    place_t *place = *state;
    aph_error_t err = APH_ERROR_INIT;
    int kept;
    assert_int_equal(aphd_folders_place(&place->folders, "one", "x", &kept, &err), APR_SUCCESS);
    assert_int_equal(linkat(place->folders.fd, "one", place->folders.fd, "two", 0), 0);
    assert_int_equal(aphd_folders_set_mode(&place->folders, "one", 0777, 0, &err), APH_EDENIED);
    assert_int_equal(mkfifoat(place->folders.fd, "fifo", 0644), 0);
    assert_int_not_equal(aphd_folders_set_mode(&place->folders, "fifo", 0777, 0, NULL), APR_SUCCESS);
    assert_int_equal(mode_of(place, "one"), S_IFREG | 0644);
}

/* chmod -R of a script, beside data that a container of an earlier installation left. */
static void test_modes_of_a_whole_folder(void **state)
{
    place_t *place = *state;
    aph_error_t err = APH_ERROR_INIT;
    char path[160];
    struct stat st;
    int kept;
    assert_int_equal(aphd_folders_place(&place->folders, "d/sub/deep", "x", &kept, &err), 0);
    assert_int_equal(aphd_folders_place(&place->folders, "d/one", "x", &kept, &err), 0);
    assert_int_equal(linkat(place->folders.fd, "d/one", place->folders.fd, "two", 0), 0);
    assert_int_equal(symlinkat(place->outside, place->folders.fd, "d/out"), 0);
    assert_int_equal(mkfifoat(place->folders.fd, "d/fifo", 0644), 0);
    assert_int_equal(aphd_folders_set_mode(&place->folders, "d", 0777, 1, &err), APR_SUCCESS);
    assert_int_equal(mode_of(place, "d"), S_IFDIR | 0777);
    assert_int_equal(mode_of(place, "d/sub"), S_IFDIR | 0777);
    assert_int_equal(mode_of(place, "d/sub/deep"), S_IFREG | 0777);
    assert_int_equal(mode_of(place, "d/one"), S_IFREG | 0644);
    assert_int_equal(mode_of(place, "d/fifo"), S_IFIFO | 0644);
    snprintf(path, sizeof path, "%s", place->outside);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0755);
}

static void test_opening_by_hand(void **state)
{
    place_t *place = *state;
    assert_int_equal(symlinkat(place->outside, place->folders.fd, "link"), 0);
    assert_int_equal(mkdirat(place->folders.fd, "real", 0755), 0);
    int (*const ways[])(int, const char *, int, mode_t) = {aphd_beneath_open,
                                                          aphd_beneath_open_by_hand};
    for (int i = 0; i < 2; i++) {
        int fd = ways[i](place->folders.fd, "real", O_RDONLY | O_DIRECTORY, 0);
        assert_true(fd >= 0);
        close(fd);
        assert_int_equal(ways[i](place->folders.fd, "link", O_RDONLY, 0), -1);
        assert_int_equal(errno, ELOOP);
        assert_int_equal(ways[i](place->folders.fd, "..", O_RDONLY, 0), -1);
        assert_int_equal(ways[i](place->folders.fd, "real/..", O_RDONLY, 0), -1);
        assert_int_equal(ways[i](place->folders.fd, "/etc", O_RDONLY, 0), -1);
    }
    int root = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(ways[i](root, "proc", O_RDONLY | O_DIRECTORY, 0), -1);
        assert_int_equal(errno, EXDEV);
    }
    close(root);
}

static void test_sizes(void **state)
{
    place_t *place = *state;
    aph_error_t err = APH_ERROR_INIT;
    json_t *sizes = NULL;
    int kept;
    char *large = malloc(100001);
    memset(large, 'x', 100000);
    large[100000] = '\0';
    assert_int_equal(aphd_folders_place(&place->folders, "a/large", large, &kept, &err),
                     APR_SUCCESS);
    assert_int_equal(symlinkat("/", place->folders.fd, "a/everything"), 0);
    assert_int_equal(aphd_folders_sizes(&place->folders, &sizes, &err), APR_SUCCESS);
    assert_int_equal(json_array_size(sizes), 1);
    json_int_t octets = json_integer_value(json_object_get(json_array_get(sizes, 0), "octets"));
    assert_in_range(octets, 100000, 200000);
    json_decref(sizes);
    free(large);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_paths),
        cmocka_unit_test_setup_teardown(test_made_and_missing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_modes_in_spite_of_the_umask, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_files_are_placed_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_planted_links, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_modes_only_of_plain_files, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_modes_of_a_whole_folder, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_opening_by_hand, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_sizes, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
