/* SPDX-License-Identifier: Apache-2.0 */
/* The daemon's own log: one line on standard error for each thing worth knowing. Only the edges
 * write here: main, a connection, the end of a job, the watcher. */
#ifndef APHD_LOG_H
#define APHD_LOG_H

#include "common/error.h"

typedef enum aphd_level_t {
    APHD_LOG_ERROR = 3,
    APHD_LOG_WARNING = 4,
    APHD_LOG_INFO = 6
} aphd_level_t;

/* "apphostd: SENTENCE", led by "<LEVEL>" where systemd's journal reads it. Control characters are
 * written as '?', so that nothing a client sent can forge a line. */
void aphd_log(aphd_level_t level, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* "apphostd: APH0123: WHAT: SENTENCE". */
void aphd_log_error(aphd_level_t level, const char *what, const aph_error_t *err);

#endif
