/* SPDX-License-Identifier: Apache-2.0 */
/* Framed streams. The reader never reads past the end of a frame, so a paused stream leaves the
 * next request in the kernel's buffer, where it costs us nothing. */
#include "helper/monitor/stream.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

struct aphd_piece_t {
    aphd_piece_t *next;
    size_t length;
    size_t written;
    char *octets;
};

/* One busy peer must not keep the others waiting. */
#define FRAMES_PER_ROUND 32

static void end(aphd_stream_t *stream, apr_status_t status, const aph_error_t *err)
{
    aphd_loop_unwatch(stream->loop, &stream->watch);
    aphd_loop_untimer(stream->loop, &stream->deadline);
    stream->end_cb(stream->self, status, err);
}

static void drop_first(aphd_stream_t *stream)
{
    aphd_piece_t *piece = stream->first;
    stream->first = piece->next;
    if (stream->first == NULL)
        stream->last = NULL;
    stream->queued -= piece->length;
    free(piece->octets);
    free(piece);
}

/* Writes as much as the peer takes; MSG_NOSIGNAL because a peer that left is a value, not a
 * signal. */
static apr_status_t flush(aphd_stream_t *stream)
{
    while (stream->first != NULL) {
        aphd_piece_t *piece = stream->first;
        ssize_t sent = send(stream->watch.fd, piece->octets + piece->written,
                            piece->length - piece->written, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent < 0 && errno == EINTR)
            continue;
        if (sent < 0)
            return errno == EAGAIN || errno == EWOULDBLOCK ? APR_EAGAIN : APR_EOF;
        piece->written += (size_t)sent;
        if (piece->written == piece->length)
            drop_first(stream);
    }
    return APR_SUCCESS;
}

static void want_write(aphd_stream_t *stream)
{
    if (stream->first != NULL)
        stream->watch.events |= POLLOUT;
    else
        stream->watch.events &= (short)~POLLOUT;
}

static void overdue_cb(void *self)
{
    aphd_stream_t *stream = self;
    aph_error_t err = APH_ERROR_INIT;
    aph_error_set(&err, APH_EUSAGE, 755, "the frame was not whole after %d seconds",
                  stream->frame_seconds);
    end(stream, err.status, &err);
}

/* The clock of a frame runs from its first octet to its last. */
static apr_status_t watch_clock(aphd_stream_t *stream, aph_error_t *err)
{
    if (stream->frame_seconds == 0)
        return APR_SUCCESS;
    if (!aph_frame_reader_partial(&stream->reader) || stream->deadline.slot != 0)
        return APR_SUCCESS;
    return aphd_loop_timer(stream->loop, &stream->deadline, stream->frame_seconds * 1000, err);
}

static void read_frames(aphd_stream_t *stream)
{
    for (int i = 0; i < FRAMES_PER_ROUND && (stream->watch.events & POLLIN) != 0; i++) {
        json_t *frame = NULL;
        aph_error_t err = APH_ERROR_INIT;
        apr_status_t status = aph_frame_read(&stream->reader, stream->watch.fd, &frame, &err);
        if (APR_STATUS_IS_EAGAIN(status)) {
            if (watch_clock(stream, &err) != APR_SUCCESS)
                end(stream, err.status, &err);
            return;
        }
        if (status != APR_SUCCESS) {
            end(stream, status, &err);
            return;
        }
        aphd_loop_untimer(stream->loop, &stream->deadline);
        stream->frame_cb(stream->self, frame);
        json_decref(frame);
        if (stream->closed)
            return;
    }
}

static void ready_cb(void *self, short revents)
{
    aphd_stream_t *stream = self;
    if ((revents & POLLOUT) != 0) {
        apr_status_t status = flush(stream);
        if (status == APR_EOF) {
            end(stream, APR_EOF, NULL);
            return;
        }
        want_write(stream);
        if (status == APR_SUCCESS && stream->drained_cb != NULL)
            stream->drained_cb(stream->self);
        if (stream->closed || stream->watch.slot == 0)
            return;
    }
    if ((stream->watch.events & POLLIN) != 0 && (revents & (POLLIN | POLLHUP | POLLERR)) != 0)
        read_frames(stream);
    else if ((revents & (POLLHUP | POLLERR | POLLNVAL)) != 0)
        end(stream, APR_EOF, NULL);
}

apr_status_t aphd_stream_open(aphd_stream_t *stream, aphd_loop_t *loop, int fd, size_t limit,
                              aph_error_t *err)
{
    stream->loop = loop;
    stream->watch = (aphd_watch_t){
        .fd = fd, .events = POLLIN, .ready_cb = ready_cb, .self = stream};
    stream->deadline.due_cb = overdue_cb;
    stream->deadline.self = stream;
    aph_frame_reader_init(&stream->reader, limit);
    int flags = fcntl(fd, F_GETFL);
    apr_status_t status = APR_SUCCESS;
    if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0)
        status = aph_error_set(err, APR_FROM_OS_ERROR(errno), 756, "cannot prepare a socket");
    if (status == APR_SUCCESS)
        status = aphd_loop_watch(loop, &stream->watch, err);
    if (status != APR_SUCCESS)
        aphd_stream_close(stream);
    return status;
}

static apr_status_t append(aphd_stream_t *stream, char *octets, size_t length, aph_error_t *err)
{
    aphd_piece_t *piece = calloc(1, sizeof *piece);
    if (piece == NULL) {
        free(octets);
        return aph_error_set(err, APR_ENOMEM, 757, "no memory for an answer");
    }
    piece->octets = octets;
    piece->length = length;
    if (stream->last != NULL)
        stream->last->next = piece;
    else
        stream->first = piece;
    stream->last = piece;
    stream->queued += length;
    return APR_SUCCESS;
}

apr_status_t aphd_stream_send(aphd_stream_t *stream, const json_t *frame, aph_error_t *err)
{
    if (stream->closed || stream->watch.slot == 0)
        return APR_EOF;
    char *octets = NULL;
    size_t length = 0;
    apr_status_t status = aph_frame_encode(frame, APH_JOB_FRAME_MAX, &octets, &length, err);
    if (status != APR_SUCCESS)
        return status;
    int first = stream->first == NULL;
    status = append(stream, octets, length, err);
    if (status != APR_SUCCESS)
        return status;
    /* A peer that has left is noticed by the next poll; here it only means that nothing was
     * sent. */
    if (first && flush(stream) == APR_EOF)
        return APR_EOF;
    want_write(stream);
    return APR_SUCCESS;
}

void aphd_stream_pause(aphd_stream_t *stream)
{
    stream->watch.events &= (short)~POLLIN;
}

void aphd_stream_resume(aphd_stream_t *stream)
{
    stream->watch.events |= POLLIN;
}

apr_status_t aphd_stream_expect(aphd_stream_t *stream, int64_t milliseconds, aph_error_t *err)
{
    return aphd_loop_timer(stream->loop, &stream->deadline, milliseconds, err);
}

void aphd_stream_close(aphd_stream_t *stream)
{
    if (stream->closed || stream->loop == NULL)
        return;
    stream->closed = 1;
    aphd_loop_unwatch(stream->loop, &stream->watch);
    aphd_loop_untimer(stream->loop, &stream->deadline);
    aph_frame_reader_clear(&stream->reader);
    while (stream->first != NULL)
        drop_first(stream);
    close(stream->watch.fd);
    stream->watch.fd = -1;
}
