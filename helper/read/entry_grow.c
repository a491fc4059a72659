/* SPDX-License-Identifier: Apache-2.0 */
/* Answers become rows of the compose model (helper/policy/model.h), as if the author had written
 * them: the policy judges them with the rest. */
#include <string.h>
#include <apr_strings.h>

#include "helper/read/entry_parts.h"

static const char *text_of(const json_t *object, const char *member)
{
    const char *text = json_string_value(json_object_get(object, member));
    return text != NULL ? text : "";
}

static json_t *named(json_t *list, const char *member, const char *name)
{
    for (size_t i = 0; i < json_array_size(list); i++)
        if (strcmp(text_of(json_array_get(list, i), member), name) == 0)
            return json_array_get(list, i);
    return NULL;
}

/* The rows of a service's key, which is made where there is none. NULL where the author's own value
 * has not the key's shape: the policy refuses that by itself. */
static json_t *rows_of(json_t *script, const char *service, const char *name, const char *shape)
{
    json_t *services = json_object_get(json_object_get(script, "compose"), "services");
    json_t *keys = json_object_get(named(services, "name", service), "keys");
    json_t *key = named(keys, "key", name);
    if (key == NULL) {
        key = json_pack("{s:s,s:i,s:s,s:[]}", "key", name, "line", 1, "shape", shape, "value");
        json_array_append_new(keys, key);
    }
    return strcmp(text_of(key, "shape"), shape) == 0 ? json_object_get(key, "value") : NULL;
}

static void add_port(json_t *script, const char *service, const char *published, const char *target,
                     const char *protocol)
{
    json_array_append_new(rows_of(script, service, "ports", "ports"),
                          json_pack("{s:i,s:n,s:s,s:s,s:s,s:[]}", "line", 1, "host_ip", "published",
                                    published, "target", target, "protocol", protocol, "extra"));
}

/* The page's port, unless the author's script publishes it already. */
static void add_web(json_t *script, const json_t *web, const aphd_filling_t *filling)
{
    const char *service = text_of(web, "service"), *host = filling->words->host_port;
    const char *target = apr_psprintf(filling->p, "%d",
                                      (int)json_integer_value(json_object_get(web, "port")));
    if (host == NULL || *service == '\0')
        return;
    json_t *services = json_object_get(json_object_get(script, "compose"), "services");
    json_t *keys = json_object_get(named(services, "name", service), "keys");
    json_t *rows = json_object_get(named(keys, "key", "ports"), "value");
    const json_t *row = named(rows, "published", host);
    if (row == NULL || strcmp(text_of(row, "target"), target) != 0)
        add_port(script, service, host, target, "tcp");
}

static void add_ports(json_t *script, const json_t *question, const char *answer)
{
    static const char *const protocols[] = {"tcp", "udp"};
    const char *protocol = text_of(question, "protocol");
    for (size_t i = 0; i < sizeof protocols / sizeof protocols[0]; i++)
        if (strcmp(protocol, protocols[i]) == 0 || strcmp(protocol, "both") == 0)
            add_port(script, text_of(question, "service"), answer, text_of(question, "target"),
                     protocols[i]);
}

/* A folder of a storage location; without an answer one of the app's own, named like the
 * question. */
static void add_mount(json_t *script, const json_t *question, const char *answer, apr_pool_t *p,
                      json_t *storage)
{
    const char *service = text_of(question, "service"), *target = text_of(question, "target");
    int read_only = json_is_true(json_object_get(question, "read_only"));
    int own = *answer == '\0';
    const char *source = own ? apr_pstrcat(p, "./", text_of(question, "id"), NULL) : answer;
    json_array_append_new(rows_of(script, service, "volumes", "mounts"),
                          json_pack("{s:i,s:s,s:s,s:s,s:b,s:[]}", "line", 1, "type",
                                    own ? "bind" : "storage", "source", source, "target", target,
                                    "read_only", own ? 0 : read_only, "options"));
    if (!own)
        json_array_append_new(storage,
                              json_pack("{s:s,s:s,s:s,s:s,s:b}", "question",
                                        text_of(question, "id"), "service", service, "target",
                                        target, "answer", answer, "read_only", read_only));
}

/* One more leaf behind those of the author. */
static void add_device(json_t *script, const json_t *question, const char *answer, apr_pool_t *p)
{
    const char *target = text_of(question, "target");
    json_t *rows = rows_of(script, text_of(question, "service"), "devices", "tree");
    json_int_t next = 0;
    for (size_t i = 0; i < json_array_size(rows); i++) {
        const json_t *path = json_object_get(json_array_get(rows, i), "path");
        json_int_t place = json_integer_value(json_array_get(path, 0));
        next = place >= next ? place + 1 : next;
    }
    json_array_append_new(
        rows, json_pack("{s:i,s:[I],s:s}", "line", 1, "path", next, "value",
                        apr_pstrcat(p, answer, ":", *target != '\0' ? target : answer, NULL)));
}

/* In place of the author's own value, which was a default. */
static void set_variable(json_t *script, const json_t *question, const char *answer)
{
    const char *name = text_of(question, "target");
    json_t *rows = rows_of(script, text_of(question, "service"), "environment", "map");
    json_t *row = named(rows, "key", name);
    if (row != NULL)
        json_object_set_new(row, "value", json_string(answer));
    else
        json_array_append_new(rows,
                              json_pack("{s:i,s:s,s:s}", "line", 1, "key", name, "value", answer));
}

void aphd_body_grow(json_t *script, const json_t *entry, const aphd_filling_t *filling,
                    json_t *storage)
{
    const json_t *questions = json_object_get(entry, "questions");
    const json_t *web = json_object_get(entry, "web");
    if (json_is_object(web))
        add_web(script, web, filling);
    for (size_t i = 0; i < json_array_size(questions); i++) {
        const json_t *question = json_array_get(questions, i);
        const char *kind = text_of(question, "kind");
        const char *answer = text_of(filling->answers, text_of(question, "id"));
        if (strcmp(kind, "storage") == 0)
            add_mount(script, question, answer, filling->p, storage);
        if (*answer == '\0')
            continue;
        if (strcmp(kind, "port") == 0)
            add_ports(script, question, answer);
        else if (strcmp(kind, "device") == 0)
            add_device(script, question, aphd_dollars(answer, filling->p), filling->p);
        else if (strcmp(kind, "environment") == 0)
            set_variable(script, question, aphd_dollars(answer, filling->p));
    }
}
