/* SPDX-License-Identifier: Apache-2.0 */
/* A container that exchanges a folder and a link out of the app, as fast as it can, while we make,
 * write, change, look at and delete below it. Whatever each call answers, nothing outside is
 * touched. APPHOST_RACE_ROUNDS is how often each is called. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "tests/unit/canary.h"

typedef struct race_t {
    canary_t *canary;
    int real; /* the folder that is now "a", now "l" */
    int app;
    pthread_t swapper;
    atomic_int over;
    atomic_ulong swaps;
} race_t;

static long rounds(void)
{
    const char *text = getenv("APPHOST_RACE_ROUNDS");
    return text != NULL ? atol(text) : 1500;
}

/* a <-> l: a folder above; s/d <-> s/l: a folder below; s/f <-> s/g: a file; p/d <-> p/l: what is
 * being purged. */
static void *swap(void *baton)
{
    static const char *const pairs[][2] = {{"a", "l"}, {"s/d", "s/l"}, {"s/f", "s/g"}, {"p/d", "p/l"}};
    race_t *race = baton;
    while (!atomic_load(&race->over))
        for (size_t i = 0; i < 4; i++)
            if (renameat2(race->app, pairs[i][0], race->app, pairs[i][1], RENAME_EXCHANGE) == 0)
                atomic_fetch_add(&race->swaps, 1);
    return NULL;
}

static int set_up(void **state)
{
    race_t *race = calloc(1, sizeof *race);
    race->canary = canary_open();
    race->app = race->canary->folders.fd;
    mkdirat(race->app, "a", 0755);
    mkdirat(race->app, "a/b", 0755);
    mkdirat(race->app, "s", 0755);
    mkdirat(race->app, "s/d", 0755);
    canary_put(race->app, "s/d/x", "x");
    canary_put(race->app, "s/f", "x");
    if (symlinkat("../outside", race->app, "l") != 0
        || symlinkat("../../outside/b", race->app, "s/l") != 0
        || symlinkat("../../outside/b/precious", race->app, "s/g") != 0)
        return -1;
    race->real = openat(race->app, "a", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    *state = race;
    return pthread_create(&race->swapper, NULL, swap, race);
}

static int tear_down(void **state)
{
    race_t *race = *state;
    atomic_store(&race->over, 1);
    pthread_join(race->swapper, NULL);
    canary_check(race->canary);
    close(race->real);
    canary_close(race->canary);
    free(race);
    return 0;
}

typedef apr_status_t try_t(race_t *race, long round);

static void repeat(race_t *race, const char *what, try_t *once)
{
    long done = 0, refused = 0;
    for (long i = 0; i < rounds(); i++)
        *(once(race, i) == APR_SUCCESS ? &done : &refused) += 1;
    canary_check(race->canary);
    print_message("%-16s %ld done, %ld refused, %lu swaps\n", what, done, refused,
                  atomic_load(&race->swaps));
}

static apr_status_t try_make(race_t *race, long round)
{
    (void)round;
    apr_status_t status = aphd_folders_make(&race->canary->folders, "a/b/n/m", NULL);
    unlinkat(race->real, "b/n/m", AT_REMOVEDIR);
    unlinkat(race->real, "b/n", AT_REMOVEDIR);
    return status;
}

static apr_status_t try_place(race_t *race, long round)
{
    int kept;
    (void)round;
    apr_status_t status = aphd_folders_place(&race->canary->folders, "a/b/new", "new", &kept, NULL);
    unlinkat(race->real, "b/new", 0);
    return status;
}

static apr_status_t try_mode(race_t *race, long round)
{
    return aphd_folders_set_mode(&race->canary->folders, "a/b", round % 2 ? 0777 : 0755, 0, NULL);
}

static apr_status_t try_mode_of_file(race_t *race, long round)
{
    return aphd_folders_set_mode(&race->canary->folders, "s/f", round % 2 ? 0666 : 0600, 0, NULL);
}

static apr_status_t try_modes(race_t *race, long round)
{
    return aphd_folders_set_mode(&race->canary->folders, "s", round % 2 ? 0777 : 0755, 1, NULL);
}

static apr_status_t try_give(race_t *race, long round)
{
    uid_t to = geteuid() == 0 ? 100000 : geteuid();
    (void)round;
    apr_status_t status = aphd_folders_give(&race->canary->folders, "a/b", to, (gid_t)-1, NULL);
    assert_int_equal(fchownat(race->real, "b", geteuid(), (gid_t)-1, AT_SYMLINK_NOFOLLOW), 0);
    return status;
}

static apr_status_t try_missing(race_t *race, long round)
{
    char *missing = NULL;
    (void)round;
    apr_status_t status = aphd_folders_missing(&race->canary->folders, "a/b/only-outside/x", &missing,
                                               NULL);
    if (status == APR_SUCCESS)
        assert_string_equal(missing, "a/b/only-outside");
    free(missing);
    return status;
}

static apr_status_t try_sizes(race_t *race, long round)
{
    json_t *sizes = NULL, *item;
    size_t i;
    (void)round;
    apr_status_t status = aphd_folders_sizes(&race->canary->folders, &sizes, NULL);
    json_array_foreach(sizes, i, item)
        assert_in_range(json_integer_value(json_object_get(item, "octets")), 0, 200000);
    json_decref(sizes);
    return status;
}

static apr_status_t try_remove(race_t *race, long round)
{
    (void)round;
    mkdirat(race->real, "b/precious", 0755); /* also the name of a file outside */
    return aphd_folders_remove(&race->canary->folders, "a/b/precious", NULL);
}

static apr_status_t try_purge(race_t *race, long round)
{
    (void)round;
    mkdirat(race->app, "p", 0755);
    mkdirat(race->app, "p/d", 0755);
    int fd = openat(race->app, "p/d", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd >= 0) {
        mkdirat(fd, "b", 0755);
        close(fd);
    }
    int failed = symlinkat("../../outside", race->app, "p/l");
    if (failed && errno != EEXIST)
        return errno;
    return aphd_folders_remove(&race->canary->folders, "p", NULL);
}

static void test_all(void **state)
{
    static const struct {
        const char *what;
        try_t *once;
    } sites[] = {{"make", try_make},          {"place", try_place},     {"mode", try_mode},
                 {"mode of a file", try_mode_of_file}, {"modes below", try_modes},
                 {"give", try_give},          {"missing", try_missing},    {"sizes", try_sizes},     {"remove", try_remove},
                 {"purge", try_purge}};
    for (size_t i = 0; i < sizeof sites / sizeof sites[0]; i++)
        repeat(*state, sites[i].what, sites[i].once);
}

/* Only with many rounds: what went by the path would have been caught by this very test. */
static void test_the_naive_way_escapes(void **state)
{
    race_t *race = *state;
    struct stat st;
    int escaped = 0;
    if (rounds() < 100000)
        return;
    for (long i = 0; i < rounds() && !escaped; i++) {
        if (fstatat(race->app, "s/f", &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode)
            && fchmodat(race->app, "s/f", 0640, 0) == 0)
            escaped = fstatat(race->app, "../outside/b/precious", &st, 0) == 0
                   && (st.st_mode & 0777) == 0640;
    }
    assert_true(escaped);
    race->canary->digest = 0;
}

static int tear_down_escaped(void **state)
{
    race_t *race = *state;
    atomic_store(&race->over, 1);
    pthread_join(race->swapper, NULL);
    close(race->real);
    canary_close(race->canary);
    free(race);
    return 0;
}

static void test_all_without_openat2(void **state)
{
    canary_without_openat2();
    test_all(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_the_naive_way_escapes, set_up, tear_down_escaped),
        cmocka_unit_test_setup_teardown(test_all, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_all_without_openat2, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
