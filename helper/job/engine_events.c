/* SPDX-License-Identifier: Apache-2.0 */
#include "helper/job/engine_events.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <apr_strings.h>

#include "helper/base/job_wire.h"
#include "helper/job/engine_containers.h"
#include "helper/job/lines.h"

struct aphd_events_t {
    const aphd_listener_t *listener;
    aphd_lines_t lines;
    aphd_stream_t *stream;
};

int aphd_event_read(const char *line, size_t length, const char *instance, aphd_event_t *out)
{
    static const char *const actions[] = {"start",  "die",     "destroy", "remove",
                                          "pause",  "unpause", "oom"}; /* remove: Podman's destroy */
    json_auto_t *event = json_loadb(line, length, JSON_ALLOW_NUL, NULL);
    const char *action = json_string_value(json_object_get(event, "Action"));
    const json_t *actor = json_object_get(event, "Actor");
    const json_t *labels = json_object_get(actor, "Attributes");
    const char *id = json_string_value(json_object_get(actor, "ID"));
    const char *whose = json_string_value(json_object_get(labels, APHD_LABEL_INSTANCE));
    const char *app = json_string_value(json_object_get(labels, APHD_LABEL_APP));
    if (action == NULL || whose == NULL || app == NULL || strcmp(whose, instance) != 0)
        return 0;
    for (size_t i = 0; i < sizeof actions / sizeof actions[0]; i++)
        if (strcmp(action, actions[i]) == 0) {
            out->app_id = atoi(app);
            out->ended = strcmp(action, "die") == 0;
            snprintf(out->container, sizeof out->container, "%s", id != NULL ? id : "");
            return 1;
        }
    return 0;
}

static apr_status_t line_cb(void *baton, char *line, size_t length)
{
    const aphd_events_t *events = baton;
    aphd_event_t event;
    if (aphd_event_read(line, length, events->listener->instance, &event))
        events->listener->event_cb(events->listener->baton, &event);
    return APR_SUCCESS;
}

static apr_status_t octets_cb(void *baton, const char *octets, size_t length)
{
    return aphd_lines_feed(&((aphd_events_t *)baton)->lines, octets, length);
}

apr_status_t aphd_events_begin(aphd_engine_t *engine, const aphd_listener_t *listener,
                               aphd_events_t **events, apr_pool_t *p, aph_error_t *err)
{
    aphd_owner_t everyone = {listener->instance, 0};
    *events = apr_pcalloc(p, sizeof **events);
    (*events)->listener = listener;
    aphd_lines_init(&(*events)->lines, line_cb, *events);
    aphd_call_t call = {
        .method = "GET", .octets_cb = octets_cb, .baton = *events,
        .path = apr_pstrcat(p, "/events?", aphd_owner_filter(engine, &everyone, p), NULL),
    };
    return aphd_stream_begin(engine, &call, &(*events)->stream, err);
}

int aphd_events_done(const aphd_events_t *events)
{
    return aphd_stream_done(events->stream);
}

apr_status_t aphd_events_end(aphd_events_t *events, aph_error_t *err)
{
    apr_status_t status = aphd_stream_end(events->stream, NULL, err);
    aphd_lines_clear(&events->lines);
    return status;
}
