/* SPDX-License-Identifier: Apache-2.0 */
#include "helper/job/watch_apps.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/route_map.h"
#include "helper/base/job_wire.h"
#include "helper/job/engine_containers.h"

#define PROBE_PAUSE_MAX  apr_time_from_sec(10)
#define FALLS_MAX        8 /* with Docker's pauses that many take longer than FALLS_WITHIN */
#define FALLS_WITHIN     apr_time_from_sec(20)
#define REST_FIRST       apr_time_from_sec(10)
#define REST_MAX         apr_time_from_sec(60)
#define RESTS_FORGOTTEN  apr_time_from_sec(300)
#define WAKES_MAX        3
#define WAKES_FAILED_MAX 10
#define WAKE_PAUSE_MAX   apr_time_from_sec(60)

static aphd_seen_t seen_of(const char *state)
{
    if (state == NULL)
        return APHD_SEEN_NOTHING;
    return strcmp(state, "running") == 0    ? APHD_SEEN_RUNNING
           : strcmp(state, "starting") == 0 ? APHD_SEEN_STARTING
           : strcmp(state, "stopped") == 0  ? APHD_SEEN_STOPPED
           : strcmp(state, "failing") == 0  ? APHD_SEEN_FAILING : APHD_SEEN_NOTHING;
}

aphd_watched_t *aphd_watched_find(aphd_watched_list_t *list, int app_id)
{
    for (size_t i = 0; i < list->count; i++)
        if (list->apps[i].app_id == app_id)
            return &list->apps[i];
    return NULL;
}

void aphd_watched_clear(aphd_watched_list_t *list)
{
    for (size_t i = 0; i < list->count; i++)
        json_decref(list->apps[i].storage);
    free(list->apps);
    list->apps = NULL;
    list->count = 0;
}

/* A job that says otherwise knows more than an answer of before it: somebody else may have the port by
 * now, without a word of the engine's. */
static void doubt(aphd_watched_t *app)
{
    app->proven = 0;
    app->missed = 0;
    app->probe_at = 0;
    app->seen = app->told;
}

void aphd_watched_replace(aphd_watched_list_t *list, const json_t *rows, const char *domain)
{
    aphd_watched_list_t fresh = {calloc(json_array_size(rows) + 1, sizeof *fresh.apps), 0};
    size_t i;
    json_t *row;
    if (fresh.apps == NULL)
        return;
    json_array_foreach(rows, i, row) {
        const char *state = json_string_value(json_object_get(row, "state"));
        const char *name = json_string_value(json_object_get(row, "name"));
        int app_id = (int)json_integer_value(json_object_get(row, "app_id"));
        const aphd_watched_t *known = aphd_watched_find(list, app_id);
        aphd_watched_t *app = &fresh.apps[fresh.count];
        const char *kind = json_string_value(json_object_get(row, "kind"));
        if (state == NULL || name == NULL || strcmp(state, "kept") == 0
            || (kind != NULL && strcmp(kind, APHD_KIND_FILES) == 0))
            continue;
        if (known != NULL)
            *app = *known;
        fresh.count++;
        app->storage = json_incref(json_object_get(row, "storage"));
        app->app_id = app_id;
        app->port = (int)json_integer_value(json_object_get(row, "port"));
        const char *desired = json_string_value(json_object_get(row, "desired"));
        app->wanted = desired != NULL && strcmp(desired, "running") == 0
                   && strcmp(state, "installing") != 0;
        if (!app->wanted) {
            app->rest_until = 0;
            app->falling[0] = '\0';
        }
        app->busy = json_is_true(json_object_get(row, "busy"));
        app->web = json_is_true(json_object_get(row, "web"));
        app->https = (json_integer_value(json_object_get(row, "route_flags")) & APH_ROUTE_HTTPS) != 0;
        snprintf(app->host, sizeof app->host, "%s.%s", name, domain);
        /* The monitor's word is what it knows by now, whoever told it. */
        app->told = seen_of(state);
        /* Who says that it runs has had its answer: it is doubted only after some missed probes. */
        if (app->told == APHD_SEEN_RUNNING
            && (known == NULL || known->told != APHD_SEEN_RUNNING)) {
            app->seen = APHD_SEEN_RUNNING;
            app->missed = 0;
            app->probe_at = 0;
        } else if (known != NULL && app->told != known->told) {
            doubt(app);
        }
    }
    aphd_watched_clear(list);
    *list = fresh;
}

int aphd_watched_should_wake(const aphd_watched_t *app, int early, apr_time_t now)
{
    if (!app->wanted || app->busy || app->up || app->given_up)
        return 0;
    if (app->rest_until != 0)
        return app->rest_until <= now;
    if (app->wakes >= WAKES_MAX || app->wake_at > now)
        return 0;
    return app->wakes_failed > 0 ? app->wakes_failed < WAKES_FAILED_MAX : early;
}

void aphd_watched_woken(aphd_watched_t *app, int started, int failed, apr_time_t now)
{
    app->wakes += started > 0 && failed == 0 && app->rest_until == 0;
    app->rest_until = 0;
    app->wakes_failed = failed > 0 ? app->wakes_failed + 1 : 0;
    apr_time_t pause = apr_time_from_sec(1) << (app->wakes_failed < 7 ? app->wakes_failed : 7);
    app->wake_at = failed == 0 ? 0 : now + (pause < WAKE_PAUSE_MAX ? pause : WAKE_PAUSE_MAX);
}

void aphd_watched_fell(aphd_watched_t *app, const char *container, apr_time_t now)
{
    if (now - app->falls_since > FALLS_WITHIN) {
        app->falls_since = now;
        app->falls = 0;
    }
    if (++app->falls >= FALLS_MAX && app->wanted && !app->busy)
        snprintf(app->falling, sizeof app->falling, "%s", container);
}

void aphd_watched_rests(aphd_watched_t *app, apr_time_t now)
{
    if (now - app->rested_at > RESTS_FORGOTTEN)
        app->rests = 0;
    app->rested_at = now;
    apr_time_t pause = REST_FIRST << (app->rests < 3 ? app->rests : 3);
    app->rests++;
    app->rest_until = now + (pause < REST_MAX ? pause : REST_MAX);
    app->falls = 0;
    app->falling[0] = '\0';
}

int aphd_watched_ended(const char *state)
{
    return state != NULL && (strcmp(state, "exited") == 0 || strcmp(state, "created") == 0
                             || strcmp(state, "stopped") == 0);
}

typedef struct tally_t {
    int running, ended_well, other;
    int restarting; /* one of the others is about to run again */
    char reason[APHD_WATCH_REASON_MAX];
} tally_t;

static void count(tally_t *tally, const json_t *container)
{
    const char *state = json_string_value(json_object_get(container, "State"));
    const char *text = json_string_value(json_object_get(container, "Status"));
    if (aphd_container_runs(container)) {
        tally->running++;
    } else if (state != NULL && strcmp(state, "exited") == 0 && text != NULL
               && strncmp(text, "Exited (0)", 10) == 0) {
        tally->ended_well++;
    } else {
        tally->other++;
        /* "stopped" is Podman's word for ended and not yet dealt with. */
        if (state != NULL && (strcmp(state, "restarting") == 0 || strcmp(state, "stopped") == 0))
            tally->restarting = 1;
        snprintf(tally->reason, sizeof tally->reason, "service %.60s: %.100s",
                 aphd_container_service(container), text != NULL ? text : "not running");
    }
}

static void came_up(aphd_watched_t *app, apr_time_t now)
{
    if (!app->up) {
        app->up = 1;
        app->since = now;
        app->proven = 0;
        app->missed = 0;
    }
    if (app->proven)
        return;
    if (!app->web)
        app->proven = 1;
    if (app->proven)
        app->seen = APHD_SEEN_RUNNING;
    else if (app->seen != APHD_SEEN_RUNNING && app->seen != APHD_SEEN_FAILING)
        app->seen = APHD_SEEN_STARTING;
    app->reason[0] = '\0';
}

static void judge(aphd_watched_t *app, const tally_t *tally, apr_time_t now)
{
    if (app->given_up) {
        app->up = 0;
        app->proven = 0;
        app->rest_until = 0;
        app->seen = APHD_SEEN_FAILING;
        snprintf(app->reason, sizeof app->reason, "an update of it was interrupted, and could not be "
                 "taken back; a restart does that");
        return;
    }
    if (tally->running > 0 && tally->other == 0) {
        app->rest_until = 0;
        came_up(app, now);
        return;
    }
    app->up = 0;
    app->proven = 0;
    if (app->rest_until != 0) {
        app->seen = APHD_SEEN_FAILING;
        snprintf(app->reason, sizeof app->reason, "%.120s; it keeps ending, and is started again in "
                 "a while", tally->reason);
        return;
    }
    app->seen = tally->other > 0 ? APHD_SEEN_FAILING : APHD_SEEN_STOPPED;
    if (tally->running == 0 && tally->other > 0 && !tally->restarting)
        app->seen = APHD_SEEN_STOPPED;
    snprintf(app->reason, sizeof app->reason, "%s",
             tally->other > 0 ? tally->reason
             : tally->ended_well > 0 ? "its containers ended" : "it has no containers");
}

void aphd_watched_judge(aphd_watched_list_t *list, const json_t *containers, apr_time_t now)
{
    tally_t *tallies = calloc(list->count + 1, sizeof *tallies);
    size_t i;
    json_t *container;
    if (tallies == NULL)
        return;
    json_array_foreach(containers, i, container) {
        const json_t *labels = json_object_get(container, "Labels");
        const char *id = json_string_value(json_object_get(labels, APHD_LABEL_APP));
        const aphd_watched_t *app = aphd_watched_find(list, id != NULL ? atoi(id) : 0);
        if (app != NULL)
            count(&tallies[app - list->apps], container);
    }
    for (i = 0; i < list->count; i++)
        judge(&list->apps[i], &tallies[i], now);
    free(tallies);
}

void aphd_watched_probed(aphd_watched_t *app, int answered, apr_time_t now, int start_seconds)
{
    if (answered) {
        app->proven = 1;
        app->missed = 0;
        app->seen = APHD_SEEN_RUNNING;
        app->reason[0] = '\0';
        return;
    }
    apr_time_t pause = apr_time_from_msec(100) << (app->missed < 7 ? app->missed : 7);
    app->probe_at = now + (pause < PROBE_PAUSE_MAX ? pause : PROBE_PAUSE_MAX);
    app->missed++;
    if (now - app->since > apr_time_from_sec(start_seconds)) {
        app->seen = APHD_SEEN_FAILING;
        snprintf(app->reason, sizeof app->reason, "it does not answer on 127.0.0.1:%d", app->port);
    } else if (app->seen == APHD_SEEN_RUNNING && app->missed >= APHD_PROOFS_MISSED) {
        app->seen = APHD_SEEN_STARTING;
    }
}

json_t *aphd_watched_news(aphd_watched_list_t *list, int all)
{
    static const char *const names[] = {"", "stopped", "starting", "running", "failing"};
    json_t *news = json_array();
    for (size_t i = 0; i < list->count; i++) {
        aphd_watched_t *app = &list->apps[i];
        if (app->seen == APHD_SEEN_NOTHING || (!all && app->seen == app->told))
            continue;
        app->told = app->seen;
        json_array_append_new(news, json_pack("{s:i, s:s, s:s}", "app_id", app->app_id,
                                              "state", names[app->seen], "reason", app->reason));
    }
    return news;
}
