/* SPDX-License-Identifier: Apache-2.0 */
/* The daily copy of the database: when, and by whom. */
#ifndef APHD_COPIES_H
#define APHD_COPIES_H

#include "helper/monitor/loop.h"

/* Embedded in main's context; zero-initialise. */
typedef struct aphd_copies_t {
    aphd_loop_t *loop;
    const char *config_path;
    aphd_timer_t timer;
    aphd_watch_t exit_watch;
    int pid; /* of the process that copies; 0: none */
} aphd_copies_t;

/* One copy now and one every 24 hours, each made by `apphostd -b` in a process of its own: the loop
 * never waits for it. What goes wrong is logged. */
apr_status_t aphd_copies_begin(aphd_copies_t *copies, aphd_loop_t *loop, const char *config_path,
                               aph_error_t *err);
void aphd_copies_end(aphd_copies_t *copies);

#endif
