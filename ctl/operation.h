/* SPDX-License-Identifier: Apache-2.0 */
/* One operation of apphostd, with its progress shown: what every command but the local ones is. */
#ifndef APHC_OPERATION_H
#define APHC_OPERATION_H

#include <jansson.h>

#include "ctl/command.h"

typedef enum aphc_lines_t {
    APHC_LINES_ARE_LOG,   /* what a job says beside its progress: dim, on standard error */
    APHC_LINES_ARE_OUTPUT /* what was asked for: standard output */
} aphc_lines_t;

/* Checks args (stolen) against the operation table, asks apphostd, shows progress. *answer receives
 * a new reference. With --json, lines that are output become {"log":...} objects, one a line. On
 * SIGINT says how to follow the job that goes on, and returns APR_EINTR. */
apr_status_t aphc_operation(aphc_context_t *context, const char *op, json_t *args,
                            aphc_lines_t lines, json_t **answer, aph_error_t *err);

/* The same without a word about progress, for what is done at once. */
apr_status_t aphc_operation_silent(aphc_context_t *context, const char *op, json_t *args,
                                   json_t **answer, aph_error_t *err);

/* Prints value (borrowed) and a line end: what --json means for an answer. */
void aphc_print_json(const aphc_context_t *context, const json_t *value);

/* A member of an object: text, or "" where it is missing or of another type; a number, or 0. */
const char *aphc_get_text(const json_t *object, const char *key);
json_int_t aphc_get_number(const json_t *object, const char *key);

#endif
