/* SPDX-License-Identifier: Apache-2.0 */
/* The route snapshot: what is written is found, and no damage to the file does harm. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/stat.h>
#include <cmocka.h>

#include "common/file_replace.h"
#include "common/route_map.h"

static char folder[] = "/tmp/aph-test-XXXXXX";
static char path[64];

static int make_folder(void **state)
{
    if (mkdtemp(folder) == NULL)
        return -1;
    snprintf(path, sizeof path, "%s/routes", folder);
    return 0;
}

static int remove_folder(void **state)
{
    unlink(path);
    return rmdir(folder);
}

static aph_route_t route_of(uint32_t number)
{
    aph_route_t route = {.app_id = number,
                         .port = (uint16_t)(35000 + number % 30000),
                         .state = (uint8_t)(1 + number % 5),
                         .flags = number % 2,
                         .max_inflight = number,
                         .max_upgrades = number / 2};
    snprintf(route.name, sizeof route.name, "app%u", number);
    return route;
}

static void write_many(uint32_t count, uint64_t generation)
{
    aph_route_entry_t *entries = calloc(count + 1, sizeof *entries);
    char(*hosts)[32] = calloc(count + 1, sizeof *hosts);
    for (uint32_t i = 0; i < count; i++) {
        snprintf(hosts[i], sizeof hosts[i], "app%u.home.arpa", i);
        entries[i].host = hosts[i];
        entries[i].route = route_of(i);
    }
    aph_error_t err = APH_ERROR_INIT;
    assert_int_equal(aph_route_map_write(path, generation, entries, count, &err), APR_SUCCESS);
    free(hosts);
    free(entries);
}

static void finds_what_was_written(void **state)
{
    static const uint32_t counts[] = {0, 1, 2, 3, 50, 1000, 4096};
    for (size_t n = 0; n < sizeof counts / sizeof counts[0]; n++) {
        aph_route_map_t *map;
        aph_route_t route;
        write_many(counts[n], n + 7);
        assert_int_equal(aph_route_map_open(&map, path, NULL), APR_SUCCESS);
        assert_int_equal(aph_route_map_count(map), counts[n]);
        assert_int_equal(aph_route_map_generation(map), n + 7);
        for (uint32_t i = 0; i < counts[n] + 10; i++) {
            char host[32];
            int length = snprintf(host, sizeof host, "app%u.home.arpa", i);
            apr_status_t rv = aph_route_map_find(map, host, (size_t)length, &route);
            assert_int_equal(rv, i < counts[n] ? APR_SUCCESS : APR_NOTFOUND);
            aph_route_t expected = route_of(i);
            if (rv == APR_SUCCESS)
                assert_memory_equal(&route, &expected, sizeof route);
        }
        assert_int_equal(aph_route_map_find(map, "app0.home.arp", 13, &route), APR_NOTFOUND);
        assert_int_equal(aph_route_map_find(map, "", 0, &route), APR_NOTFOUND);
        aph_route_map_close(map);
    }
}

static void is_readable_for_all(void **state)
{
    struct stat about;
    mode_t mask = umask(0077);
    write_many(1, 1);
    umask(mask);
    assert_int_equal(stat(path, &about), 0);
    assert_int_equal(about.st_mode & 07777, 0644);
}

static void refuses_entries_that_cannot_be(void **state)
{
    aph_route_entry_t entries[] = {{"a.b", {.app_id = 1, .port = 1, .state = 3}},
                                   {"a.b", {.app_id = 2, .port = 2, .state = 3}}};
    char before[4096], long_host[300];
    size_t length;
    char *now;
    aph_error_t err = APH_ERROR_INIT;
    write_many(2, 1);
    assert_int_equal(aph_file_read(path, sizeof before, &now, &length, NULL), APR_SUCCESS);
    memcpy(before, now, length);
    free(now);

    assert_int_equal(aph_route_map_write(path, 2, entries, 2, &err), APH_ETAKEN);
    assert_non_null(strstr(err.message, "a.b"));
    entries[1].host = "";
    assert_int_equal(aph_route_map_write(path, 2, entries, 2, NULL), APH_EUSAGE);
    memset(long_host, 'x', sizeof long_host);
    long_host[APH_HOST_MAX + 1] = '\0';
    entries[1].host = long_host;
    assert_int_equal(aph_route_map_write(path, 2, entries, 2, NULL), APH_EUSAGE);
    entries[1].host = "b";
    entries[1].route.state = 0;
    assert_int_equal(aph_route_map_write(path, 2, entries, 2, NULL), APH_EINTERNAL);
    entries[1].route.state = 3;
    entries[1].route.port = 0;
    assert_int_equal(aph_route_map_write(path, 2, entries, 2, NULL), APH_EINTERNAL);
    entries[1].route.port = 2;
    memcpy(entries[1].route.name, "A\"b", 4);
    assert_int_equal(aph_route_map_write(path, 2, entries, 2, NULL), APH_EINTERNAL);
    memset(entries[1].route.name, 'x', sizeof entries[1].route.name);
    assert_int_equal(aph_route_map_write(path, 2, entries, 2, NULL), APH_EINTERNAL);

    assert_int_equal(aph_file_read(path, sizeof before, &now, &length, NULL), APR_SUCCESS);
    assert_memory_equal(before, now, length);
    free(now);
}

static void put(const char *octets, size_t length)
{
    unlink(path); /* a file cut in place would be written to disk each time */
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0644);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, octets, length), (ssize_t)length);
    close(fd);
}

static void refused(const char *octets, size_t length)
{
    aph_route_map_t *map = NULL;
    aph_error_t err = APH_ERROR_INIT;
    put(octets, length);
    assert_int_equal(aph_route_map_open(&map, path, &err), APH_EUNREADABLE);
    assert_non_null(strstr(err.message, path));
}

/* The same FNV-1a as the file's, to get past the checksum and at the checks behind it. */
static void seal(char *octets, size_t length)
{
    uint64_t hash = UINT64_C(14695981039346656037);
    memset(octets + 32, 0, 8);
    for (size_t i = 0; i < length; i++)
        hash = (hash ^ (unsigned char)octets[i]) * UINT64_C(1099511628211);
    memcpy(octets + 32, &hash, 8);
}

/* Header, buckets and names are the same in every version; a route of version 1 ends before its
 * name. */
#define HEADER   40
#define ENTRY_V2 (8 + sizeof(aph_route_t))
#define ENTRY_V1 (8 + offsetof(aph_route_t, name))

static size_t make_version_1(char *octets, size_t length)
{
    uint32_t version = 1, buckets, entries;
    memcpy(octets + 8, &version, sizeof version);
    memcpy(&buckets, octets + 12, sizeof buckets);
    memcpy(&entries, octets + 24, sizeof entries);
    char *from = octets + HEADER + buckets * sizeof(uint32_t), *to = from;
    for (uint32_t i = 0; i < entries; i++, from += ENTRY_V2, to += ENTRY_V1)
        memmove(to, from, ENTRY_V1);
    size_t names = length - (size_t)(from - octets);
    memmove(to, from, names);
    length = (size_t)(to - octets) + names;
    seal(octets, length);
    return length;
}

static void version_1_is_read(void **state)
{
    char *octets;
    size_t length;
    aph_route_map_t *map;
    aph_route_t route;
    write_many(50, 9);
    assert_int_equal(aph_file_read(path, 65536, &octets, &length, NULL), APR_SUCCESS);
    length = make_version_1(octets, length);
    put(octets, length);
    assert_int_equal(aph_route_map_open(&map, path, NULL), APR_SUCCESS);
    assert_int_equal(aph_route_map_count(map), 50);
    for (uint32_t i = 0; i < 50; i++) {
        char host[32];
        aph_route_t expected = route_of(i);
        memset(expected.name, 0, sizeof expected.name);
        memset(&route, 0x55, sizeof route);
        int size = snprintf(host, sizeof host, "app%u.home.arpa", i);
        assert_int_equal(aph_route_map_find(map, host, (size_t)size, &route), APR_SUCCESS);
        assert_memory_equal(&route, &expected, sizeof route);
    }
    aph_route_map_close(map);
    for (size_t cut = 0; cut < length; cut += 7)
        refused(octets, cut);
    octets[8] = 3;
    seal(octets, length);
    refused(octets, length);
    octets[8] = 0;
    seal(octets, length);
    refused(octets, length);
    free(octets);
}

static void files_need_no_port(void **state)
{
    aph_route_entry_t entry = {"f.b", {.app_id = 1, .state = 3, .flags = APH_ROUTE_FILES,
                                       .name = "f"}};
    aph_route_map_t *map;
    aph_route_t route;
    assert_int_equal(aph_route_map_write(path, 1, &entry, 1, NULL), APR_SUCCESS);
    assert_int_equal(aph_route_map_open(&map, path, NULL), APR_SUCCESS);
    assert_int_equal(aph_route_map_find(map, "f.b", 3, &route), APR_SUCCESS);
    assert_int_equal(route.port, 0);
    assert_string_equal(route.name, "f");
    aph_route_map_close(map);
}

static void every_octet_damaged(void **state)
{
    char *good;
    size_t length;
    write_many(5, 3);
    assert_int_equal(aph_file_read(path, 4096, &good, &length, NULL), APR_SUCCESS);
    for (size_t i = 0; i < length; i++)
        for (int bit = 0; bit < 8; bit++) {
            good[i] ^= (char)(1 << bit);
            refused(good, length);
            good[i] ^= (char)(1 << bit);
        }
    for (size_t cut = 0; cut < length; cut++)
        refused(good, cut);
    free(good);
}

/* With a right checksum an octet may lie and still make a snapshot: looking up must be safe. */
static void every_octet_damaged_and_sealed(void **state)
{
    static const unsigned char values[] = {0, 1, 0x7f, 0x80, 0xff};
    char *good, *bad;
    size_t length;
    unsigned accepted = 0, others = 0;
    write_many(5, 3);
    assert_int_equal(aph_file_read(path, 4096, &good, &length, NULL), APR_SUCCESS);
    bad = malloc(length + 1);
    for (size_t i = 0; i < length; i++)
        for (size_t v = 0; v < sizeof values; v++) {
            aph_route_map_t *map;
            aph_route_t route;
            memcpy(bad, good, length);
            bad[i] = (char)values[v];
            seal(bad, length);
            put(bad, length);
            if (aph_route_map_open(&map, path, NULL) != APR_SUCCESS) {
                others++;
                continue;
            }
            accepted++;
            for (int n = 0; n < 8; n++) {
                char host[32];
                int size = snprintf(host, sizeof host, "app%d.home.arpa", n);
                aph_route_map_find(map, host, (size_t)size, &route);
            }
            aph_route_map_close(map);
        }
    assert_true(accepted > 0 && others > 0);
    free(bad);
    free(good);
}

static void other_files(void **state)
{
    aph_route_map_t *map;
    aph_error_t err = APH_ERROR_INIT;
    unlink(path);
    assert_int_equal(aph_route_map_open(&map, path, &err), APR_ENOENT);
    assert_int_equal(aph_route_map_open(&map, folder, NULL), APH_EUNREADABLE);
    refused("", 0);
    refused("hello", 5);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_int_equal(aph_route_map_open(&map, path, NULL), APH_EUNREADABLE);
    unlink(path);
}

/* A file cut in place while it is in use: the map in memory does not notice. */
static void survives_truncation_in_place(void **state)
{
    aph_route_map_t *map;
    aph_route_t route;
    write_many(1000, 1);
    assert_int_equal(aph_route_map_open(&map, path, NULL), APR_SUCCESS);
    assert_int_equal(truncate(path, 0), 0);
    assert_int_equal(aph_route_map_find(map, "app999.home.arpa", 16, &route), APR_SUCCESS);
    assert_int_equal(route.app_id, 999);
    aph_route_map_close(map);
}

static void state_names(void **state)
{
    for (int i = APH_ROUTE_INSTALLING; i <= APH_ROUTE_FAILING; i++)
        assert_int_equal(aph_route_state_parse(aph_route_state_name(i)), i);
    assert_null(aph_route_state_name(0));
    assert_null(aph_route_state_name(6));
    assert_null(aph_route_state_name(-1));
    assert_int_equal(aph_route_state_parse("asleep"), 0);
    assert_int_equal(aph_route_state_parse(""), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_what_was_written),
        cmocka_unit_test(is_readable_for_all),
        cmocka_unit_test(refuses_entries_that_cannot_be),
        cmocka_unit_test(version_1_is_read),
        cmocka_unit_test(files_need_no_port),
        cmocka_unit_test(every_octet_damaged),
        cmocka_unit_test(every_octet_damaged_and_sealed),
        cmocka_unit_test(other_files),
        cmocka_unit_test(survives_truncation_in_place),
        cmocka_unit_test(state_names),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
