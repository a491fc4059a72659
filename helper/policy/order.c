/* SPDX-License-Identifier: Apache-2.0 */
/* In which order services start: each after those it needs. */
#include <string.h>

#include "helper/policy/judge.h"

static int has_string(const json_t *list, const char *text)
{
    size_t i;
    json_t *item;
    json_array_foreach(list, i, item)
        if (strcmp(json_string_value(item), text) == 0)
            return 1;
    return 0;
}

/* Nonzero when everything the service needs is in order already. */
static int ready(const aphd_judge_t *j, const char *service)
{
    size_t i;
    json_t *needed;
    json_array_foreach(json_object_get(j->edges, service), i, needed)
        if (!has_string(j->result->order, json_string_value(needed)))
            return 0;
    return 1;
}

/* Rounds over the services in the author's order; a round that places none has met a circle. */
void aphd_order_settle(aphd_judge_t *j)
{
    const json_t *services = json_object_get(j->compose, "services");
    size_t before;
    do {
        size_t i;
        json_t *service;
        before = json_array_size(j->result->order);
        json_array_foreach(services, i, service) {
            const char *name = aphd_text(service, "name");
            if (!has_string(j->result->order, name) && ready(j, name)
                && json_array_append_new(j->result->order, json_string(name)) != 0)
                j->failed = 1;
        }
    } while (json_array_size(j->result->order) > before);
    size_t i;
    json_t *service;
    json_array_foreach(services, i, service) {
        j->name = aphd_text(service, "name");
        j->key = "depends_on";
        if (!has_string(j->result->order, j->name))
            aphd_find(j, APHD_DENY, aphd_line(service), NULL, "circle",
                      "%s waits for services that wait for it: break the circle of depends_on, "
                      "links or network_mode",
                      j->name);
    }
}
