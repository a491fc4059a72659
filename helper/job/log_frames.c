/* SPDX-License-Identifier: Apache-2.0 */
#include "helper/job/log_frames.h"

#include <string.h>

#include "common/error.h"

void aphd_log_frames_init(aphd_log_frames_t *frames, int raw, aphd_line_cb *line_cb, void *baton)
{
    memset(frames, 0, sizeof *frames);
    frames->raw = raw != 0;
    aphd_lines_init(&frames->streams[0], line_cb, baton);
    aphd_lines_init(&frames->streams[1], line_cb, baton);
}

/* Takes what is missing of the eight octets; returns how many were used. */
static size_t take_head(aphd_log_frames_t *frames, const char *octets, size_t length)
{
    size_t want = sizeof frames->head - frames->have;
    if (want > length)
        want = length;
    memcpy(frames->head + frames->have, octets, want);
    frames->have += want;
    if (frames->have == sizeof frames->head)
        frames->left = (uint32_t)frames->head[4] << 24 | (uint32_t)frames->head[5] << 16
                     | (uint32_t)frames->head[6] << 8 | frames->head[7];
    return want;
}

apr_status_t aphd_log_frames_feed(aphd_log_frames_t *frames, const char *octets, size_t length)
{
    apr_status_t status = APR_SUCCESS;
    if (frames->raw)
        return aphd_lines_feed(&frames->streams[0], octets, length);
    while (status == APR_SUCCESS && length > 0) {
        if (frames->have < sizeof frames->head) {
            size_t used = take_head(frames, octets, length);
            octets += used;
            length -= used;
        }
        if (frames->have < sizeof frames->head)
            return APR_SUCCESS;
        if (frames->head[0] > 2 || frames->head[1] != 0 || frames->head[2] != 0)
            return APH_EENGINE;
        size_t piece = frames->left < length ? frames->left : length;
        if (piece > 0)
            status = aphd_lines_feed(&frames->streams[frames->head[0] == 2], octets, piece);
        octets += piece;
        length -= piece;
        frames->left -= (uint32_t)piece;
        if (frames->left == 0)
            frames->have = 0;
    }
    return status;
}

apr_status_t aphd_log_frames_finish(aphd_log_frames_t *frames)
{
    apr_status_t status = aphd_lines_finish(&frames->streams[0]);
    return status == APR_SUCCESS ? aphd_lines_finish(&frames->streams[1]) : status;
}

void aphd_log_frames_clear(aphd_log_frames_t *frames)
{
    aphd_lines_clear(&frames->streams[0]);
    aphd_lines_clear(&frames->streams[1]);
}
