/* SPDX-License-Identifier: Apache-2.0 */
/* Frames: a u32 length in network order, then that many octets of one JSON object.
 *
 * A client sends   {"v":1, "op":NAME, "args":{...}}
 * and receives     {"progress":{"job":N,"step":S,"text":T,"done":N,"total":N,"unit":U}}  any number
 *                  {"log":LINE}                                                       any number
 * then exactly one {"ok":VALUE}  or  {"code":WIRE,"tag":"APH0123","message":SENTENCE}.
 *
 * Reading is incremental: octets go in as they arrive, whole frames come out. No buffer is
 * allocated before the length was compared with the limit. */
#ifndef APH_FRAME_H
#define APH_FRAME_H

#include <stddef.h>
#include <jansson.h>

#include "common/error.h"

typedef struct aph_frame_reader_t {
    size_t limit;            /* octets of JSON accepted */
    unsigned char head[4];
    size_t have;             /* octets of head plus body received */
    size_t length;           /* of the body, once head is whole */
    char *body;              /* malloc'd when the head is whole; NULL between frames */
} aph_frame_reader_t;

/* Prepares a reader, and frees what it holds of a frame that did not become whole. */
void aph_frame_reader_init(aph_frame_reader_t *reader, size_t limit);
void aph_frame_reader_clear(aph_frame_reader_t *reader);

/* Nonzero when part of a frame has arrived and the rest has not. */
int aph_frame_reader_partial(const aph_frame_reader_t *reader);

/* Reads once from a file descriptor, never past the end of the current frame.
 *   APR_SUCCESS   a frame is whole: *frame is a new reference to its object
 *   APR_EAGAIN    no whole frame yet (also for EINTR, EAGAIN)
 *   APR_EOF       the peer closed between frames
 *   APH_EUSAGE    closed inside a frame, length 0, invalid UTF-8, duplicate key, too deep, not an
 *                 object
 *   APH_ETOOLARGE length above the limit
 * After an error the stream is out of step: close it. Descriptors that arrive beside the octets are
 * closed at once. */
apr_status_t aph_frame_read(aph_frame_reader_t *reader, int fd, json_t **frame, aph_error_t *err);

/* Decodes the octets of one body under the same rules; for fuzzing and tests. */
apr_status_t aph_frame_decode(const char *body, size_t length, json_t **frame, aph_error_t *err);

/* Encodes object (borrowed) with its length prefix into *octets (malloc'd, caller frees). */
apr_status_t aph_frame_encode(const json_t *object, size_t limit, char **octets, size_t *length,
                              aph_error_t *err);

/* Encodes and writes the whole frame to a blocking descriptor; a closed peer is APR_EOF, never a
 * signal. */
apr_status_t aph_frame_write(int fd, const json_t *object, size_t limit, aph_error_t *err);

/* Waits for the next whole frame on a blocking descriptor; status as aph_frame_read without
 * EAGAIN. */
apr_status_t aph_frame_wait(aph_frame_reader_t *reader, int fd, json_t **frame, aph_error_t *err);

/* {"code","tag","message"} of an error: new reference. */
json_t *aph_frame_error(const aph_error_t *err);

#endif
