/* SPDX-License-Identifier: Apache-2.0 */
#include "helper/base/wall_rules.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINK_LOCAL "169.254.0.0/16"
#define OURS       "APPHOST-" /* what the chains of every apphost begin with */

/* --- what an app opens ----------------------------------------------------------------------- */

/* "2224:22/tcp" is open to everybody, "127.0.0.1:8080:80/tcp" is not. We wrote them ourselves. */
static json_t *open_port(const char *text)
{
    char protocol[4];
    int host, target, used = 0;
    if (sscanf(text, "%d:%d/%3[a-z]%n", &host, &target, protocol, &used) != 3
        || text[used] != '\0' || host < 1 || host > 65535
        || (strcmp(protocol, "tcp") != 0 && strcmp(protocol, "udp") != 0))
        return NULL;
    return json_pack("{s:i, s:s}", "host", host, "protocol", protocol);
}

json_t *aphd_wall_app(const json_t *model)
{
    const json_t *network = json_object_get(json_object_get(model, "networks"), "default");
    const json_t *config = json_object_get(json_object_get(network, "ipam"), "config");
    const char *subnet =
        json_string_value(json_object_get(json_array_get(config, 0), "subnet"));
    aphd_cidr_t parsed;
    const char *name;
    json_t *service, *text;
    size_t i;
    if (subnet == NULL || !aphd_cidr_parse(subnet, &parsed))
        return NULL;
    json_t *ports = json_array();
    json_object_foreach(json_object_get(model, "services"), name, service)
        json_array_foreach(json_object_get(service, "ports"), i, text) {
            json_t *port = json_is_string(text) ? open_port(json_string_value(text)) : NULL;
            if (port != NULL)
                json_array_append_new(ports, port);
        }
    return json_pack("{s:s, s:o}", "subnet", subnet, "ports", ports);
}

/* --- rules ----------------------------------------------------------------------------------- */

typedef struct text_t {
    char *octets;
    size_t length, room;
    int failed;
} text_t;

__attribute__((format(printf, 2, 3))) static void add(text_t *text, const char *format, ...)
{
    char line[256];
    va_list arguments;
    va_start(arguments, format);
    size_t length = (size_t)vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    if (text->length + length + 1 > text->room) {
        size_t room = 2 * text->room + length + 1024;
        char *grown = realloc(text->octets, room);
        text->failed |= grown == NULL;
        if (grown == NULL)
            return;
        text->octets = grown;
        text->room = room;
    }
    memcpy(text->octets + text->length, line, length + 1);
    text->length += length;
}

static void add_all(text_t *text, const char *lines)
{
    while (*lines != '\0') {
        int length = (int)strcspn(lines, "\n");
        add(text, "%.*s\n", length, lines);
        lines += length + (lines[length] == '\n');
    }
}

static char *end(text_t *text)
{
    add(text, "%s", ""); /* even no rule is a text */
    if (!text->failed)
        return text->octets;
    free(text->octets);
    return NULL;
}

static const char *subnet_of(const json_t *app)
{
    return json_string_value(json_object_get(app, "subnet"));
}

/* The pool, and what lies outside of it: array of texts. */
static json_t *ranges_of(const aphd_cidr_t *pool, const json_t *apps)
{
    json_t *ranges = json_array(), *app;
    char text[APHD_CIDR_TEXT_MAX];
    aphd_cidr_t part;
    size_t i;
    aphd_cidr_format(pool, text);
    json_array_append_new(ranges, json_string(text));
    json_array_foreach(apps, i, app)
        if (aphd_cidr_parse(subnet_of(app), &part) && !aphd_cidr_overlap(pool, &part))
            json_array_append_new(ranges, json_string(subnet_of(app)));
    return ranges;
}

static char *outer(const aphd_wall_rules_t *rules, const json_t *ranges)
{
    text_t text = {0};
    size_t i;
    json_t *range;
    add(&text, "-A %s -m conntrack --ctstate RELATED,ESTABLISHED -j RETURN\n", rules->chain);
    json_array_foreach(ranges, i, range)
        add(&text, "-A %s -s %s -d " LINK_LOCAL " -j DROP\n", rules->chain,
            json_string_value(range));
    json_array_foreach(ranges, i, range)
        add(&text, "-A %s -d %s -j %s\n", rules->chain, json_string_value(range), rules->inner);
    return end(&text);
}

static char *inner(const aphd_wall_rules_t *rules, const json_t *apps)
{
    text_t text = {0};
    size_t i, k;
    json_t *app, *port;
    json_array_foreach(apps, i, app)
        add(&text, "-A %s -s %s -d %s -j RETURN\n", rules->inner, subnet_of(app), subnet_of(app));
    json_array_foreach(apps, i, app) json_array_foreach(json_object_get(app, "ports"), k, port)
        add(&text, "-A %s -d %s -p %s -m conntrack --ctstate DNAT --ctorigdstport %d -j RETURN\n",
            rules->inner, subnet_of(app), json_string_value(json_object_get(port, "protocol")),
            (int)json_integer_value(json_object_get(port, "host")));
    add(&text, "-A %s -j DROP\n", rules->inner);
    return end(&text);
}

static char *raw(const aphd_wall_rules_t *rules, const json_t *ranges)
{
    text_t text = {0};
    size_t i;
    json_t *range;
    json_array_foreach(ranges, i, range) {
        add(&text, "-A %s -s %s -m rpfilter --invert -j DROP\n", rules->chain,
            json_string_value(range));
        add(&text, "-A %s -s %s -d 127.0.0.0/8 ! -i lo -j DROP\n", rules->chain,
            json_string_value(range));
    }
    return end(&text);
}

int aphd_wall_rules_make(aphd_wall_rules_t *rules, const char *instance, const char *pool,
                         const json_t *apps)
{
    memset(rules, 0, sizeof *rules);
    aphd_cidr_parse(pool, &rules->pool); /* the settings have judged it */
    json_auto_t *ranges = ranges_of(&rules->pool, apps);
    snprintf(rules->chain, sizeof rules->chain, OURS "%.8s", instance);
    snprintf(rules->inner, sizeof rules->inner, OURS "%.8s-IN", instance);
    rules->outer_rules = outer(rules, ranges);
    rules->inner_rules = inner(rules, apps);
    rules->raw_rules = raw(rules, ranges);
    if (rules->outer_rules != NULL && rules->inner_rules != NULL && rules->raw_rules != NULL)
        return 1;
    aphd_wall_rules_clear(rules);
    return 0;
}

void aphd_wall_rules_clear(aphd_wall_rules_t *rules)
{
    free(rules->outer_rules);
    free(rules->inner_rules);
    free(rules->raw_rules);
    rules->outer_rules = rules->inner_rules = rules->raw_rules = NULL;
}

/* --- looking --------------------------------------------------------------------------------- */

/* The part of saved that is about the table: from behind its heading to its end. */
static const char *table(const char *saved, const char *heading, size_t *length)
{
    const char *at = strncmp(saved, heading, strlen(heading)) == 0 ? saved : NULL;
    for (const char *found = saved; at == NULL && (found = strstr(found, heading)) != NULL; found++)
        if (found[-1] == '\n')
            at = found;
    *length = 0;
    if (at == NULL)
        return "";
    at += strlen(heading);
    const char *last = strstr(at, "\nCOMMIT\n");
    *length = last != NULL ? (size_t)(last + 1 - at) : strlen(at);
    return at;
}

/* One line of a table, without its newline; 0 at the end. */
static int next_line(const char **at, size_t *left, char *line, size_t room)
{
    if (*left == 0)
        return 0;
    const char *newline = memchr(*at, '\n', *left);
    size_t length = newline != NULL ? (size_t)(newline - *at) : *left;
    size_t kept = length < room ? length : room - 1;
    memcpy(line, *at, kept);
    line[kept] = '\0';
    *left -= length + (newline != NULL);
    *at += length + (newline != NULL);
    return 1;
}

/* Jumps from one chain to another. */
typedef struct jumps_t {
    int count;
    int before; /* other rules that come before the first of them; of another apphost's: none */
    int ahead;  /* rules seen that count as being before */
} jumps_t;

static void count_jump(jumps_t *jumps, const char *rule, const char *target)
{
    if (strncmp(rule, "-j ", 3) == 0 && strcmp(rule + 3, target) == 0) {
        if (jumps->count++ == 0)
            jumps->before = jumps->ahead;
    } else if (strncmp(rule, "-j " OURS, 3 + strlen(OURS)) != 0) {
        jumps->ahead++;
    }
}

/* What follows "-A CHAIN " in line, or NULL. */
static const char *rule_of(const char *line, const char *chain)
{
    size_t length = strlen(chain);
    return strncmp(line, "-A ", 3) == 0 && strncmp(line + 3, chain, length) == 0
        && line[3 + length] == ' ' ? line + 4 + length : NULL;
}

/* Nonzero where the rules of chain are wanted, one for one. */
static int says(const char *at, size_t left, const char *chain, const char *wanted)
{
    char line[1024];
    while (next_line(&at, &left, line, sizeof line)) {
        size_t length = strlen(line);
        if (rule_of(line, chain) == NULL)
            continue;
        if (strncmp(wanted, line, length) != 0 || wanted[length] != '\n')
            return 0;
        wanted += length + 1;
    }
    return *wanted == '\0';
}

static int declares(const char *at, size_t left, const char *chain)
{
    char line[1024];
    size_t length = strlen(chain);
    while (next_line(&at, &left, line, sizeof line))
        if (line[0] == ':' && strncmp(line + 1, chain, length) == 0 && line[1 + length] == ' ')
            return 1;
    return 0;
}

static void note_rival(const aphd_wall_rules_t *rules, const char *line, aphd_wall_view_t *view)
{
    char chain[APHD_WALL_CHAIN_MAX], range[APHD_CIDR_TEXT_MAX];
    aphd_cidr_t theirs;
    if (sscanf(line, "-A %23s -d %18s -j " OURS, chain, range) == 2
        && strncmp(chain, OURS, strlen(OURS)) == 0 && strcmp(chain, rules->chain) != 0
        && strcmp(chain, rules->inner) != 0 && aphd_cidr_parse(range, &theirs)
        && aphd_cidr_overlap(&theirs, &rules->pool))
        memcpy(view->rival, chain, sizeof chain);
}

static void view_filter(const aphd_wall_rules_t *rules, const char *saved, aphd_wall_view_t *view)
{
    size_t length;
    const char *text = table(saved, "*filter\n", &length);
    jumps_t direct = {0}, docker = {0}, to_docker = {0};
    char line[1024];
    const char *at = text, *rule;
    size_t left = length;
    while (next_line(&at, &left, line, sizeof line)) {
        if ((rule = rule_of(line, "FORWARD")) != NULL) {
            count_jump(&direct, rule, rules->chain);
            count_jump(&to_docker, rule, "DOCKER-USER");
        } else if ((rule = rule_of(line, "DOCKER-USER")) != NULL) {
            count_jump(&docker, rule, rules->chain);
        } else {
            note_rival(rules, line, view);
        }
    }
    int by_docker = to_docker.count > 0 && to_docker.before == 0;
    const jumps_t *wanted = by_docker ? &docker : &direct;
    view->place = by_docker ? "DOCKER-USER" : "FORWARD";
    view->other = by_docker ? "FORWARD" : "DOCKER-USER";
    view->there = wanted->count;
    view->elsewhere = by_docker ? direct.count : docker.count;
    view->absent = !declares(text, length, rules->chain);
    view->differs = !says(text, length, rules->chain, rules->outer_rules)
                 || !says(text, length, rules->inner, rules->inner_rules);
    view->unreached = wanted->count == 0;
    view->late = wanted->before > 0;
}

static void view_raw(const aphd_wall_rules_t *rules, const char *saved, aphd_wall_view_t *view)
{
    size_t length;
    const char *text = table(saved, "*raw\n", &length);
    const char *at = text, *rule;
    size_t left = length;
    jumps_t jumps = {0};
    char line[1024];
    while (next_line(&at, &left, line, sizeof line))
        if ((rule = rule_of(line, "PREROUTING")) != NULL)
            count_jump(&jumps, rule, rules->chain);
    view->raw_jumps = jumps.count;
    view->raw = jumps.count == 0 || !says(text, length, rules->chain, rules->raw_rules);
}

void aphd_wall_view(const aphd_wall_rules_t *rules, const char *saved, aphd_wall_view_t *view)
{
    memset(view, 0, sizeof *view);
    view_filter(rules, saved, view);
    view_raw(rules, saved, view);
}

int aphd_wall_stands(const aphd_wall_view_t *view, int with_raw)
{
    return !view->absent && !view->differs && !view->unreached && !view->late
        && !(view->raw && with_raw);
}

/* --- putting it right ------------------------------------------------------------------------ */

char *aphd_wall_restore_text(const aphd_wall_rules_t *rules, const aphd_wall_view_t *view,
                             int with_raw)
{
    text_t text = {0};
    /* A chain that is declared is made where it is missing, and emptied. */
    add(&text, "*filter\n:%s - [0:0]\n:%s - [0:0]\n", rules->chain, rules->inner);
    int move = view->unreached || view->late || view->there > 1;
    for (int i = 0; move && i < view->there; i++)
        add(&text, "-D %s -j %s\n", view->place, rules->chain);
    for (int i = 0; i < view->elsewhere; i++)
        add(&text, "-D %s -j %s\n", view->other, rules->chain);
    if (move)
        add(&text, "-I %s 1 -j %s\n", view->place, rules->chain);
    add_all(&text, rules->outer_rules);
    add_all(&text, rules->inner_rules);
    add(&text, "COMMIT\n");
    if (with_raw) {
        add(&text, "*raw\n:%s - [0:0]\n", rules->chain);
        if (view->raw_jumps == 0)
            add(&text, "-I PREROUTING 1 -j %s\n", rules->chain);
        add_all(&text, rules->raw_rules);
        add(&text, "COMMIT\n");
    }
    return end(&text);
}

/* A chain that is not there is made first, so that it can be removed whatever was there. */
char *aphd_wall_remove_text(const aphd_wall_rules_t *rules, const char *saved)
{
    text_t text = {0};
    aphd_wall_view_t view;
    aphd_wall_view(rules, saved, &view);
    add(&text, "*filter\n:%s - [0:0]\n:%s - [0:0]\n", rules->chain, rules->inner);
    for (int i = 0; i < view.there; i++)
        add(&text, "-D %s -j %s\n", view.place, rules->chain);
    for (int i = 0; i < view.elsewhere; i++)
        add(&text, "-D %s -j %s\n", view.other, rules->chain);
    add(&text, "-X %s\n-X %s\nCOMMIT\n*raw\n:%s - [0:0]\n", rules->chain, rules->inner,
        rules->chain);
    for (int i = 0; i < view.raw_jumps; i++)
        add(&text, "-D PREROUTING -j %s\n", rules->chain);
    add(&text, "-X %s\nCOMMIT\n", rules->chain);
    return end(&text);
}
