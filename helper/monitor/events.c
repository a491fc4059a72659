/* SPDX-License-Identifier: Apache-2.0 */
#include "helper/monitor/events.h"

#include <string.h>

#define NUMBERS 0x3fffffff /* what an int of ops.def can hold, with room to count */

void aphd_events_begin(aphd_events_t *events, int64_t now)
{
    memset(events, 0, sizeof *events);
    events->first = events->next = (now & NUMBERS) + 1;
}

void aphd_events_add(aphd_events_t *events, const aphd_event_t *event)
{
    if (events->first == 0)
        return;
    events->ring[events->next % APHD_EVENTS_KEPT] = *event;
    events->next++;
}

json_t *aphd_events_json(const aphd_events_t *events, int64_t since)
{
    json_t *list = json_array();
    int64_t oldest = events->next - APHD_EVENTS_KEPT;
    if (oldest < events->first)
        oldest = events->first;
    int reset = since < oldest || since > events->next;
    for (int64_t id = reset ? events->next : since; id < events->next; id++) {
        const aphd_event_t *event = &events->ring[id % APHD_EVENTS_KEPT];
        json_t *row = json_pack("{s:I, s:I, s:s, s:s, s:s}", "id", (json_int_t)id, "at",
                                (json_int_t)event->at, "kind", event->job_id != 0 ? "job" : "app",
                                "name", event->name, "state", event->state);
        if (event->job_id != 0) {
            json_object_set_new(row, "job_id", json_integer(event->job_id));
            json_object_set_new(row, "op", json_string(event->op));
        }
        json_array_append_new(list, row);
    }
    return json_pack("{s:I, s:o, s:b}", "next", (json_int_t)events->next, "events", list, "reset",
                     reset);
}
