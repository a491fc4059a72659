/* SPDX-License-Identifier: Apache-2.0 */
/* The place of a store's own proxy, which httpd takes.
 *
 * Into each of its files one store writes a service app_proxy without an image: there its own
 * program stands in front of the app, and the variables APP_HOST and APP_PORT tell it whom to ask.
 * A service of that name that says nothing but its environment is such a place. It is left out,
 * nobody may need it, and the port it would have asked becomes the app's web page. The store calls
 * each service APP_SERVICE_1, and so do the services of one app among themselves: they get these
 * names on the app's network. */
#include <string.h>

#include "helper/policy/grammar.h"
#include "helper/policy/judge.h"

#define PROXY_NAME "app_proxy"

int aphd_is_proxy(const json_t *service)
{
    size_t i;
    json_t *key;
    int told = 0;
    if (strcmp(aphd_text(service, "name"), PROXY_NAME) != 0)
        return 0;
    json_array_foreach(json_object_get(service, "keys"), i, key) {
        const char *name = aphd_text(key, "key");
        if (strcmp(name, "environment") == 0)
            told = strcmp(aphd_text(key, "shape"), "map") == 0;
        else if (strncmp(name, "x-", 2) != 0)
            return 0;
    }
    return told;
}

int aphd_has_proxy(const aphd_judge_t *j)
{
    size_t i;
    json_t *service;
    json_array_foreach(json_object_get(j->compose, "services"), i, service)
        if (aphd_is_proxy(service))
            return 1;
    return 0;
}

void aphd_proxy_note(aphd_judge_t *j, int line)
{
    const json_t *environment = json_object_get(j->out, "environment");
    const char *host = aphd_text(environment, "APP_HOST");
    const char *port = aphd_text(environment, "APP_PORT");
    j->proxy = json_pack("{s:i,s:s,s:s}", "line", line, "host", host != NULL ? host : "", "port",
                         port != NULL ? port : "");
    if (j->proxy == NULL)
        j->failed = 1;
}

/* --- whom it asks
 * ------------------------------------------------------------------------------ */

/* How long APP is when host is "APP_SERVICE_1"; 0 when it is not. */
static size_t prefix_length(const char *host, const char *service)
{
    size_t length = strlen(host), name = strlen(service);
    if (length < name + 4 || strcmp(host + length - 2, "_1") != 0)
        return 0;
    const char *at = host + length - 2 - name;
    return strncmp(at, service, name) == 0 && at[-1] == '_' ? (size_t)(at - 1 - host) : 0;
}

/* What a service is called besides its name: its container, its host, its fixed address. */
static int answers_to(const json_t *service, const char *host)
{
    size_t i, k;
    json_t *key, *leaf;
    json_array_foreach(json_object_get(service, "keys"), i, key) {
        const char *name = aphd_text(key, "key"), *text = aphd_text(key, "value");
        if ((strcmp(name, "container_name") == 0 || strcmp(name, "hostname") == 0) && text != NULL
            && strcmp(text, host) == 0)
            return 1;
        if (strcmp(name, "networks") != 0)
            continue;
        json_array_foreach(json_object_get(key, "value"), k, leaf)
            if (aphd_leaf_is(leaf, "*.ipv4_address") && aphd_text(leaf, "value") != NULL
                && strcmp(aphd_text(leaf, "value"), host) == 0)
                return 1;
    }
    return 0;
}

/* The name of the one service that is meant; NULL: none, or more than one might be. */
static const char *asked_service(const aphd_judge_t *j, const char *host, size_t *prefix)
{
    const char *found = NULL, *only = NULL;
    size_t i, count = 0, answers = 0;
    json_t *service;
    *prefix = 0;
    json_array_foreach(json_object_get(j->compose, "services"), i, service) {
        const char *name = aphd_text(service, "name");
        if (aphd_is_proxy(service))
            continue;
        if (strcmp(name, host) == 0)
            return name;
        if (prefix_length(host, name) > 0) {
            *prefix = prefix_length(host, name);
            return name;
        }
        only = name;
        count++;
        if (answers_to(service, host)) {
            found = name;
            answers++;
        }
    }
    return answers == 1 ? found : count == 1 ? only : NULL;
}

static json_t *rendered(const aphd_judge_t *j, const char *service)
{
    return json_object_get(json_object_get(j->result->compose, "services"), service);
}

/* A service that shares the network of another one is asked there; one that was refused is not. */
static const char *network_owner(const aphd_judge_t *j, const char *service)
{
    for (size_t steps = 0; service != NULL && rendered(j, service) != NULL && steps < 64; steps++) {
        const char *mode = aphd_text(rendered(j, service), "network_mode");
        if (mode == NULL)
            return service;
        service = strncmp(mode, "service:", 8) == 0 ? mode + 8 : NULL;
    }
    return NULL;
}

/* The port of this machine at which the author publishes the same page; 0: nowhere. */
static int published_at(const aphd_judge_t *j, const char *service, int target)
{
    size_t i;
    json_t *row;
    json_array_foreach(j->published, i, row)
        if (strcmp(aphd_text(row, "service"), service) == 0
            && strcmp(aphd_text(row, "protocol"), "tcp") == 0
            && json_integer_value(json_object_get(row, "target")) == target)
            return (int)json_integer_value(json_object_get(row, "host"));
    return 0;
}

int aphd_proxy_publish(aphd_judge_t *j)
{
    long long port = 0;
    size_t prefix;
    if (j->proxy == NULL || !aphd_number(aphd_text(j->proxy, "port"), 1, 65535, &port))
        return 0;
    const char *service = network_owner(j, asked_service(j, aphd_text(j->proxy, "host"), &prefix));
    if (service == NULL)
        return 0;
    int same = published_at(j, service, (int)port);
    if (same != 0)
        return same;
    json_t *row = json_pack("{s:s,s:i,s:i,s:i,s:s,s:s}", "service", service, "line",
                            aphd_line(j->proxy), "host", j->site->port, "target", (int)port,
                            "protocol", "tcp", "address", "127.0.0.1");
    if (json_array_append_new(j->published, row) != 0)
        j->failed = 1;
    return j->site->port;
}

/* --- the names it goes by
 * ---------------------------------------------------------------------- */

static void add_names(aphd_judge_t *j, const char *host, size_t prefix)
{
    const char *name;
    json_t *service;
    json_object_foreach(json_object_get(j->result->compose, "services"), name, service) {
        json_t *alias = json_sprintf("%.*s_%s_1", (int)prefix, host, name);
        if (json_object_get(service, "network_mode") == NULL && aphd_host(json_string_value(alias))
            && !aphd_alias_add(service, json_string_value(alias)))
            j->failed = 1;
        json_decref(alias);
    }
}

void aphd_proxy_settle(aphd_judge_t *j)
{
    if (j->proxy == NULL)
        return;
    const char *host = aphd_text(j->proxy, "host");
    size_t prefix = 0;
    const char *service = asked_service(j, host, &prefix);
    j->section = "services";
    j->name = PROXY_NAME;
    j->key = "";
    if (service != NULL)
        aphd_find(j, APHD_REWRITE, aphd_line(j->proxy), host, "own-proxy",
                  "app_proxy is left out: httpd takes the place of the store's own proxy, and asks "
                  "%.63s", service);
    else
        aphd_find(
            j, APHD_REWRITE, aphd_line(j->proxy), host, "own-proxy",
            "app_proxy is left out: httpd takes the place of the store's own proxy; no service "
            "of this file is called %.63s, so the app has no web page by it",
            host);
    if (prefix > 0)
        add_names(j, host, prefix);
}
