/* SPDX-License-Identifier: Apache-2.0 */
/* What containers wrote, line by line. */
#ifndef APHD_ENGINE_LOGS_H
#define APHD_ENGINE_LOGS_H

#include "helper/job/engine.h"
#include "helper/job/report.h"

typedef struct aphd_logs_t aphd_logs_t;

typedef struct aphd_logs_spec_t {
    const char *id;              /* of the container */
    const char *prefix;          /* put before each line; "" for none */
    int tail;                    /* the last so many lines; below 0: all */
    int since;                   /* seconds since 1970; nothing older. 0: whatever there is */
    int timestamps;              /* each line begins with when it was written */
    int follow;                  /* and what comes */
    const aphd_report_t *report; /* its log_cb receives the lines */
} aphd_logs_spec_t;

/* Begins to read; the stream moves on with aphd_engine_pump. spec and its strings are borrowed
 * until aphd_logs_end. */
apr_status_t aphd_logs_begin(aphd_engine_t *engine, const aphd_logs_spec_t *spec,
                             aphd_logs_t **logs, apr_pool_t *p, aph_error_t *err);
int aphd_logs_done(const aphd_logs_t *logs);
apr_status_t aphd_logs_end(aphd_logs_t *logs, aph_error_t *err);

/* Reads to the end at once. */
apr_status_t aphd_logs_read(aphd_engine_t *engine, const aphd_logs_spec_t *spec, apr_pool_t *p,
                            aph_error_t *err);

#endif
