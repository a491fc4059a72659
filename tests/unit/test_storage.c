/* SPDX-License-Identifier: Apache-2.0 */
/* Storage locations: where one may be, what is made in it and what is not, what plans say of it, and
 * that a reader cannot choose for a person. What needs a folder that is root's is tried as root. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include <apr_general.h>

#include "helper/base/purge.h"
#include "helper/catalog/storage.h"
#include "helper/catalog/storage_folders.h"
#include "helper/catalog/storage_place.h"
#include "helper/job/storage_plan.h"

static char base[] = "/tmp/apphost-storage-XXXXXX";
static apr_pool_t *pool;

static const char *below(const char *name)
{
    static char paths[8][256];
    static int at;
    char *path = paths[at++ % 8];
    snprintf(path, 256, "%s/%s", base, name);
    return path;
}

/* --- where --- */

static const char *const own[] = {"/srv/apphost", "/data/engine/docker.sock", NULL};

static apr_status_t judge(const char *path, const json_t *others, aph_error_t *err)
{
    aphd_location_rules_t rules = {.own = own, .others = others, .name = "media"};
    return aphd_location_judge(path, &rules, err);
}

static void test_paths_that_are_none(void **state)
{
    static const char *const bad[] = {"", "srv/media", "/srv//media", "/srv/../etc", "/srv/./x",
                                      "/srv/media/", "/srv/a:b", "/srv/a,b", "/srv/$x", "/srv/a\nb",
                                      "/srv/\xFF", "/srv/a\\b"};
    static const char *const refused[] = {"/", "/etc", "/etc/cron.d", "/usr/share/x", "/var/lib/mysql",
                                          "/home", "/var", "/proc/1/root", "/sys", "/dev/shm", "/run",
                                          "/root", "/boot", "/var/run/x", "/tmp",
                                          "/srv/apphost", "/srv/apphost/data/7", "/srv",
                                          "/data/engine", "/data"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        aph_error_t err = APH_ERROR_INIT;
        assert_int_equal(judge(bad[i], NULL, &err), APH_EUSAGE);
    }
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        aph_error_t err = APH_ERROR_INIT;
        if (judge(refused[i], NULL, &err) != APH_EDENIED)
            fail_msg("%s: %s", refused[i], err.message);
        assert_non_null(strstr(err.message, refused[i]));
    }
    aph_error_t err = APH_ERROR_INIT;
    assert_int_equal(judge("/nobody/has/this", NULL, &err), APH_ENOTFOUND);
}

static void test_locations_lie_beside_each_other(void **state)
{
    static const char *const refused[] = {"/mnt/a", "/mnt/a/b", "/mnt"};
    json_t *others = json_pack("[{s:s,s:s},{s:s,s:s}]", "name", "films", "path", "/mnt/a", "name",
                               "media", "path", "/nobody/has");
    for (size_t i = 0; i < 3; i++) {
        aph_error_t err = APH_ERROR_INIT;
        assert_int_equal(judge(refused[i], others, &err), APH_EDENIED);
        assert_non_null(strstr(err.message, "films"));
    }
    /* Its own row does not count, nor does a name that begins alike. */
    aph_error_t err = APH_ERROR_INIT;
    assert_int_equal(judge("/nobody/has/this", others, &err), APH_ENOTFOUND);
    assert_int_equal(judge("/mnt/abc-nobody", others, &err), APH_ENOTFOUND);
    json_decref(others);
}

static void must(int result)
{
    assert_int_equal(result, 0);
}

/* As root only: folder "disk" and what is around it. */
static void test_the_way_to_it(void **state)
{
    aph_error_t err = APH_ERROR_INIT;
    if (geteuid() != 0)
        return;
    must(mkdir(below("way"), 0755));
    must(mkdir(below("way/disk"), 0777));
    assert_int_equal(judge(below("way/disk"), NULL, &err), APR_SUCCESS);
    must(symlink("way", below("short")));
    assert_int_equal(judge(below("short/disk"), NULL, &err), APH_EDENIED);
    assert_non_null(strstr(err.message, "way/disk")); /* where it leads */
    must(chmod(below("way"), 0775));
    err = (aph_error_t)APH_ERROR_INIT;
    assert_int_equal(judge(below("way/disk"), NULL, &err), APH_EDENIED);
    must(chmod(below("way"), 0755));
    must(chown(below("way"), 1000, 0));
    err = (aph_error_t)APH_ERROR_INIT;
    assert_int_equal(judge(below("way/disk"), NULL, &err), APH_EDENIED);
    assert_non_null(strstr(err.message, "1000"));
    close(open(below("file"), O_WRONLY | O_CREAT | O_CLOEXEC, 0644));
    err = (aph_error_t)APH_ERROR_INIT;
    assert_int_equal(judge(below("file"), NULL, &err), APH_EDENIED);
}

/* --- folders --- */

static json_t *location_at(const char *path)
{
    aph_error_t err = APH_ERROR_INIT;
    int fd;
    assert_int_equal(aphd_location_walk(path, &fd, &err), APR_SUCCESS);
    char *mark = aphd_location_mark(fd);
    close(fd);
    json_t *location = json_pack("{s:s,s:s,s:b,s:s}", "name", "media", "path", path, "read_only", 0,
                                 "mark", mark);
    free(mark);
    return location;
}

static struct stat look_at(const char *path)
{
    struct stat st;
    must(lstat(path, &st));
    return st;
}

static void test_folders_are_made_and_given(void **state)
{
    aph_error_t err = APH_ERROR_INIT;
    aphd_storage_folder_t seen;
    aphd_storage_owner_t owner = {1000, 1001};
    if (geteuid() != 0)
        return;
    must(mkdir(below("make"), 0755));
    json_t *location = location_at(below("make"));
    must(mkdir(below("make/old"), 0700));
    assert_int_equal(aphd_storage_look(location, "old/a/b", &seen, &err), APR_SUCCESS);
    assert_false(seen.there);
    assert_string_equal(seen.missing, "old/a");
    assert_true(seen.free > 0);
    assert_int_equal(aphd_storage_make(location, "old/a/b", &owner, &err), APR_SUCCESS);
    struct stat st = look_at(below("make/old/a/b"));
    assert_true(st.st_uid == 1000 && st.st_gid == 1001);
    assert_true(look_at(below("make/old/a")).st_uid == 0);
    /* What was there is nobody's to give. */
    owner.uid = 5;
    assert_int_equal(aphd_storage_make(location, "old/a/b", &owner, &err), APR_SUCCESS);
    assert_int_equal(aphd_storage_make(location, "old", &owner, &err), APR_SUCCESS);
    assert_int_equal(aphd_storage_make(location, "", &owner, &err), APR_SUCCESS);
    assert_true(look_at(below("make/old/a/b")).st_uid == 1000);
    assert_true(look_at(below("make/old")).st_uid == 0);
    assert_true((look_at(below("make/old")).st_mode & 07777) == 0700);
    /* Taken back as far as nobody uses it. */
    close(open(below("make/old/a/kept"), O_WRONLY | O_CREAT | O_CLOEXEC, 0644));
    aphd_storage_unmake(location, "old/a/b", seen.missing);
    assert_int_not_equal(access(below("make/old/a/b"), F_OK), 0);
    assert_int_equal(access(below("make/old/a/kept"), F_OK), 0);
    must(unlink(below("make/old/a/kept")));
    must(mkdir(below("make/old/a/b"), 0755));
    aphd_storage_unmake(location, "old/a/b", seen.missing);
    assert_int_not_equal(access(below("make/old/a"), F_OK), 0);
    assert_int_equal(access(below("make/old"), F_OK), 0);
    aphd_storage_folder_clear(&seen);
    json_decref(location);
}

/* Somebody who may write the location plants what leads elsewhere. */
static void test_links_are_not_followed(void **state)
{
    static const char *const folders[] = {"link", "link/x", "a/link", "a/link/x", "file", "file/x"};
    aphd_storage_folder_t seen;
    aphd_storage_owner_t owner = {1000, 1000};
    if (geteuid() != 0)
        return;
    must(mkdir(below("links"), 0777));
    must(mkdir(below("outside"), 0755));
    must(mkdir(below("links/a"), 0777));
    must(symlink("../outside", below("links/link")));
    must(symlink("/etc", below("links/a/link")));
    close(open(below("links/file"), O_WRONLY | O_CREAT | O_CLOEXEC, 0644));
    json_t *location = location_at(below("links"));
    for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++) {
        aph_error_t err = APH_ERROR_INIT;
        assert_int_equal(aphd_storage_look(location, folders[i], &seen, &err), APH_EDENIED);
        aphd_storage_folder_clear(&seen);
        err = (aph_error_t)APH_ERROR_INIT;
        assert_int_equal(aphd_storage_make(location, folders[i], &owner, &err), APH_EDENIED);
    }
    assert_int_not_equal(access(below("outside/x"), F_OK), 0);
    assert_true(look_at(below("outside")).st_uid == 0);
    json_decref(location);
}

/* The folder under a disk that is not mounted is another one than that of the disk. */
static void test_another_folder_is_not_it(void **state)
{
    aph_error_t err = APH_ERROR_INIT;
    aphd_storage_folder_t seen;
    int fd;
    if (geteuid() != 0)
        return;
    must(mkdir(below("disk"), 0755));
    json_t *location = location_at(below("disk"));
    must(rename(below("disk"), below("disk-away")));
    must(mkdir(below("disk"), 0755));
    assert_int_equal(aphd_location_open(location, &fd, &err), APH_EDENIED);
    assert_non_null(strstr(err.message, "mounted"));
    assert_non_null(strstr(err.message, "apphostctl storage add media"));
    err = (aph_error_t)APH_ERROR_INIT;
    assert_int_equal(aphd_storage_make(location, "x", NULL, &err), APH_EDENIED);
    assert_int_not_equal(access(below("disk/x"), F_OK), 0);
    must(rmdir(below("disk")));
    must(rename(below("disk-away"), below("disk")));
    assert_int_equal(aphd_storage_look(location, "", &seen, &err), APR_SUCCESS);
    assert_true(seen.there);
    fd = open(below("disk"), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    struct stat st = look_at(below("disk")), root = look_at("/");
    char *mark = aphd_location_mark(fd), other[200];
    const char *disk = st.st_dev == root.st_dev ? "system" : "apart";
    const char *not_disk = st.st_dev == root.st_dev ? "apart" : "system";
    unsigned long long inode = st.st_ino, file_system, born;
    assert_int_equal(sscanf(mark, "%*u:%*u:%*[a-z]:%llx:%llu", &file_system, &born), 2);
    assert_true(aphd_location_is(fd, mark));
    /* Devices have other numbers after a boot. */
    snprintf(other, sizeof other, "0:%llu:%s:%llx:%llu", inode, disk, file_system, born);
    assert_true(aphd_location_is(fd, other));
    /* Another file system's root has the same inode, and was made at another time. */
    snprintf(other, sizeof other, "0:%llu:%s:%llx:%llu", inode, disk, file_system, born + 1);
    assert_int_equal(aphd_location_is(fd, other), born == 0);
    snprintf(other, sizeof other, "0:%llu:%s:%llx:0", inode, disk, file_system + 1);
    assert_false(aphd_location_is(fd, other));
    /* Of a file system that records neither, and of a mark made before these were written. */
    snprintf(other, sizeof other, "0:%llu:%s:0:0", inode, disk);
    assert_true(aphd_location_is(fd, other));
    snprintf(other, sizeof other, "0:%llu:%s", inode, disk);
    assert_true(aphd_location_is(fd, other));
    snprintf(other, sizeof other, "0:%llu:%s:%llx:%llu", inode, not_disk, file_system, born);
    assert_false(aphd_location_is(fd, other));
    free(mark);
    assert_false(aphd_location_is(fd, ""));
    close(fd);
    json_decref(location);
}

/* --- plans --- */

static json_t *bind_row(const char *service, const char *answer, const char *target, int read_only)
{
    char path[100];
    snprintf(path, sizeof path, "/srv/%s", answer);
    return json_pack("{s:s,s:i,s:s,s:s,s:b,s:s,s:s}", "service", service, "line", 1, "path", path,
                     "target", target, "read_only", read_only, "location", "media", "answer", answer);
}

static void test_rows_of_a_plan(void **state)
{
    json_t *binds = json_pack("[o,o,o,{s:s,s:s}]", bind_row("web", "media/films", "/films", 1),
                              bind_row("job", "media/films", "/in", 0),
                              bind_row("web", "media/tv", "/tv", 1), "service", "web", "path",
                              "media/films");
    json_t *compose = json_pack("{s:{s:{s:{s:s,s:s}},s:{}}}", "services", "job", "environment",
                                "PUID", "1000", "PGID", "100", "web");
    json_t *apps = json_pack("[{s:s,s:[{s:s,s:s,s:s,s:b}]},{s:s,s:[{s:s,s:s,s:s,s:b}]}]", "name",
                             "movies", "storage", "path", "/srv/media/films", "location", "media",
                             "answer", "media/films", "read_only", 0, "name", "me", "storage",
                             "path", "/srv/media/tv", "location", "media", "answer", "media/tv",
                             "read_only", 0);
    json_t *site = json_pack("[{s:s,s:I},{s:s}]", "answer", "media/films", "min_size",
                             (json_int_t)5000000000, "answer", "media/tv");
    json_t *others = aphd_storage_others(apps, "me");
    assert_int_equal(json_array_size(others), 1);
    json_t *rows = aphd_storage_rows(binds, site, compose, NULL, others);
    assert_int_equal(json_array_size(rows), 2);
    json_t *films = json_array_get(rows, 0), *tv = json_array_get(rows, 1);
    assert_true(json_is_false(json_object_get(films, "read_only")));
    assert_true(json_is_true(json_object_get(tv, "read_only")));
    assert_int_equal(json_array_size(json_object_get(films, "mounts")), 2);
    assert_int_equal(json_array_size(json_object_get(films, "writers")), 1);
    assert_int_equal(json_array_size(json_object_get(films, "shared")), 1);
    assert_string_equal(json_string_value(json_object_get(films, "folder")), "films");

    aphd_storage_folder_t seen = {.there = 1, .free = 1000000000};
    seen.st.st_mode = S_IFDIR | 0755;
    aphd_storage_rows_add(films, &seen, 0);
    assert_true(json_is_false(json_object_get(films, "writable")));
    json_t *warnings = json_array();
    aphd_storage_warn(rows, warnings);
    assert_int_equal(json_array_size(warnings), 2); /* its owner, and the room */
    seen.st.st_gid = 100;
    seen.st.st_mode = S_IFDIR | 0775;
    aphd_storage_rows_add(films, &seen, 0);
    assert_true(json_is_true(json_object_get(films, "writable")));
    seen.there = 0;
    aphd_storage_rows_add(films, &seen, 0);
    const json_t *given = json_object_get(films, "given");
    assert_int_equal(json_integer_value(json_object_get(given, "uid")), 1000);
    assert_int_equal(json_integer_value(json_object_get(given, "gid")), 100);
    json_decref(warnings);
    json_decref(rows);
    json_decref(others);
    json_decref(site);
    json_decref(apps);
    json_decref(compose);
    json_decref(binds);
}

/* --- answers --- */

static json_t *applied(const char *question, const char *answer)
{
    return json_pack("[{s:s,s:s,s:s,s:s,s:b}]", "question", question, "service", "web", "target",
                     "/films", "answer", answer, "read_only", 1);
}

/* rows is stolen. */
static apr_status_t resolve(aphd_catalog_store_t *store, json_t *rows, json_t **site,
                            aph_error_t *err)
{
    json_t *answers = json_pack("{s:s,s:s,s:s}", "films", "media/films", "bad", "media/../etc", "gone",
                                "nas/films");
    apr_status_t status = aphd_storage_resolve(store, answers, rows, site, err);
    json_decref(answers);
    json_decref(rows);
    return status;
}

static void test_answers_are_a_persons(void **state)
{
    aphd_catalog_store_t *store;
    aph_error_t err = APH_ERROR_INIT;
    json_t *site = NULL;
    assert_int_equal(aphd_catalog_store_open(&store, base, 1, pool, &err), APR_SUCCESS);
    json_t *location = json_pack("{s:s,s:s,s:b,s:s}", "name", "media", "path", "/srv/media",
                                 "read_only", 0, "mark", "1:2:system");
    assert_int_equal(aphd_catalog_begin(store, &err), APR_SUCCESS);
    assert_int_equal(aphd_storage_put(store, location, &err), APR_SUCCESS);
    assert_int_equal(aphd_catalog_commit(store, &err), APR_SUCCESS);
    json_decref(location);
    assert_int_equal(resolve(store, applied("films", "media/films"), &site, &err), APR_SUCCESS);
    json_t *row = json_array_get(site, 0);
    assert_string_equal(json_string_value(json_object_get(row, "path")), "/srv/media/films");
    assert_true(json_is_true(json_object_get(row, "read_only")));
    json_decref(site);
    /* A reader says something else than it was told, or asks what nobody answered. */
    assert_int_equal(resolve(store, applied("films", "media/photos"), &site, &err), APH_EDENIED);
    assert_null(site);
    assert_int_equal(resolve(store, applied("photos", "media/photos"), &site, &err), APH_EDENIED);
    assert_int_equal(resolve(store, json_pack("[{s:s}]", "question", "films"), &site, &err),
                     APH_EUNREADABLE);
    assert_int_equal(resolve(store, applied("bad", "media/../etc"), &site, &err), APH_EUSAGE);
    err = (aph_error_t)APH_ERROR_INIT;
    assert_int_equal(resolve(store, applied("gone", "nas/films"), &site, &err), APH_ENOTFOUND);
    assert_non_null(strstr(err.message, "media"));
    assert_int_equal(resolve(store, json_array(), &site, &err), APR_SUCCESS);
    json_decref(site);
    aphd_catalog_store_close(store);
}

static int make_base(void **state)
{
    return mkdtemp(base) == NULL;
}

static int remove_base(void **state)
{
    aph_error_t err = APH_ERROR_INIT;
    return aphd_purge_path(base, &err) != APR_SUCCESS;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_paths_that_are_none),
        cmocka_unit_test(test_locations_lie_beside_each_other),
        cmocka_unit_test(test_the_way_to_it),
        cmocka_unit_test(test_folders_are_made_and_given),
        cmocka_unit_test(test_links_are_not_followed),
        cmocka_unit_test(test_another_folder_is_not_it),
        cmocka_unit_test(test_rows_of_a_plan),
        cmocka_unit_test(test_answers_are_a_persons),
    };
    apr_initialize();
    apr_pool_create(&pool, NULL);
    return cmocka_run_group_tests_name("storage", tests, make_base, remove_base);
}
