/* SPDX-License-Identifier: Apache-2.0 */
/* What containers use, as the engine counts it: one sample of each, side by side and a few at once,
 * so that an engine that is slow with one of them holds up nobody else.
 *
 * The engine is asked for one sample only (one-shot): the second one, which it would take a second
 * later, is the one we took before. */
#ifndef APHD_ENGINE_STATS_H
#define APHD_ENGINE_STATS_H

#include <stdint.h>
#include <jansson.h>

#include "helper/job/engine.h"

#define APHD_STATS_CONTAINERS_MAX 1024

/* Counted since the container started, but for memory. In octets. */
typedef struct aphd_usage_t {
    int64_t at;           /* milliseconds since 1970, by our clock */
    int64_t clock; /* nanoseconds, by the engine's word of when it counted; for differences only */
    int64_t cpu;          /* nanoseconds of one core */
    int64_t memory; /* without what the kernel would give back at once (inactive file pages) */
    int64_t memory_limit; /* 0: none that is known */
    int64_t network_in, network_out;
    int64_t block_read, block_write;
} aphd_usage_t;

typedef struct aphd_stats_target_t {
    int app_id;
    char id[72];          /* of the container */
    char service[64];
    unsigned known : 1;   /* usage is what the engine said */
    aphd_usage_t usage;
} aphd_stats_target_t;

typedef struct aphd_stats_t aphd_stats_t;

/* Prepares one sample of each running one of containers (as the engine lists them; borrowed);
 * begins nothing yet. NULL: no memory. */
aphd_stats_t *aphd_stats_open(aphd_engine_t *engine, const json_t *containers);

/* Takes in what has come since, and begins the next ones; nonzero once there is nothing more to
 * come. The streams move with aphd_engine_pump. */
int aphd_stats_move(aphd_stats_t *stats);

const aphd_stats_target_t *aphd_stats_targets(const aphd_stats_t *stats, size_t *count);

/* Ends what is still under way; before the engine is closed. NULL is fine. */
void aphd_stats_close(aphd_stats_t *stats);

/* Reads the engine's answer (borrowed): Docker's with cgroups of either version, and Podman's. Zero
 * for what is no such answer, or is of a container that does not run. usage->at is left alone. */
int aphd_usage_read(const json_t *answer, aphd_usage_t *usage);

/* Hundredths of a percent of one core between two samples of one container; -1 where they do not
 * say. */
int aphd_usage_cpu(const aphd_usage_t *before, const aphd_usage_t *now);

#endif
