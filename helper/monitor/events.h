/* SPDX-License-Identifier: Apache-2.0 */
/* What has changed lately, for who would rather not ask for everything again: a ring in memory.
 * Numbers go on from a start that no earlier apphostd reached; who asks from a number that is not
 * in the ring any more is told so ("reset") and reads the lists anew. */
#ifndef APHD_EVENTS_H
#define APHD_EVENTS_H

#include <stdint.h>
#include <jansson.h>

#include "common/limits.h"

#define APHD_EVENTS_KEPT 256

typedef struct aphd_event_t {
    int64_t at;
    int64_t job_id; /* 0: of an app */
    char name[APH_LABEL_MAX + 1];
    char op[24];
    char state[16];
} aphd_event_t;

typedef struct aphd_events_t {
    aphd_event_t ring[APHD_EVENTS_KEPT];
    int64_t first; /* number of the first there ever was; 0 before it */
    int64_t next;  /* of the one to come */
} aphd_events_t;

/* now (seconds since 1970) is where the numbers begin. */
void aphd_events_begin(aphd_events_t *events, int64_t now);

/* An app (job_id 0, op "") or a job is in that state now. */
void aphd_events_add(aphd_events_t *events, const aphd_event_t *event);

/* {"next":N,"events":[{"id","at","kind":"app"|"job","name","state","job_id","op"}],"reset":BOOL}:
 * all from since on; new reference. */
json_t *aphd_events_json(const aphd_events_t *events, int64_t since);

#endif
