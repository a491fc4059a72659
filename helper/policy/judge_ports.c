/* SPDX-License-Identifier: Apache-2.0 */
/* Ports: one of them is the web page, on 127.0.0.1 at the app's own number; others are asked for.
 *
 * The web page is the port published at the app's own number (HOST_PORT). A literal number of
 * apphost's range stands for it when it is the only such number in the file: older scripts carry
 * the number their author's machine gave out. Where there is neither, it is the port a store calls
 * so in its own notes (port_map, app_proxy). */
#include <stdio.h>
#include <string.h>

#include "helper/policy/grammar.h"
#include "helper/policy/judge.h"

#define RANGE_MAX     64  /* ports in one range */
#define PUBLISHED_MAX 512 /* ports of one app; each is compared with each */

typedef struct range_t {
    int first, last;
} range_t;

static int parse_range(const char *text, range_t *range)
{
    char first[8];
    long long low = 0, high = 0;
    size_t length = strcspn(text, "-");
    if (length >= sizeof first)
        return 0;
    memcpy(first, text, length);
    first[length] = '\0';
    const char *last = text[length] == '-' ? text + length + 1 : first;
    if (!aphd_number(first, 1, 65535, &low) || !aphd_number(last, low, 65535, &high))
        return 0;
    *range = (range_t){(int)low, (int)high};
    return 1;
}

static int in_our_range(const aphd_judge_t *j, int port)
{
    return port >= APH_PORT_BASE && port <= APH_PORT_BASE + j->site->max_app_id;
}

static int touches_our_range(const aphd_judge_t *j, range_t range)
{
    return range.last >= APH_PORT_BASE && range.first <= APH_PORT_BASE + j->site->max_app_id;
}

/* "": every address; "127.0.0.1"; NULL: an address we cannot know. */
static const char *host_address(const char *text)
{
    if (text == NULL || strcmp(text, "0.0.0.0") == 0 || strcmp(text, "::") == 0
        || strcmp(text, "[::]") == 0)
        return "";
    if (strcmp(text, "127.0.0.1") == 0 || strcmp(text, "[::1]") == 0 || strcmp(text, "::1") == 0)
        return "127.0.0.1";
    return NULL;
}

static int check_extras(aphd_judge_t *j, const json_t *row)
{
    size_t i;
    json_t *pair;
    int fine = 1;
    j->line = aphd_line(row);
    json_array_foreach(json_object_get(row, "extra"), i, pair) {
        const char *name = json_string_value(json_array_get(pair, 0));
        fine &= aphd_judge_option(j, APHD_SERVICE, "ports.#", name,
                                  json_string_value(json_array_get(pair, 1)));
    }
    return fine;
}

static void refuse_port(aphd_judge_t *j, const json_t *row, const char *what, const char *why)
{
    aphd_find(j, APHD_DENY, aphd_line(row), what, "port", "%.60s: %s", what, why);
}

/* Notes every port of a range for aphd_ports_settle. */
static void note_range(aphd_judge_t *j, const json_t *row, range_t host, range_t target,
                       const char *address)
{
    for (int i = 0; i <= host.last - host.first; i++) {
        json_t *port = json_pack("{s:s,s:i,s:i,s:i,s:s,s:s}", "service", j->name, "line",
                                 aphd_line(row), "host", host.first + i, "target", target.first + i,
                                 "protocol", aphd_text(row, "protocol"), "address", address);
        if (json_array_append_new(j->published, port) != 0)
            j->failed = 1;
    }
}

/* The one a store calls the web page: whatever its number, it is not opened under it. */
static int is_store_port(const aphd_judge_t *j, range_t host, const char *protocol)
{
    return j->store_port != 0 && host.first == j->store_port && host.last == host.first
           && strcmp(protocol, "tcp") == 0;
}

/* One store names the web page beside the services, by the port of the machine it is published
 * at. */
void judge_store_port(aphd_judge_t *j)
{
    size_t i;
    json_t *row;
    long long port = 0;
    json_array_foreach(j->value, i, row)
        if (strcmp(aphd_text(row, "key"), "port_map") == 0 && aphd_text(row, "value") != NULL
            && aphd_number(aphd_text(row, "value"), 1, 65535, &port))
            j->store_port = (int)port;
}

/* To whom it is opened is said where that is asked (settle_port). */
static int low_port_allowed(aphd_judge_t *j, const json_t *row, const char *what)
{
    return aphd_override(j, aphd_line(row), what, "low-port",
                         "%.60s: ports below 1024 belong to this machine's own services", what);
}

static void judge_port(aphd_judge_t *j, const json_t *row)
{
    const char *published = aphd_text(row, "published");
    const char *target_text = aphd_text(row, "target");
    const char *protocol = aphd_text(row, "protocol");
    const char *address = host_address(aphd_text(row, "host_ip"));
    range_t host, target;
    if (!check_extras(j, row))
        return;
    if (strcmp(protocol, "tcp") != 0 && strcmp(protocol, "udp") != 0)
        refuse_port(j, row, protocol, "a port is tcp or udp");
    else if (!parse_range(target_text, &target))
        refuse_port(j, row, *target_text != '\0' ? target_text : "target",
                    "the container's port is a number from 1 to 65535");
    else if (published == NULL)
        aphd_find(j, APHD_REWRITE, aphd_line(row), target_text, "no-host-port",
                  "port %s is not opened: it names no port of this machine", target_text);
    else if (!parse_range(published, &host))
        refuse_port(j, row, published,
                    "the port of this machine is a number from 1 to 65535, or HOST_PORT for the "
                    "web page");
    else if (host.first != host.last && touches_our_range(j, host))
        refuse_port(j, row, published, "the range takes ports that belong to other apps");
    else if (host.last - host.first != target.last - target.first)
        refuse_port(j, row, published, "the two ranges are not of one length");
    else if (host.last - host.first >= RANGE_MAX)
        refuse_port(j, row, published, "more than 64 ports in one range");
    else if (host.first < 1024 && !is_store_port(j, host, protocol)
             && !low_port_allowed(j, row, published))
        return;
    else if (json_array_size(j->published) > PUBLISHED_MAX)
        refuse_port(j, row, published, "more ports than an app may have");
    else if (address == NULL)
        refuse_port(j, row, aphd_text(row, "host_ip"),
                    "an app cannot know the addresses of this machine; leave the address out");
    else
        note_range(j, row, host, target, address);
}

void judge_ports(aphd_judge_t *j)
{
    size_t i;
    json_t *row;
    json_array_foreach(j->value, i, row)
        judge_port(j, row);
}

void judge_expose(aphd_judge_t *j)
{
    size_t i;
    json_t *row;
    json_array_foreach(j->value, i, row) {
        char number[16];
        const char *text = aphd_text(row, "value");
        size_t length = strcspn(text, "/");
        range_t range;
        snprintf(number, sizeof number, "%.*s", (int)(length < 15 ? length : 15), text);
        int known = text[length] == '\0' || strcmp(text + length, "/tcp") == 0
                    || strcmp(text + length, "/udp") == 0;
        if (known && parse_range(number, &range))
            aphd_put_item(j, "expose", json_string(text));
        else
            refuse_port(j, row, text, "not a port of a container");
    }
}

/* --- once all services were seen --- */

static int number(const json_t *row, const char *member)
{
    return (int)json_integer_value(json_object_get(row, member));
}

/* The port of this machine that stands for the web page; 0: none. */
static int find_web_port(const aphd_judge_t *j)
{
    size_t i;
    json_t *row;
    int web = 0, named = 0;
    json_array_foreach(j->published, i, row) {
        int host = number(row, "host");
        if (strcmp(aphd_text(row, "protocol"), "tcp") != 0)
            continue;
        if (host == j->site->port)
            return host;
        if (web == 0 && in_our_range(j, host))
            web = host;
        if (host == j->store_port)
            named = host;
    }
    return web != 0 ? web : named;
}

/* The same port of this machine, published a second time; NULL: this is the first. */
static const json_t *published_before(const aphd_judge_t *j, size_t place)
{
    const json_t *row = json_array_get(j->published, place);
    for (size_t i = 0; i < place; i++) {
        const json_t *other = json_array_get(j->published, i);
        if (number(other, "host") == number(row, "host")
            && strcmp(aphd_text(other, "protocol"), aphd_text(row, "protocol")) == 0)
            return other;
    }
    return NULL;
}

/* Two lines for one port are one line when they say the same: 0.0.0.0 and [::], most often. */
static int is_repeated(aphd_judge_t *j, size_t place)
{
    const json_t *row = json_array_get(j->published, place);
    const json_t *before = published_before(j, place);
    if (before == NULL)
        return 0;
    if (number(before, "target") != number(row, "target")
        || strcmp(aphd_text(before, "service"), aphd_text(row, "service")) != 0)
        aphd_find_app(j, APHD_DENY, aphd_line(row), aphd_text(row, "service"), "port-twice",
                      "port %d of this machine is published in line %d already",
                      number(row, "host"), aphd_line(before));
    return 1;
}

static void render_port(aphd_judge_t *j, const json_t *row, int host, const char *address, int web)
{
    const char *service = aphd_text(row, "service");
    const char *protocol = aphd_text(row, "protocol");
    j->out = json_object_get(json_object_get(j->result->compose, "services"), service);
    aphd_put_item(j, "ports",
                  json_sprintf("%s%s%d:%d/%s", address, *address != '\0' ? ":" : "", host,
                               number(row, "target"), protocol));
    json_t *port =
        json_pack("{s:s,s:i,s:i,s:s,s:s,s:b}", "service", service, "host", host, "target",
                  number(row, "target"), "protocol", protocol, "address", address, "web", web);
    if (json_array_append_new(j->result->ports, port) != 0)
        j->failed = 1;
    if (web) {
        j->result->web_service = aphd_text(port, "service");
        j->result->web_target = number(row, "target");
    }
}

/* A low port that passed as the one the store calls the web page, and is not: another one is. */
static int is_left_over(const aphd_judge_t *j, int host, int tcp)
{
    return tcp && host < 1024 && host == j->store_port;
}

static void settle_port(aphd_judge_t *j, const json_t *row, int web_port)
{
    int host = number(row, "host");
    int tcp = strcmp(aphd_text(row, "protocol"), "tcp") == 0;
    char what[24];
    snprintf(what, sizeof what, "%d/%s", host, aphd_text(row, "protocol"));
    if (host == web_port && tcp) {
        if (host != j->site->port || strcmp(aphd_text(row, "address"), "127.0.0.1") != 0)
            aphd_find_app(j, APHD_REWRITE, aphd_line(row), what, "web-port",
                          "the web page is reached by the app's name; its port becomes "
                          "127.0.0.1:%d",
                          j->site->port);
        render_port(j, row, j->site->port, "127.0.0.1", 1);
    } else if (in_our_range(j, host)) {
        aphd_find_app(j, APHD_DENY, aphd_line(row), what, "port",
                      "port %s is not for the app to choose; apphost gives out %d to %d, one to an "
                      "app, for its web page",
                      what, APH_PORT_BASE + 1, APH_PORT_BASE + j->site->max_app_id);
    } else if (!is_left_over(j, host, tcp) || low_port_allowed(j, row, what)) {
        const char *address = aphd_text(row, "address");
        aphd_find_app(j, APHD_ASK, aphd_line(row), what, "host-port",
                      "port %s of this machine is opened %s", what,
                      *address == '\0' ? "to everyone who can reach it" : "to its own programs");
        aphd_terms(j, "port %d of the container", number(row, "target"));
        render_port(j, row, host, address, 0);
    }
}

/* A service on the machine's own network listens where its program chooses; nothing is published
 * for it, and so nothing of it can be put behind the app's name. */
static void settle_on_host(aphd_judge_t *j, const json_t *row, int web_port)
{
    char what[24];
    snprintf(what, sizeof what, "%d/%s", number(row, "host"), aphd_text(row, "protocol"));
    if (number(row, "host") == web_port)
        aphd_find_app(j, APHD_DENY, aphd_line(row), what, "host-network-web",
                      "a service on the machine's own network cannot be the app's web page: its "
                      "program listens where it chooses; leave the port out, and the app is "
                      "reached at this machine's own address, without httpd");
    else
        aphd_find_app(j, APHD_REWRITE, aphd_line(row), what, "no-host-port",
                      "port %s is not opened: on the machine's own network the program opens its "
                      "ports itself",
                      what);
}

void aphd_ports_settle(aphd_judge_t *j)
{
    int web_port = find_web_port(j);
    size_t i;
    json_t *row;
    if (web_port == 0)
        web_port = aphd_proxy_publish(j);
    j->section = "services";
    j->key = "ports";
    json_array_foreach(j->published, i, row) {
        j->name = aphd_text(row, "service");
        const json_t *service =
            json_object_get(json_object_get(j->result->compose, "services"), j->name);
        const char *mode = json_string_value(json_object_get(service, "network_mode"));
        if (mode != NULL && strcmp(mode, "host") == 0) {
            settle_on_host(j, row, web_port);
            continue;
        }
        if (mode != NULL) {
            aphd_find_app(j, APHD_DENY, aphd_line(row), j->name, "no-network",
                          "%s has no network of its own to publish a port from", j->name);
            continue;
        }
        if (!is_repeated(j, i))
            settle_port(j, row, web_port);
    }
}
