/* SPDX-License-Identifier: Apache-2.0 */
#include "helper/job/storage_plan.h"

#include <stdio.h>
#include <string.h>

#include "helper/job/writers.h"

static const char *text_of(const json_t *row, const char *member)
{
    const char *text = json_string_value(json_object_get(row, member));
    return text != NULL ? text : "";
}

static json_int_t number_of(const json_t *row, const char *member)
{
    return json_integer_value(json_object_get(row, member));
}

/* --- rows --- */

static json_t *row_at(json_t *rows, const char *path)
{
    size_t i;
    json_t *row;
    json_array_foreach(rows, i, row)
        if (strcmp(text_of(row, "path"), path) == 0)
            return row;
    return NULL;
}

static json_t *shared_with(const json_t *others, const char *path)
{
    json_t *names = json_array();
    size_t i;
    json_t *other;
    json_array_foreach((json_t *)others, i, other)
        if (strcmp(text_of(other, "path"), path) == 0)
            json_array_append(names, json_object_get(other, "app"));
    return names;
}

/* The most that any question about that answer wants. */
static json_int_t wanted_by(const json_t *site_rows, const char *answer)
{
    json_int_t most = 0;
    size_t i;
    json_t *site;
    json_array_foreach((json_t *)site_rows, i, site)
        if (strcmp(text_of(site, "answer"), answer) == 0 && number_of(site, "min_size") > most)
            most = number_of(site, "min_size");
    return most;
}

json_t *aphd_storage_rows(const json_t *binds, const json_t *site_rows, const json_t *compose,
                          const json_t *images, const json_t *others)
{
    json_t *rows = json_array();
    size_t i;
    json_t *bind;
    json_array_foreach((json_t *)binds, i, bind) {
        const char *path = text_of(bind, "path"), *answer = text_of(bind, "answer");
        json_t *row = row_at(rows, path);
        if (json_object_get(bind, "location") == NULL)
            continue;
        if (row == NULL) {
            const char *slash = strchr(answer, '/');
            row = json_pack("{s:s,s:s,s:s,s:s,s:b,s:b,s:[],s:n,s:n,s:o,s:n,s:o,s:n,s:I}", "answer",
                            answer, "location", text_of(bind, "location"), "folder",
                            slash != NULL ? slash + 1 : "", "path", path, "read_only", 1, "new", 0,
                            "mounts", "owner", "given", "writers",
                            aphd_writers_of(path, binds, compose, images), "writable", "shared",
                            shared_with(others, path), "free", "wanted",
                            wanted_by(site_rows, answer));
            json_array_append_new(rows, row);
        }
        int read_only = json_is_true(json_object_get(bind, "read_only"));
        if (!read_only)
            json_object_set_new(row, "read_only", json_false());
        json_array_append_new(json_object_get(row, "mounts"),
                              json_pack("{s:s,s:s,s:b}", "service", text_of(bind, "service"),
                                        "target", text_of(bind, "target"), "read_only", read_only));
    }
    return rows;
}

int aphd_storage_row_owner(const json_t *row, aphd_storage_owner_t *owner)
{
    uid_t uid;
    gid_t gid;
    if (!aphd_writers_owner(json_object_get(row, "writers"), &uid, &gid))
        return 0;
    owner->uid = uid;
    owner->gid =
        gid != (gid_t)-1 ? gid : (gid_t)uid; /* by far the most common, and no one's else */
    return 1;
}

/* Whether a user may make files in what is there; access lists are not looked at. */
static int may_write(const struct stat *st, json_int_t uid, json_int_t gid)
{
    mode_t bits = uid == (json_int_t)st->st_uid ? S_IWUSR | S_IXUSR
                : gid == (json_int_t)st->st_gid ? S_IWGRP | S_IXGRP : S_IWOTH | S_IXOTH;
    return uid == 0 || (st->st_mode & bits) == bits;
}

/* False as soon as one of them cannot; null where one is not known. */
static json_t *writable(const json_t *row, const struct stat *st)
{
    size_t i;
    json_t *writer;
    int known = 1;
    json_array_foreach(json_object_get(row, "writers"), i, writer) {
        if (!json_is_integer(json_object_get(writer, "uid"))) {
            known = 0;
            continue;
        }
        const json_t *gid = json_object_get(writer, "gid");
        if (!may_write(st, number_of(writer, "uid"),
                       json_is_integer(gid) ? json_integer_value(gid) : -1))
            return json_false();
    }
    return known ? json_true() : json_null();
}

void aphd_storage_rows_add(json_t *row, const aphd_storage_folder_t *seen, int remapped)
{
    char mode[8];
    aphd_storage_owner_t owner;
    json_object_set_new(row, "new", json_boolean(!seen->there));
    json_object_set_new(row, "free", seen->free >= 0 ? json_integer(seen->free) : json_null());
    if (!seen->there) {
        if (!remapped && aphd_storage_row_owner(row, &owner))
            json_object_set_new(row, "given", json_pack("{s:I,s:I}", "uid", (json_int_t)owner.uid,
                                                        "gid", (json_int_t)owner.gid));
        return;
    }
    snprintf(mode, sizeof mode, "%04o", (unsigned)(seen->st.st_mode & 07777));
    json_object_set_new(row, "owner", json_pack("{s:I,s:I,s:s}", "uid",
                                                (json_int_t)seen->st.st_uid, "gid",
                                                (json_int_t)seen->st.st_gid, "mode", mode));
    if (!remapped && !json_is_true(json_object_get(row, "read_only")))
        json_object_set_new(row, "writable", writable(row, &seen->st));
}

/* --- other apps --- */

static json_t *other_of(json_t *others, const char *name, const char *path)
{
    size_t i;
    json_t *other;
    json_array_foreach(others, i, other)
        if (strcmp(text_of(other, "app"), name) == 0 && strcmp(text_of(other, "path"), path) == 0)
            return other;
    return NULL;
}

/* Each folder of an app once; it is only read where all rows say so. */
static void add_others(json_t *others, const json_t *app, const json_t *rows)
{
    const char *name = text_of(app, "name");
    size_t i;
    json_t *row;
    json_array_foreach((json_t *)rows, i, row) {
        int read_only = json_is_true(json_object_get(row, "read_only"));
        json_t *known = other_of(others, name, text_of(row, "path"));
        if (known == NULL)
            json_array_append_new(others,
                json_pack("{s:s,s:s,s:s,s:s,s:b}", "app", name, "path", text_of(row, "path"),
                          "location", text_of(row, "location"), "answer", text_of(row, "answer"),
                          "read_only", read_only));
        else if (!read_only)
            json_object_set_new(known, "read_only", json_false());
    }
}

json_t *aphd_storage_others(const json_t *apps, const char *name)
{
    json_t *others = json_array();
    size_t i;
    json_t *app;
    json_array_foreach((json_t *)apps, i, app) {
        if (strcmp(text_of(app, "name"), name) == 0)
            continue;
        add_others(others, app, json_object_get(app, "storage"));
        add_others(others, app, json_object_get(app, "wanted"));
    }
    return others;
}

/* --- warnings --- */

static void add(json_t *warnings, json_t *text)
{
    json_array_append_new(warnings, json_pack("{s:s,s:o}", "id", "storage", "text", text));
}

/* The first of the row's writers that has a number, and is not root. */
static const json_t *first_writer(const json_t *row)
{
    size_t i;
    json_t *writer;
    json_array_foreach(json_object_get(row, "writers"), i, writer)
        if (number_of(writer, "uid") > 0)
            return writer;
    return NULL;
}

static void warn_owner(const json_t *row, json_t *warnings)
{
    const json_t *owner = json_object_get(row, "owner"), *writer = first_writer(row);
    if (!json_is_false(json_object_get(row, "writable")) || writer == NULL)
        return;
    add(warnings, json_sprintf("%s belongs to %lld:%lld (mode %s), and %s writes as user %lld: it "
                               "will not be able to. Let that user write there, or choose a folder "
                               "that does not exist yet", text_of(row, "path"),
                               (long long)number_of(owner, "uid"),
                               (long long)number_of(owner, "gid"), text_of(owner, "mode"),
                               text_of(writer, "service"), (long long)number_of(writer, "uid")));
}

static void warn_space(const json_t *row, json_t *warnings)
{
    const json_t *free = json_object_get(row, "free");
    double wanted = (double)number_of(row, "wanted"), there = (double)json_integer_value(free);
    if (json_is_integer(free) && wanted > there)
        add(warnings,
            json_sprintf("%s should have %.1f GB of room, its author says, and %.1f GB are "
                         "free there",
                         text_of(row, "answer"), wanted / 1e9, there / 1e9));
}

void aphd_storage_warn(const json_t *rows, json_t *warnings)
{
    size_t i;
    json_t *row;
    json_array_foreach((json_t *)rows, i, row) {
        warn_owner(row, warnings);
        warn_space(row, warnings);
    }
}
