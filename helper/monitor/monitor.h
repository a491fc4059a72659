/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts of apphostd share at run time: one struct, made by main and passed down. Settings
 * are what the admin wrote, frames are what travels; this is neither. */
#ifndef APHD_MONITOR_H
#define APHD_MONITOR_H

#include "helper/base/settings.h"
#include "helper/monitor/job_child.h"
#include "helper/monitor/server.h"
#include "helper/monitor/store.h"

typedef struct aphd_jobs_t aphd_jobs_t;
typedef struct aphd_watcher_t aphd_watcher_t;

/* The engine as last observed. */
typedef struct aphd_engine_t {
    enum { APHD_ENGINE_UNKNOWN, APHD_ENGINE_UP, APHD_ENGINE_DOWN } state;
    char message[APHD_REASON_MAX];
    int64_t since; /* seconds since 1970 */
} aphd_engine_t;

typedef struct aphd_monitor_t {
    const aphd_settings_t *settings;
    aphd_job_program_t program;
    const char *machine;       /* host name of this machine, or NULL */
    aphd_loop_t *loop;
    aphd_store_t *store;       /* NULL: store_error says why; nothing may be changed then */
    aph_error_t store_error;
    aphd_server_t *server;
    aphd_jobs_t *jobs;
    aphd_watcher_t *watcher;
    aphd_engine_t engine;
    int64_t started;           /* seconds since 1970 */
    aphd_timer_t publish_again; /* set while the routes on disk are older than the rows */
} aphd_monitor_t;

/* The rows of apps have changed: the routes are written (on disk when this returns APR_SUCCESS;
 * else tried again every few seconds) and the watcher is told at the end of the round. monitor.c */
apr_status_t aphd_monitor_apps_changed(aphd_monitor_t *monitor, aph_error_t *err);

/* A frame a client sent, from its check to its answer; aphd_server_calls_t.request_cb.
 * operations.c */
void aphd_monitor_request_cb(void *monitor, aphd_conn_t *conn, const json_t *request);

/* Seconds since 1970. */
int64_t aphd_monitor_clock(void);

#endif
