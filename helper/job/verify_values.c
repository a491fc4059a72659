/* SPDX-License-Identifier: Apache-2.0 */
#include "helper/job/verify_values.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

/* Copies with "$$" back to "$". */
static void plain(const char *from, char *text, size_t size)
{
    size_t at = 0;
    for (; from != NULL && *from != '\0' && at + 1 < size; from++) {
        if (from[0] == '$' && from[1] == '$')
            from++;
        text[at++] = *from;
    }
    text[at] = '\0';
}

void aphd_normal_word(const json_t *value, char *text, size_t size)
{
    if (json_is_integer(value))
        snprintf(text, size, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
    else
        plain(json_string_value(value), text, size);
}

void aphd_normal_capability(const json_t *value, char *text, size_t size)
{
    char word[512];
    aphd_normal_word(value, word, sizeof word);
    for (char *at = word; *at != '\0'; at++)
        *at = (char)toupper((unsigned char)*at);
    snprintf(text, size, "%s", strncmp(word, "CAP_", 4) == 0 ? word + 4 : word);
}

void aphd_normal_security(const json_t *value, char *text, size_t size)
{
    static const char name[] = "no-new-privileges";
    aphd_normal_word(value, text, size);
    for (char *at = text; *at != '\0'; at++)
        if (*at == '=')
            *at = ':';
    if (strncmp(text, name, sizeof name - 1) == 0 && strcmp(text + sizeof name - 1, ":true") == 0)
        text[sizeof name - 1] = '\0';
}

void aphd_normal_device(const json_t *value, char *text, size_t size)
{
    const json_t *path = json_object_get(value, "PathOnHost");
    if (path == NULL)
        path = json_object_get(value, "source");
    aphd_normal_word(path != NULL ? path : value, text, size);
    text[strcspn(text, ":")] = '\0';
}

void aphd_normal_binding(const char *target, const json_t *binding, char *text, size_t size)
{
    const char *address = json_string_value(json_object_get(binding, "HostIp"));
    const char *port = json_string_value(json_object_get(binding, "HostPort"));
    int everywhere = address == NULL || address[0] == '\0' || strcmp(address, "0.0.0.0") == 0;
    snprintf(text, size, "%s:%s:%s", everywhere ? "" : address, port != NULL ? port : "", target);
}

void aphd_normal_port(const json_t *value, char *text, size_t size)
{
    char address[64] = "", published[32] = "", target[32] = "", protocol[8] = "tcp";
    if (json_is_object(value)) {
        const char *word = json_string_value(json_object_get(value, "protocol"));
        aphd_normal_word(json_object_get(value, "host_ip"), address, sizeof address);
        aphd_normal_word(json_object_get(value, "published"), published, sizeof published);
        aphd_normal_word(json_object_get(value, "target"), target, sizeof target);
        snprintf(protocol, sizeof protocol, "%s", word != NULL ? word : "tcp");
    } else {
        char whole[128];
        aphd_normal_word(value, whole, sizeof whole);
        char *slash = strchr(whole, '/');
        if (slash != NULL) {
            snprintf(protocol, sizeof protocol, "%.7s", slash + 1);
            *slash = '\0';
        }
        char *last = strrchr(whole, ':');
        snprintf(target, sizeof target, "%.31s", last != NULL ? last + 1 : whole);
        if (last != NULL)
            *last = '\0';
        char *first = last != NULL ? strrchr(whole, ':') : NULL;
        if (last != NULL)
            snprintf(published, sizeof published, "%.31s", first != NULL ? first + 1 : whole);
        if (first != NULL)
            snprintf(address, sizeof address, "%.*s", (int)(first - whole), whole);
    }
    if (strcmp(address, "0.0.0.0") == 0)
        address[0] = '\0';
    snprintf(text, size, "%s:%s:%s/%s", address, published, target, protocol);
}

static int read_short(const json_t *value, aphd_mount_t *mount)
{
    char whole[2200];
    aphd_normal_word(value, whole, sizeof whole);
    char *target = strchr(whole, ':');
    if (target == NULL)
        return 0;
    *target++ = '\0';
    char *mode = strchr(target, ':');
    if (mode != NULL)
        *mode++ = '\0';
    mount->read_only = mode != NULL && (strcmp(mode, "ro") == 0 || strncmp(mode, "ro,", 3) == 0);
    mount->private = 0;
    snprintf(mount->source, sizeof mount->source, "%.1023s", whole);
    snprintf(mount->target, sizeof mount->target, "%.1023s", target);
    return 1;
}

int aphd_mount_read(const json_t *value, aphd_mount_t *mount)
{
    if (!json_is_object(value))
        return json_is_string(value) && read_short(value, mount);
    aphd_normal_word(json_object_get(value, "source"), mount->source, sizeof mount->source);
    aphd_normal_word(json_object_get(value, "target"), mount->target, sizeof mount->target);
    mount->read_only = json_is_true(json_object_get(value, "read_only"));
    mount->private = json_object_get(json_object_get(value, "bind"), "propagation") != NULL;
    return mount->source[0] != '\0' && mount->target[0] != '\0';
}
