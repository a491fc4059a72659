/* SPDX-License-Identifier: Apache-2.0 */
/* Starting another program: an argument array, an absolute program, an environment of our own, and
 * only the descriptors that were named. There is no shell anywhere in apphost. */
#ifndef APH_CHILD_H
#define APH_CHILD_H

#include <sys/types.h>

#include "common/error.h"

#define APH_CHILD_FDS_MAX 4

typedef struct aph_child_spec_t {
    const char *const *argv;   /* argv[0] is the absolute path of the program; NULL-terminated */
    const char *const *envp;   /* the whole environment; NULL means empty */
    int fds[APH_CHILD_FDS_MAX]; /* becomes descriptor 0..3 of the child; -1: /dev/null for 0..2,
                                   closed for 3 */
    const char *directory;     /* working directory; NULL: "/" */
    unsigned dies_with_parent : 1; /* SIGKILL when the thread that started it ends */
    unsigned own_session : 1;      /* setsid: signals of the terminal do not reach it */
    unsigned unprivileged : 1;     /* no network, no new privileges; where we are root also nobody's
                                      uid, no groups */
} aph_child_spec_t;

/* Starts it. A program that cannot be executed is an error here (APR_FROM_OS_ERROR of exec's
 * errno), not an exit status later. Every descriptor but 0..3 is closed in the child; signals are
 * at their defaults and unblocked. */
apr_status_t aph_child_start(const aph_child_spec_t *spec, pid_t *pid, aph_error_t *err);

/* Waits for the end; *exit_code is the exit status, or 128 + signal. */
apr_status_t aph_child_wait(pid_t pid, int *exit_code, aph_error_t *err);

#endif
