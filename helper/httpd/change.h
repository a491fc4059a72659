/* SPDX-License-Identifier: Apache-2.0 */
/* One change of the running httpd, from its first question to its proof. apply.c tells the story,
 * reload.c signals and proves, revive.c brings httpd back. */
#ifndef APHD_HTTPD_CHANGE_H
#define APHD_HTTPD_CHANGE_H

#include "helper/httpd/httpd.h"

typedef struct aphd_change_t {
    aphd_httpd_t *httpd;
    const apr_array_header_t *wanted;
    aphd_httpd_result_t *result;
    aphd_httpd_facts_t *facts;
    int enabled;           /* the set the link named before us */
    int fallback; /* the set to go back to: the one the running httpd has, where it is there */
    int target;            /* the set that shall be served */
    int running;           /* httpd answers the probe */
    int parent_fd;         /* pidfd of its parent; -1: not opened */
    aphd_probe_t before;   /* its answer before the change */
    int64_t began;         /* when the last check before the signal began */
    int64_t log_length;    /* of httpd's error log before the signal; -1: unknown */
} aphd_change_t;

typedef enum aphd_proof_t {
    APHD_PROVEN, /* the parent lives, and a new generation answers with the set */
    APHD_SILENT, /* the parent lives, and no such answer came in time */
    APHD_DIED
} aphd_proof_t;

/* Finds out whether httpd runs and is the one we mean; fills running, before, parent_fd. */
apr_status_t aphd_change_look(aphd_change_t *change, aph_error_t *err);

/* Waits a little for room in the scoreboard; APH_EBUSY with numbers and the cure. */
apr_status_t aphd_change_room(aphd_change_t *change, aph_error_t *err);

/* Checks what a reload would read, immediately before the signal: once more where a file changed
 * while the check ran. */
apr_status_t aphd_change_last_check(aphd_change_t *change, aph_error_t *err);

/* Signals and waits. */
aphd_proof_t aphd_change_reload(aphd_change_t *change);

/* After a reload that was not proven: the old set back, httpd signalled again or started. Always
 * returns an error that says what was and what is now. */
apr_status_t aphd_change_revive(aphd_change_t *change, aphd_proof_t proof, aph_error_t *err);

/* Waits until httpd answers with a set, of a generation above the given one where it is not below
 * 0. */
aphd_proof_t aphd_change_prove(aphd_change_t *change, int set, int64_t above);

#endif
