/* SPDX-License-Identifier: Apache-2.0 */
/* Purging large, deep and awkward trees, within bounds of descriptors and memory, and in spite of
 * kill -9. APPHOST_PURGE_FILES and APPHOST_PURGE_DEPTH make them as large as one has patience for. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <linux/fs.h>
#include <cmocka.h>

#include "helper/base/purge.h"
#include "tests/unit/canary.h"

#define DESCRIPTORS 90
#ifndef __has_feature
#define __has_feature(name) 0
#endif
#if defined __SANITIZE_ADDRESS__ || __has_feature(address_sanitizer)
#define MEMORY_KIB 1048576 /* it keeps what was freed */
#else
#define MEMORY_KIB 8192 /* more than before */
#endif

static int may_mount;

static int set_up_mounts(void **state)
{
    (void)state;
    may_mount = unshare(CLONE_NEWNS) == 0 && mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0;
    return 0;
}

static int set_up(void **state)
{
    *state = canary_open();
    return 0;
}

static int tear_down(void **state)
{
    canary_check(*state);
    canary_close(*state);
    return 0;
}

static long number(const char *name, long otherwise)
{
    const char *text = getenv(name);
    return text != NULL ? atol(text) : otherwise;
}

static double now(void)
{
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    return (double)at.tv_sec + (double)at.tv_nsec / 1e9;
}

static void deleted_cb(void *baton, unsigned long long deleted)
{
    (void)deleted;
    ++*(int *)baton;
}

/* Purges in a process of its own, with few descriptors. Its exit code is 0 where all went well. */
static pid_t start_purge(const canary_t *canary)
{
    pid_t pid = fork();
    if (pid != 0)
        return pid;
    struct rlimit few = {DESCRIPTORS, DESCRIPTORS};
    struct rusage before, after;
    aph_error_t err = APH_ERROR_INIT;
    int told = 0;
    aphd_purge_watch_t watch = {deleted_cb, &told};
    double begun = now();
    setrlimit(RLIMIT_NOFILE, &few);
    getrusage(RUSAGE_SELF, &before);
    apr_status_t status = aphd_purge_watched(canary->data, &watch, &err);
    getrusage(RUSAGE_SELF, &after);
    if (status != APR_SUCCESS)
        fprintf(stderr, "%s\n", err.message);
    if (now() - begun > 1)
        printf("purged in %.1f s, %ld KiB more memory, told %d times\n", now() - begun,
               after.ru_maxrss - before.ru_maxrss, told);
    fflush(stdout);
    if (status == APR_SUCCESS && after.ru_maxrss - before.ru_maxrss > MEMORY_KIB)
        _exit(2);
    if (status == APR_SUCCESS && now() - begun > 5 && told < 2)
        _exit(3);
    _exit(status == APR_SUCCESS ? 0 : 1);
}

static int end_of(pid_t pid)
{
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return status;
}

static void purge_all(const canary_t *canary)
{
    assert_int_equal(end_of(start_purge(canary)), 0);
    assert_int_equal(access(canary->data, F_OK), -1);
    canary_check(canary);
}

/* Half of them in one folder, the others in folders of 500. */
static void make_files(const canary_t *canary, long count)
{
    char name[32];
    int fd = canary->folders.fd;
    for (long i = 0; i < count; i++) {
        if (i >= count / 2 && i % 500 == 0) {
            snprintf(name, sizeof name, "folder-%ld", i);
            assert_int_equal(mkdirat(canary->folders.fd, name, 0755), 0);
            if (fd != canary->folders.fd)
                close(fd);
            fd = openat(canary->folders.fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        }
        snprintf(name, sizeof name, "file-%ld", i);
        int file = openat(fd, name, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
        assert_true(file >= 0);
        close(file);
    }
    if (fd != canary->folders.fd)
        close(fd);
}

static void make_depth(const canary_t *canary, long depth)
{
    int fd = fcntl(canary->folders.fd, F_DUPFD_CLOEXEC, 3);
    for (long i = 0; i < depth; i++) {
        assert_int_equal(mkdirat(fd, "d", 0755), 0);
        assert_int_equal(mknodat(fd, "f", S_IFREG | 0600, 0), 0);
        int inner = openat(fd, "d", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        assert_true(inner >= 0);
        close(fd);
        fd = inner;
    }
    close(fd);
}

static void test_many_files(void **state)
{
    make_files(*state, number("APPHOST_PURGE_FILES", 20000));
    purge_all(*state);
}

static void test_depth(void **state)
{
    make_depth(*state, number("APPHOST_PURGE_DEPTH", 3000));
    purge_all(*state);
}

/* Killed again and again, each time a little later; what is begun anew comes to the end. */
static void test_killed(void **state)
{
    canary_t *canary = *state;
    int killed = 0;
    make_files(canary, number("APPHOST_PURGE_FILES", 20000) / 2);
    make_depth(canary, number("APPHOST_PURGE_DEPTH", 3000) / 2);
    for (useconds_t wait = 500; wait < 100000 && access(canary->data, F_OK) == 0; wait *= 2) {
        pid_t pid = start_purge(canary);
        usleep(wait);
        kill(pid, SIGKILL);
        int status = end_of(pid);
        killed += WIFSIGNALED(status);
        assert_true(WIFSIGNALED(status) || status == 0);
        canary_check(canary);
    }
    print_message("killed %d times\n", killed);
    purge_all(canary);
}

/* Files of the users inside containers, files still open, and names made to be misread. */
static void test_owners_and_names(void **state)
{
    canary_t *canary = *state;
    char longest[256];
    int fd = canary->folders.fd;
    memset(longest, '\xff', 255);
    longest[255] = '\0';
    const char *const names[] = {"-rf", "new\nline", "\xff\xfe", "..data", "...", " ", "\x1b[2J", "$(reboot)",
                                 ".apphost-purge-0", ".apphost-purge-1", longest};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        assert_int_equal(mkdirat(fd, names[i], 0000), 0);
        if (geteuid() != 0) /* only root looks into the others */
            assert_int_equal(fchmodat(fd, names[i], 0700, 0), 0);
        if (geteuid() == 0)
            assert_int_equal(fchownat(fd, names[i], 100000, 100000, AT_SYMLINK_NOFOLLOW), 0);
        int inner = openat(fd, names[i], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        assert_true(inner >= 0);
        canary_put(inner, names[i], "x");
        close(inner);
    }
    int open_still = openat(fd, "-rf/-rf", O_RDONLY | O_CLOEXEC);
    purge_all(canary);
    char octet;
    assert_int_equal(read(open_still, &octet, 1), 1);
    close(open_still);
}

static int mark(int directory, const char *name, int marks)
{
    int now_set = 0;
    int fd = openat(directory, name, O_RDONLY | O_CLOEXEC);
    int rc = fd >= 0 && ioctl(fd, FS_IOC_GETFLAGS, &now_set) == 0 ? 0 : -1;
    now_set = (now_set & ~(FS_IMMUTABLE_FL | FS_APPEND_FL)) | marks;
    if (rc == 0)
        rc = ioctl(fd, FS_IOC_SETFLAGS, &now_set);
    if (fd >= 0)
        close(fd);
    return rc;
}

/* What is marked immutable is the app's own all the same, unless it has a name elsewhere. */
static void test_marks(void **state)
{
    canary_t *canary = *state;
    int fd = canary->folders.fd;
    mkdirat(fd, "d", 0755);
    mkdirat(fd, "d/append", 0755);
    canary_put(fd, "d/file", "x");
    canary_put(fd, "d/append/file", "x");
    canary_put(fd, "d/elsewhere", "x");
    assert_int_equal(linkat(fd, "d/elsewhere", fd, "../elsewhere", 0), 0);
    if (mark(fd, "d/file", FS_IMMUTABLE_FL) != 0) {
        print_message("not tried: this file system has no marks, or we may not set them\n");
        unlinkat(fd, "../elsewhere", 0);
        return;
    }
    assert_int_equal(mark(fd, "d/append/file", FS_APPEND_FL), 0);
    assert_int_equal(mark(fd, "d/append", FS_APPEND_FL), 0);
    assert_int_equal(mark(fd, "d/elsewhere", FS_IMMUTABLE_FL), 0);
    assert_int_equal(mark(fd, "d", FS_IMMUTABLE_FL), 0);
    aph_error_t err = APH_ERROR_INIT;
    assert_int_not_equal(aphd_purge_path(canary->data, &err), APR_SUCCESS);
    assert_int_equal(err.status, APH_EDENIED);
    assert_non_null(strstr(err.message, "elsewhere"));
    assert_non_null(strstr(err.message, "chattr -i -a"));
    assert_int_equal(mark(fd, "../elsewhere", 0), 0);
    assert_int_equal(unlinkat(fd, "../elsewhere", 0), 0);
    purge_all(canary);
}

/* Stopped before the mount, and begun again when it is gone. */
static void test_a_mount_deep_below(void **state)
{
    canary_t *canary = *state;
    aph_error_t err = APH_ERROR_INIT, why = APH_ERROR_INIT;
    char at[512];
    if (!may_mount) {
        print_message("not tried: only root mounts\n");
        return;
    }
    snprintf(at, sizeof at, "%s/", canary->data);
    for (int i = 0; i < 100; i++)
        strcat(at, i < 99 ? "d/" : "d");
    assert_int_equal(aphd_folders_make(&canary->folders, at + strlen(canary->data) + 1, &err), 0);
    assert_int_equal(mount(canary->outside, at, NULL, MS_BIND, NULL), 0);
    assert_int_equal(aphd_purge_path(canary->data, &why), APH_EBUSY);
    assert_non_null(strstr(why.message, "unmount it and try again"));
    canary_check(canary);
    /* The folders above it were brought to the top: it is still there, under another path. */
    char moved[512] = "";
    FILE *mounts = fopen("/proc/self/mountinfo", "re");
    char line[2048];
    while (fgets(line, sizeof line, mounts) != NULL)
        if (sscanf(line, "%*d %*d %*s %*s %511s", moved) == 1
            && strncmp(moved, canary->data, strlen(canary->data)) == 0)
            break;
    fclose(mounts);
    assert_int_equal(umount(moved), 0);
    purge_all(canary);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_many_files, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_depth, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_killed, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_owners_and_names, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_marks, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_mount_deep_below, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, set_up_mounts, NULL);
}
