/* SPDX-License-Identifier: Apache-2.0 */
/* What apps used in the last two hours: kept by the watcher, read by who asks.
 *
 * The watcher is the only writer. After each round of samples it replaces RuntimeDir/metrics (0600)
 * as a whole, so that a reader sees one round or the next, and takes it up again when it starts.
 * The file is the three arrays below in the machine's own form, behind a head that a reader
 * compares first; one of another build is taken for none. All of it is bounded: 512 apps of 240
 * samples of 48 octets are 6 MiB. */
#ifndef APHD_METRICS_H
#define APHD_METRICS_H

#include <stdint.h>
#include <jansson.h>

#include "common/error.h"
#include "helper/job/engine_stats.h"

#define APHD_METRICS_SECONDS  30  /* between two rounds */
#define APHD_METRICS_KEPT     240 /* samples of an app: two hours */
#define APHD_METRICS_APPS_MAX 512 /* apps whose history is kept */

/* An app at one time: the sum of its containers. In octets; the counted ones since the sample
 * before. */
typedef struct aphd_sample_t {
    int64_t at;      /* seconds since 1970 */
    int32_t cpu;     /* hundredths of a percent of one core; -1: not known */
    int32_t services;
    int64_t memory, network_in, network_out, block_read, block_write;
} aphd_sample_t;

typedef struct aphd_metrics_app_t {
    int32_t app_id;
    int32_t count, next; /* a ring: next is written next */
    int32_t unused;
    aphd_sample_t samples[APHD_METRICS_KEPT];
} aphd_metrics_app_t;

/* A container as it was last seen. */
typedef struct aphd_metrics_service_t {
    int32_t app_id;
    int32_t cpu;         /* as above, since the sample before */
    char id[72];
    char service[64];
    aphd_usage_t usage;
} aphd_metrics_service_t;

typedef struct aphd_metrics_t {
    aphd_metrics_app_t **apps; /* malloc'd, each too */
    size_t app_count;
    aphd_metrics_service_t *services; /* malloc'd */
    size_t service_count;
} aphd_metrics_t;

#define APHD_METRICS_INIT {NULL, 0, NULL, 0}

/* What path holds; nothing where there is no such file or it cannot be used. */
void aphd_metrics_load(aphd_metrics_t *metrics, const char *path);
apr_status_t aphd_metrics_save(const aphd_metrics_t *metrics, const char *path, aph_error_t *err);
void aphd_metrics_clear(aphd_metrics_t *metrics);

/* Takes in a round (targets that are not known are left out) that ended at seconds. Services not in
 * it are forgotten; app_ids of apps no longer there are for aphd_metrics_keep. */
void aphd_metrics_add(aphd_metrics_t *metrics, const aphd_stats_target_t *targets, size_t count,
                      int64_t seconds);

/* Forgets the apps of which is_there says no. */
void aphd_metrics_keep(aphd_metrics_t *metrics, int (*is_there)(void *self, int app_id),
                       void *self);

/* {"services":[...]} of one app, and with history "history":[...] oldest first; the form stands in
 * docs/protocol.md. New reference. */
json_t *aphd_metrics_json(const aphd_metrics_t *metrics, int app_id, int history);

#endif
