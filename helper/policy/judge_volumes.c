/* SPDX-License-Identifier: Apache-2.0 */
/* Declared volumes, and the texts of configs and secrets. */
#include <stdio.h>
#include <string.h>

#include "helper/policy/grammar.h"
#include "helper/policy/judge.h"

void judge_volume_driver(aphd_judge_t *j)
{
    const char *driver = json_string_value(j->value);
    if (*driver != '\0' && strcmp(driver, "local") != 0)
        aphd_find(j, APHD_DENY, j->line, driver, "volume-driver",
                  "%.80s is a plugin that runs on the host", driver);
}

static const char *option(const aphd_judge_t *j, const char *name)
{
    size_t i;
    json_t *row;
    json_array_foreach(j->value, i, row)
        if (strcmp(aphd_text(row, "key"), name) == 0)
            return aphd_text(row, "value") != NULL ? aphd_text(row, "value") : "";
    return "";
}

static int nfs_option_known(const char *text, size_t length)
{
    static const char *const known[] = {"rw",      "ro",       "soft",   "hard",     "nolock",
                                        "noatime", "tcp",      "addr=",  "nfsvers=", "vers=",
                                        "timeo=",  "retrans=", "rsize=", "wsize=",   "port="};
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        size_t word = strlen(known[i]);
        int valued = known[i][word - 1] == '=';
        if (length >= word && memcmp(text, known[i], word) == 0 && (valued || length == word))
            return 1;
    }
    return 0;
}

/* "addr=10.0.0.1,rw": only words we know, and a server. */
static int nfs_options_fine(const char *text)
{
    if (strstr(text, "addr=") == NULL
        || !aphd_made_of(text,
                         "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                         "=.,:-_",
                         256))
        return 0;
    while (*text != '\0') {
        size_t length = strcspn(text, ",");
        if (!nfs_option_known(text, length))
            return 0;
        text += length + (text[length] == ',');
    }
    return 1;
}

/* With driver options the local driver mounts whatever they say: the way around every rule on
 * paths. Only a server's share can be agreed to. */
void judge_volume_driver_opts(aphd_judge_t *j)
{
    const char *type = option(j, "type"), *o = option(j, "o"), *device = option(j, "device");
    if (json_array_size(j->value) == 0)
        return;
    int nfs = strcmp(type, "nfs") == 0 || strcmp(type, "nfs4") == 0;
    if (!nfs || json_array_size(j->value) != 3 || !nfs_options_fine(o) || *device != ':'
        || !aphd_absolute(device + 1)) {
        aphd_find(j, APHD_DENY, j->line, *type != '\0' ? type : NULL, "volume-options",
                  "driver_opts could mount any folder or disk of this machine; leave them out");
        return;
    }
    char what[640];
    snprintf(what, sizeof what, "%s %s %.256s", type, o, device);
    aphd_find(j, APHD_ASK, j->line, what, "network-volume",
              "the engine mounts %.120s from another machine (%.80s)", device, o);
    aphd_terms(j, "%s %s", o, device);
    aphd_put(j, "driver_opts", json_pack("{s:s,s:s,s:s}", "type", type, "o", o, "device", device));
}

/* --- configs and secrets: a file beside the data, seen read-only --- */

void judge_content(aphd_judge_t *j)
{
    const char *text = json_string_value(j->value);
    if (strlen(text) > APHD_CONTENT_MAX) {
        aphd_find(j, APHD_DENY, j->line, NULL, "value", "more than %d octets of content",
                  APHD_CONTENT_MAX);
        return;
    }
    json_t *path = json_sprintf(".apphost/%s/%s", j->section, j->name);
    json_t *file = json_pack("{s:O,s:s,s:s}", "path", path, "text", text, "mode", "0444");
    if (json_array_append_new(j->result->files, file) != 0)
        j->failed = 1;
    aphd_put(j, "path", path);
}

void judge_content_file(aphd_judge_t *j)
{
    const char *path = json_string_value(j->value);
    char clean[1024];
    if (!aphd_relative(path, clean, sizeof clean) || aphd_below(clean, ".apphost")) {
        aphd_find(j, APHD_DENY, j->line, path, "host-path",
                  "%.120s is not a file of the app: it would be read from this machine", path);
        return;
    }
    aphd_find(j, APHD_REWRITE, j->line, path, "data-folder",
              "%.120s is kept in the app's data folder", path);
    aphd_put(j, "path", json_string(clean));
}

/* One use of a config: {source, target}, or its name alone. */
static void mount_use(aphd_judge_t *j, const json_t *use, const char *folder)
{
    const char *name = aphd_text(use, "source") != NULL ? aphd_text(use, "source") : "";
    json_t *id = json_sprintf("%s.%s", j->key, name);
    const json_t *content = json_object_get(j->contents, json_string_value(id));
    json_decref(id);
    const char *path = aphd_text(content, "path");
    if (path == NULL) {
        aphd_find(j, APHD_DENY, aphd_line(use), name, "content",
                  "%.63s is not declared under %s: with a content or file of its own", name,
                  j->key);
        return;
    }
    const char *given = aphd_text(use, "target") != NULL ? aphd_text(use, "target") : name;
    json_t *target = *given == '/' ? json_string(given) : json_sprintf("%s%s", folder, given);
    json_t *row =
        json_pack("{s:O,s:b,s:i}", "target", target, "read_only", 1, "line", aphd_line(use));
    if (aphd_target(json_string_value(target)))
        aphd_mount_folder(j, row, path);
    else
        aphd_find(j, APHD_DENY, aphd_line(use), given, "mount-target",
                  "%.120s: nothing is mounted there", given);
    json_decref(row);
    json_decref(target);
}

/* uid, gid and mode: read, so that nonsense is refused, and left out. */
void judge_use_owner(aphd_judge_t *j)
{
    const char *member = aphd_leaf_key(j->leaf, 1);
    long long number = 0;
    int is_mode = strcmp(member, "mode") == 0;
    if (!aphd_number(j->text, 0, 99999, &number)
        || (is_mode && (number > 777 || strpbrk(j->text, "89") != NULL)))
        aphd_find(j, APHD_DENY, j->line, j->text, "value", "%.40s: %.40s is not passed on", member,
                  j->text);
    else
        aphd_find(j, APHD_REWRITE, j->line, member, "ours", "%.40s is left out: the file is %s",
                  member, j->reason);
}

static void judge_uses(aphd_judge_t *j, const char *folder)
{
    const char *place;
    json_t *use;
    json_object_foreach(j->made, place, use)
        mount_use(j, use, folder);
}

void judge_service_configs(aphd_judge_t *j)
{
    judge_uses(j, "/");
}

void judge_service_secrets(aphd_judge_t *j)
{
    judge_uses(j, "/run/secrets/");
}
