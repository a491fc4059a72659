/* SPDX-License-Identifier: Apache-2.0 */
/* Errors: every function returns an apr_status_t; the reason travels beside it in an aph_error_t.
 *
 * The first cause wins. Callers add context on the outside ("cannot install photos: ..."), and only
 * the edge (main, the connection, the request) prints or logs the result, once. A sentence for a
 * person names the cause, the place, and what to do next. */
#ifndef APH_ERROR_H
#define APH_ERROR_H

#include <apr_errno.h>

#include "common/limits.h"

typedef enum aph_code_t {
    APH_CODES_BEFORE = APR_OS_START_USERERR + 4000,
#define APH_ERROR_ROW(constant, wire, exit_code, http_status, sentence) constant,
#include "common/errors.def"
#undef APH_ERROR_ROW
    APH_CODES_AFTER
} aph_code_t;

/* Zero-initialise it (APH_ERROR_INIT); it owns no memory. */
typedef struct aph_error_t {
    apr_status_t status;               /* APR_SUCCESS until the first error is set */
    char tag[8]; /* "APH0123": names the place in the source, stable for searches */
    char message[APH_ERROR_TEXT_MAX];  /* cut, never overrun; always UTF-8, whatever went into it */
} aph_error_t;

#define APH_ERROR_INIT {0, "", ""}

/* Records the first error and returns its status, so that `return aph_error_set(...)` reads as one
 * thought. A later call on the same err keeps the first. err may be NULL; the status is returned
 * all the same. tag is a number 1..9999, unique in the source (a guard checks). */
apr_status_t aph_error_set(aph_error_t *err, apr_status_t status, int tag, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* A static analyser does not see that the status comes back as it went in, and follows paths that
 * do not exist. */
#ifdef __clang_analyzer__
#define aph_error_set(err, status, ...) (aph_error_set((err), (status), __VA_ARGS__), (status))
#endif

/* Puts context before the message: "context: message". Nothing happens where no error is set. */
void aph_error_wrap(aph_error_t *err, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Takes over what another process said of a failure: wire name, tag and message as received. An
 * unknown wire name becomes APH_EINTERNAL. Returns the status. */
apr_status_t aph_error_receive(aph_error_t *err, const char *wire, const char *tag,
                               const char *message);

/* What a code is called on the wire, apphostctl's exit code for it, its HTTP status and its general
 * sentence. A status that is not ours counts as APH_EINTERNAL (APR_ENOSPC as APH_ENOSPACE). */
const char *aph_error_wire(apr_status_t status);
int aph_error_exit_code(apr_status_t status);
int aph_error_http_status(apr_status_t status);
const char *aph_error_sentence(apr_status_t status);

#endif
