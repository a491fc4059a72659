/* SPDX-License-Identifier: Apache-2.0 */
/* When to stop: the monitor asked (SIGTERM), or the monitor is gone (end of file on the peer's
 * descriptor). Every step that waits, waits on these two as well, so nothing takes longer to stop
 * than the step border it is at.
 *
 * SIGTERM is blocked and read from a signalfd that is never drained: once asked, always asked. */
#ifndef APHD_HALT_H
#define APHD_HALT_H

#include <poll.h>

#include "common/error.h"

typedef struct aphd_halt_t {
    int signal_fd;
    int peer_fd;
    unsigned heedless : 1; /* while undoing: only a lost monitor counts, no request to stop */
} aphd_halt_t;

/* Blocks SIGTERM and SIGINT for the process and opens the descriptor they arrive on. */
apr_status_t aphd_halt_open(aphd_halt_t *halt, int peer_fd, aph_error_t *err);

/* APR_SUCCESS: go on. APH_ECANCELLED: stop and undo. APR_EOF: the monitor is gone; leave everything
 * as it is and end, the next monitor recovers from the journal. */
apr_status_t aphd_halt_check(const aphd_halt_t *halt, aph_error_t *err);

/* Waits for milliseconds, or less where it is time to stop; same status. No time, or less than none,
 * is no wait. */
apr_status_t aphd_halt_sleep(const aphd_halt_t *halt, int milliseconds, aph_error_t *err);

/* Waits until fd is ready for events, or milliseconds passed (*ready is 0 then); same status
 * and same rule. */
apr_status_t aphd_halt_wait(const aphd_halt_t *halt, int fd, short events, int milliseconds,
                            int *ready, aph_error_t *err);

#endif
