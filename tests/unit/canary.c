/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/canary.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <cmocka.h>

#include "helper/base/purge.h"

void canary_put(int directory, const char *name, const char *text)
{
    int fd = openat(directory, name, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    close(fd);
}

static uint64_t mix(uint64_t digest, const void *octets, size_t count)
{
    const unsigned char *at = octets;
    while (count-- > 0)
        digest = (digest ^ *at++) * 1099511628211u;
    return digest;
}

static uint64_t digest_of(int directory, const char *name, uint64_t digest);

static uint64_t digest_inside(int fd, int is_folder, uint64_t digest)
{
    char text[4096];
    ssize_t got;
    if (!is_folder) {
        while ((got = read(fd, text, sizeof text)) > 0)
            digest = mix(digest, text, (size_t)got);
        close(fd);
        return digest;
    }
    DIR *stream = fdopendir(fd);
    struct dirent *entry;
    uint64_t sum = 0; /* in whatever order they are listed */
    while ((entry = readdir(stream)) != NULL)
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            sum += digest_of(fd, entry->d_name, 14695981039346656037u);
    closedir(stream);
    return mix(digest, &sum, sizeof sum);
}

static uint64_t digest_of(int directory, const char *name, uint64_t digest)
{
    struct stat st;
    int fd = openat(directory, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    assert_true(fd >= 0 && fstat(fd, &st) == 0);
    digest = mix(digest, name, strlen(name));
    digest = mix(digest, &st.st_ino, sizeof st.st_ino);
    digest = mix(digest, &st.st_mode, sizeof st.st_mode);
    digest = mix(digest, &st.st_uid, sizeof st.st_uid);
    digest = mix(digest, &st.st_nlink, sizeof st.st_nlink);
    digest = mix(digest, &st.st_mtim, sizeof st.st_mtim);
    digest = mix(digest, &st.st_ctim, sizeof st.st_ctim);
    return digest_inside(fd, S_ISDIR(st.st_mode), digest);
}

canary_t *canary_open(void)
{
    static char large[1 << 20];
    aph_error_t err = APH_ERROR_INIT;
    canary_t *canary = calloc(1, sizeof *canary);
    assert_non_null(canary);
    const char *where = getenv("APPHOST_CANARY_DIR");
    if (where == NULL)
        where = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
    snprintf(canary->path, sizeof canary->path, "%.40s/aph-XXXXXX", where);
    assert_non_null(mkdtemp(canary->path));
    snprintf(canary->data, sizeof canary->data, "%s/7", canary->path);
    snprintf(canary->outside, sizeof canary->outside, "%s/outside", canary->path);
    mkdir(canary->outside, 0755);
    int fd = open(canary->outside, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    mkdirat(fd, "b", 0711);
    mkdirat(fd, "b/only-outside", 0700);
    canary_put(fd, "b/precious", "precious");
    memset(large, 'x', sizeof large - 1);
    canary_put(fd, "large", large);
    close(fd);
    assert_int_equal(aphd_folders_open(&canary->folders, canary->data, 1, &err), APR_SUCCESS);
    canary->digest = digest_of(AT_FDCWD, canary->outside, 0);
    return canary;
}

void canary_check(const canary_t *canary)
{
    assert_true(digest_of(AT_FDCWD, canary->outside, 0) == canary->digest);
}

void canary_close(canary_t *canary)
{
    aph_error_t err = APH_ERROR_INIT;
    aphd_folders_close(&canary->folders);
    assert_int_equal(aphd_purge_path(canary->path, &err), APR_SUCCESS);
    free(canary);
}

void canary_without_openat2(void)
{
    struct sock_filter filter[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_openat2, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {sizeof filter / sizeof filter[0], filter};
    assert_int_equal(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
    assert_int_equal(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program), 0);
    assert_int_equal(syscall(SYS_openat2, AT_FDCWD, "/", NULL, 0), -1);
    assert_int_equal(errno, ENOSYS);
}
