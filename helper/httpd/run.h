/* SPDX-License-Identifier: Apache-2.0 */
/* httpd's command, run to its end: bounded in time and output, with nothing of our environment. */
#ifndef APHD_HTTPD_RUN_H
#define APHD_HTTPD_RUN_H

#include "helper/httpd/httpd.h"

#define APHD_RUN_OUT_MAX    8388608 /* octets of standard output; a dump of some thousand sites */
#define APHD_RUN_ERRORS_MAX 65536   /* octets of standard error; what comes after is not kept */
#define APHD_RUN_SECONDS    60

typedef enum aphd_run_kind_t {
    APHD_RUN_CHECK,        /* ends with us, and after a minute */
    APHD_RUN_UNPRIVILEGED, /* the same as nobody, in no network */
    APHD_RUN_START         /* leaves a server behind, also when we end */
} aphd_run_kind_t;

typedef struct aphd_run_t {
    int exit_code;
    const char *out, *errors; /* NUL-terminated, in the pool */
} aphd_run_t;

/* Runs words[0] with words (NULL-terminated). An exit code other than 0 is not an error here; one
 * that cannot be started, does not end or says too much is (APH_ECONFIG, or exec's own). */
apr_status_t aphd_run(aphd_run_t *run, const char *const *words, aphd_run_kind_t kind,
                      apr_pool_t *p, aph_error_t *err);

/* The same with httpd's command and more words (NULL-terminated) after it. */
apr_status_t aphd_run_httpd(aphd_run_t *run, const aphd_httpd_t *httpd, const char *const *more,
                            aphd_run_kind_t kind, aph_error_t *err);

#endif
