/* SPDX-License-Identifier: Apache-2.0 */
/* The firewall, looked at for as long as the monitor lives: `iptables -F`, a reloaded firewalld and a
 * restarted engine take our chain away or put theirs before it, and nobody tells us. */
#ifndef APHD_WATCH_WALL_H
#define APHD_WATCH_WALL_H

#include <apr_time.h>

#include "helper/base/wall.h"
#include "helper/job/job.h"

typedef struct aphd_watch_wall_t {
    aphd_wall_t wall;
    const aphd_report_t *report;
    apr_pool_t *p;
    apr_time_t look_at; /* when it is looked at next */
    int changed;        /* apps have: it is looked at now, and by what runs now */
    apr_status_t told;  /* the status that was last logged */
} aphd_watch_wall_t;

void aphd_watch_wall_open(aphd_watch_wall_t *watch, const aphd_job_t *job);
void aphd_watch_wall_close(aphd_watch_wall_t *watch);

/* Looks where it is time to; what is wrong is put right, or logged, once. */
void aphd_watch_wall(aphd_watch_wall_t *watch);

#endif
