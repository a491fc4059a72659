/* SPDX-License-Identifier: Apache-2.0 */
/* What happens to our containers, as the engine tells it. */
#ifndef APHD_ENGINE_EVENTS_H
#define APHD_ENGINE_EVENTS_H

#include "helper/job/engine.h"

/* One of the app's containers started, ended, was paused, or is gone. */
typedef struct aphd_event_t {
    int app_id;
    int ended;          /* its process did */
    char container[80]; /* its id */
} aphd_event_t;

typedef void aphd_event_cb(void *baton, const aphd_event_t *event);

typedef struct aphd_events_t aphd_events_t;

typedef struct aphd_listener_t {
    const char *instance; /* whose containers */
    aphd_event_cb *event_cb;
    void *baton;
} aphd_listener_t;

/* Begins to listen; moves on with aphd_engine_pump. listener is borrowed. Lives in p. */
apr_status_t aphd_events_begin(aphd_engine_t *engine, const aphd_listener_t *listener,
                               aphd_events_t **events, apr_pool_t *p, aph_error_t *err);

/* Nonzero once the engine closed the stream: it stopped, or restarts. */
int aphd_events_done(const aphd_events_t *events);
apr_status_t aphd_events_end(aphd_events_t *events, aph_error_t *err);

/* Nonzero where an event line changes what runs of instance's apps. Pure. */
int aphd_event_read(const char *line, size_t length, const char *instance, aphd_event_t *event);

#endif
