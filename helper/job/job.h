/* SPDX-License-Identifier: Apache-2.0 */
/* What every story of a job works with: one context, passed down. Only stories and the pieces they
 * share (bring_up, take_down) include this; the steps below them know neither it nor the
 * monitor. */
#ifndef APHD_JOB_H
#define APHD_JOB_H

#include <jansson.h>
#include <apr_pools.h>

#include "common/error.h"
#include "helper/base/settings.h"
#include "helper/job/ask.h"
#include "helper/job/engine.h"
#include "helper/job/engine_containers.h"
#include "helper/job/halt.h"
#include "helper/job/report.h"

/* The app an operation is about: its row, and what follows from it. */
typedef struct aphd_job_app_t {
    json_t *row;          /* owned by the job */
    int app_id;
    int port;
    int web;              /* it has a route */
    int https;            /* its port speaks TLS */
    int files;            /* a webapp: no containers, no engine */
    int kept;             /* data of an earlier installation is there */
    const char *name;
    const char *host;     /* NAME.DOMAIN of the first domain */
    const char *url;
    const char *health_path;  /* what is asked for to learn whether it answers; NULL: "/", and any
                               * answer will do */
    int health_seconds; /* that it may take, where that is more than StartSeconds; 0: no word of it
                         */
    const char *project;  /* compose's, and the prefix of every name */
    const char *app_dir;  /* StateDir/apps/ID: ours */
    const char *data_dir; /* StateDir/data/ID: what containers may bind */
    const char *site_dir; /* StateDir/sites/ID: APP_ROOT_DIR of its virtual host */
    const char *compose_path; /* app_dir/compose.json */
    aphd_owner_t owner;
} aphd_job_app_t;

typedef struct aphd_job_t {
    apr_pool_t *p;
    const aphd_settings_t *settings;
    aphd_halt_t halt;
    aphd_report_t report;
    aphd_ask_t *ask;
    aphd_engine_t *engine;  /* NULL until aphd_job_meet_engine */
    json_t *request;
    const char *op;
    const char *instance;
    aphd_job_app_t app;     /* row is NULL while there is none */
} aphd_job_t;

/* A story tells the monitor its end itself (finish); what it returns is for an end it could not
 * tell. APR_EOF: there is nobody to tell. APR_INCOMPLETE: nothing was told on purpose; the monitor
 * finds the journal open and starts a job to recover, as soon as the engine answers. */
typedef apr_status_t aphd_story_t(aphd_job_t *job, aph_error_t *err);

aphd_story_t aphd_story_install;
aphd_story_t aphd_story_uninstall;
aphd_story_t aphd_story_start;
aphd_story_t aphd_story_stop;
aphd_story_t aphd_story_restart;
aphd_story_t aphd_story_logs;
aphd_story_t aphd_story_watch;
aphd_story_t aphd_story_recover;
aphd_story_t aphd_story_render;
aphd_story_t aphd_story_reload;
aphd_story_t aphd_story_update;
aphd_story_t aphd_story_rollback;
aphd_story_t aphd_story_metrics;
aphd_story_t aphd_story_state;
aphd_story_t aphd_story_changes;
aphd_story_t aphd_story_password;

/* Reads settings and the request on descriptor fd. */
apr_status_t aphd_job_open(aphd_job_t *job, const char *settings_path, int fd, apr_pool_t *p,
                           aph_error_t *err);
void aphd_job_close(aphd_job_t *job);

/* Makes row (a new reference, taken over) the job's app. */
apr_status_t aphd_job_take_app(aphd_job_t *job, json_t *row, aph_error_t *err);

/* Fills app from row, both borrowed; strings live in p. */
apr_status_t aphd_job_read_app(const aphd_job_t *job, json_t *row, aphd_job_app_t *app,
                               aph_error_t *err);

/* How app tells that it is well, as its entry says ("health" of helper/read/entry.h; borrowed,
 * NULL: not at all). What cannot be asked for over HTTP is left out. */
void aphd_job_take_health(const aphd_job_t *job, const json_t *health, aphd_job_app_t *app);

/* Nonzero for a path that may stand in a request: "/...", printable, without blanks. */
int aphd_job_is_path(const char *path);

/* Opens the engine; where it does not answer yet, tries again for patience seconds. An app without
 * containers needs none. */
apr_status_t aphd_job_meet_engine(aphd_job_t *job, int patience, aph_error_t *err);

/* An argument of the operation: NULL, 0 or fallback where it was not given. A list holds texts only
 * (ops.def), and is borrowed. */
json_t *aphd_job_list(const aphd_job_t *job, const char *name);
const char *aphd_job_text(const aphd_job_t *job, const char *name);
int aphd_job_flag(const aphd_job_t *job, const char *name);
int aphd_job_number(const aphd_job_t *job, const char *name, int fallback);

/* Progress by steps: "step number of total". */
void aphd_job_step(const aphd_job_t *job, const char *step, int done, int total, const char *text);

/* The end of a story whose app stays as it is: "done" with answer (new reference, taken over) where
 * status is APR_SUCCESS; else "rolled-back" for a cancelled one and "failed". Nothing is said where
 * the monitor is gone. */
apr_status_t aphd_job_finish(aphd_job_t *job, apr_status_t status, json_t *answer,
                             aph_error_t *err);

#endif
