/* SPDX-License-Identifier: Apache-2.0 */
/* Holds a reader's answer against model.h, so that the judges may take its form for granted. */
#include <string.h>

#include "helper/policy/model.h"

/* Row forms: member names with a type letter: s string, S string or null, i integer, b boolean,
 * p pairs of strings, w path of a leaf, e entries (rows of a map). */
typedef struct form_t {
    const char *shape;
    const char *members; /* "line:i value:s" */
} form_t;

static const form_t forms[] = {
    {"list", "line:i value:s"},
    {"map", "line:i key:s value:S"},
    {"ports", "line:i host_ip:S published:S target:s protocol:s extra:p"},
    {"mounts", "line:i type:s source:S target:s read_only:b options:p"},
    {"env_files", "line:i path:s required:b found:b extra:p entries:e"},
    {"tree", "line:i path:w value:S"},
};

static int check_rows(const json_t *rows, const char *members);

static int check_pairs(const json_t *pairs)
{
    size_t i;
    json_t *pair;
    json_array_foreach(pairs, i, pair)
        if (json_array_size(pair) != 2 || !json_is_string(json_array_get(pair, 0))
            || !json_is_string(json_array_get(pair, 1)))
            return 0;
    return json_is_array(pairs);
}

static int check_path(const json_t *path)
{
    size_t i;
    json_t *step;
    json_array_foreach(path, i, step)
        if (!json_is_string(step) && !json_is_integer(step))
            return 0;
    return json_is_array(path);
}

static int check_type(const json_t *value, char type)
{
    switch (type) {
    case 's':
        return json_is_string(value);
    case 'S':
        return json_is_string(value) || json_is_null(value);
    case 'i':
        return json_is_integer(value) && json_integer_value(value) >= 0
               && json_integer_value(value) <= APH_FOREIGN_MAX;
    case 'b':
        return json_is_boolean(value);
    case 'p':
        return check_pairs(value);
    case 'w':
        return check_path(value);
    default:
        return check_rows(value, "line:i key:s value:S");
    }
}

/* An object with exactly these members. */
static int check_object(const json_t *object, const char *members)
{
    size_t count = 0;
    while (*members != '\0') {
        char name[32];
        size_t length = strcspn(members, ":");
        memcpy(name, members, length);
        name[length] = '\0';
        if (!check_type(json_object_get(object, name), members[length + 1]))
            return 0;
        count++;
        members += length + 2;
        members += *members == ' ';
    }
    return json_object_size(object) == count;
}

static int check_rows(const json_t *rows, const char *members)
{
    size_t i;
    json_t *row;
    json_array_foreach(rows, i, row)
        if (!check_object(row, members))
            return 0;
    return json_is_array(rows);
}

static int check_value(const char *shape, const json_t *value)
{
    if (strcmp(shape, "string") == 0)
        return json_is_string(value);
    if (strcmp(shape, "bool") == 0)
        return json_is_boolean(value);
    if (strcmp(shape, "other") == 0)
        return json_is_null(value);
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++)
        if (strcmp(shape, forms[i].shape) == 0)
            return check_rows(value, forms[i].members);
    return 0;
}

/* The shape a key arrives in must be the one its row demands, or "other". */
static int shape_fits(aphd_section_t section, const char *key, const char *shape)
{
    static const char *const names[] =
        {[APHD_SHAPE_ANY] = "other",           [APHD_SHAPE_TEXT] = "string",
         [APHD_SHAPE_FLAG] = "bool",           [APHD_SHAPE_LIST] = "list",
         [APHD_SHAPE_COMMAND] = "list",        [APHD_SHAPE_MAP] = "map",
         [APHD_SHAPE_PORTS] = "ports",         [APHD_SHAPE_MOUNTS] = "mounts",
         [APHD_SHAPE_ENV_FILES] = "env_files", [APHD_SHAPE_TREE] = "tree"};
    aphd_shape_t wanted = aphd_key_shape(section, key);
    return strcmp(shape, "other") == 0 || strcmp(shape, names[wanted]) == 0
           || (wanted == APHD_SHAPE_COMMAND && strcmp(shape, "string") == 0);
}

static int check_keys(const json_t *keys, aphd_section_t section)
{
    size_t i;
    json_t *key;
    json_array_foreach(keys, i, key) {
        const char *name = json_string_value(json_object_get(key, "key"));
        const char *shape = json_string_value(json_object_get(key, "shape"));
        if (json_object_size(key) != 4 || name == NULL || shape == NULL
            || !check_type(json_object_get(key, "line"), 'i') || !shape_fits(section, name, shape)
            || !check_value(shape, json_object_get(key, "value")))
            return 0;
    }
    return json_is_array(keys);
}

static int check_sections(const json_t *list, aphd_section_t section)
{
    size_t i;
    json_t *entry;
    json_array_foreach(list, i, entry)
        if (json_object_size(entry) != 3 || !check_type(json_object_get(entry, "name"), 's')
            || !check_type(json_object_get(entry, "line"), 'i')
            || !check_keys(json_object_get(entry, "keys"), section))
            return 0;
    return json_is_array(list);
}

apr_status_t aphd_model_check(const json_t *compose, aph_error_t *err)
{
    json_int_t format = json_integer_value(json_object_get(compose, "format"));
    if ((format == 1 || format == 2) && json_object_size(compose) == 7
        && check_keys(json_object_get(compose, "top"), APHD_TOP)
        && check_sections(json_object_get(compose, "services"), APHD_SERVICE)
        && check_sections(json_object_get(compose, "networks"), APHD_NETWORK)
        && check_sections(json_object_get(compose, "volumes"), APHD_VOLUME)
        && check_sections(json_object_get(compose, "configs"), APHD_CONFIG)
        && check_sections(json_object_get(compose, "secrets"), APHD_SECRET))
        return APR_SUCCESS;
    return aph_error_set(err, APH_EUNREADABLE, 600,
                         "the reader's answer is not in the form of a compose file");
}
