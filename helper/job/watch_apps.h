/* SPDX-License-Identifier: Apache-2.0 */
/* What is known of each app while watching, and what follows from what the engine lists. Pure but
 * for memory: no engine, no monitor, no clock. */
#ifndef APHD_WATCH_APPS_H
#define APHD_WATCH_APPS_H

#include <jansson.h>
#include <apr_time.h>

#define APHD_WATCH_REASON_MAX 200
#define APHD_PROOFS_MISSED    3 /* before an app that answered is said not to */

typedef enum aphd_seen_t {
    APHD_SEEN_NOTHING, /* not looked at yet */
    APHD_SEEN_STOPPED,
    APHD_SEEN_STARTING,
    APHD_SEEN_RUNNING,
    APHD_SEEN_FAILING
} aphd_seen_t;

typedef struct aphd_watched_t {
    int app_id;
    int port;
    int web;
    int https;                 /* it speaks TLS on its port */
    int wanted;                /* it is installed and should run */
    int busy;                  /* a job works on it */
    int given_up;              /* an update of it was, and what runs may not be what it is */
    int wakes;                 /* times its ended containers were started, on this connection */
    int wakes_failed;          /* times in a row that this did not work */
    apr_time_t wake_at;        /* not before then again */
    int falls;                 /* times a container of it ended since falls_since */
    apr_time_t falls_since;
    char falling[80];          /* the id of the one that is to be stopped, or "" */
    int rests;                 /* in a row */
    apr_time_t rested_at;
    apr_time_t rest_until;     /* what kept ending was stopped and is started then; 0: nothing was */
    char host[254];
    aphd_seen_t seen, told;    /* now; and what the monitor knows */
    char reason[APHD_WATCH_REASON_MAX];
    int up;                    /* its containers run */
    int proven;                /* it answered since they came up */
    int missed;                /* probes without an answer in a row */
    apr_time_t since;          /* when its containers came up */
    apr_time_t probe_at;       /* when to ask next */
    json_t *storage;           /* its folders in storage locations (storage_plan.h), or NULL; owned */
    int storage_seen;          /* its containers have these and no others, since they came up */
} aphd_watched_t;

typedef struct aphd_watched_list_t {
    aphd_watched_t *apps;      /* malloc'd */
    size_t count;
} aphd_watched_list_t;

/* Takes over the monitor's rows (array of APP, borrowed); what is known of apps that stay, stays.
 * domain completes their host names. */
void aphd_watched_replace(aphd_watched_list_t *list, const json_t *rows, const char *domain);
void aphd_watched_clear(aphd_watched_list_t *list);

aphd_watched_t *aphd_watched_find(aphd_watched_list_t *list, int app_id);

/* Judges every app by the engine's list of our containers (borrowed). */
void aphd_watched_judge(aphd_watched_list_t *list, const json_t *containers, apr_time_t now);

/* Whether the ended containers of app should be started now. early: the engine came back a moment
 * ago; later than that only what did not work is tried again. */
int aphd_watched_should_wake(const aphd_watched_t *app, int early, apr_time_t now);

/* Takes in how that went at now. */
void aphd_watched_woken(aphd_watched_t *app, int started, int failed, apr_time_t now);

/* A container of app ended at now, and an engine that does not wait starts it again at once. Docker
 * waits, ever longer; here the container that keeps ending is marked as falling. */
void aphd_watched_fell(aphd_watched_t *app, const char *container, apr_time_t now);

/* It was stopped at now, and rests: 10 seconds, then 20, up to a minute. */
void aphd_watched_rests(aphd_watched_t *app, apr_time_t now);

/* Whether a listed container (its State) is one that has ended, or never ran since the machine did:
 * after a boot, Podman says "created" of all that ran before. */
int aphd_watched_ended(const char *state);

/* Takes in how a probe went; it took place at now, and start_seconds is how long an app may
 * need. */
void aphd_watched_probed(aphd_watched_t *app, int answered, apr_time_t now, int start_seconds);

/* Those whose state changed since told, as job_wire.h's "apps"; they count as told. With all, every
 * app. New reference. */
json_t *aphd_watched_news(aphd_watched_list_t *list, int all);

#endif
