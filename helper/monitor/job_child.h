/* SPDX-License-Identifier: Apache-2.0 */
/* One run of apphost-job behind a socket, watched by its pidfd. There are two ways to get one:
 *
 *   forked      a child process behind a socket pair. Needs nothing, and gives the job all that
 *               apphostd itself may do.
 *   connected   a service manager listens on a socket and starts a job for each connection
 *               (conf/apphost-job.socket). The job may then do what apphostd need not. It is no
 *               child of ours: it says its process id in its first frame ({"note":"process"}), and
 *               how it ended is known to the service manager alone. */
#ifndef APHD_JOB_CHILD_H
#define APHD_JOB_CHILD_H

#include <sys/types.h>

#include "helper/monitor/stream.h"

#define APHD_EXIT_UNKNOWN (-1)

/* Zero-initialise; fill the callbacks before the start. */
typedef struct aphd_job_child_t {
    aphd_loop_t *loop;
    pid_t pid;                /* 0 while a connected one has not said it */
    int exit_code;            /* valid once reaped; APHD_EXIT_UNKNOWN of a connected one */
    aphd_stream_t stream;
    aphd_watch_t exit_watch;  /* the pidfd */
    aphd_timer_t look;        /* instead of it, where there are no pidfds */
    aphd_timer_t patience;    /* how long one of the two ends is waited for after the other */
    unsigned reaped : 1;
    unsigned eof : 1;
    unsigned started : 1;
    unsigned connected : 1;
    unsigned stop_asked : 1;

    void *self;
    void (*frame_cb)(void *self, json_t *frame); /* borrowed */
    void (*gone_cb)(void *self, int exit_code);  /* once; after it the child holds nothing */
} aphd_job_child_t;

typedef struct aphd_job_program_t {
    const char *path;        /* of apphost-job */
    const char *config_path; /* handed on as -c */
    const char *socket_path; /* connect here instead of starting path; NULL: fork */
} aphd_job_program_t;

/* Starts the program, or has it started, with one end of a socket on descriptor 3. Not tied
 * to our life: when we die it reads the end of file and stops where it can. */
apr_status_t aphd_job_child_start(aphd_job_child_t *child, aphd_loop_t *loop,
                                  const aphd_job_program_t *program, aph_error_t *err);

/* SIGTERM: stop at the next step border and undo. */
void aphd_job_child_ask_stop(aphd_job_child_t *child);

/* Closes our end: the child reads end of file and ends; it is killed if it has not after a while.
 * gone_cb still follows. */
void aphd_job_child_hang_up(aphd_job_child_t *child);

/* For the end of apphostd itself: the child reads end of file and is not waited for; nothing is
 * called back. */
void aphd_job_child_forget(aphd_job_child_t *child);

#endif
