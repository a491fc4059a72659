/* SPDX-License-Identifier: Apache-2.0 */
#include "helper/job/plan_needs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <sys/sysinfo.h>

#include "helper/job/image_sizes.h"

#define LEFT_FREE (1LL << 30) /* a machine with less than this on a disk is in trouble anyway */

/* --- the machine --------------------------------------------------------------------------- */

json_int_t aphd_plan_available(const char *meminfo)
{
    long long kibibytes = -1;
    const char *line = strstr(meminfo, "MemAvailable:");
    if (line == NULL || sscanf(line, "MemAvailable: %lld kB", &kibibytes) != 1 || kibibytes < 0)
        return -1;
    return kibibytes * 1024;
}

static json_int_t memory_free(const struct sysinfo *memory)
{
    char text[4096] = "";
    FILE *file = fopen("/proc/meminfo", "re");
    size_t length = file != NULL ? fread(text, 1, sizeof text - 1, file) : 0;
    text[length] = '\0';
    if (file != NULL)
        fclose(file);
    json_int_t available = aphd_plan_available(text);
    return available >= 0 ? available : (json_int_t)memory->freeram * (json_int_t)memory->mem_unit;
}

static json_t *disk_free(const char *path)
{
    struct statvfs disk;
    if (path == NULL || statvfs(path, &disk) != 0)
        return json_null();
    return json_integer((json_int_t)disk.f_bavail * (json_int_t)disk.f_frsize);
}

json_t *aphd_plan_machine(const char *state_dir, const char *engine_root)
{
    struct sysinfo memory = {0};
    sysinfo(&memory);
    json_t *images = disk_free(engine_root);
    return json_pack("{s:I, s:I, s:o, s:s?, s:o}", "memory_free", memory_free(&memory),
                     "memory_all", (json_int_t)memory.totalram * (json_int_t)memory.mem_unit,
                     "disk_free", disk_free(state_dir),
                     "images_disk", json_is_integer(images) ? engine_root : NULL,
                     "images_disk_free", images);
}

/* --- needs --------------------------------------------------------------------------------- */

json_t *aphd_plan_memory(const json_t *compose)
{
    json_int_t sum = 0;
    const char *name;
    json_t *service;
    json_object_foreach(json_object_get(compose, "services"), name, service) {
        const json_t *octets = json_object_get(service, "mem_reservation");
        if (!json_is_integer(octets))
            octets = json_object_get(service, "mem_limit");
        sum += json_integer_value(octets);
    }
    return sum > 0 ? json_integer(sum) : json_null();
}

/* --- warnings ------------------------------------------------------------------------------ */

static void size_text(char out[32], json_int_t octets)
{
    static const char *const units[] = {"kB", "MB", "GB", "TB", "PB", "EB"};
    double value = (double)octets / 1000;
    size_t unit = 0;
    while (value >= 999.95 && unit + 1 < sizeof units / sizeof units[0]) {
        value /= 1000;
        unit++;
    }
    snprintf(out, 32, "%.1f %s", value, units[unit]);
}

static void add(json_t *warnings, const char *id, json_t *text)
{
    json_array_append_new(warnings, json_pack("{s:s, s:o}", "id", id, "text", text));
}

/* The disk images are unpacked on, where it can be seen; else apphost's own, a good guess. */
static const json_t *disk_of(const json_t *machine)
{
    const json_t *images = json_object_get(machine, "images_disk_free");
    return json_is_integer(images) ? images : json_object_get(machine, "disk_free");
}

static void warn_disk(json_t *warnings, const json_t *needs, const json_t *machine)
{
    char have[32], need[32], load[32];
    json_int_t download = json_integer_value(json_object_get(needs, "download"));
    json_int_t disk = json_integer_value(json_object_get(needs, "disk"));
    const json_t *there = disk_of(machine);
    const char *root = json_string_value(json_object_get(machine, "images_disk"));
    if (!json_is_integer(there))
        return;
    size_text(have, json_integer_value(there));
    size_text(need, disk);
    size_text(load, download);
    if (json_integer_value(there) < aphd_image_disk_least(download))
        add(warnings, "disk", json_sprintf("the images do not fit: %s to download and to unpack, "
            "and %s is free in %s; it will not be installed before there is room", load, have,
            root != NULL ? root : "the engine's disk"));
    else if (json_integer_value(there) < disk + LEFT_FREE)
        add(warnings, "disk", json_sprintf("disk is short: the images need about %s, unpacked, and "
            "%s is free in %s", need, have, root != NULL ? root : "the engine's disk"));
}

static void warn_memory(json_t *warnings, const json_t *needs, const json_t *machine)
{
    char have[32], need[32];
    json_int_t wanted = json_integer_value(json_object_get(needs, "memory"));
    json_int_t available = json_integer_value(json_object_get(machine, "memory_free"));
    if (wanted <= available)
        return;
    size_text(have, available);
    size_text(need, wanted);
    add(warnings, "memory", json_sprintf("memory is short: its script counts on %s, and %s is "
                                         "available; it or other apps may be killed", need, have));
}

json_t *aphd_plan_warnings(const json_t *needs, const json_t *machine, const json_t *images)
{
    json_t *warnings = json_array();
    size_t i;
    json_t *image;
    warn_disk(warnings, needs, machine);
    warn_memory(warnings, needs, machine);
    json_array_foreach((json_t *)images, i, image) {
        const char *note = json_string_value(json_object_get(image, "note"));
        const char *ref = json_string_value(json_object_get(image, "ref"));
        if (note != NULL && ref != NULL)
            add(warnings, "size", json_sprintf("the size of %s is unknown: %s", ref, note));
    }
    return warnings;
}

apr_status_t aphd_plan_fits(const json_t *plan, aph_error_t *err)
{
    char have[32], load[32];
    const json_t *there = disk_of(json_object_get(plan, "machine"));
    const char *root = json_string_value(
        json_object_get(json_object_get(plan, "machine"), "images_disk"));
    json_int_t download = json_integer_value(
        json_object_get(json_object_get(plan, "needs"), "download"));
    if (!json_is_integer(there)
        || json_integer_value(there) >= aphd_image_disk_least(download))
        return APR_SUCCESS;
    size_text(have, json_integer_value(there));
    size_text(load, download);
    return aph_error_set(err, APH_ENOSPACE, 2259, "the images do not fit: %s to download and to "
                         "unpack, and %s is free in %s; free some space (docker image prune) and "
                         "try again", load, have, root != NULL ? root : "the engine's disk");
}
