/* SPDX-License-Identifier: Apache-2.0 */
/* The route snapshot: host name -> app, as one immutable file. */
#include "common/route_map.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "common/file_replace.h"
#include "common/hostname.h"

#define OLDEST_VERSION (APH_ROUTE_MAP_VERSION - 1)
#define ENTRIES_MAX    262144u
#define FILE_MAX       (96u * 1024 * 1024)

static const char magic[8] = {'A', 'P', 'H', 'R', 'O', 'U', 'T', 'E'};

typedef struct header_t {
    char magic[8];
    uint32_t version;
    uint32_t bucket_count;
    uint64_t generation;
    uint32_t entry_count;
    uint32_t names_size;
    uint64_t checksum; /* FNV-1a of the whole file with this field as 0 */
} header_t;

/* In the file the route follows: as much of an aph_route_t as the file's version has. */
typedef struct entry_t {
    uint32_t name_offset; /* from the start of the names */
    uint32_t name_length;
} entry_t;

struct aph_route_map_t {
    size_t size;
    header_t *header; /* start of the mapping */
    uint32_t *buckets; /* read-only memory once a map was opened */
    char *entries;
    char *names;
    size_t route_size; /* octets of a route in this file */
};

/* Routes are copied whole, compared and written to files: an octet nobody set would be in them. */
_Static_assert(sizeof(aph_route_t) == offsetof(aph_route_t, name) + APH_LABEL_MAX + 1,
               "a route has no gaps");

static const char *const state_names[] = {NULL,      "installing", "starting",
                                          "running", "stopped",    "failing"};

#define FNV_BASIS UINT64_C(14695981039346656037)
#define FNV_PRIME UINT64_C(1099511628211)

static uint64_t fnv1a(uint64_t hash, const void *octets, size_t length)
{
    const unsigned char *octet = octets;
    for (size_t i = 0; i < length; i++)
        hash = (hash ^ octet[i]) * FNV_PRIME;
    return hash;
}

static uint32_t bucket_of(const char *host, size_t length, uint32_t bucket_count)
{
    uint64_t hash = fnv1a(FNV_BASIS, host, length);
    return (uint32_t)(hash ^ (hash >> 32)) & (bucket_count - 1);
}

static uint64_t checksum_of(const header_t *header, size_t size)
{
    header_t copy = *header;
    copy.checksum = 0;
    uint64_t hash = fnv1a(FNV_BASIS, &copy, sizeof copy);
    return fnv1a(hash, header + 1, size - sizeof copy);
}

static size_t route_size_of(uint32_t version)
{
    return version >= 2 ? sizeof(aph_route_t) : offsetof(aph_route_t, name);
}

/* Points the parts of map into its octets. The counts must have been judged before. */
static void lay_out(aph_route_map_t *map)
{
    map->route_size = route_size_of(map->header->version);
    map->buckets = (uint32_t *)(map->header + 1);
    map->entries = (char *)(map->buckets + map->header->bucket_count);
    map->names = map->entries + map->header->entry_count * (sizeof(entry_t) + map->route_size);
}

static entry_t *entry_at(const aph_route_map_t *map, uint32_t index)
{
    return (entry_t *)(map->entries + index * (sizeof(entry_t) + map->route_size));
}

/* What the file's version does not have is 0. */
static void copy_route(const aph_route_map_t *map, const entry_t *entry, aph_route_t *route)
{
    memset(route, 0, sizeof *route);
    memcpy(route, entry + 1, map->route_size);
}

/* NULL when the route can be; else what is wrong with it. */
static const char *judge_route(const aph_route_t *route)
{
    if (aph_route_state_name(route->state) == NULL)
        return "a route has no state";
    if (route->port == 0 && (route->flags & APH_ROUTE_FILES) == 0)
        return "a route has no port";
    if (memchr(route->name, '\0', sizeof route->name) == NULL ||
        (route->name[0] != '\0' && !aph_label_valid(route->name)))
        return "the name of a route is none";
    return NULL;
}

/* 0 for counts no writer makes; else the size such a file has. Limits keep it from overflowing. */
static size_t size_of(const header_t *header)
{
    uint32_t bucket_count = header->bucket_count, entry_count = header->entry_count;
    uint32_t names_size = header->names_size;
    if (entry_count > ENTRIES_MAX || bucket_count > ENTRIES_MAX * 4 || bucket_count < 2 ||
        bucket_count / 2 < entry_count || (bucket_count & (bucket_count - 1)) != 0 ||
        names_size > ENTRIES_MAX * (APH_HOST_MAX + 1))
        return 0;
    return sizeof(header_t) + (size_t)bucket_count * sizeof(uint32_t) +
           entry_count * (sizeof(entry_t) + route_size_of(header->version)) + names_size;
}

static const char *judge_header(const aph_route_map_t *map)
{
    const header_t *header = map->header;
    if (memcmp(header->magic, magic, sizeof magic) != 0)
        return "it does not start as one";
    if (header->version > APH_ROUTE_MAP_VERSION || header->version < OLDEST_VERSION)
        return "it was written by another version of apphost";
    if (map->size != size_of(header))
        return "its size and its header disagree";
    if (header->checksum != checksum_of(header, map->size))
        return "its checksum is wrong";
    return NULL;
}

/* A checksum only says that the octets are those of the writer. Lookups trust the offsets, so
 * each is looked at once here; as many used buckets as entries leaves empty ones, which end every
 * probe. */
static const char *judge_offsets(const aph_route_map_t *map)
{
    const header_t *header = map->header;
    uint32_t used = 0;
    for (uint32_t i = 0; i < header->bucket_count; i++) {
        if (map->buckets[i] > header->entry_count)
            return "a bucket points outside";
        used += map->buckets[i] != 0;
    }
    if (used != header->entry_count)
        return "its buckets and entries disagree";
    for (uint32_t i = 0; i < header->entry_count; i++) {
        const entry_t *entry = entry_at(map, i);
        aph_route_t route;
        if (entry->name_length > APH_HOST_MAX || entry->name_length > header->names_size ||
            entry->name_offset > header->names_size - entry->name_length)
            return "a name lies outside";
        copy_route(map, entry, &route);
        const char *fault = judge_route(&route);
        if (fault != NULL)
            return fault;
    }
    return NULL;
}

/* The octets are copied into memory of our own, which is then made read-only: a file that
 * somebody truncates in place would otherwise take down every process that has it mapped
 * (SIGBUS). */
static apr_status_t load(int fd, aph_route_map_t *map, const char *path, aph_error_t *err)
{
    struct stat about;
    if (fstat(fd, &about) != 0 || !S_ISREG(about.st_mode) ||
        about.st_size < (off_t)sizeof(header_t) || about.st_size > (off_t)FILE_MAX)
        return aph_error_set(err, APH_EUNREADABLE, 40,
                             "%s is not a route snapshot: its size is out of range", path);
    map->size = (size_t)about.st_size;
    void *octets = mmap(NULL, map->size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
                        -1, 0);
    if (octets == MAP_FAILED)
        return aph_error_set(err, APR_ENOMEM, 41, "no memory for the route snapshot %s", path);
    map->header = octets;
    for (size_t have = 0; have < map->size;) {
        ssize_t n = pread(fd, (char *)octets + have, map->size - have, (off_t)have);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return aph_error_set(err, APH_EUNREADABLE, 42,
                                 "the route snapshot %s ended while it was read", path);
        have += (size_t)n;
    }
    mprotect(octets, map->size, PROT_READ);
    return APR_SUCCESS;
}

static apr_status_t judge(aph_route_map_t *map, const char *path, aph_error_t *err)
{
    const char *fault = judge_header(map);
    if (fault == NULL) {
        lay_out(map);
        fault = judge_offsets(map);
    }
    if (fault != NULL)
        return aph_error_set(err, APH_EUNREADABLE, 43, "%s is not a route snapshot: %s", path,
                             fault);
    return APR_SUCCESS;
}

apr_status_t aph_route_map_open(aph_route_map_t **map, const char *path, aph_error_t *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0 && errno == ENOENT)
        return aph_error_set(err, APR_ENOENT, 44, "there is no route snapshot at %s", path);
    if (fd < 0)
        return aph_error_set(err, APR_FROM_OS_ERROR(errno), 45,
                             "the route snapshot %s cannot be opened (%s)", path, strerror(errno));
    aph_route_map_t *made = calloc(1, sizeof *made);
    apr_status_t rv = made != NULL ? load(fd, made, path, err) : APR_ENOMEM;
    close(fd);
    if (rv == APR_SUCCESS)
        rv = judge(made, path, err);
    if (rv != APR_SUCCESS) {
        aph_route_map_close(made);
        return rv;
    }
    *map = made;
    return APR_SUCCESS;
}

void aph_route_map_close(aph_route_map_t *map)
{
    if (map == NULL)
        return;
    if (map->header != NULL)
        munmap(map->header, map->size);
    free(map);
}

apr_status_t aph_route_map_find(const aph_route_map_t *map, const char *host, size_t length,
                                aph_route_t *route)
{
    uint32_t mask = map->header->bucket_count - 1;
    uint32_t at = bucket_of(host, length, map->header->bucket_count);
    for (; map->buckets[at] != 0; at = (at + 1) & mask) {
        const entry_t *entry = entry_at(map, map->buckets[at] - 1);
        if (entry->name_length == length &&
            memcmp(map->names + entry->name_offset, host, length) == 0) {
            copy_route(map, entry, route);
            return APR_SUCCESS;
        }
    }
    return APR_NOTFOUND;
}

uint64_t aph_route_map_generation(const aph_route_map_t *map)
{
    return map->header->generation;
}

uint32_t aph_route_map_count(const aph_route_map_t *map)
{
    return map->header->entry_count;
}

static uint32_t buckets_for(uint32_t count)
{
    uint32_t bucket_count = 2;
    while (bucket_count < count * 2)
        bucket_count *= 2;
    return bucket_count;
}

/* Puts one entry into the empty parts of map; names_used grows by its name. */
static apr_status_t place(aph_route_map_t *map, uint32_t index, const aph_route_entry_t *from,
                          uint32_t *names_used, aph_error_t *err)
{
    aph_route_t found;
    size_t length = strlen(from->host);
    if (aph_route_map_find(map, from->host, length, &found) == APR_SUCCESS)
        return aph_error_set(err, APH_ETAKEN, 46, "the address %s belongs to two apps (%u and %u)",
                             from->host, found.app_id, from->route.app_id);
    const char *fault = judge_route(&from->route);
    if (fault != NULL)
        return aph_error_set(err, APH_EINTERNAL, 47, "%s cannot be published: %s", from->host,
                             fault);
    entry_t *entry = entry_at(map, index);
    entry->name_offset = *names_used;
    entry->name_length = (uint32_t)length;
    memcpy(entry + 1, &from->route, sizeof from->route);
    memcpy(map->names + *names_used, from->host, length);
    *names_used += (uint32_t)length;

    uint32_t mask = map->header->bucket_count - 1;
    uint32_t at = bucket_of(from->host, length, map->header->bucket_count);
    while (map->buckets[at] != 0)
        at = (at + 1) & mask;
    map->buckets[at] = index + 1;
    return APR_SUCCESS;
}

static apr_status_t measure_names(const aph_route_entry_t *entries, uint32_t count,
                                  uint32_t *names_size, aph_error_t *err)
{
    *names_size = 0;
    for (uint32_t i = 0; i < count; i++) {
        size_t length = strlen(entries[i].host);
        if (length == 0 || length > APH_HOST_MAX)
            return aph_error_set(err, APH_EUSAGE, 49, "an address of app %u has %zu octets",
                                 entries[i].route.app_id, length);
        *names_size += (uint32_t)length;
    }
    return APR_SUCCESS;
}

/* An empty snapshot with room for count entries; its header (malloc'd) is the caller's to free. */
static apr_status_t make_empty(aph_route_map_t *map, uint32_t count, uint32_t names_size)
{
    header_t header = {.version = APH_ROUTE_MAP_VERSION,
                       .bucket_count = buckets_for(count),
                       .entry_count = count,
                       .names_size = names_size};
    memcpy(header.magic, magic, sizeof magic);
    map->size = size_of(&header);
    if (map->size < sizeof header)
        return APR_EINVAL;
    map->header = calloc(1, map->size);
    if (map->header == NULL)
        return APR_ENOMEM;
    *map->header = header;
    lay_out(map);
    return APR_SUCCESS;
}

apr_status_t aph_route_map_write(const char *path, uint64_t generation,
                                 const aph_route_entry_t *entries, uint32_t count,
                                 aph_error_t *err)
{
    if (count > ENTRIES_MAX)
        return aph_error_set(err, APH_ETOOLARGE, 48, "%u addresses are more than a snapshot holds",
                             count);
    uint32_t names_size, names_used = 0;
    apr_status_t rv = measure_names(entries, count, &names_size, err);
    if (rv != APR_SUCCESS)
        return rv;
    aph_route_map_t map = {0};
    if (make_empty(&map, count, names_size) != APR_SUCCESS)
        return aph_error_set(err, APR_ENOMEM, 50, "no memory for the route snapshot %s", path);
    map.header->generation = generation;
    for (uint32_t i = 0; i < count && rv == APR_SUCCESS; i++)
        rv = place(&map, i, &entries[i], &names_used, err);
    map.header->checksum = checksum_of(map.header, map.size);
    if (rv == APR_SUCCESS)
        rv = aph_file_replace(path, map.header, map.size, 0644, err);
    free(map.header);
    return rv;
}

const char *aph_route_state_name(int state)
{
    if (state < 0 || (size_t)state >= sizeof state_names / sizeof state_names[0])
        return NULL;
    return state_names[state];
}

int aph_route_state_parse(const char *name)
{
    for (int state = APH_ROUTE_INSTALLING; state <= APH_ROUTE_FAILING; state++)
        if (strcmp(name, state_names[state]) == 0)
            return state;
    return 0;
}
