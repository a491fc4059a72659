/* SPDX-License-Identifier: Apache-2.0 */
/* How much each app is in use, over all children of httpd.
 *
 * The parent makes one shared mapping and keeps it for its life, across reloads: children of old
 * generations go on counting in it. What is under way is counted in a row of the child that does
 * it, so that a child that dies takes its share along; what was ever served is counted for all. */
#ifndef APHM_COUNTERS_H
#define APHM_COUNTERS_H

#include <stdint.h>
#include <sys/types.h>

#include "common/error.h"

typedef struct aphm_counters_t aphm_counters_t;

/* What is under way for one app, or for all. */
typedef struct aphm_usage_t {
    uint32_t inflight;
    uint32_t upgrades; /* of them upgraded, or asking to be */
} aphm_usage_t;

/* Parent: a mapping for at most `children` processes at once. It lives as long as the process. */
apr_status_t aphm_counters_create(aphm_counters_t **counters, unsigned children, aph_error_t *err);

/* Ends it in this process. httpd never does; a test does. */
void aphm_counters_close(aphm_counters_t *counters);

/* Child: takes an empty row for this process. Without a free row its requests are not counted. */
void aphm_counters_attach(aphm_counters_t *counters, pid_t pid);

/* Parent: the process is gone, and so is what it had under way. */
void aphm_counters_child_gone(aphm_counters_t *counters, pid_t pid);

/* The same for every process that is gone, found by asking the system: a parent notices a dead
 * child within about a second, and until then its numbers still count. */
void aphm_counters_forget_dead(aphm_counters_t *counters);

/* One request more or less under way here. Any thread. */
void aphm_counters_enter(aphm_counters_t *counters, uint32_t app_id, int upgrade);
void aphm_counters_leave(aphm_counters_t *counters, uint32_t app_id, int upgrade);

/* Sums over the children; app_id 0: all apps together. */
aphm_usage_t aphm_counters_usage(const aphm_counters_t *counters, uint32_t app_id);

/* Requests ever entered for the app since httpd was started. */
uint64_t aphm_counters_total(const aphm_counters_t *counters, uint32_t app_id);

#endif
