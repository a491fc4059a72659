/* SPDX-License-Identifier: Apache-2.0 */
/* Frames in both directions over a non-blocking descriptor, for connections and for job children.
 * Nothing here ever waits: what cannot be written now is queued and written when poll says so. */
#ifndef APHD_STREAM_H
#define APHD_STREAM_H

#include <jansson.h>

#include "common/frame.h"
#include "helper/monitor/loop.h"

typedef struct aphd_piece_t aphd_piece_t;

typedef struct aphd_stream_t {
    aphd_loop_t *loop;
    aphd_watch_t watch;
    aphd_timer_t deadline;      /* of the frame that has begun */
    aph_frame_reader_t reader;
    aphd_piece_t *first, *last; /* whole encoded frames that wait to be written */
    size_t queued;              /* octets in them */
    int frame_seconds;          /* how long one frame may take to arrive; 0: no bound */
    unsigned closed : 1;

    /* Set by the owner before aphd_stream_open. */
    void *self;
    void (*frame_cb)(void *self, json_t *frame);   /* frame is borrowed */
    void (*end_cb)(void *self, apr_status_t status,
                   const aph_error_t *err); /* once; APR_EOF: peer left */
    void (*drained_cb)(void *self);         /* the queue has just become empty; may be NULL */
} aphd_stream_t;

/* Takes fd over (closed by aphd_stream_close, also where this fails) and begins to read frames of
 * at most limit octets. */
apr_status_t aphd_stream_open(aphd_stream_t *stream, aphd_loop_t *loop, int fd, size_t limit,
                              aph_error_t *err);

/* Sends a frame (borrowed), now or later. APR_EOF after the peer left; APH_ETOOLARGE above
 * APH_JOB_FRAME_MAX. The queue has no bound of its own: whoever sends without being asked looks at
 * stream->queued first. */
apr_status_t aphd_stream_send(aphd_stream_t *stream, const json_t *frame, aph_error_t *err);

/* Stops and resumes reading; a paused stream still notices that its peer has gone. */
void aphd_stream_pause(aphd_stream_t *stream);
void aphd_stream_resume(aphd_stream_t *stream);

/* The frame that is awaited must be whole after this many milliseconds, begun or not. */
apr_status_t aphd_stream_expect(aphd_stream_t *stream, int64_t milliseconds, aph_error_t *err);

/* Closes the descriptor and drops what was queued; calls nothing back. */
void aphd_stream_close(aphd_stream_t *stream);

#endif
