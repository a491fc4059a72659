/* SPDX-License-Identifier: Apache-2.0 */
/* How a service reaches others: one network per app, and nothing shared with the host. */
#include <string.h>

#include "helper/policy/grammar.h"
#include "helper/policy/judge.h"

static void deny_text(aphd_judge_t *j, const json_t *row, const char *what, const char *why)
{
    aphd_find(j, APHD_DENY, row != NULL ? aphd_line(row) : j->line, what, "network", "%.100s: %s",
              what, why);
}

void judge_network_mode(aphd_judge_t *j)
{
    const char *mode = json_string_value(j->value);
    if (strcmp(mode, "bridge") == 0 || strcmp(mode, "default") == 0) {
        aphd_find(
            j, APHD_REWRITE, j->line, mode, "own-network",
            "the service joins the app's own network instead of the one all containers share");
    } else if (strcmp(mode, "none") == 0) {
        aphd_put(j, "network_mode", json_string(mode));
    } else if (strncmp(mode, "service:", 8) == 0 && strcmp(mode + 8, j->name) != 0
               && aphd_service_exists(j, mode + 8)) {
        aphd_put(j, "network_mode", json_string(mode));
        aphd_needs(j, mode + 8);
    } else if (strcmp(mode, "host") == 0) {
        if (aphd_override(j, j->line, mode, "network-host",
                          "host: the service would sit on the machine's own network and reach "
                          "everything that listens there"))
            aphd_put(j, "network_mode", json_string(mode));
    } else {
        deny_text(j, NULL, mode,
                  "a service has the app's network, none, or that of a service in "
                  "the same file");
    }
}

static int network_name(aphd_judge_t *j, const char *name)
{
    if (!aphd_name(name)) {
        deny_text(j, j->leaf, name, "not the name of a network");
        return 0;
    }
    if (json_object_get(j->networks, name) == NULL && strcmp(name, "default") != 0)
        aphd_find(j, APHD_REWRITE, j->line, name, "own-network",
                  "%.63s is declared nowhere; the service joins the app's own network", name);
    return 1;
}

/* The store with a proxy of its own (proxy.c) gives each service an address in the network it makes
 * for all its apps, and which no file declares. There is no such network here; in one the author
 * declares, he chose the addresses and may rely on them. */
void judge_fixed_address(aphd_judge_t *j)
{
    const char *name = aphd_leaf_key(j->leaf, 0);
    if (aphd_has_proxy(j) && name != NULL && strcmp(name, "default") == 0
        && json_object_get(j->networks, name) == NULL)
        aphd_find(
            j, APHD_REWRITE, j->line, j->part, "ours",
            "%s is left out: addresses are given out by apphost, and services find each other "
            "by name",
            j->part);
    else
        judge_deny(j);
}

/* To be on one of the author's networks, with whatever rank: there is one. */
void judge_network_use(aphd_judge_t *j)
{
    int in_map = aphd_leaf_key(j->leaf, 0) != NULL;
    if (network_name(j, in_map ? aphd_leaf_key(j->leaf, 0) : j->text)
        && aphd_leaf_is(j->leaf, "*") && *j->text != '\0')
        deny_text(j, j->leaf, j->text, "of a network a service may say no more than aliases");
}

void judge_network_alias(aphd_judge_t *j)
{
    json_t *aliases = json_object_get(j->made, "aliases");
    if (!network_name(j, aphd_leaf_key(j->leaf, 0)))
        return;
    if (!aphd_host(j->text)) {
        deny_text(j, j->leaf, j->text, "not the name of a host");
        return;
    }
    if (aliases == NULL) {
        aliases = json_array();
        json_object_set_new(j->made, "aliases", aliases);
    }
    json_array_append_new(aliases, json_string(j->text));
}

void judge_service_networks(aphd_judge_t *j)
{
    if (json_object_size(j->made) > 0)
        aphd_put(j, "networks", json_pack("{s:O}", "default", j->made));
}

void judge_links(aphd_judge_t *j)
{
    size_t i;
    json_t *row;
    json_array_foreach(j->value, i, row) {
        const char *text = aphd_text(row, "value");
        char service[64];
        size_t length = strcspn(text, ":");
        if (length < sizeof service) {
            memcpy(service, text, length);
            service[length] = '\0';
        }
        if (length >= sizeof service || !aphd_service_exists(j, service)
            || (text[length] == ':' && !aphd_host(text + length + 1))) {
            deny_text(j, row, text, "a link names a service of the same file");
            continue;
        }
        aphd_put_item(j, "links", json_string(text));
        aphd_needs(j, service);
    }
}

static void take_host(aphd_judge_t *j, const char *host, const char *address)
{
    if (!aphd_host(host)) {
        deny_text(j, j->leaf, host, "not the name of a host");
        return;
    }
    if (strcmp(address, "host-gateway") == 0) {
        aphd_find(j, APHD_ASK, j->line, host, "host-gateway",
                  "under the name %.100s the app reaches what listens on this machine", host);
    } else if (!aphd_address(address)) {
        deny_text(j, j->leaf, address, "not an address");
        return;
    }
    aphd_put_item(j, "extra_hosts", json_sprintf("%s:%s", host, address));
}

/* "name:address", "name=address", or name: address. */
void judge_extra_host(aphd_judge_t *j)
{
    if (aphd_leaf_key(j->leaf, 0) != NULL) {
        take_host(j, aphd_leaf_key(j->leaf, 0), j->text);
        return;
    }
    size_t length = strcspn(j->text, ":=");
    if (j->text[length] == '\0') {
        deny_text(j, j->leaf, j->text, "write NAME:ADDRESS");
        return;
    }
    json_t *host = json_stringn(j->text, length);
    take_host(j, json_string_value(host), j->text + length + 1);
    json_decref(host);
}

static void judge_words(aphd_judge_t *j, int (*fits)(const char *text), const char *why)
{
    size_t i;
    json_t *row;
    json_array_foreach(j->value, i, row) {
        const char *text = aphd_text(row, "value");
        if (fits(text))
            aphd_put_item(j, j->key, json_string(text));
        else
            deny_text(j, row, text, why);
    }
}

static int resolver_option(const char *text)
{
    return aphd_made_of(text, "abcdefghijklmnopqrstuvwxyz0123456789:-", 40);
}

void judge_dns(aphd_judge_t *j)
{
    judge_words(j, aphd_address, "not the address of a name server");
}

void judge_dns_search(aphd_judge_t *j)
{
    judge_words(j, aphd_host, "not a domain");
}

void judge_dns_opt(aphd_judge_t *j)
{
    judge_words(j, resolver_option, "not an option of the resolver");
}

/* --- declared networks --- */

void judge_network_driver(aphd_judge_t *j)
{
    const char *driver = json_string_value(j->value);
    if (*driver != '\0' && strcmp(driver, "bridge") != 0 && strcmp(driver, "default") != 0)
        deny_text(j, NULL, driver,
                  "an app's network is a bridge of its own; other kinds reach into "
                  "the network of the machine");
}

void judge_network_driver_opts(aphd_judge_t *j)
{
    if (json_array_size(j->value) > 0)
        deny_text(j, NULL, aphd_text(json_array_get(j->value, 0), "key"),
                  "apphost sets up the app's network itself");
}

void judge_ipam_driver(aphd_judge_t *j)
{
    if (strcmp(j->text, "default") != 0)
        deny_text(j, j->leaf, j->text, "addresses are given out by apphost");
}
