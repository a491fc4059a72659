/* SPDX-License-Identifier: Apache-2.0 */
/* The progress of a job: one line redrawn on a terminal, one line per step elsewhere. */
#ifndef APHC_PROGRESS_H
#define APHC_PROGRESS_H

#include <stdint.h>
#include <jansson.h>

#include "ctl/terminal.h"

#define APHC_PROGRESS_LINE_MAX 512

typedef struct aphc_progress_t {
    aphc_terminal_t terminal; /* a copy: its width is measured anew */
    unsigned hidden : 1;
    unsigned drawn : 1; /* a line stands there that must be cleared first */
    json_int_t job;     /* 0 until the first frame says it */
    char step[64];      /* what was shown last, to notice a new one */
    char text[256];
    int64_t rate_since, rate_done; /* microseconds and octets where the rate is counted from */
    int64_t rate;                  /* octets a second, 0 while unknown */
    int64_t drawn_at; /* microseconds; a redraw more often than the eye sees is waste */
} aphc_progress_t;

void aphc_progress_init(aphc_progress_t *progress, const aphc_terminal_t *terminal, int hidden);

/* Takes {"job","step","text","done","total","unit"}; now is microseconds since 1970. */
void aphc_progress_update(aphc_progress_t *progress, const json_t *frame, int64_t now);

/* Prints a log line, dim, above the progress line. */
void aphc_progress_log(aphc_progress_t *progress, const char *line);

/* Clears the progress line: what comes next is the outcome. */
void aphc_progress_end(aphc_progress_t *progress);

/* The line for one frame, at most columns wide (0: no limit): "pull  nginx:1.27  [####------]
 * 12.3 MB of 67.1 MB  3.4 MB/s". Pure; out holds APHC_PROGRESS_LINE_MAX octets. */
void aphc_progress_line(char *out, const json_t *frame, int64_t rate, int columns);

#endif
