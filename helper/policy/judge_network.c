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
        deny_text(j, NULL, mode,
                  "the service would sit on the machine's own network and reach "
                  "everything that listens there");
    } else {
        deny_text(j, NULL, mode,
                  "a service has the app's network, none, or that of a service in "
                  "the same file");
    }
}

/* The networks of a service: names, with aliases at most. */
void judge_service_networks(aphd_judge_t *j)
{
    json_t *aliases = json_array();
    size_t i;
    json_t *leaf;
    json_array_foreach(j->value, i, leaf) {
        const char *text = aphd_text(leaf, "value");
        const char *name = aphd_leaf_key(leaf, 0);
        if (aphd_leaf_is(leaf, "#"))
            name = text;
        if (name == NULL || !aphd_name(name)) {
            deny_text(j, leaf, name != NULL ? name : "networks", "not the name of a network");
            continue;
        }
        if (json_object_get(j->networks, name) == NULL && strcmp(name, "default") != 0)
            aphd_find(j, APHD_REWRITE, aphd_line(leaf), name, "own-network",
                      "%.63s is declared nowhere; the service joins the app's own network", name);
        if (aphd_leaf_is(leaf, "*.aliases.#") && text != NULL && aphd_host(text))
            json_array_append_new(aliases, json_string(text));
        else if (!aphd_leaf_is(leaf, "#") && !(aphd_leaf_is(leaf, "*") && text == NULL)
                 && !aphd_leaf_is(leaf, "*.priority") && !aphd_leaf_is(leaf, "*.gw_priority"))
            deny_text(j, leaf, name,
                      "of a network a service may say no more than aliases; addresses "
                      "are given out by apphost");
    }
    if (json_array_size(aliases) > 0)
        aphd_put(j, "networks", json_pack("{s:{s:O}}", "default", "aliases", aliases));
    json_decref(aliases);
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

static void judge_extra_host(aphd_judge_t *j, const json_t *leaf, const char *host,
                             const char *address)
{
    if (!aphd_host(host)) {
        deny_text(j, leaf, host, "not the name of a host");
        return;
    }
    if (strcmp(address, "host-gateway") == 0)
        aphd_find(j, APHD_ASK, aphd_line(leaf), host, "host-gateway",
                  "under the name %.100s the app reaches what listens on this machine", host);
    else if (!aphd_address(address)) {
        deny_text(j, leaf, address, "not an address");
        return;
    }
    aphd_put_item(j, "extra_hosts", json_sprintf("%s:%s", host, address));
}

/* "name:address", "name=address", or name: address. */
void judge_extra_hosts(aphd_judge_t *j)
{
    size_t i;
    json_t *leaf;
    json_array_foreach(j->value, i, leaf) {
        const char *text = aphd_text(leaf, "value");
        if (text != NULL && aphd_leaf_is(leaf, "*")) {
            judge_extra_host(j, leaf, aphd_leaf_key(leaf, 0), text);
            continue;
        }
        size_t length = text != NULL ? strcspn(text, ":=") : 0;
        if (text == NULL || !aphd_leaf_is(leaf, "#") || text[length] == '\0') {
            deny_text(j, leaf, text != NULL ? text : "extra_hosts", "write NAME:ADDRESS");
            continue;
        }
        json_t *host = json_stringn(text, length);
        judge_extra_host(j, leaf, json_string_value(host), text + length + 1);
        json_decref(host);
    }
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

void judge_network_ipam(aphd_judge_t *j)
{
    size_t i;
    json_t *leaf;
    json_array_foreach(j->value, i, leaf) {
        const char *text = aphd_text(leaf, "value");
        if (aphd_leaf_is(leaf, "driver") && text != NULL && strcmp(text, "default") == 0)
            continue;
        deny_text(j, leaf, text != NULL ? text : "ipam",
                  "addresses are given out by apphost; a subnet of one's own could take the "
                  "machine's route to the home network");
    }
}
