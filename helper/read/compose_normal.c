/* SPDX-License-Identifier: Apache-2.0 */
/* Sections, services and keys of a compose file, each key in the shape the policy's table names. */
#include "helper/read/compose_normal.h"

#include <string.h>

#include "helper/policy/model.h"
#include "helper/read/shapes.h"

static const struct {
    const char *name;
    aphd_section_t section;
} sections[] = {{"services", APHD_SERVICE},
                {"networks", APHD_NETWORK},
                {"volumes", APHD_VOLUME},
                {"configs", APHD_CONFIG},
                {"secrets", APHD_SECRET}};

#define SECTION_COUNT (sizeof sections / sizeof sections[0])

static json_t *value_of(const aphd_yaml_t *node, aphd_shape_t shape, const aphd_bundle_t *bundle,
                        const char **name)
{
    switch (shape) {
    case APHD_SHAPE_TEXT:
        *name = "string";
        return node->kind == APHD_YAML_SCALAR ? json_string(node->text) : NULL;
    case APHD_SHAPE_FLAG:
        *name = "bool";
        return aphd_shape_flag(node);
    case APHD_SHAPE_COMMAND:
        *name = node->kind == APHD_YAML_SCALAR ? "string" : "list";
        return node->kind == APHD_YAML_SCALAR ? json_string(node->text) : aphd_shape_list(node);
    case APHD_SHAPE_LIST:
        *name = "list";
        return aphd_yaml_is_null(node) ? json_array() : aphd_shape_list(node);
    case APHD_SHAPE_MAP:
        *name = "map";
        return aphd_shape_map(node);
    case APHD_SHAPE_PORTS:
        *name = "ports";
        return aphd_shape_ports(node);
    case APHD_SHAPE_MOUNTS:
        *name = "mounts";
        return aphd_shape_mounts(node);
    case APHD_SHAPE_ENV_FILES:
        *name = "env_files";
        return aphd_shape_env_files(node, bundle);
    case APHD_SHAPE_TREE:
        *name = "tree";
        return aphd_shape_tree(node);
    case APHD_SHAPE_ANY:
        break;
    }
    return NULL;
}

/* Of a store's notes about an app only this is read: they hold long texts in many languages. Where
 * a variable stands for the number, it says nothing. */
static json_t *store_notes(const aphd_yaml_t *node)
{
    const aphd_yaml_t *port = node->kind == APHD_YAML_MAP ? aphd_yaml_get(node, "port_map") : NULL;
    if (port == NULL || port->kind != APHD_YAML_SCALAR || strchr(port->text, '$') != NULL)
        return json_array();
    return json_pack("[{s:i,s:s,s:s}]", "line", port->line, "key", port->key, "value", port->text);
}

static json_t *key_of(const aphd_yaml_t *node, aphd_section_t section, const aphd_bundle_t *bundle)
{
    const char *shape = "other";
    int is_notes = section == APHD_TOP && strcmp(node->key, "x-casaos") == 0;
    json_t *value = is_notes ? store_notes(node)
                             : value_of(node, aphd_key_shape(section, node->key), bundle, &shape);
    if (is_notes)
        shape = "map";
    if (value == NULL)
        shape = "other", value = json_null();
    return json_pack("{s:s,s:i,s:s,s:o}", "key", node->key, "line", node->key_line, "shape", shape,
                     "value", value);
}

/* A key whose one value is YAML's null is to compose as if it were not there. */
static int says_nothing(const aphd_yaml_t *key, aphd_section_t section)
{
    aphd_shape_t shape = aphd_key_shape(section, key->key);
    return aphd_yaml_is_null(key)
           && (shape == APHD_SHAPE_TEXT || shape == APHD_SHAPE_FLAG || shape == APHD_SHAPE_COMMAND);
}

/* One service, network, ... */
static apr_status_t add_section(json_t *list, const aphd_yaml_t *node, aphd_section_t section,
                                const aphd_bundle_t *bundle, aph_error_t *err)
{
    if (node->kind != APHD_YAML_MAP && !aphd_yaml_is_null(node))
        return aph_error_set(err, APH_EUNREADABLE, 440,
                             "line %d: %.80s should be a mapping of keys, and is not",
                             node->key_line, node->key);
    json_t *keys = json_array();
    for (const aphd_yaml_t *key = node->first; key != NULL; key = key->next)
        if (!says_nothing(key, section))
            json_array_append_new(keys, key_of(key, section, bundle));
    json_array_append_new(list, json_pack("{s:s,s:i,s:o}", "name", node->key, "line",
                                          node->key_line, "keys", keys));
    return APR_SUCCESS;
}

static apr_status_t add_sections(json_t *list, const aphd_yaml_t *map, aphd_section_t section,
                                 const aphd_bundle_t *bundle, aph_error_t *err)
{
    if (aphd_yaml_is_null(map))
        return APR_SUCCESS;
    if (map->kind != APHD_YAML_MAP)
        return aph_error_set(err, APH_EUNREADABLE, 441,
                             "line %d: %.80s should be a mapping of names, and is not",
                             map->key_line, map->key);
    apr_status_t rv = APR_SUCCESS;
    for (const aphd_yaml_t *node = map->first; node != NULL && rv == APR_SUCCESS; node = node->next)
        rv = add_section(list, node, section, bundle, err);
    return rv;
}

static json_t *empty_normal(int format)
{
    json_t *normal = json_pack("{s:i,s:[]}", "format", format, "top");
    for (size_t i = 0; i < SECTION_COUNT; i++)
        json_object_set_new(normal, sections[i].name, json_array());
    return normal;
}

static apr_status_t read_member(json_t *normal, const aphd_yaml_t *member,
                                const aphd_bundle_t *bundle, aph_error_t *err)
{
    for (size_t i = 0; i < SECTION_COUNT; i++)
        if (strcmp(member->key, sections[i].name) == 0)
            return add_sections(json_object_get(normal, sections[i].name), member,
                                sections[i].section, bundle, err);
    json_array_append_new(json_object_get(normal, "top"), key_of(member, APHD_TOP, bundle));
    return APR_SUCCESS;
}

/* Format 1 has no sections: every name at the top is a service. */
static apr_status_t read_format_1(json_t *normal, const aphd_yaml_t *root,
                                  const aphd_bundle_t *bundle, aph_error_t *err)
{
    json_t *services = json_object_get(normal, "services");
    apr_status_t rv = APR_SUCCESS;
    for (const aphd_yaml_t *node = root->first; node != NULL && rv == APR_SUCCESS;
         node = node->next) {
        if (strncmp(node->key, "x-", 2) == 0)
            continue;
        rv = add_section(services, node, APHD_SERVICE, bundle, err);
    }
    return rv;
}

apr_status_t aphd_compose_read(const aphd_foreign_t *foreign, const aphd_bundle_t *bundle,
                               json_t **normal, apr_pool_t *p, aph_error_t *err)
{
    aphd_yaml_t *root = NULL;
    apr_status_t rv = aphd_yaml_parse(foreign, &root, p, err);
    if (rv != APR_SUCCESS)
        return rv;
    if (root->kind != APHD_YAML_MAP || root->count == 0)
        return aph_error_set(err, APH_EUNREADABLE, 442,
                             "line %d: this is not a compose file: it should begin with services:",
                             root->line);
    int format = aphd_yaml_get(root, "services") != NULL ? 2 : 1;
    json_t *value = empty_normal(format);
    if (format == 1)
        rv = read_format_1(value, root, bundle, err);
    for (const aphd_yaml_t *member = root->first;
         format == 2 && member != NULL && rv == APR_SUCCESS; member = member->next)
        rv = read_member(value, member, bundle, err);
    if (rv != APR_SUCCESS) {
        json_decref(value);
        return rv;
    }
    *normal = value;
    return APR_SUCCESS;
}
