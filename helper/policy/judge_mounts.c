/* SPDX-License-Identifier: Apache-2.0 */
/* What a service sees of files: folders of the app, its volumes, memory, and two clocks of the
 * host. */
#include <stdio.h>
#include <string.h>

#include "common/utf8.h"
#include "helper/base/job_wire.h"
#include "helper/policy/grammar.h"
#include "helper/policy/judge.h"

#define TMPFS_MAX (1LL << 30)

static void deny_mount(aphd_judge_t *j, const json_t *row, const char *what, const char *rule,
                       const char *why)
{
    aphd_find(j, APHD_DENY, aphd_line(row), what, rule, "%.120s: %s", what, why);
}

static int is_one_of(const char *text, const char *const *list)
{
    for (; *list != NULL; list++)
        if (strcmp(text, *list) == 0)
            return 1;
    return 0;
}

/* Options of the short form that change nothing here: caching hints, labels of SELinux, what
 * compose does anyway. */
static const char *const harmless_words[] = {"z",         "Z",      "cached",   "delegated",
                                             "consistent", "nocopy", "rprivate", "private", NULL};

/* The text of a file to mount; it has no meaning but for a bind. */
static int is_content(const json_t *row, const char *option)
{
    return strcmp(option, "content") == 0 && strcmp(aphd_text(row, "type"), "bind") == 0;
}

static const char *content_of(const json_t *row)
{
    size_t i;
    json_t *pair;
    json_array_foreach(json_object_get(row, "options"), i, pair)
        if (is_content(row, json_string_value(json_array_get(pair, 0))))
            return json_string_value(json_array_get(pair, 1));
    return NULL;
}

/* false stands beside the text of a file; elsewhere it would ask for an empty one. */
void judge_is_directory(aphd_judge_t *j)
{
    if (strcmp(j->text, "true") != 0 && strcmp(j->text, "false") != 0)
        aphd_find(j, APHD_DENY, j->line, j->part, "value", "%.40s is true or false", j->part);
    else if ((strcmp(j->text, "true") == 0) == j->has_content)
        aphd_find(j, APHD_DENY, j->line, j->part, "value", "%.40s: %.10s: %s", j->part, j->text,
                  j->reason);
}

static int check_options(aphd_judge_t *j, const json_t *row)
{
    size_t i;
    json_t *pair;
    j->has_content = content_of(row) != NULL;
    json_array_foreach(json_object_get(row, "options"), i, pair) {
        const char *name = json_string_value(json_array_get(pair, 0));
        if (is_one_of(name, harmless_words) || is_content(row, name))
            continue;
        const char *value = json_string_value(json_array_get(pair, 1));
        if (*value == '\0' && strchr(name, '.') == NULL) {
            deny_mount(j, row, name, "mount-option",
                       "not an option of a mount that apphost passes on");
            return 0;
        }
        j->line = aphd_line(row);
        if (!aphd_judge_option(j, APHD_SERVICE, "volumes.#", name, value))
            return 0;
    }
    return 1;
}

/* Mounts made in a container would appear on the host, or those of the host in it. */
void judge_propagation(aphd_judge_t *j)
{
    if (strcmp(j->text, "rprivate") != 0 && strcmp(j->text, "private") != 0)
        aphd_find(j, APHD_DENY, j->line, j->text, "mount-option", "%.40s is not allowed: %s",
                  j->text, j->reason);
}

static void put_mount(aphd_judge_t *j, const json_t *row, const char *type, const char *source,
                      int read_only)
{
    json_t *mount = json_pack("{s:s,s:s*,s:s}", "type", type, "source", source, "target",
                              aphd_text(row, "target"));
    if (read_only)
        json_object_set_new(mount, "read_only", json_true());
    aphd_put_item(j, "volumes", mount);
}

/* path is clean and below data_dir. */
void aphd_mount_folder(aphd_judge_t *j, const json_t *row, const char *path)
{
    int read_only = json_is_true(json_object_get(row, "read_only"));
    json_t *source = json_sprintf("%s/%s", j->site->data_dir, path);
    put_mount(j, row, "bind", json_string_value(source), read_only);
    json_decref(source);
    json_t *bind =
        json_pack("{s:s,s:i,s:s,s:s,s:b}", "service", j->name, "line", aphd_line(row), "path", path,
                  "target", aphd_text(row, "target"), "read_only", read_only);
    if (json_array_append_new(j->result->binds, bind) != 0)
        j->failed = 1;
}

/* Files are written beside the data of the app, where nothing is filled in: a $ in one is a $. Zero
 * when the text is refused. */
static int take_content(aphd_judge_t *j, const json_t *row, const char *path)
{
    const char *text = content_of(row), *other = NULL;
    size_t i;
    json_t *file;
    json_array_foreach(j->result->files, i, file)
        if (strcmp(aphd_text(file, "path"), path) == 0)
            other = aphd_text(file, "text");
    if (text == NULL || (other != NULL && strcmp(text, other) == 0))
        return 1;
    if (other != NULL || strlen(text) > APHD_CONTENT_MAX) {
        deny_mount(j, row, path, "content",
                   other != NULL ? "it is given two texts" : "its text is longer than 64 KiB");
        return 0;
    }
    file = json_pack("{s:s,s:s,s:s}", "path", path, "text", text, "mode", "0444");
    if (json_array_append_new(j->result->files, file) != 0)
        j->failed = 1;
    return 1;
}

static void mount_data(aphd_judge_t *j, const json_t *row, const char *path)
{
    if (take_content(j, row, path))
        aphd_mount_folder(j, row, path);
}

/* The two files of the host that say nothing but the time. */
static int is_clock(const char *source)
{
    return strcmp(source, "/etc/localtime") == 0 || strcmp(source, "/etc/timezone") == 0;
}

/* Whether path is where the engine, or something like it, takes orders, or a folder above. */
static int gives_orders(const char *path)
{
    static const char *const above[] = {"/", "/run", "/var", "/var/run", NULL};
    static const char *const folders[] = {"docker", "containerd", "podman", "apphost"};
    const char *run = aphd_below(path, "/var/run") ? path + strlen("/var") : path;
    int below = 0;
    for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++) {
        char folder[32];
        snprintf(folder, sizeof folder, "/run/%s", folders[i]);
        below |= aphd_below(run, folder);
    }
    return below || strstr(path, ".sock") != NULL || is_one_of(path, above);
}

static int foreign_path_allowed(aphd_judge_t *j, const json_t *row, const char *source)
{
    int allowed = gives_orders(source)
        ? aphd_override(j, aphd_line(row), source, "docker-socket",
                        "%.120s: a socket in it hands over the host or its other programs, "
                        "also read-only",
                        source)
        : aphd_override(j, aphd_line(row), source, "host-path",
                        "%.120s: an app sees only its own folder of this machine: write ./NAME",
                        source);
    aphd_terms(j, "%s as %s", json_is_true(json_object_get(row, "read_only")) ? "read-only"
                                                                               : "read and write",
               aphd_text(row, "target"));
    return allowed;
}

static void judge_host_path(aphd_judge_t *j, const json_t *row, const char *source)
{
    size_t length = strlen(j->site->data_dir);
    char clean[1024];
    if (aphd_below(source, j->site->data_dir)
        && aphd_relative(source + length + (source[length] == '/'), clean, sizeof clean)
        && !aphd_below(clean, ".apphost"))
        mount_data(j, row, clean);
    else if (content_of(row) != NULL)
        deny_mount(j, row, source, "host-path",
                   "a file with a text is one of the app: write ./NAME");
    else if (is_clock(source) && json_is_true(json_object_get(row, "read_only")))
        put_mount(j, row, "bind", source, 1);
    else if (is_clock(source))
        deny_mount(j, row, source, "host-path", "the host's clock is mounted read-only: add :ro");
    else if (!aphd_absolute(source) && strcmp(source, "/") != 0)
        deny_mount(j, row, source, "host-path", "a path of this machine has no . or .. in it");
    else if (foreign_path_allowed(j, row, source))
        put_mount(j, row, "bind", source, json_is_true(json_object_get(row, "read_only")));
}

static void judge_bind(aphd_judge_t *j, const json_t *row)
{
    const char *source = aphd_text(row, "source");
    char clean[1024];
    if (source == NULL || *source == '\0')
        deny_mount(j, row, aphd_text(row, "target"), "mount", "names no source");
    else if (*source == '/')
        judge_host_path(j, row, source);
    else if (*source == '~')
        deny_mount(j, row, source, "host-path", "an app has no home folder: write ./NAME");
    else if (!aphd_relative(source, clean, sizeof clean))
        deny_mount(j, row, source, "host-path",
                   "is the app's folder itself or leaves it: name a folder in it, as in ./data");
    else if (aphd_below(clean, ".apphost"))
        deny_mount(j, row, source, "host-path", "this folder is apphost's own");
    else {
        aphd_find(j, APHD_REWRITE, aphd_line(row), source, "data-folder",
                  "%.120s is kept in the app's data folder", source);
        mount_data(j, row, clean);
    }
}

static void judge_volume(aphd_judge_t *j, const json_t *row)
{
    const char *source = aphd_text(row, "source");
    int read_only = json_is_true(json_object_get(row, "read_only"));
    if (source == NULL || *source == '\0') {
        put_mount(j, row, "volume", NULL, 0);
    } else if (!aphd_name(source)) {
        deny_mount(j, row, source, "mount", "not the name of a volume; a folder is written ./NAME");
    } else if (json_object_get(j->volumes, source) != NULL) {
        put_mount(j, row, "volume", source, read_only);
    } else {
        /* Format 1 has no list of volumes (to name one was to make it, for all apps at once), and
         * some stores leave the list to their own tools. */
        aphd_find(j, APHD_REWRITE, aphd_line(row), source, "own-volume",
                  "the volume %.63s becomes this app's own", source);
        json_t *volume =
            json_pack("{s:o,s:{s:s,s:o}}", "name", json_sprintf("%s_%s", j->site->project, source),
                      "labels", APHD_LABEL_INSTANCE, j->site->instance, APHD_LABEL_APP,
                      json_sprintf("%d", j->site->app_id));
        json_object_set_new(j->volumes, source, volume);
        put_mount(j, row, "volume", source, read_only);
    }
}

/* --- memory as a file system --- */

/* One option of a tmpfs: kept in out, or not. Zero for one that is not known. */
static int take_tmpfs_option(const char *option, size_t length, char *out, size_t size,
                             int *changed)
{
    char text[64];
    long long octets = 0;
    if (length >= sizeof text)
        return 0;
    memcpy(text, option, length);
    text[length] = '\0';
    static const char *const kept[] = {"noexec", "nosuid", "nodev", "ro", NULL};
    static const char *const dropped[] = {"exec", "suid", "dev", NULL};
    size_t used = strlen(out);
    if (strncmp(text, "size=", 5) == 0) {
        if (!aphd_size(text + 5, &octets))
            return 0;
        *changed |= octets > TMPFS_MAX || octets <= 0;
        return snprintf(out + used, size - used, ",size=%lld",
                        octets > TMPFS_MAX || octets <= 0 ? TMPFS_MAX : octets)
               > 0;
    }
    if (is_one_of(text, dropped)) {
        *changed = 1;
        return 1;
    }
    int numbered = (strncmp(text, "mode=", 5) == 0 && aphd_made_of(text + 5, "01234567", 4))
                   || (strncmp(text, "uid=", 4) == 0 && aphd_made_of(text + 4, "0123456789", 9))
                   || (strncmp(text, "gid=", 4) == 0 && aphd_made_of(text + 4, "0123456789", 9));
    if (strcmp(text, "rw") == 0)
        return 1;
    if (!numbered && !is_one_of(text, kept))
        return 0;
    return snprintf(out + used, size - used, ",%s", text) > 0;
}

static void judge_tmpfs_item(aphd_judge_t *j, const json_t *row)
{
    const char *text = aphd_text(row, "value");
    size_t length = strcspn(text, ":");
    char target[1024], options[256] = "";
    int changed = 0;
    snprintf(target, sizeof target, "%.*s", (int)(length < 1000 ? length : 1000), text);
    if (length > 1000 || !aphd_target(target)) {
        deny_mount(j, row, text, "mount-target", "nothing is mounted there in a container");
        return;
    }
    for (const char *at = text + length; *at != '\0';) {
        size_t step = strcspn(++at, ",");
        if (strlen(options) + step + 32 > sizeof options
            || !take_tmpfs_option(at, step, options, sizeof options, &changed)) {
            deny_mount(j, row, text, "mount-option", "has an option that apphost does not pass on");
            return;
        }
        at += step;
    }
    if (strstr(options, ",size=") == NULL)
        snprintf(options + strlen(options), sizeof options - strlen(options), ",size=%lld",
                 TMPFS_MAX);
    if (changed)
        aphd_find(j, APHD_REWRITE, aphd_line(row), text, "tmpfs",
                  "%s holds at most 1 GB, and no devices or programs with rights of their own",
                  target);
    aphd_put_item(j, "tmpfs", json_sprintf("%s:%s", target, options + 1));
}

void judge_tmpfs(aphd_judge_t *j)
{
    size_t i;
    json_t *row;
    json_array_foreach(j->value, i, row)
        judge_tmpfs_item(j, row);
}

/* type: tmpfs becomes a line of tmpfs, and is judged as one. */
static void judge_tmpfs_mount(aphd_judge_t *j, const json_t *row)
{
    char text[1400];
    size_t i;
    json_t *pair;
    int used = snprintf(text, sizeof text, "%.1001s", aphd_text(row, "target"));
    char separator = ':';
    json_array_foreach(json_object_get(row, "options"), i, pair) {
        const char *name = json_string_value(json_array_get(pair, 0));
        const char *value = json_string_value(json_array_get(pair, 1));
        if (strncmp(name, "tmpfs.", 6) != 0 || used > 1200) {
            deny_mount(j, row, name, "mount-option", "not an option of a tmpfs");
            return;
        }
        used += snprintf(text + used, sizeof text - (size_t)used, "%c%.20s=%.40s", separator,
                         name + 6, value);
        separator = ',';
    }
    aph_utf8_mend(text);
    json_t *line = json_pack("{s:i,s:s}", "line", aphd_line(row), "value", text);
    judge_tmpfs_item(j, line);
    json_decref(line);
}

/* The files of an image, or of one folder in it. */
static void judge_image_mount(aphd_judge_t *j, const json_t *row)
{
    char clean[1024] = "";
    size_t i;
    json_t *pair;
    json_array_foreach(json_object_get(row, "options"), i, pair) {
        const char *name = json_string_value(json_array_get(pair, 0));
        const char *value = json_string_value(json_array_get(pair, 1));
        if (strcmp(name, "image.subpath") != 0 || !aphd_relative(value, clean, sizeof clean)) {
            deny_mount(j, row, name, "mount-option", "not an option of an image's files");
            return;
        }
    }
    const char *source = aphd_text(row, "source");
    aphd_find(j, APHD_ASK, aphd_line(row), source, "image-mount",
              "the app reads the files of the image %.120s", source);
    aphd_terms(j, "%s as %s", *clean != '\0' ? clean : "all", aphd_text(row, "target"));
    json_t *mount = json_pack("{s:s,s:s,s:s,s:b}", "type", "image", "source", source, "target",
                              aphd_text(row, "target"), "read_only", 1);
    if (*clean != '\0')
        json_object_set_new(mount, "image", json_pack("{s:s}", "subpath", clean));
    aphd_put_item(j, "volumes", mount);
}

static void judge_mount(aphd_judge_t *j, const json_t *row)
{
    const char *type = aphd_text(row, "type");
    const char *target = aphd_text(row, "target");
    const char *source = aphd_text(row, "source");
    if (!aphd_target(target))
        deny_mount(j, row, *target != '\0' ? target : "target", "mount-target",
                   "nothing is mounted there: it must be an absolute path, not /, /proc, /sys or "
                   "/dev");
    else if (strcmp(type, "tmpfs") == 0)
        judge_tmpfs_mount(j, row);
    else if (strcmp(type, "image") == 0 && source != NULL && aphd_image(source))
        judge_image_mount(j, row);
    else if (strcmp(type, "storage") == 0)
        aphd_judge_storage(j, row);
    else if (!check_options(j, row))
        return;
    else if (strcmp(type, "bind") == 0)
        judge_bind(j, row);
    else if (strcmp(type, "volume") == 0)
        judge_volume(j, row);
    else
        deny_mount(j, row, type, "mount", "not a kind of mount that apphost knows");
}

void judge_mounts(aphd_judge_t *j)
{
    size_t i;
    json_t *row;
    json_array_foreach(j->value, i, row)
        judge_mount(j, row);
}

/* --- once all services were seen --- */

#define BINDS_MAX 256

static int is_writable(const json_t *bind)
{
    return !json_is_true(json_object_get(bind, "read_only"));
}

/* A container that may write to ./a can put a symbolic link at ./a/b. Who mounts ./a/b would then
 * be given whatever the link names, of this machine: so nobody mounts below what somebody may
 * write to. */
void aphd_binds_settle(aphd_judge_t *j)
{
    size_t i, k, count = json_array_size(j->result->binds);
    json_t *inner, *outer;
    j->section = "services";
    j->key = "volumes";
    if (count > BINDS_MAX) {
        j->name = NULL;
        aphd_find(j, APHD_DENY, 1, NULL, "too-many", "%zu folders; an app has at most %d", count,
                  BINDS_MAX);
        return;
    }
    json_array_foreach(j->result->binds, i, inner) {
        const char *path = aphd_text(inner, "path");
        j->name = aphd_text(inner, "service");
        json_array_foreach(j->result->binds, k, outer) {
            const char *above = aphd_text(outer, "path");
            if (strcmp(path, above) == 0 || !aphd_below(path, above) || !is_writable(outer))
                continue;
            aphd_find(
                j, APHD_DENY, aphd_line(inner), path, "nested-folder",
                "%s%.100s lies in %s%.100s, to which %.63s may write: it could put a link there "
                "that leads out of the app; mount folders beside each other",
                *path == '/' ? "" : "./", path, *above == '/' ? "" : "./", above,
                aphd_text(outer, "service"));
            break;
        }
    }
}
