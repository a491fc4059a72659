/* SPDX-License-Identifier: Apache-2.0 */
/* Watching, for as long as the monitor lives.
 *
 *   1. The engine is met, again and again while it is away, ever less often.
 *   2. Its events are listened to; every app is compared with the containers there are.
 *   3. An app whose containers came up is asked over HTTP until it answers.
 *      One that has folders in storage locations is stopped where the engine, which starts
 * containers without asking us, gave it others (watch_storage.h).
 *   4. What changed is told to the monitor, and nothing else.
 *   5. The firewall is looked at, whether or not there is an engine; what somebody flushed is built
 *      again (watch_wall.h).
 *   6. What containers use is sampled every 30 seconds (watch_metrics.h).
 *
 * Events only say when to look; what is true is what the list says. It is read after each burst of
 * them, every second while something is moving, and every 30 seconds at rest. */
#include "helper/job/job.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "helper/base/job_wire.h"
#include "helper/job/engine_events.h"
#include "helper/job/health.h"
#include "helper/job/own_ports.h"
#include "helper/job/update_left.h"
#include "helper/job/watch_apps.h"
#include "helper/job/watch_metrics.h"
#include "helper/job/watch_storage.h"
#include "helper/job/watch_wall.h"

#define LOOK_EVERY     apr_time_from_sec(30)
#define LOOK_AGAIN     apr_time_from_sec(1) /* while something is moving */
#define MOVING         apr_time_from_sec(4) /* after an event the list may lag behind it */
#define WAKE_WITHIN    apr_time_from_sec(30)
#define BURST          apr_time_from_msec(50)
#define BACK_OFF_FIRST 500
#define BACK_OFF_MAX   15000
#define PROBE_MS_FIRST 1000
#define PROBE_MS_MAX   10000

typedef struct watching_t {
    aphd_job_t *job;
    aphd_watched_list_t list;
    aphd_watch_wall_t wall;
    aphd_watch_metrics_t metrics;
    apr_time_t look_at;   /* when to read the list next */
    apr_time_t event_at;  /* when the last event came */
    json_int_t heard;     /* number of the monitor's last list */
    int engine_told;      /* -1: nothing yet, 0: down, 1: up */
    apr_time_t wake_until; /* over this connection */
    apr_pool_t *p;        /* lives as long as one connection to the engine */
} watching_t;

static void event_cb(void *baton, const aphd_event_t *event)
{
    watching_t *watching = baton;
    aphd_watched_t *app = aphd_watched_find(&watching->list, event->app_id);
    watching->event_at = apr_time_now();
    if (app != NULL && event->ended && aphd_engine_facts(watching->job->engine)->restarts_at_once)
        aphd_watched_fell(app, event->container, watching->event_at);
    apr_time_t soon = watching->event_at + BURST;
    if (app != NULL) {
        app->storage_seen = 0;
        app->proven = 0;
        app->missed = 0;
        app->probe_at = 0;
    }
    if (watching->look_at > soon)
        watching->look_at = soon;
}

/* --- the monitor's side -------------------------------------------------------------------- */

static apr_status_t hear_monitor(watching_t *watching, aph_error_t *err)
{
    struct pollfd peer = {.fd = watching->job->halt.peer_fd, .events = POLLIN};
    while (poll(&peer, 1, 0) > 0) {
        json_auto_t *event = NULL;
        apr_status_t status = aphd_ask_event(watching->job->ask, &event, err);
        if (status == APR_EAGAIN)
            continue;
        if (status != APR_SUCCESS)
            return status;
        aphd_watched_replace(&watching->list, json_object_get(event, "apps"),
                             watching->job->settings->domains[0]);
        watching->heard = json_integer_value(json_object_get(event, "number"));
        watching->look_at = 0;
        watching->wall.changed = 1;
    }
    return aphd_halt_check(&watching->job->halt, err);
}

static void tell_engine(watching_t *watching, int up, const char *message)
{
    if (watching->engine_told == up)
        return;
    json_auto_t *news = up ? aphd_watched_news(&watching->list, 1) : json_array();
    watching->engine_told = up;
    aphd_observed_t observed = {up, message, watching->heard, news};
    aphd_ask_note_observe(watching->job->ask, &observed);
}

static void tell_apps(watching_t *watching)
{
    json_auto_t *news = aphd_watched_news(&watching->list, 0);
    aphd_observed_t observed = {1, "", watching->heard, news};
    if (watching->engine_told != 1)
        tell_engine(watching, 1, "");
    else if (json_array_size(news) > 0)
        aphd_ask_note_observe(watching->job->ask, &observed);
}

/* --- looking ------------------------------------------------------------------------------- */

/* Nonzero while the next look may well show something else. */
static int is_moving(const watching_t *watching, apr_time_t now)
{
    apr_time_t patience = apr_time_from_sec(watching->job->settings->start_seconds);
    for (size_t i = 0; i < watching->list.count; i++) {
        const aphd_watched_t *app = &watching->list.apps[i];
        if (app->up && app->web && !app->proven && now - app->since < patience)
            return 1;
    }
    return now - watching->event_at < MOVING;
}

/* Returns how many it started. */
static int start_ended(watching_t *watching, aphd_watched_t *app, const json_t *containers,
                       apr_pool_t *p)
{
    int started = 0, failed = 0;
    if (!aphd_watch_storage_ready(watching->job, app)) {
        aphd_watched_woken(app, 0, 1, apr_time_now());
        return 0;
    }
    /* The newest come first; the older ones are those the newer depend on. */
    for (size_t i = json_array_size(containers); i-- > 0;) {
        const json_t *container = json_array_get(containers, i);
        const json_t *labels = json_object_get(container, "Labels");
        const char *id = json_string_value(json_object_get(labels, APHD_LABEL_APP));
        const char *state = json_string_value(json_object_get(container, "State"));
        aph_error_t why = APH_ERROR_INIT;
        if (id == NULL || atoi(id) != app->app_id || !aphd_watched_ended(state))
            continue;
        if (aphd_container_start(watching->job->engine, aphd_container_id(container), p, &why)
            == APR_SUCCESS) {
            started++;
        } else {
            failed++;
            aphd_report_log(&watching->job->report, "%s: %s", app->host, why.message);
        }
    }
    aphd_watched_woken(app, started, failed, apr_time_now());
    return started;
}

/* An engine that was killed ends containers that should run while it comes back, some of them only
 * after it answers, and does not always start them again; one that has no daemon at boot (Podman)
 * starts none. Only a whole app that should run and has ended is started, a few times at most: what
 * ends later is the engine's restart policy's, or was stopped by somebody. */
static int wake(watching_t *watching, const json_t *containers, apr_pool_t *p)
{
    int woken = 0;
    int early = apr_time_now() < watching->wake_until;
    for (size_t i = 0; i < watching->list.count; i++)
        if (aphd_watched_should_wake(&watching->list.apps[i], early, apr_time_now()))
            woken += start_ended(watching, &watching->list.apps[i], containers, p);
    return woken;
}

/* Stops what an engine starts again without a pause, as often as it ends. */
static void let_rest(watching_t *watching, apr_pool_t *p)
{
    for (size_t i = 0; i < watching->list.count; i++) {
        aphd_watched_t *app = &watching->list.apps[i];
        aph_error_t why = APH_ERROR_INIT;
        if (app->falling[0] == '\0')
            continue;
        if (aphd_container_stop(watching->job->engine, app->falling, p, &why) != APR_SUCCESS)
            aphd_report_log(&watching->job->report, "%s: %s", app->host, why.message);
        aphd_watched_rests(app, apr_time_now());
    }
}

/* When to look again, at the latest. */
static apr_time_t next_look(const watching_t *watching, apr_time_t now)
{
    apr_time_t next = now + (is_moving(watching, now) ? LOOK_AGAIN : LOOK_EVERY);
    for (size_t i = 0; i < watching->list.count; i++) {
        const aphd_watched_t *app = &watching->list.apps[i];
        apr_time_t due = app->rest_until != 0 ? app->rest_until : app->wake_at;
        if (due > now && due < next && aphd_watched_should_wake(app, 0, due))
            next = due;
    }
    return next;
}

static void look_for_given_up(watching_t *watching, apr_pool_t *p)
{
    for (size_t i = 0; i < watching->list.count; i++) {
        aphd_watched_t *app = &watching->list.apps[i];
        app->given_up = !app->busy
                     && aphd_left_given_up(watching->job, app->app_id,
                                           app->told == APHD_SEEN_FAILING, p);
    }
}

static apr_status_t look(watching_t *watching, aph_error_t *err)
{
    aphd_owner_t everyone = {watching->job->instance, 0};
    json_auto_t *containers = NULL;
    apr_pool_t *brief;
    apr_pool_create(&brief, watching->p);
    let_rest(watching, brief);
    apr_status_t status = aphd_containers_list(watching->job->engine, &everyone, &containers, brief,
                                               err);
    look_for_given_up(watching, brief);
    if (status == APR_SUCCESS)
        aphd_watched_judge(&watching->list, containers, apr_time_now());
    if (status == APR_SUCCESS)
        aphd_watch_metrics_begin(&watching->metrics, containers);
    for (size_t i = 0; status == APR_SUCCESS && i < watching->list.count; i++)
        aphd_watch_storage(watching->job, &watching->list.apps[i], containers, brief);
    int woken = status == APR_SUCCESS ? wake(watching, containers, brief) : 0;
    apr_pool_destroy(brief);
    if (woken > 0)
        return look(watching, err);
    watching->look_at = next_look(watching, apr_time_now());
    return status;
}

/* Whoever got the app's port meanwhile may answer, too; once for each time its containers come up.
 */
static int is_its_own(const watching_t *watching, const aphd_watched_t *app)
{
    apr_pool_t *brief;
    if (apr_pool_create(&brief, watching->job->p) != APR_SUCCESS)
        return 0;
    int own = aphd_own_web_port_answered(watching->job, app->app_id, app->port, brief);
    apr_pool_destroy(brief);
    return own;
}

static apr_status_t probe_due(watching_t *watching, aph_error_t *err)
{
    apr_status_t status = APR_SUCCESS;
    for (size_t i = 0; i < watching->list.count && status == APR_SUCCESS; i++) {
        aphd_watched_t *app = &watching->list.apps[i];
        int answered = 0;
        int patience = PROBE_MS_FIRST << (app->missed < 4 ? app->missed : 4);
        if (!app->up || app->proven || !app->web || app->probe_at > apr_time_now())
            continue;
        aphd_health_at_t at = {.port = app->port, .host = app->host, .https = app->https};
        status = aphd_health_probe(&at, patience < PROBE_MS_MAX ? patience : PROBE_MS_MAX,
                                   &watching->job->halt, &answered, err);
        if (status == APR_SUCCESS)
            aphd_watched_probed(app, answered && is_its_own(watching, app), apr_time_now(),
                                watching->job->settings->start_seconds);
    }
    return status;
}

/* Milliseconds until something is due. */
static int pause_for(const watching_t *watching)
{
    apr_time_t due = watching->look_at < watching->wall.look_at ? watching->look_at
                                                                : watching->wall.look_at;
    if (watching->metrics.round == NULL && watching->metrics.due < due)
        due = watching->metrics.due;
    for (size_t i = 0; i < watching->list.count; i++) {
        const aphd_watched_t *app = &watching->list.apps[i];
        if (app->up && app->web && !app->proven && app->probe_at < due)
            due = app->probe_at;
    }
    apr_time_t left = due - apr_time_now();
    return left > 0 ? (int)apr_time_as_msec(left) + 1 : 0;
}

/* One connection's life: ends when the engine does. */
static apr_status_t attend(watching_t *watching, aph_error_t *err)
{
    aphd_listener_t listener = {watching->job->instance, event_cb, watching};
    aphd_events_t *events = NULL;
    apr_status_t status = aphd_events_begin(watching->job->engine, &listener, &events, watching->p,
                                            err);
    if (status != APR_SUCCESS)
        return status;
    for (size_t i = 0; i < watching->list.count; i++) {
        watching->list.apps[i].proven = 0;
        watching->list.apps[i].storage_seen = 0;
        watching->list.apps[i].wakes = 0;
        watching->list.apps[i].wakes_failed = 0;
        watching->list.apps[i].wake_at = 0;
    }
    watching->look_at = 0;
    watching->wall.look_at = 0; /* an engine that starts writes chains of its own */
    watching->wake_until = apr_time_now() + WAKE_WITHIN;
    while (status == APR_SUCCESS && !aphd_events_done(events)) {
        status = hear_monitor(watching, err);
        if (status == APR_SUCCESS)
            aphd_watch_wall(&watching->wall);
        if (status == APR_SUCCESS
            && (watching->look_at <= apr_time_now()
                || (watching->metrics.round == NULL && watching->metrics.due <= apr_time_now())))
            status = look(watching, err);
        aphd_watch_metrics_move(&watching->metrics, &watching->list);
        if (status == APR_SUCCESS)
            status = probe_due(watching, err);
        if (status == APR_SUCCESS)
            tell_apps(watching);
        if (status == APR_SUCCESS)
            status = aphd_engine_pump(watching->job->engine, pause_for(watching), err);
    }
    aphd_watch_metrics_drop(&watching->metrics);
    aph_error_t *why = status == APR_SUCCESS ? err : NULL;
    apr_status_t ended = aphd_events_end(events, why);
    return status != APR_SUCCESS ? status : ended;
}

/* --- the engine's comings and goings ------------------------------------------------------- */

static apr_status_t wait_quietly(watching_t *watching, int milliseconds, aph_error_t *err)
{
    apr_time_t until = apr_time_now() + apr_time_from_msec(milliseconds);
    apr_status_t status = APR_SUCCESS;
    while (status == APR_SUCCESS && apr_time_now() < until) {
        int ready;
        aphd_watch_wall(&watching->wall);
        apr_time_t next = until < watching->wall.look_at ? until : watching->wall.look_at;
        int left =
            (int)apr_time_as_msec(next - apr_time_now()) + 1; /* the wall may have taken it all */
        status = aphd_halt_wait(&watching->job->halt, watching->job->halt.peer_fd, POLLIN, left,
                                &ready, err);
        if (status == APR_SUCCESS && ready)
            status = hear_monitor(watching, err);
    }
    return status;
}

static apr_status_t meet(watching_t *watching, int *back_off, aph_error_t *err)
{
    aphd_job_t *job = watching->job;
    aph_error_t why = APH_ERROR_INIT;
    apr_pool_create(&watching->p, job->p);
    apr_status_t status = aphd_engine_open(&job->engine, job->settings->engine_socket, &job->halt,
                                           watching->p, &why);
    if (status == APR_SUCCESS) {
        *back_off = BACK_OFF_FIRST;
        status = attend(watching, &why);
    }
    job->engine = NULL;
    apr_pool_destroy(watching->p);
    if (status == APR_EOF || status == APH_ECANCELLED) {
        *err = why;
        return status;
    }
    tell_engine(watching, 0, why.status != APR_SUCCESS ? why.message : "the engine ended");
    status = wait_quietly(watching, *back_off, err);
    *back_off = *back_off * 2 < BACK_OFF_MAX ? *back_off * 2 : BACK_OFF_MAX;
    return status;
}

apr_status_t aphd_story_watch(aphd_job_t *job, aph_error_t *err)
{
    watching_t watching = {.job = job, .engine_told = -1};
    int back_off = BACK_OFF_FIRST;
    apr_status_t status = APR_SUCCESS;
    aphd_watched_replace(&watching.list, json_object_get(job->request, "apps"),
                         job->settings->domains[0]);
    json_object_del(job->request, "apps");
    aphd_watch_wall_open(&watching.wall, job);
    aphd_watch_metrics_open(&watching.metrics, job);
    while (status == APR_SUCCESS)
        status = meet(&watching, &back_off, err);
    aphd_watched_clear(&watching.list);
    aphd_watch_wall_close(&watching.wall);
    aphd_watch_metrics_close(&watching.metrics);
    return status == APR_EOF ? status : aphd_job_finish(job, status, NULL, err);
}
