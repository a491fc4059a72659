/* SPDX-License-Identifier: Apache-2.0 */
/* Any octets as a route snapshot, in three ways: as the file itself; as lines of hosts that are
 * written, read and found; and as that file with octets changed and the checksum put right again, so
 * that the fuzzer gets past it. Input: HOST '\n' HOST ... '\0' then groups of three octets, offset
 * (two) and what to XOR there. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "common/file_replace.h"
#include "common/hostname.h"
#include "common/route_map.h"

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t size);

#define ENTRIES 32
#define CHECKSUM_OFFSET 32

static char folder[] = "/dev/shm/aph-fuzz-XXXXXX"; /* in memory: every write is synced */
static char path[64];

static void must(int condition)
{
    if (!condition)
        abort();
}

static void remove_folder(void)
{
    unlink(path);
    rmdir(folder);
}

static void make_folder(void)
{
    must(mkdtemp(folder) != NULL);
    snprintf(path, sizeof path, "%s/routes", folder);
    must(atexit(remove_folder) == 0);
}

/* Opens the octets as a snapshot; whatever it holds, lookups come to an end and what they give is whole. */
static void check_octets(const void *octets, size_t size, const aph_route_entry_t *entries,
                         uint32_t count)
{
    char place[64];
    aph_route_map_t *map = NULL;
    aph_route_t route;
    aph_error_t err = APH_ERROR_INIT;
    int fd = memfd_create("routes", MFD_CLOEXEC);
    must(fd >= 0 && write(fd, octets, size) == (ssize_t)size);
    snprintf(place, sizeof place, "/proc/self/fd/%d", fd);
    apr_status_t status = aph_route_map_open(&map, place, &err);
    close(fd);
    if (status != APR_SUCCESS) {
        must(status == APH_EUNREADABLE && map == NULL && err.message[0] != '\0');
        return;
    }
    must(aph_route_map_count(map) <= size);
    for (uint32_t i = 0; i < count; i++)
        if (aph_route_map_find(map, entries[i].host, strlen(entries[i].host), &route) == APR_SUCCESS)
            must(aph_route_state_name(route.state) != NULL &&
                 (route.port != 0 || (route.flags & APH_ROUTE_FILES) != 0) &&
                 (route.name[0] == '\0' || aph_label_valid(route.name)));
    must(aph_route_map_find(map, "", 0, &route) == APR_NOTFOUND || aph_route_map_count(map) > 0);
    aph_route_map_find(map, "no.such.host", 12, &route);
    aph_route_map_close(map);
}

static uint64_t fnv1a(const unsigned char *octets, size_t size)
{
    uint64_t hash = UINT64_C(14695981039346656037);
    for (size_t i = 0; i < size; i++)
        hash = (hash ^ octets[i]) * UINT64_C(1099511628211);
    return hash;
}

static void put_checksum(char *octets, size_t size)
{
    memset(octets + CHECKSUM_OFFSET, 0, sizeof(uint64_t));
    uint64_t sum = fnv1a((unsigned char *)octets, size);
    memcpy(octets + CHECKSUM_OFFSET, &sum, sizeof sum);
}

/* Cuts text into host lines; each name is kept once. */
static uint32_t entries_of(char *text, aph_route_entry_t *entries, char hosts[][APH_HOST_MAX + 1])
{
    uint32_t count = 0;
    char *rest = NULL;
    for (char *line = strtok_r(text, "\n", &rest); line != NULL && count < ENTRIES;
         line = strtok_r(NULL, "\n", &rest)) {
        size_t length = strlen(line);
        if (length > APH_HOST_MAX)
            continue;
        memcpy(hosts[count], line, length + 1);
        int twice = 0;
        for (uint32_t i = 0; i < count; i++)
            twice |= strcmp(hosts[i], hosts[count]) == 0;
        if (twice)
            continue;
        entries[count].host = hosts[count];
        entries[count].route = (aph_route_t){.app_id = count + 1, .port = (uint16_t)(35001 + count),
                                             .state = (uint8_t)(1 + count % 5)};
        char *name = entries[count].route.name;
        size_t label = strcspn(line, ".");
        if (label <= APH_LABEL_MAX)
            memcpy(name, line, label);
        if (!aph_label_valid(name))
            memset(name, 0, APH_LABEL_MAX + 1);
        count++;
    }
    return count;
}

static void check_written(const aph_route_entry_t *entries, uint32_t count)
{
    aph_route_map_t *map = NULL;
    aph_route_t route;
    must(aph_route_map_open(&map, path, NULL) == APR_SUCCESS);
    must(aph_route_map_count(map) == count && aph_route_map_generation(map) == 7);
    for (uint32_t i = 0; i < count; i++) {
        must(aph_route_map_find(map, entries[i].host, strlen(entries[i].host), &route) == APR_SUCCESS);
        must(memcmp(&route, &entries[i].route, sizeof route) == 0);
    }
    aph_route_map_close(map);
}

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t size)
{
    static char hosts[ENTRIES][APH_HOST_MAX + 1];
    aph_route_entry_t entries[ENTRIES];
    char *written = NULL;
    size_t length = 0;
    if (path[0] == '\0')
        make_folder();
    check_octets(octets, size, NULL, 0);
    char *text = malloc(size + 1);
    must(text != NULL);
    memcpy(text, octets, size);
    text[size] = '\0';
    size_t patches = strlen(text) + 1;
    uint32_t count = entries_of(text, entries, hosts);
    if (aph_route_map_write(path, 7, entries, count, NULL) == APR_SUCCESS) {
        check_written(entries, count);
        must(aph_file_read(path, 1 << 20, &written, &length, NULL) == APR_SUCCESS);
        for (; patches + 3 <= size; patches += 3)
            written[(octets[patches] | octets[patches + 1] << 8) % length] ^= (char)octets[patches + 2];
        check_octets(written, length, entries, count);
        put_checksum(written, length);
        check_octets(written, length, entries, count);
        free(written);
    }
    free(text);
    return 0;
}
