/* SPDX-License-Identifier: Apache-2.0 */
#include "helper/job/engine_stats.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <apr_time.h>

#include "helper/base/job_wire.h"
#include "helper/job/engine_containers.h"

#define AT_ONCE      8
#define SECONDS      10         /* for one answer */
#define LIMIT_MAX    (1LL << 60) /* cgroup v1 says something larger where it means none */
#define GAP_MAX      (3600LL * 1000000000)

struct aphd_stats_t {
    aphd_engine_t *engine;
    aphd_stats_target_t *targets; /* malloc'd */
    size_t count, next;
    struct {
        aphd_stream_t *stream; /* NULL: free */
        size_t target;
    } running[AT_ONCE];
};

/* --- one answer --- */

static int64_t number(const json_t *object, const char *member)
{
    return json_integer_value(json_object_get(object, member));
}

/* "2026-11-23T22:40:11.123456789Z", or with an offset, which is the same in both of a pair. */
static int64_t clock_of(const char *text)
{
    struct tm tm = {0};
    const char *rest = text != NULL ? strptime(text, "%Y-%m-%dT%H:%M:%S", &tm) : NULL;
    int64_t fraction = 0, scale = 100000000;
    if (rest == NULL || tm.tm_year < 100)
        return 0;
    for (rest += *rest == '.'; *rest >= '0' && *rest <= '9'; rest++, scale /= 10)
        fraction += (*rest - '0') * scale;
    return (int64_t)timegm(&tm) * 1000000000 + fraction;
}

/* Pages of files that were not used for a while are given back as soon as anybody wants them. */
static int64_t memory_of(const json_t *memory)
{
    const json_t *details = json_object_get(memory, "stats");
    int64_t usage = number(memory, "usage"), idle = number(details, "total_inactive_file"); /* v1 */
    if (json_object_get(details, "total_inactive_file") == NULL)
        idle = number(details, "inactive_file"); /* v2 */
    return idle > 0 && idle < usage ? usage - idle : usage;
}

static void read_networks(const json_t *networks, aphd_usage_t *usage)
{
    const char *name;
    json_t *network;
    json_object_foreach((json_t *)networks, name, network) {
        usage->network_in += number(network, "rx_bytes");
        usage->network_out += number(network, "tx_bytes");
    }
}

/* null where the kernel has no controller of that kind. */
static void read_blocks(const json_t *rows, aphd_usage_t *usage)
{
    size_t i;
    const json_t *row;
    json_array_foreach((json_t *)rows, i, row) {
        const char *op = json_string_value(json_object_get(row, "op"));
        if (op != NULL && strcasecmp(op, "read") == 0)
            usage->block_read += number(row, "value");
        else if (op != NULL && strcasecmp(op, "write") == 0)
            usage->block_write += number(row, "value");
    }
}

int aphd_usage_read(const json_t *answer, aphd_usage_t *usage)
{
    const json_t *memory = json_object_get(answer, "memory_stats");
    const json_t *cpu = json_object_get(json_object_get(answer, "cpu_stats"), "cpu_usage");
    int64_t at = usage->at;
    memset(usage, 0, sizeof *usage);
    usage->at = at;
    if (json_object_get(cpu, "total_usage") == NULL)
        return 0;
    usage->clock = clock_of(json_string_value(json_object_get(answer, "read")));
    usage->cpu = number(cpu, "total_usage");
    usage->memory = memory_of(memory);
    usage->memory_limit = number(memory, "limit");
    if (usage->memory_limit < 0 || usage->memory_limit >= LIMIT_MAX)
        usage->memory_limit = 0;
    read_networks(json_object_get(answer, "networks"), usage);
    read_blocks(
        json_object_get(json_object_get(answer, "blkio_stats"), "io_service_bytes_recursive"),
        usage);
    /* Docker answers for one that has ended just now with zeros. */
    return usage->cpu > 0 || usage->memory > 0;
}

int aphd_usage_cpu(const aphd_usage_t *before, const aphd_usage_t *now)
{
    int64_t gap = now->clock - before->clock;
    if (before->clock == 0 || now->clock == 0 || gap <= 0 || gap > GAP_MAX)
        gap = (now->at - before->at) * 1000000;
    if (gap <= 0 || gap > GAP_MAX || before->at == 0 || now->cpu < before->cpu)
        return -1;
    return (int)((double)(now->cpu - before->cpu) / (double)gap * 10000.0 + 0.5);
}

/* --- all of them --- */

aphd_stats_t *aphd_stats_open(aphd_engine_t *engine, const json_t *containers)
{
    aphd_stats_t *stats = calloc(1, sizeof *stats);
    size_t i, room = json_array_size(containers);
    const json_t *container;
    if (stats == NULL)
        return NULL;
    stats->engine = engine;
    stats->targets = calloc(room + 1, sizeof *stats->targets);
    json_array_foreach((json_t *)containers, i, container) {
        const json_t *labels = json_object_get(container, "Labels");
        const char *app = json_string_value(json_object_get(labels, APHD_LABEL_APP));
        const char *id = aphd_container_id(container);
        if (stats->targets == NULL || stats->count == APHD_STATS_CONTAINERS_MAX || app == NULL
            || !aphd_container_runs(container) || strlen(id) >= sizeof stats->targets->id)
            continue;
        aphd_stats_target_t *target = &stats->targets[stats->count++];
        target->app_id = atoi(app);
        snprintf(target->id, sizeof target->id, "%s", id);
        snprintf(target->service, sizeof target->service, "%s", aphd_container_service(container));
    }
    return stats;
}

static void take_in(aphd_stats_t *stats, size_t slot)
{
    aphd_stats_target_t *target = &stats->targets[stats->running[slot].target];
    aphd_answer_t answer = APHD_ANSWER_INIT;
    aph_error_t why = APH_ERROR_INIT;
    target->usage.at = apr_time_as_msec(apr_time_now());
    /* A container may end at any time; it is left out then, and nobody needs to hear of it. */
    if (aphd_stream_end(stats->running[slot].stream, &answer, &why) == APR_SUCCESS
        && answer.status == 200)
        target->known = aphd_usage_read(answer.body, &target->usage) != 0;
    aphd_answer_clear(&answer);
    stats->running[slot].stream = NULL;
}

static void begin_next(aphd_stats_t *stats, size_t slot)
{
    char path[160];
    aphd_call_t call = {.method = "GET", .path = path, .seconds = SECONDS};
    aph_error_t why = APH_ERROR_INIT;
    while (stats->next < stats->count && stats->running[slot].stream == NULL) {
        stats->running[slot].target = stats->next++;
        snprintf(path, sizeof path, "/containers/%s/stats?stream=false&one-shot=true",
                 stats->targets[stats->running[slot].target].id);
        if (aphd_stream_begin(stats->engine, &call, &stats->running[slot].stream, &why) !=
            APR_SUCCESS)
            stats->running[slot].stream = NULL;
    }
}

int aphd_stats_move(aphd_stats_t *stats)
{
    int under_way = 0;
    for (size_t slot = 0; slot < AT_ONCE; slot++) {
        if (stats->running[slot].stream != NULL && aphd_stream_done(stats->running[slot].stream))
            take_in(stats, slot);
        if (stats->running[slot].stream == NULL)
            begin_next(stats, slot);
        under_way += stats->running[slot].stream != NULL;
    }
    return under_way == 0;
}

const aphd_stats_target_t *aphd_stats_targets(const aphd_stats_t *stats, size_t *count)
{
    *count = stats->count;
    return stats->targets;
}

void aphd_stats_close(aphd_stats_t *stats)
{
    aph_error_t why = APH_ERROR_INIT;
    if (stats == NULL)
        return;
    for (size_t slot = 0; slot < AT_ONCE; slot++)
        if (stats->running[slot].stream != NULL)
            aphd_stream_end(stats->running[slot].stream, NULL, &why);
    free(stats->targets);
    free(stats);
}
