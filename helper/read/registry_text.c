/* SPDX-License-Identifier: Apache-2.0 */
/* Every member is looked for by name and held against its grammar; what is not asked for is not
 * looked at. */
#include "helper/read/registry_text.h"

#include <string.h>

#include "helper/read/json_text.h"

#define DEPTH_MAX  32
#define INDEX_MAX  256  /* images of an index: one for each platform, and their attestations */
#define LAYERS_MAX 512  /* an image has at most 127 */
#define SIZE_MAX_N (1LL << 50)
#define VALUE_MAX  1024 /* octets of a value of a challenge */
#define TOKEN_MAX  16384

static apr_status_t not_understood(const char *what, aph_error_t *err)
{
    return aph_error_set(err, APH_EUNREADABLE, 2250, "%s", what);
}

apr_status_t aphd_registry_object(const char *text, size_t length, json_t **object,
                                  aph_error_t *err)
{
    json_error_t where;
    *object = NULL;
    if (aphd_json_too_deep(text, length, DEPTH_MAX))
        return aph_error_set(err, APH_EUNREADABLE, 2251, "it is nested deeper than %d", DEPTH_MAX);
    *object = json_loadb(text, length, JSON_REJECT_DUPLICATES, &where);
    if (*object == NULL)
        return aph_error_set(err, APH_EUNREADABLE, 2252, "it is not JSON (line %d)", where.line);
    if (json_is_object(*object))
        return APR_SUCCESS;
    json_decref(*object);
    *object = NULL;
    return not_understood("it is not a JSON object", err);
}

int aphd_registry_digest(const char *text)
{
    return text != NULL && strncmp(text, "sha256:", 7) == 0 && strlen(text) == 7 + 64
        && strspn(text + 7, "0123456789abcdef") == 64;
}

/* --- manifests ----------------------------------------------------------------------------- */

static int is_descriptor(const json_t *value)
{
    const json_t *size = json_object_get(value, "size");
    return aphd_registry_digest(json_string_value(json_object_get(value, "digest")))
        && json_is_integer(size) && json_integer_value(size) >= 0
        && json_integer_value(size) <= SIZE_MAX_N;
}

static json_t *descriptor(const json_t *value)
{
    return json_pack("{s:O, s:O}", "digest", json_object_get(value, "digest"), "size",
                     json_object_get(value, "size"));
}

/* "" where it is absent or longer than a name of a platform is. */
static const char *short_text(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text != NULL && strlen(text) <= 32 ? text : "";
}

static apr_status_t read_index(const json_t *entries, json_t **normal, aph_error_t *err)
{
    size_t i;
    json_t *entry;
    if (json_array_size(entries) > INDEX_MAX)
        return aph_error_set(err, APH_EUNREADABLE, 2253, "the index names more than %d images",
                             INDEX_MAX);
    json_t *list = json_array();
    json_array_foreach(entries, i, entry) {
        const json_t *platform = json_object_get(entry, "platform");
        if (is_descriptor(entry))
            json_array_append_new(list, json_pack("{s:O, s:s, s:s, s:s}",
                "digest", json_object_get(entry, "digest"), "os", short_text(platform, "os"),
                "architecture", short_text(platform, "architecture"),
                "variant", short_text(platform, "variant")));
    }
    *normal = json_pack("{s:o}", "index", list);
    return APR_SUCCESS;
}

static apr_status_t read_layers(const json_t *manifest, json_t **normal, aph_error_t *err)
{
    const json_t *config = json_object_get(manifest, "config");
    const json_t *layers = json_object_get(manifest, "layers");
    size_t i;
    json_t *layer;
    if (!is_descriptor(config))
        return not_understood("the manifest names no configuration by digest and size", err);
    if (json_array_size(layers) > LAYERS_MAX)
        return aph_error_set(err, APH_EUNREADABLE, 2254, "the manifest names more than %d layers",
                             LAYERS_MAX);
    json_array_foreach(layers, i, layer)
        if (!is_descriptor(layer))
            return not_understood("a layer has no digest or no size", err);
    json_t *list = json_array();
    json_array_foreach(layers, i, layer)
        json_array_append_new(list, descriptor(layer));
    *normal = json_pack("{s:o, s:o}", "config", descriptor(config), "layers", list);
    return APR_SUCCESS;
}

/* One text that is an index to one program and a manifest to another is nobody's honest work. */
apr_status_t aphd_registry_manifest(const char *text, size_t length, json_t **normal,
                                    aph_error_t *err)
{
    json_auto_t *object = NULL;
    apr_status_t status = aphd_registry_object(text, length, &object, err);
    if (status != APR_SUCCESS)
        return status;
    const json_t *entries = json_object_get(object, "manifests");
    const json_t *layers = json_object_get(object, "layers");
    if (json_integer_value(json_object_get(object, "schemaVersion")) == 1)
        return not_understood("it is a manifest of the old format (schema 1)", err);
    if (json_is_array(entries) && layers == NULL && json_object_get(object, "config") == NULL)
        return read_index(entries, normal, err);
    if (json_is_array(layers) && entries == NULL)
        return read_layers(object, normal, err);
    return not_understood("it is neither an index nor a manifest", err);
}

/* --- configuration ------------------------------------------------------------------------- */

static int is_plain(const char *text, size_t most)
{
    size_t length = strlen(text);
    for (size_t i = 0; i < length; i++)
        if ((unsigned char)text[i] <= ' ' || (unsigned char)text[i] > '~')
            return 0;
    return length <= most;
}

/* The value of NAME=VALUE in a list, where it is a number's length; else null. */
static json_t *variable(const json_t *list, const char *name)
{
    size_t i, length = strlen(name);
    json_t *item;
    json_array_foreach(list, i, item) {
        const char *text = json_string_value(item);
        if (text != NULL && strncmp(text, name, length) == 0 && text[length] == '='
            && is_plain(text + length + 1, 16))
            return json_string(text + length + 1);
    }
    return json_null();
}

apr_status_t aphd_registry_image(const char *text, size_t length, json_t **normal,
                                 aph_error_t *err)
{
    json_auto_t *object = NULL;
    apr_status_t status = aphd_registry_object(text, length, &object, err);
    if (status != APR_SUCCESS)
        return status;
    const json_t *config = json_object_get(object, "config");
    const json_t *ids = json_object_get(json_object_get(object, "rootfs"), "diff_ids");
    const char *user = json_string_value(json_object_get(config, "User"));
    size_t i;
    json_t *id;
    if (json_array_size(ids) > LAYERS_MAX)
        return not_understood("the configuration names too many layers", err);
    json_array_foreach(ids, i, id)
        if (!aphd_registry_digest(json_string_value(id)))
            return not_understood("the configuration names a layer without its digest", err);
    *normal = json_pack("{s:s, s:o, s:o, s:o}", "user",
                        user != NULL && is_plain(user, 256) ? user : "",
                        "puid", variable(json_object_get(config, "Env"), "PUID"),
                        "pgid", variable(json_object_get(config, "Env"), "PGID"),
                        "diff_ids", json_is_array(ids) ? json_deep_copy(ids) : json_array());
    return APR_SUCCESS;
}

/* --- access ------------------------------------------------------------------------------- */

/* Takes name="value" or name=value from *at; zero at the end, or where it is none. */
static int next_parameter(const char **at, const char *end, char *name, char *value)
{
    size_t n = 0, v = 0;
    while (*at < end && (**at == ' ' || **at == ','))
        (*at)++;
    while (*at < end && **at != '=' && **at > ' ' && n + 1 < 32)
        name[n++] = *(*at)++;
    name[n] = '\0';
    if (*at >= end || **at != '=')
        return 0;
    int quoted = ++(*at) < end && **at == '"';
    *at += quoted;
    while (*at < end && v + 1 < VALUE_MAX) {
        char c = **at;
        if (quoted ? c == '"' : c == ',' || c == ' ')
            break;
        if (quoted && c == '\\' && *at + 1 < end)
            c = *++(*at);
        if ((unsigned char)c < ' ' || (unsigned char)c > '~')
            return 0;
        value[v++] = c;
        (*at)++;
    }
    value[v] = '\0';
    if (quoted && (*at >= end || **at != '"'))
        return 0;
    *at += quoted;
    return 1;
}

apr_status_t aphd_registry_challenge(const char *text, size_t length, json_t **normal,
                                     aph_error_t *err)
{
    static const char *const known[] = {"realm", "service", "scope"};
    char name[32], value[VALUE_MAX];
    const char *at = text, *end = text + length;
    if (length < 7 || strncasecmp(text, "Bearer ", 7) != 0)
        return not_understood("it asks for another kind of login than a token", err);
    *normal = json_pack("{s:s, s:s, s:s}", "realm", "", "service", "", "scope", "");
    for (at += 7; next_parameter(&at, end, name, value);)
        for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
            if (strcasecmp(name, known[i]) == 0)
                json_object_set_new(*normal, known[i], json_string(value));
    if (json_string_length(json_object_get(*normal, "realm")) > 0)
        return APR_SUCCESS;
    json_decref(*normal);
    *normal = NULL;
    return not_understood("it does not say where a token is to be had", err);
}

apr_status_t aphd_registry_token(const char *text, size_t length, json_t **normal,
                                 aph_error_t *err)
{
    json_auto_t *object = NULL;
    apr_status_t status = aphd_registry_object(text, length, &object, err);
    if (status != APR_SUCCESS)
        return status;
    const json_t *token = json_object_get(object, "token");
    if (!json_is_string(token))
        token = json_object_get(object, "access_token");
    if (!json_is_string(token) || json_string_length(token) == 0
        || !is_plain(json_string_value(token), TOKEN_MAX))
        return not_understood("the answer holds no token", err);
    *normal = json_pack("{s:O}", "token", token);
    return APR_SUCCESS;
}
