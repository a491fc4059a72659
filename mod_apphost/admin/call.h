/* SPDX-License-Identifier: Apache-2.0 */
/* One operation asked of apphostd. Every wait has an end: a daemon that is silent costs a thread of
 * httpd a few seconds, and then nobody anything for a while. */
#ifndef APHM_CALL_H
#define APHM_CALL_H

#include "common/peer.h"
#include "common/frame.h"
#include "mod_apphost/admin/admin.h"

typedef struct aphm_call_t {
    aphm_admin_t *admin;
    int fd;                    /* -1: not connected */
    int place;                 /* in the followers' table */
    aph_frame_reader_t reader;
} aphm_call_t;

/* Sends the operation with what the request says of its person. args is borrowed; with_key: the
 * request's Idempotency-Key goes along. Whatever comes back, aphm_call_close follows. APH_EDAEMON:
 * not running, or too many wait for it already. */
apr_status_t aphm_call_open(aphm_call_t *call, aphm_admin_t *admin, const char *op,
                            const json_t *args, int with_key, aph_error_t *err);

/* Waits at most milliseconds for the next frame: *frame is a new reference. APR_TIMEUP when none
 * came, APH_EDAEMON when there will be none. */
apr_status_t aphm_call_next(aphm_call_t *call, int milliseconds, json_t **frame, aph_error_t *err);

void aphm_call_close(aphm_call_t *call);

/* All of it, for an operation that answers at once: *answer is a new reference. lines (an array, or
 * NULL) receives what it says before, to a bound; *more is nonzero where that was reached. */
apr_status_t aphm_call_once(aphm_admin_t *admin, const char *op, const json_t *args,
                            json_t **answer, aph_error_t *err);
apr_status_t aphm_call_lines(aphm_admin_t *admin, const char *op, const json_t *args, json_t *lines,
                             int *more, aph_error_t *err);

#endif
