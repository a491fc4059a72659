/* SPDX-License-Identifier: Apache-2.0 */
/* What a job asks of the monitor: one stub for each call of helper/base/job_wire.h, named like the
 * monitor's answer. Each writes one frame and waits for its answer; notes are not answered.
 *
 * APR_EOF from any of them: the monitor is gone, the job ends at once and leaves the rest to
 * recovery. Any other error is the monitor's own sentence. */
#ifndef APHD_ASK_H
#define APHD_ASK_H

#include <jansson.h>
#include <apr_pools.h>

#include "common/error.h"
#include "helper/job/report.h"

typedef struct aphd_ask_t aphd_ask_t;

/* Waits on fd for the request that started this job: *request is a new reference. */
apr_status_t aphd_ask_open(aphd_ask_t **ask, int fd, json_t **request, apr_pool_t *p,
                           aph_error_t *err);

/* Adds texts (an array, borrowed) to those that are hidden from now on in whatever is told: log, progress,
 * reasons of a state, and how it ended (secrets.h). */
void aphd_ask_hide(aphd_ask_t *ask, const json_t *secrets);

/* Who we are, to a monitor that did not start us itself. */
void aphd_ask_note_process(aphd_ask_t *ask);

typedef struct aphd_reservation_t {
    const char *name;
    int web;                      /* an app with a route */
    const char *script;
    const char *uninstall_script; /* or NULL */
    const char *kind;
    const char *webapp;           /* or NULL */
    json_t *aliases, *options;    /* arrays of texts; borrowed */
    json_t *skip;                 /* array of ids whose port is in use; borrowed */
    const char *format;           /* what script is the text of; NULL: "script" */
    const char *entry, *revision; /* or NULL */
    json_t *answers;              /* borrowed; or NULL */
} aphd_reservation_t;

/* *app: new reference to the row. */
apr_status_t aphd_ask_reserve(aphd_ask_t *ask, const aphd_reservation_t *wanted, json_t **app,
                              aph_error_t *err);

/* *apps: new reference to the rows of all apps, as job_wire.h says. */
apr_status_t aphd_ask_apps(aphd_ask_t *ask, json_t **apps, aph_error_t *err);

/* These, and the names whose data was kept when their app was uninstalled. */
apr_status_t aphd_ask_apps_and_kept(aphd_ask_t *ask, json_t **apps, aph_error_t *err);

/* taken: array of CIDR strings, borrowed. *subnet has room for services and lives in p. */
apr_status_t aphd_ask_subnet(aphd_ask_t *ask, json_t *taken, int services, const char **subnet,
                             apr_pool_t *p, aph_error_t *err);

/* The journal row is on disk when this returns: the effect may begin. undo is borrowed. */
apr_status_t aphd_ask_step(aphd_ask_t *ask, const char *step, json_t *undo, aph_error_t *err);

/* fields: any subset of what job_wire.h lists; borrowed. */
apr_status_t aphd_ask_record(aphd_ask_t *ask, json_t *fields, aph_error_t *err);

/* NULL leaves a field as it is. The routes are on disk when this returns. */
apr_status_t aphd_ask_state(aphd_ask_t *ask, const char *state, const char *desired,
                            const char *reason, aph_error_t *err);

typedef struct aphd_ending_t {
    const char *result;        /* "done", "failed", "rolled-back" */
    const char *app;           /* "keep", "kept-data", "gone" */
    json_t *answer;            /* borrowed; NULL where it did not work */
    json_t *record;            /* what of the row becomes true with the end; borrowed, NULL: nothing */
    const aph_error_t *reason; /* NULL where it did */
} aphd_ending_t;

apr_status_t aphd_ask_finish(aphd_ask_t *ask, const aphd_ending_t *ending, aph_error_t *err);

/* Notes. What cannot be sent is dropped: the next call will see that the monitor is gone. */
void aphd_ask_note_progress(aphd_ask_t *ask, const aphd_progress_t *progress);
void aphd_ask_note_log(aphd_ask_t *ask, const char *line);

typedef struct aphd_observed_t {
    int up;              /* the engine answers */
    const char *message; /* why it does not, or "" */
    json_int_t heard;    /* number of the monitor's last list of apps */
    json_t *apps;        /* array as in job_wire.h, borrowed */
} aphd_observed_t;
void aphd_ask_note_observe(aphd_ask_t *ask, const aphd_observed_t *observed);

/* Reads once what the monitor sent by itself (watch): APR_EAGAIN while no event is whole. */
apr_status_t aphd_ask_event(aphd_ask_t *ask, json_t **event, aph_error_t *err);

#endif
