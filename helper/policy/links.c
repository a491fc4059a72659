/* SPDX-License-Identifier: Apache-2.0 */
/* What links mean on the app's own network.
 *
 * There, every service is found under its name anyway. What a link adds is a second name and an
 * order, so "db:mysql" becomes the alias mysql of db, and db is what the service depends on. Links
 * themselves are Docker's alone: Podman takes no container that has any. The alias is seen by the
 * whole app instead of one service, which is the same unless two services would answer to it: then
 * the link stays as the author wrote it. */
#include <string.h>

#include "helper/policy/judge.h"

/* What "service" or "service:alias" adds; alias is NULL where it is the service's own name. */
typedef struct link_t {
    const char *alias;
    char service[64];
} link_t;

static int read_link(const char *text, link_t *link)
{
    size_t length = strcspn(text, ":");
    if (length >= sizeof link->service)
        return 0;
    memcpy(link->service, text, length);
    link->service[length] = '\0';
    link->alias = text[length] == ':' ? text + length + 1 : NULL;
    if (link->alias != NULL && strcmp(link->alias, link->service) == 0)
        link->alias = NULL;
    return 1;
}

static json_t *aliases_of(const json_t *service)
{
    const json_t *networks = json_object_get(service, "networks");
    return json_object_get(json_object_get(networks, "default"), "aliases");
}

static int has(const json_t *list, const char *text)
{
    size_t i;
    json_t *item;
    json_array_foreach(list, i, item) if (strcmp(json_string_value(item), text) == 0) return 1;
    return 0;
}

/* Nonzero where another service than the link's answers to its alias, or will: every link counts.
 */
static int is_ambiguous(json_t *services, const link_t *wanted)
{
    const char *name;
    json_t *service, *text;
    size_t i;
    if (json_object_get(services, wanted->alias) != NULL)
        return 1;
    json_object_foreach(services, name, service)
    {
        if (strcmp(name, wanted->service) != 0 && has(aliases_of(service), wanted->alias))
            return 1;
        json_array_foreach(json_object_get(service, "links"), i, text)
        {
            link_t other;
            if (read_link(json_string_value(text), &other) && other.alias != NULL &&
                strcmp(other.alias, wanted->alias) == 0 &&
                strcmp(other.service, wanted->service) != 0)
                return 1;
        }
    }
    return 0;
}

int aphd_alias_add(json_t *service, const char *alias)
{
    json_t *aliases = aliases_of(service);
    if (aliases == NULL) {
        aliases = json_array();
        if (json_object_set_new(service, "networks",
                                json_pack("{s:{s:o}}", "default", "aliases", aliases)) != 0)
            return 0;
    }
    return has(aliases, alias) || json_array_append_new(aliases, json_string(alias)) == 0;
}

static int add_dependency(json_t *service, const char *needed)
{
    json_t *all = json_object_get(service, "depends_on");
    if (all == NULL && json_object_set_new(service, "depends_on", json_object()) != 0)
        return 0;
    all = json_object_get(service, "depends_on");
    return json_object_get(all, needed) != NULL ||
           json_object_set_new(all, needed, json_pack("{s:s}", "condition", "service_started")) ==
               0;
}

/* Whether the service stands in the app's network and can have another name there. */
static int has_own_network(const json_t *service)
{
    return service != NULL && json_object_get(service, "network_mode") == NULL;
}

static int all_can_go(json_t *services, const json_t *links)
{
    size_t i;
    json_t *text;
    json_array_foreach(links, i, text)
    {
        link_t link;
        if (!read_link(json_string_value(text), &link) ||
            !has_own_network(json_object_get(services, link.service)) ||
            (link.alias != NULL && is_ambiguous(services, &link)))
            return 0;
    }
    return 1;
}

void aphd_links_settle(aphd_judge_t *j)
{
    json_t *services = json_object_get(j->result->compose, "services");
    const char *name;
    json_t *service, *text;
    size_t i;
    json_object_foreach(services, name, service)
    {
        const json_t *links = json_object_get(service, "links");
        if (links == NULL || !all_can_go(services, links))
            continue;
        json_array_foreach(links, i, text)
        {
            link_t link;
            if (!read_link(json_string_value(text), &link))
                continue;
            if (!add_dependency(service, link.service) ||
                (link.alias != NULL &&
                 !aphd_alias_add(json_object_get(services, link.service), link.alias)))
                j->failed = 1;
        }
        json_object_del(service, "links");
    }
}
