/* SPDX-License-Identifier: Apache-2.0 */
/* A container's log as the engine sends it: pieces of stdout and stderr, each behind eight octets
 * {1|2, 0, 0, 0, length (u32, network order)}; from a terminal, the bare octets. Pure. */
#ifndef APHD_LOG_FRAMES_H
#define APHD_LOG_FRAMES_H

#include <stddef.h>
#include <stdint.h>

#include "helper/job/lines.h"

typedef struct aphd_log_frames_t {
    unsigned char head[8];
    size_t have;          /* octets of head */
    uint32_t left;        /* octets of the piece still to come */
    unsigned raw : 1;     /* a terminal's */
    aphd_lines_t streams[2]; /* stdout, stderr: their lines must not run into each other */
} aphd_log_frames_t;

void aphd_log_frames_init(aphd_log_frames_t *frames, int raw, aphd_line_cb *line_cb, void *baton);

/* APH_EENGINE where the octets are not such frames. */
apr_status_t aphd_log_frames_feed(aphd_log_frames_t *frames, const char *octets, size_t length);
apr_status_t aphd_log_frames_finish(aphd_log_frames_t *frames);
void aphd_log_frames_clear(aphd_log_frames_t *frames);

#endif
