/* SPDX-License-Identifier: Apache-2.0 */
/* Volumes of a service: "[SOURCE:]TARGET[:OPTIONS]" and the long form, to one form. */
#include "helper/read/shapes.h"

#include <stdio.h>
#include <string.h>

#include "common/utf8.h"

static json_t *mount(int line, const char *type)
{
    return json_pack("{s:i,s:s,s:n,s:s,s:b,s:o}", "line", line, "type", type, "source", "target",
                     "", "read_only", 0, "options", json_array());
}

/* "ro,z": ro and rw say read_only, the rest are options without a value. */
static void take_short_options(json_t *value, const char *options)
{
    while (*options != '\0') {
        size_t length = strcspn(options, ",");
        if (length == 2 && memcmp(options, "ro", 2) == 0)
            json_object_set_new(value, "read_only", json_true());
        else if (!(length == 2 && memcmp(options, "rw", 2) == 0))
            json_array_append_new(json_object_get(value, "options"),
                                  json_pack("[s%,s]", options, length, ""));
        options += length + (options[length] == ',');
    }
}

static json_t *short_mount(const aphd_yaml_t *node)
{
    const char *text = node->text;
    const char *colon = strchr(text, ':');
    json_t *value = mount(node->line, "volume");
    if (colon == NULL) {
        json_object_set_new(value, "target", json_string(text));
        return value;
    }
    /* What compose takes for a path; any other word names a volume, but for one that no volume has:
     * the ./ before a folder was forgotten. */
    if (strchr("./~\\", text[0]) != NULL || memchr(text, '/', (size_t)(colon - text)) != NULL)
        json_object_set_new(value, "type", json_string("bind"));
    json_object_set_new(value, "source", json_stringn(text, (size_t)(colon - text)));
    const char *target = colon + 1;
    size_t length = strcspn(target, ":");
    json_object_set_new(value, "target", json_stringn(target, length));
    if (target[length] == ':')
        take_short_options(value, target + length + 1);
    return value;
}

/* {bind: {propagation: x}} becomes the option ["bind.propagation","x"]; what goes deeper, or is a
 * list, becomes one option for each leaf. The tree's depth is bounded by the parser. */
static void take_options(json_t *options, const aphd_yaml_t *section, const char *prefix)
{
    for (const aphd_yaml_t *item = section->first; item != NULL; item = item->next) {
        char name[404]; /* longer than any that is known */
        snprintf(name, sizeof name, "%.200s.%.200s", prefix, item->key != NULL ? item->key : "#");
        aph_utf8_mend(name);
        if (item->kind == APHD_YAML_SCALAR)
            json_array_append_new(options, json_pack("[s,s]", name, item->text));
        else
            take_options(options, item, name);
    }
}

/* "storage" is our own word, for what a person answered: from a text it is a word like any other,
 * and must not be taken for it (helper/policy/model.h). */
static json_t *type_of(const char *text)
{
    return strcmp(text, "storage") == 0 ? json_string("type storage") : json_string(text);
}

static int take_member(json_t *value, const aphd_yaml_t *member)
{
    if (member->kind != APHD_YAML_SCALAR) {
        take_options(json_object_get(value, "options"), member, member->key);
        return 1;
    }
    if (strcmp(member->key, "type") == 0)
        return json_object_set_new(value, "type", type_of(member->text)) == 0;
    if (strcmp(member->key, "target") == 0)
        return json_object_set_new(value, member->key, json_string(member->text)) == 0;
    if (strcmp(member->key, "source") == 0)
        return json_object_set_new(value, "source", aphd_shape_scalar(member)) == 0;
    if (strcmp(member->key, "read_only") == 0) {
        json_t *flag = aphd_shape_flag(member);
        return flag != NULL && json_object_set_new(value, "read_only", flag) == 0;
    }
    return json_array_append_new(json_object_get(value, "options"),
                                 json_pack("[s,s]", member->key, member->text))
           == 0;
}

static json_t *long_mount(const aphd_yaml_t *node)
{
    json_t *value = mount(node->line, "volume");
    for (const aphd_yaml_t *member = node->first; member != NULL; member = member->next) {
        if (!take_member(value, member)) {
            json_decref(value);
            return NULL;
        }
    }
    return value;
}

json_t *aphd_shape_mounts(const aphd_yaml_t *node)
{
    if (node->kind != APHD_YAML_LIST)
        return aphd_yaml_is_null(node) ? json_array() : NULL;
    json_t *mounts = json_array();
    for (const aphd_yaml_t *item = node->first; item != NULL; item = item->next) {
        json_t *value = item->kind == APHD_YAML_SCALAR ? short_mount(item)
                        : item->kind == APHD_YAML_MAP  ? long_mount(item)
                                                       : NULL;
        if (value == NULL) {
            json_decref(mounts);
            return NULL;
        }
        json_array_append_new(mounts, value);
    }
    return mounts;
}
