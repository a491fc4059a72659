/* SPDX-License-Identifier: Apache-2.0 */
/* One child of the kind apphost-read, and what is said to it (read_wire.h). Who starts an exchange
 * ends it; a child lives no longer than its exchange. */
#ifndef APHD_EXCHANGE_H
#define APHD_EXCHANGE_H

#include <sys/types.h>

#include "common/frame.h"
#include "helper/read/reader.h"

typedef struct aphd_exchange_t {
    int fd; /* our end, non-blocking; -1: none */
    pid_t pid;
} aphd_exchange_t;

/* What is left of the time, and of CLOCK_MONOTONIC. */
long long aphd_exchange_now_ms(void);

apr_status_t aphd_exchange_start(aphd_exchange_t *x, aph_error_t *err);

/* Sends one request and waits for its answer until deadline_ms. *answer: a new reference to its
 * frame.
 *   APR_TIMEUP   there was none in time
 *   APR_EOF, ... the child is gone, or said what no frame is: *said has what is known
 * After anything but APR_SUCCESS the exchange is only good for ending. */
apr_status_t aphd_exchange_ask(aphd_exchange_t *x, const aphd_reading_t *reading,
                               long long deadline_ms, json_t **answer, aph_error_t *said);

/* Whatever the child said, it is gone after this. rv: what came of the last request; what is
 * returned is the same, or APR_TIMEUP. */
apr_status_t aphd_exchange_end(aphd_exchange_t *x, apr_status_t rv, long long deadline_ms,
                               int *exit_code);

/* What is said of a child that gave no answer; never APR_SUCCESS. */
apr_status_t aphd_exchange_explain(const aphd_reading_t *reading, apr_status_t rv, int exit_code,
                                   const aph_error_t *said, aph_error_t *err);

/* An answer's normal form, held against the form of its kind: a new reference. */
apr_status_t aphd_exchange_take(aphd_reader_kind_t kind, json_t *answer, json_t **normal,
                                aph_error_t *err);

/* APH_EUNREADABLE for a text that is longer than those of its kind may be. */
apr_status_t aphd_exchange_fits(const aphd_reading_t *reading, aph_error_t *err);

#endif
