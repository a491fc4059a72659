/* SPDX-License-Identifier: Apache-2.0 */
/* The client's end of the socket: what apphostctl and the module do alike. How long they wait, and
 * what they do meanwhile, is their own. */
#ifndef APH_PEER_H
#define APH_PEER_H

#include <jansson.h>

#include "common/error.h"

/* What a frame of apphostd is. */
typedef enum aph_frame_kind_t {
    APH_FRAME_PROGRESS, /* value: the object */
    APH_FRAME_LOG,      /* value: the line */
    APH_FRAME_DATA,     /* value: base64 of octets */
    APH_FRAME_OK,       /* value: the answer; the last frame */
    APH_FRAME_FAILED,   /* no value: aph_peer_fault says more; the last frame */
    APH_FRAME_STRANGE   /* none of these: another version */
} aph_frame_kind_t;

/* Connects to the socket at path. 0, and *fd is the caller's: blocking, close-on-exec, no write to
 * it takes longer than seconds. Else an errno: ENAMETOOLONG, ENOTSOCK for any other file, EAGAIN
 * when nobody took the connection within seconds, and what socket(2) and connect(2) say. */
int aph_peer_connect(const char *path, int seconds, int *fd);

/* Which kind a frame (borrowed) is; *value is borrowed from it, or NULL. */
aph_frame_kind_t aph_peer_kind(const json_t *frame, json_t **value);

/* Takes over the error of a frame that is APH_FRAME_FAILED, and returns its status. */
apr_status_t aph_peer_fault(const json_t *frame, aph_error_t *err);

#endif
