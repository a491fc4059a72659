/* SPDX-License-Identifier: Apache-2.0 */
/* Ports: "[IP:][HOST:]CONTAINER[/PROTOCOL]" and the long form, to one form. */
#include "helper/read/shapes.h"

#include <string.h>
#include <strings.h>

static json_t *port(int line, json_t *host_ip, json_t *published, json_t *target, json_t *protocol,
                    json_t *extra)
{
    return json_pack("{s:i,s:o,s:o,s:o,s:o,s:o}", "line", line, "host_ip", host_ip, "published",
                     published, "target", target, "protocol", protocol, "extra", extra);
}

/* Some write UDP; composes read it so. */
static json_t *protocol_of(const char *text)
{
    return json_string(strcasecmp(text, "tcp") == 0   ? "tcp"
                       : strcasecmp(text, "udp") == 0 ? "udp"
                                                      : text);
}

/* From the right, for an IPv6 address has colons of its own: what stands before the last two. */
static json_t *short_port(const aphd_yaml_t *node)
{
    const char *text = node->text;
    const char *slash = strrchr(text, '/');
    size_t length = slash != NULL ? (size_t)(slash - text) : strlen(text);
    json_t *protocol = protocol_of(slash != NULL ? slash + 1 : "tcp");
    const char *target = text + length;
    while (target > text && target[-1] != ':')
        target--;
    json_t *target_value = json_stringn(target, length - (size_t)(target - text));
    if (target == text)
        return port(node->line, json_null(), json_null(), target_value, protocol, json_array());
    const char *published = target - 1;
    while (published > text && published[-1] != ':')
        published--;
    json_t *published_value = published < target - 1
                                  ? json_stringn(published, (size_t)(target - 1 - published))
                                  : json_null();
    json_t *host_ip =
        published > text ? json_stringn(text, (size_t)(published - 1 - text)) : json_null();
    return port(node->line, host_ip, published_value, target_value, protocol, json_array());
}

static void take_member(json_t *value, const char *name, const char *text)
{
    if (strcmp(name, "protocol") == 0)
        json_object_set_new(value, name, protocol_of(text));
    else if (strcmp(name, "target") == 0)
        json_object_set_new(value, name, json_string(text));
    else if (strcmp(name, "host_ip") == 0 || strcmp(name, "published") == 0)
        json_object_set_new(value, name, *text != '\0' ? json_string(text) : json_null());
    else
        json_array_append_new(json_object_get(value, "extra"), json_pack("[s,s]", name, text));
}

static json_t *long_port(const aphd_yaml_t *node)
{
    json_t *value = port(node->line, json_null(), json_null(), json_string(""), json_string("tcp"),
                         json_array());
    for (const aphd_yaml_t *member = node->first; member != NULL; member = member->next) {
        if (member->kind != APHD_YAML_SCALAR) {
            json_decref(value);
            return NULL;
        }
        take_member(value, member->key, member->text);
    }
    return value;
}

json_t *aphd_shape_ports(const aphd_yaml_t *node)
{
    if (node->kind != APHD_YAML_LIST)
        return aphd_yaml_is_null(node) ? json_array() : NULL;
    json_t *ports = json_array();
    for (const aphd_yaml_t *item = node->first; item != NULL; item = item->next) {
        json_t *value = item->kind == APHD_YAML_SCALAR ? short_port(item)
                        : item->kind == APHD_YAML_MAP  ? long_port(item)
                                                       : NULL;
        if (value == NULL) {
            json_decref(ports);
            return NULL;
        }
        json_array_append_new(ports, value);
    }
    return ports;
}
