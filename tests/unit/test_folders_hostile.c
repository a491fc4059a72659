/* SPDX-License-Identifier: Apache-2.0 */
/* Everything a container, or a careless administrator, may have left in an app's folder where we
 * expect a folder or a file: refused, or left alone, at once, and nothing outside is touched. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

#include "helper/base/beneath.h"
#include "helper/base/purge.h"
#include "tests/unit/canary.h"

static int may_mount;

/* Before anything is opened: a descriptor sees the mounts of the namespace it was opened in. */
static int set_up_mounts(void **state)
{
    (void)state;
    may_mount = unshare(CLONE_NEWNS) == 0 && mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0;
    return 0;
}

static int set_up(void **state)
{
    *state = canary_open();
    alarm(60); /* where something waits for ever */
    return 0;
}

static int tear_down(void **state)
{
    canary_check(*state);
    canary_close(*state);
    return 0;
}

static double now(void)
{
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    return (double)at.tv_sec + (double)at.tv_nsec / 1e9;
}

/* Every call with trap as the last component, and as one on the way. What must be refused is. */
static void try_all(canary_t *canary, const char *trap)
{
    const aphd_folders_t *folders = &canary->folders;
    char below[96];
    char *missing = NULL;
    int kept = 0;
    json_t *sizes = NULL;
    double begun = now();
    snprintf(below, sizeof below, "%s/b/new", trap);
    assert_int_not_equal(aphd_folders_make(folders, below, NULL), APR_SUCCESS);
    assert_int_not_equal(aphd_folders_place(folders, below, "x", &kept, NULL), APR_SUCCESS);
    assert_int_not_equal(aphd_folders_set_mode(folders, below, 0777, 1, NULL), APR_SUCCESS);
    aph_error_t err = APH_ERROR_INIT;
    assert_int_not_equal(aphd_folders_set_mode(folders, trap, 0777, 1, &err), APR_SUCCESS);
    assert_non_null(strstr(err.message, trap));
    assert_int_not_equal(aphd_folders_missing(folders, below, &missing, NULL), APR_SUCCESS);
    assert_null(missing);
    assert_int_not_equal(aphd_folders_remove(folders, below, NULL), APR_SUCCESS);
    kept = 0; /* a file is not put in its place either */
    aphd_folders_place(folders, trap, "x", &kept, NULL);
    assert_true(kept);
    assert_int_equal(aphd_folders_sizes(folders, &sizes, NULL), APR_SUCCESS);
    json_decref(sizes);
    canary_check(canary);
    assert_true(now() - begun < 1);
}

static void test_links(void **state)
{
    canary_t *canary = *state;
    const char *const leads_to[] = {canary->outside, "../outside", "/etc", "../../../../etc", "nowhere",
                                    "trap", "/proc/self/root", "/proc/self/cwd", "/dev/stdin", "."};
    for (size_t i = 0; i < sizeof leads_to / sizeof leads_to[0]; i++) {
        assert_int_equal(symlinkat(leads_to[i], canary->folders.fd, "trap"), 0);
        try_all(canary, "trap");
        assert_int_not_equal(aphd_folders_make(&canary->folders, "trap", NULL), APR_SUCCESS);
        assert_int_equal(aphd_folders_remove(&canary->folders, "trap", NULL), APR_SUCCESS);
    }
}

static void test_special_files(void **state)
{
    canary_t *canary = *state;
    int fd = canary->folders.fd;
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    assert_int_equal(mkfifoat(fd, "fifo", 0666), 0);
    try_all(canary, "fifo");
    int named = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    snprintf(at.sun_path, sizeof at.sun_path, "%.90s/socket", canary->data);
    assert_int_equal(bind(named, (struct sockaddr *)&at, sizeof at), 0);
    try_all(canary, "socket");
    close(named);
    if (mknodat(fd, "null", S_IFCHR | 0666, makedev(1, 3)) == 0)
        try_all(canary, "null");
    if (mknodat(fd, "disk", S_IFBLK | 0666, makedev(8, 0)) == 0)
        try_all(canary, "disk");
}

/* A second name of a file outside: whoever can make one gets nothing from us. */
static void test_hard_links(void **state)
{
    canary_t *canary = *state;
    struct stat before, after;
    int fd = canary->folders.fd, kept = 0;
    assert_int_equal(mkdirat(fd, "d", 0755), 0);
    int outside = open(canary->outside, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    canary_put(outside, "shadow", "root");
    assert_int_equal(linkat(outside, "shadow", fd, "d/hard", 0), 0);
    assert_int_equal(fstatat(outside, "shadow", &before, 0), 0);
    aph_error_t err = APH_ERROR_INIT;
    assert_int_equal(aphd_folders_set_mode(&canary->folders, "d/hard", 0777, 0, &err), APH_EDENIED);
    assert_int_equal(aphd_folders_set_mode(&canary->folders, "d", 0777, 1, NULL), APR_SUCCESS);
    assert_int_equal(aphd_folders_place(&canary->folders, "d/hard", "new", &kept, NULL), APR_SUCCESS);
    assert_true(kept);
    assert_int_equal(fstatat(outside, "shadow", &after, 0), 0);
    assert_int_equal(after.st_mode, before.st_mode);
    assert_int_equal(after.st_size, 4);
    assert_true(memcmp(&before.st_ctim, &after.st_ctim, sizeof before.st_ctim) == 0);
    assert_int_equal(aphd_folders_remove(&canary->folders, "d", NULL), APR_SUCCESS);
    assert_int_equal(unlinkat(outside, "shadow", 0), 0);
    close(outside);
    canary->digest = 0; /* the folder outside has another time now */
}

static int tear_down_changed(void **state)
{
    canary_close(*state);
    return 0;
}

/* Root's mounts, of the same file system and of others, of folders and of files. */
static void test_mounts(void **state)
{
    canary_t *canary = *state;
    char at[128], options[400], file[128], precious[128];
    aph_error_t err = APH_ERROR_INIT;
    if (!may_mount) {
        print_message("not tried: only root mounts\n");
        return;
    }
    snprintf(at, sizeof at, "%s/m/mounted", canary->data);
    snprintf(file, sizeof file, "%s/m/file", canary->data);
    snprintf(precious, sizeof precious, "%s/b/precious", canary->outside);
    snprintf(options, sizeof options, "lowerdir=%s,upperdir=%s/u,workdir=%s/w", canary->outside,
             canary->path, canary->path);
    assert_int_equal(aphd_folders_make(&canary->folders, "m/mounted", &err), APR_SUCCESS);
    mkdirat(canary->folders.fd, "../u", 0755);
    mkdirat(canary->folders.fd, "../w", 0755);
    canary_put(canary->folders.fd, "m/file", "");
    const struct {
        const char *source, *kind;
        unsigned long flags;
    } mounts[] = {{canary->outside, NULL, MS_BIND}, {"tmpfs", "tmpfs", 0}, {"overlay", "overlay", 0}};
    for (size_t i = 0; i < 3; i++) {
        if (mount(mounts[i].source, at, mounts[i].kind, mounts[i].flags, i == 2 ? options : NULL) != 0)
            continue; /* an overlay on an overlay */
        try_all(canary, "m/mounted");
        aph_error_t why = APH_ERROR_INIT;
        assert_int_equal(aphd_folders_remove(&canary->folders, "m", &why), APH_EBUSY);
        assert_non_null(strstr(why.message, "mounted"));
        canary_check(canary);
        assert_int_equal(umount(at), 0);
    }
    canary_put(canary->folders.fd, "m/file", "");
    assert_int_equal(mount(precious, file, NULL, MS_BIND, NULL), 0);
    assert_int_not_equal(aphd_folders_set_mode(&canary->folders, "m/file", 0777, 0, NULL), APR_SUCCESS);
    assert_int_not_equal(aphd_folders_set_mode(&canary->folders, "m", 0777, 1, NULL), APR_SUCCESS);
    assert_int_equal(aphd_folders_remove(&canary->folders, "m", NULL), APH_EBUSY);
    assert_int_equal(umount(file), 0);
    assert_int_equal(aphd_folders_remove(&canary->folders, "m", &err), APR_SUCCESS);
}

/* What stands in the place of the app's folder is not taken for it. */
static void test_the_folder_itself(void **state)
{
    canary_t *canary = *state;
    aphd_folders_t folders;
    char path[128];
    snprintf(path, sizeof path, "%s/8", canary->path);
    assert_int_equal(symlink(canary->outside, path), 0);
    assert_int_not_equal(aphd_folders_open(&folders, path, 1, NULL), APR_SUCCESS);
    assert_int_equal(aphd_purge_path(path, NULL), APR_SUCCESS);
    assert_int_equal(mkfifo(path, 0644), 0);
    assert_int_not_equal(aphd_folders_open(&folders, path, 1, NULL), APR_SUCCESS);
    assert_int_equal(aphd_purge_path(path, NULL), APR_SUCCESS);
}

static void test_without_openat2(void **state)
{
    (void)state;
    canary_without_openat2();
}

#define HOSTILE \
    cmocka_unit_test_setup_teardown(test_links, set_up, tear_down), \
    cmocka_unit_test_setup_teardown(test_special_files, set_up, tear_down), \
    cmocka_unit_test_setup_teardown(test_hard_links, set_up, tear_down_changed), \
    cmocka_unit_test_setup_teardown(test_mounts, set_up, tear_down), \
    cmocka_unit_test_setup_teardown(test_the_folder_itself, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {HOSTILE, cmocka_unit_test(test_without_openat2), HOSTILE};
    return cmocka_run_group_tests(tests, set_up_mounts, NULL);
}
