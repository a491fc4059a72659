/* SPDX-License-Identifier: Apache-2.0 */
/* Scalars, lists, maps, trees and environment files. */
#include "helper/read/shapes.h"

#include <string.h>
#include <strings.h>

json_t *aphd_shape_scalar(const aphd_yaml_t *node)
{
    return aphd_yaml_is_null(node) ? json_null() : json_string(node->text);
}

json_t *aphd_shape_flag(const aphd_yaml_t *node)
{
    static const char *const yes[] = {"true", "yes", "on", "y", "1"};
    static const char *const no[] = {"false", "no", "off", "n", "0"};
    for (size_t i = 0; i < sizeof yes / sizeof yes[0]; i++) {
        if (node->kind == APHD_YAML_SCALAR && strcasecmp(node->text, yes[i]) == 0)
            return json_true();
        if (node->kind == APHD_YAML_SCALAR && strcasecmp(node->text, no[i]) == 0)
            return json_false();
    }
    return NULL;
}

json_t *aphd_shape_list(const aphd_yaml_t *node)
{
    if (node->kind == APHD_YAML_SCALAR)
        return json_pack("[{s:i,s:s}]", "line", node->line, "value", node->text);
    if (node->kind != APHD_YAML_LIST)
        return NULL;
    json_t *list = json_array();
    for (const aphd_yaml_t *item = node->first; item != NULL; item = item->next) {
        if (item->kind != APHD_YAML_SCALAR) {
            json_decref(list);
            return NULL;
        }
        json_array_append_new(list,
                              json_pack("{s:i,s:s}", "line", item->line, "value", item->text));
    }
    return list;
}

static json_t *entry(int line, const char *key, size_t key_length, json_t *value)
{
    return json_pack("{s:i,s:s%,s:o}", "line", line, "key", key, key_length, "value", value);
}

/* "K=V", or "K" alone, whose value is null. */
static json_t *entry_of_text(int line, const char *text)
{
    const char *equals = strchr(text, '=');
    if (equals == NULL)
        return entry(line, text, strlen(text), json_null());
    return entry(line, text, (size_t)(equals - text), json_string(equals + 1));
}

json_t *aphd_shape_map(const aphd_yaml_t *node)
{
    if (node->kind == APHD_YAML_SCALAR)
        return aphd_yaml_is_null(node) ? json_array() : NULL;
    json_t *map = json_array();
    for (const aphd_yaml_t *item = node->first; item != NULL; item = item->next) {
        if (item->kind != APHD_YAML_SCALAR) {
            json_decref(map);
            return NULL;
        }
        json_array_append_new(map, item->key == NULL
                                       ? entry_of_text(item->line, item->text)
                                       : entry(item->line, item->key, strlen(item->key),
                                               aphd_shape_scalar(item)));
    }
    return map;
}

/* No section of compose is deeper; a path is repeated for each of its leaves. */
#define TREE_DEPTH_MAX 8

/* Adds the leaves below node; path holds the way to it. Zero when it goes too deep. */
static int add_leaves(json_t *leaves, const aphd_yaml_t *node, json_t *path)
{
    if (json_array_size(path) > TREE_DEPTH_MAX)
        return 0;
    if (node->kind == APHD_YAML_SCALAR) {
        json_array_append_new(leaves, json_pack("{s:i,s:o,s:o}", "line", node->line, "path",
                                                json_copy(path), "value", aphd_shape_scalar(node)));
        return 1;
    }
    int place = 0, whole = 1;
    for (const aphd_yaml_t *item = node->first; item != NULL && whole; item = item->next, place++) {
        json_array_append_new(path,
                              item->key != NULL ? json_string(item->key) : json_integer(place));
        whole = add_leaves(leaves, item, path);
        json_array_remove(path, json_array_size(path) - 1);
    }
    return whole;
}

json_t *aphd_shape_tree(const aphd_yaml_t *node)
{
    json_t *leaves = json_array();
    json_t *path = json_array();
    int whole = add_leaves(leaves, node, path);
    json_decref(path);
    if (whole)
        return leaves;
    json_decref(leaves);
    return NULL;
}

/* The lines of an environment file: K=V, blank lines and # comments. One pair of quotes around a
 * whole value is taken off, as compose does. */
static json_t *file_entries(const aphd_bundle_file_t *file)
{
    json_t *entries = json_array();
    int line = file->line;
    for (const char *at = file->text; *at != '\0'; line++) {
        size_t length = strcspn(at, "\n");
        size_t blank = strspn(at, " ");
        const char *equals = memchr(at, '=', length);
        if (blank < length && at[blank] != '#') {
            const char *key = at + blank;
            if (equals == NULL) {
                json_array_append_new(entries, entry(line, key, length - blank, json_null()));
            } else {
                const char *value = equals + 1;
                size_t size = length - (size_t)(value - at);
                if (size >= 2 && (*value == '"' || *value == '\'') && value[size - 1] == *value)
                    value++, size -= 2;
                json_array_append_new(entries, entry(line, key, (size_t)(equals - key),
                                                     json_stringn(value, size)));
            }
        }
        at += length + (at[length] == '\n');
    }
    return entries;
}

static json_t *env_file(const char *path, int required, int line, const aphd_bundle_t *bundle)
{
    const char *clean = strncmp(path, "./", 2) == 0 ? path + 2 : path;
    json_t *entries = NULL;
    for (size_t i = 0; bundle != NULL && entries == NULL && i < bundle->count; i++)
        if (strcmp(bundle->files[i].path, clean) == 0)
            entries = file_entries(&bundle->files[i]);
    return json_pack("{s:i,s:s,s:b,s:b,s:[],s:o}", "line", line, "path", path, "required",
                     required, "found", entries != NULL, "extra", "entries",
                     entries != NULL ? entries : json_array());
}

/* One item: a path, or {path:, required:} and what else its author wrote. */
static json_t *env_file_item(const aphd_yaml_t *item, const aphd_bundle_t *bundle)
{
    if (item->kind == APHD_YAML_SCALAR)
        return env_file(item->text, 1, item->line, bundle);
    const aphd_yaml_t *path = aphd_yaml_get(item, "path");
    if (path == NULL || path->kind != APHD_YAML_SCALAR)
        return NULL;
    json_t *file = env_file(path->text, 1, item->line, bundle);
    for (const aphd_yaml_t *member = item->first; member != NULL; member = member->next) {
        if (member == path)
            continue;
        json_t *flag = strcmp(member->key, "required") == 0 ? aphd_shape_flag(member) : NULL;
        if (flag != NULL)
            json_object_set_new(file, "required", flag);
        else
            json_array_append_new(json_object_get(file, "extra"),
                                  json_pack("[s,s]", member->key,
                                            member->text != NULL ? member->text : ""));
    }
    return file;
}

json_t *aphd_shape_env_files(const aphd_yaml_t *node, const aphd_bundle_t *bundle)
{
    json_t *files = json_array();
    if (aphd_yaml_is_null(node))
        return files;
    const aphd_yaml_t *item = node->kind == APHD_YAML_LIST ? node->first : node;
    for (; item != NULL; item = node->kind == APHD_YAML_LIST ? item->next : NULL) {
        json_t *file = env_file_item(item, bundle);
        if (file == NULL) {
            json_decref(files);
            return NULL;
        }
        json_array_append_new(files, file);
    }
    return files;
}
