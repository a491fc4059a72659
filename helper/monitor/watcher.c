/* SPDX-License-Identifier: Apache-2.0 */
#include "helper/monitor/watcher.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "helper/monitor/jobs.h"
#include "helper/monitor/log.h"
#include "helper/monitor/observe.h"

#define BACK_OFF_FIRST 1000
#define BACK_OFF_MAX   60000
/* A child that lived this long was no failure to start. */
#define LIVED_MILLISECONDS 60000
/* A child that does not read its events is not written to without end. */
#define QUEUE_MAX (4 * 1048576)

struct aphd_watcher_t {
    aphd_monitor_t *monitor;
    aphd_job_child_t child;
    aphd_timer_t start_timer;
    int64_t back_off;
    int64_t started;
    int64_t told; /* lists of apps it was sent */
    unsigned running : 1;
    unsigned changed : 1;
};

/* --- telling it about apps --- */

typedef struct ids_t {
    int *ids;
    int count;
    int room;
} ids_t;

static apr_status_t gather_cb(void *self, const aphd_app_t *app)
{
    ids_t *ids = self;
    if (ids->count == ids->room) {
        int room = ids->room * 2 + 32;
        int *grown = realloc(ids->ids, (size_t)room * sizeof *grown);
        if (grown == NULL)
            return APR_ENOMEM;
        ids->ids = grown;
        ids->room = room;
    }
    ids->ids[ids->count++] = app->app_id;
    return APR_SUCCESS;
}

/* Every row, without its texts: the watcher compares containers, not compose files. It leaves alone
 * what a job works on. */
static json_t *all_apps(const aphd_monitor_t *monitor)
{
    aphd_store_t *store = monitor->store;
    ids_t ids = {NULL, 0, 0};
    json_t *apps = json_array();
    aphd_store_apps(store, gather_cb, &ids, NULL);
    for (int i = 0; i < ids.count; i++) {
        json_t *app = NULL;
        if (aphd_store_app_json(store, ids.ids[i], 0, &app, NULL) != APR_SUCCESS)
            continue;
        const char *name = json_string_value(json_object_get(app, "name"));
        int busy = monitor->jobs != NULL && name != NULL && aphd_jobs_busy(monitor->jobs, name);
        json_object_set_new(app, "busy", json_boolean(busy));
        json_array_append_new(apps, app);
    }
    free(ids.ids);
    return apps;
}

static void send_frame(aphd_watcher_t *watcher, json_t *frame)
{
    if (frame != NULL && watcher->child.stream.queued < QUEUE_MAX)
        aphd_stream_send(&watcher->child.stream, frame, NULL);
    json_decref(frame);
}

/* --- what it observes --- */

static void observe_engine(aphd_monitor_t *monitor, const json_t *frame)
{
    const char *state = json_string_value(json_object_get(frame, "engine"));
    const char *message = json_string_value(json_object_get(frame, "message"));
    aphd_engine_t *engine = &monitor->engine;
    if (state == NULL)
        return;
    if (message == NULL)
        message = "";
    int up = strcmp(state, "up") == 0;
    if (engine->state != (up ? APHD_ENGINE_UP : APHD_ENGINE_DOWN)) {
        engine->state = up ? APHD_ENGINE_UP : APHD_ENGINE_DOWN;
        engine->since = aphd_monitor_clock();
        aphd_log(up ? APHD_LOG_INFO : APHD_LOG_WARNING, "the engine is %s%s%s", up ? "up" : "down",
                 message[0] != '\0' ? ": " : "", message);
        if (up)
            aphd_jobs_engine_up(monitor->jobs);
    }
    snprintf(engine->message, sizeof engine->message, "%s", message);
}

static int observe_app(aphd_monitor_t *monitor, const json_t *observed)
{
    const char *state = json_string_value(json_object_get(observed, "state"));
    const char *reason = json_string_value(json_object_get(observed, "reason"));
    int app_id = (int)json_integer_value(json_object_get(observed, "app_id"));
    aphd_app_t app;
    aph_error_t err = APH_ERROR_INIT;
    if (state == NULL
        || aphd_store_app_by_id(monitor->store, app_id, &app, NULL) != APR_SUCCESS)
        return 0;
    aphd_app_change_t change = {
        .state = aphd_observe_state(&app, aphd_app_state_parse(state),
                                    aphd_jobs_busy(monitor->jobs, app.name)),
        .reason = reason != NULL ? reason : "",
    };
    if (change.state == app.state)
        return 0;
    aphd_log(APHD_LOG_INFO, "%s: %s -> %s%s%s", app.name, aphd_app_state_name(app.state),
             aphd_app_state_name(change.state), change.reason[0] != '\0' ? ": " : "",
             change.reason);
    if (aphd_store_app_change(monitor->store, app_id, &change, aphd_monitor_clock(), &err)
        == APR_SUCCESS) {
        aphd_monitor_app_event(monitor, app.name);
        return 1;
    }
    aphd_log_error(APHD_LOG_ERROR, "an observed state cannot be stored", &err);
    return 0;
}

/* What it saw before it heard of a change says nothing about the app as it is now; it looks again
 * when it hears, and says it again. */
static int is_stale(const aphd_watcher_t *watcher, const json_t *frame)
{
    return watcher->changed
        || json_integer_value(json_object_get(frame, "heard")) != watcher->told;
}

static void observe(aphd_watcher_t *watcher, const json_t *frame)
{
    aphd_monitor_t *monitor = watcher->monitor;
    aph_error_t err = APH_ERROR_INIT;
    size_t i;
    json_t *observed;
    int changed = 0;
    observe_engine(monitor, frame);
    /* An engine that is down says nothing about containers: they may still answer. */
    if (monitor->engine.state == APHD_ENGINE_UP && !is_stale(watcher, frame))
        json_array_foreach(json_object_get(frame, "apps"), i, observed)
            changed += observe_app(monitor, observed);
    if (changed && aphd_monitor_apps_changed(monitor, &err) != APR_SUCCESS)
        aphd_log_error(APHD_LOG_ERROR, "routes", &err);
}

static void frame_cb(void *self, json_t *frame)
{
    aphd_watcher_t *watcher = self;
    const char *note = json_string_value(json_object_get(frame, "note"));
    const char *line = json_string_value(json_object_get(frame, "line"));
    if (note != NULL && strcmp(note, "observe") == 0) {
        observe(watcher, frame);
    } else if (note != NULL && strcmp(note, "log") == 0 && line != NULL) {
        aphd_log(APHD_LOG_INFO, "watcher: %s", line);
    } else if (json_object_get(frame, "call") != NULL) {
        /* It only ever finishes, which it may; the end of its process is what counts. */
        send_frame(watcher, json_pack("{s:{}}", "ok"));
    }
}

/* --- its life --- */

static void start_later(aphd_watcher_t *watcher)
{
    aphd_loop_timer(watcher->monitor->loop, &watcher->start_timer, watcher->back_off, NULL);
    watcher->back_off *= 2;
    if (watcher->back_off > BACK_OFF_MAX)
        watcher->back_off = BACK_OFF_MAX;
}

static void gone_cb(void *self, int exit_code)
{
    aphd_watcher_t *watcher = self;
    watcher->running = 0;
    if (aphd_loop_now() - watcher->started > LIVED_MILLISECONDS)
        watcher->back_off = BACK_OFF_FIRST;
    aphd_log(APHD_LOG_WARNING, "the watcher ended (status %d); started again in %d s", exit_code,
             (int)(watcher->back_off / 1000));
    start_later(watcher);
}

static void start_cb(void *self)
{
    aphd_watcher_t *watcher = self;
    aphd_monitor_t *monitor = watcher->monitor;
    aph_error_t err = APH_ERROR_INIT;
    memset(&watcher->child, 0, sizeof watcher->child);
    watcher->child.self = watcher;
    watcher->child.frame_cb = frame_cb;
    watcher->child.gone_cb = gone_cb;
    watcher->started = aphd_loop_now();
    if (aphd_job_child_start(&watcher->child, monitor->loop, &monitor->program, &err)
        != APR_SUCCESS) {
        aphd_log_error(APHD_LOG_ERROR, "the watcher cannot be started", &err);
        start_later(watcher);
        return;
    }
    watcher->running = 1;
    watcher->changed = 0;
    watcher->told = 0;
    send_frame(watcher, json_pack("{s:i, s:s, s:{}, s:s, s:n, s:n, s:o}", "job_id", 0, "op",
                                  "watch", "args", "instance",
                                  aphd_store_instance(monitor->store), "app", "recover", "apps",
                                  all_apps(monitor)));
}

apr_status_t aphd_watcher_create(aphd_watcher_t **watcher, aphd_monitor_t *monitor,
                                 aph_error_t *err)
{
    *watcher = calloc(1, sizeof **watcher);
    if (*watcher == NULL)
        return aph_error_set(err, APR_ENOMEM, 885, "no memory for the watcher");
    (*watcher)->monitor = monitor;
    (*watcher)->back_off = BACK_OFF_FIRST;
    (*watcher)->start_timer.due_cb = start_cb;
    (*watcher)->start_timer.self = *watcher;
    return aphd_loop_timer(monitor->loop, &(*watcher)->start_timer, 0, err);
}

void aphd_watcher_destroy(aphd_watcher_t *watcher)
{
    if (watcher == NULL)
        return;
    aphd_loop_untimer(watcher->monitor->loop, &watcher->start_timer);
    aphd_job_child_forget(&watcher->child);
    free(watcher);
}

void aphd_watcher_apps_changed(aphd_watcher_t *watcher)
{
    watcher->changed = 1;
}

void aphd_watcher_round(aphd_watcher_t *watcher)
{
    if (!watcher->changed || !watcher->running)
        return;
    watcher->changed = 0;
    watcher->told++;
    send_frame(watcher, json_pack("{s:s, s:I, s:o}", "event", "apps", "number",
                                  (json_int_t)watcher->told, "apps",
                                  all_apps(watcher->monitor)));
}
