/* SPDX-License-Identifier: Apache-2.0 */
#include "helper/job/metrics.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/file_replace.h"

#define FORM 1

/* Before the services and the apps. The sizes tell a file of another build. */
typedef struct head_t {
    char magic[8];
    uint32_t form, app_size, service_size;
    uint32_t app_count, service_count, unused;
} head_t;

static const char magic[8] = "APHMETR";

#define FILE_MAX (sizeof(head_t) + APHD_METRICS_APPS_MAX * sizeof(aphd_metrics_app_t) \
                  + APHD_STATS_CONTAINERS_MAX * sizeof(aphd_metrics_service_t))

void aphd_metrics_clear(aphd_metrics_t *metrics)
{
    for (size_t i = 0; i < metrics->app_count; i++)
        free(metrics->apps[i]);
    free(metrics->apps);
    free(metrics->services);
    *metrics = (aphd_metrics_t)APHD_METRICS_INIT;
}

/* --- the file --- */

static int head_fits(const head_t *head, size_t length)
{
    return memcmp(head->magic, magic, sizeof magic) == 0 && head->form == FORM
        && head->app_size == sizeof(aphd_metrics_app_t)
        && head->service_size == sizeof(aphd_metrics_service_t)
        && head->app_count <= APHD_METRICS_APPS_MAX
        && head->service_count <= APHD_STATS_CONTAINERS_MAX
        && length == sizeof *head + head->app_count * sizeof(aphd_metrics_app_t)
                     + head->service_count * sizeof(aphd_metrics_service_t);
}

static aphd_metrics_app_t *append_app(aphd_metrics_t *metrics)
{
    if (metrics->app_count == APHD_METRICS_APPS_MAX)
        return NULL;
    aphd_metrics_app_t **larger =
        realloc(metrics->apps, (metrics->app_count + 1) * sizeof(aphd_metrics_app_t *));
    if (larger == NULL)
        return NULL;
    metrics->apps = larger;
    aphd_metrics_app_t *app = calloc(1, sizeof *app);
    if (app != NULL)
        metrics->apps[metrics->app_count++] = app;
    return app;
}

static void take_file(aphd_metrics_t *metrics, const char *octets, const head_t *head)
{
    const char *at = octets + sizeof *head;
    size_t services = head->service_count * sizeof *metrics->services;
    metrics->services = calloc(head->service_count + 1, sizeof *metrics->services);
    if (metrics->services == NULL)
        return;
    memcpy(metrics->services, at, services);
    metrics->service_count = head->service_count;
    for (size_t i = 0; i < metrics->service_count; i++) {
        metrics->services[i].id[sizeof metrics->services[i].id - 1] = '\0';
        metrics->services[i].service[sizeof metrics->services[i].service - 1] = '\0';
    }
    at += services;
    for (size_t i = 0; i < head->app_count; i++, at += sizeof(aphd_metrics_app_t)) {
        aphd_metrics_app_t *app = append_app(metrics);
        if (app == NULL)
            return;
        memcpy(app, at, sizeof *app);
        if (app->count < 0 || app->count > APHD_METRICS_KEPT || app->next < 0
            || app->next >= APHD_METRICS_KEPT)
            app->count = app->next = 0;
    }
}

void aphd_metrics_load(aphd_metrics_t *metrics, const char *path)
{
    char *octets = NULL;
    size_t length = 0;
    head_t head;
    aph_error_t why = APH_ERROR_INIT;
    *metrics = (aphd_metrics_t)APHD_METRICS_INIT;
    if (aph_file_read(path, FILE_MAX, &octets, &length, &why) != APR_SUCCESS)
        return;
    if (length >= sizeof head) {
        memcpy(&head, octets, sizeof head);
        if (head_fits(&head, length))
            take_file(metrics, octets, &head);
    }
    free(octets);
}

apr_status_t aphd_metrics_save(const aphd_metrics_t *metrics, const char *path, aph_error_t *err)
{
    head_t head = {.form = FORM, .app_size = sizeof(aphd_metrics_app_t),
                   .service_size = sizeof(aphd_metrics_service_t),
                   .app_count = (uint32_t)metrics->app_count,
                   .service_count = (uint32_t)metrics->service_count};
    size_t services = metrics->service_count * sizeof *metrics->services;
    size_t length = sizeof head + services + metrics->app_count * sizeof(aphd_metrics_app_t);
    char *octets = malloc(length);
    if (octets == NULL)
        return aph_error_set(err, APR_ENOMEM, 3200, "no memory to keep what apps use");
    memcpy(head.magic, magic, sizeof magic);
    memcpy(octets, &head, sizeof head);
    if (services > 0)
        memcpy(octets + sizeof head, metrics->services, services);
    for (size_t i = 0; i < metrics->app_count; i++)
        memcpy(octets + sizeof head + services + i * sizeof(aphd_metrics_app_t), metrics->apps[i],
               sizeof(aphd_metrics_app_t));
    apr_status_t status = aph_file_replace(path, octets, length, 0600, err);
    free(octets);
    return status;
}

/* --- taking in --- */

static aphd_metrics_app_t *find_app(const aphd_metrics_t *metrics, int app_id)
{
    for (size_t i = 0; i < metrics->app_count; i++)
        if (metrics->apps[i]->app_id == app_id)
            return metrics->apps[i];
    return NULL;
}

static const aphd_metrics_service_t *find_service(const aphd_metrics_t *metrics, const char *id)
{
    for (size_t i = 0; i < metrics->service_count; i++)
        if (strcmp(metrics->services[i].id, id) == 0)
            return &metrics->services[i];
    return NULL;
}

/* What was counted since before; a container that started anew counts from zero again. */
static int64_t since(int64_t before, int64_t now)
{
    return now >= before ? now - before : now;
}

static void sum_up(aphd_sample_t *sum, const aphd_metrics_service_t *service,
                   const aphd_metrics_service_t *before)
{
    const aphd_usage_t *now = &service->usage;
    sum->services++;
    sum->memory += now->memory;
    if (service->cpu >= 0)
        sum->cpu = (sum->cpu > 0 ? sum->cpu : 0) + service->cpu;
    if (before == NULL)
        return;
    sum->network_in += since(before->usage.network_in, now->network_in);
    sum->network_out += since(before->usage.network_out, now->network_out);
    sum->block_read += since(before->usage.block_read, now->block_read);
    sum->block_write += since(before->usage.block_write, now->block_write);
}

/* The sample of app in this round, begun with its first container. */
static aphd_sample_t *sample_of(aphd_metrics_t *metrics, int app_id, int64_t seconds)
{
    aphd_metrics_app_t *app = find_app(metrics, app_id);
    if (app == NULL && (app = append_app(metrics)) != NULL)
        app->app_id = app_id;
    if (app == NULL)
        return NULL;
    int last = (app->next + APHD_METRICS_KEPT - 1) % APHD_METRICS_KEPT;
    if (app->count > 0 && app->samples[last].at == seconds)
        return &app->samples[last];
    aphd_sample_t *sample = &app->samples[app->next];
    *sample = (aphd_sample_t){.at = seconds, .cpu = -1};
    app->next = (app->next + 1) % APHD_METRICS_KEPT;
    if (app->count < APHD_METRICS_KEPT)
        app->count++;
    return sample;
}

void aphd_metrics_add(aphd_metrics_t *metrics, const aphd_stats_target_t *targets, size_t count,
                      int64_t seconds)
{
    aphd_metrics_service_t *fresh = calloc(count + 1, sizeof *fresh);
    size_t made = 0;
    if (fresh == NULL)
        return;
    for (size_t i = 0; i < count; i++) {
        if (!targets[i].known)
            continue;
        const aphd_metrics_service_t *before = find_service(metrics, targets[i].id);
        aphd_metrics_service_t *service = &fresh[made++];
        service->app_id = targets[i].app_id;
        service->usage = targets[i].usage;
        service->cpu = before != NULL ? aphd_usage_cpu(&before->usage, &service->usage) : -1;
        snprintf(service->id, sizeof service->id, "%s", targets[i].id);
        snprintf(service->service, sizeof service->service, "%s", targets[i].service);
        aphd_sample_t *sample = sample_of(metrics, service->app_id, seconds);
        if (sample != NULL)
            sum_up(sample, service, before);
    }
    free(metrics->services);
    metrics->services = fresh;
    metrics->service_count = made;
}

void aphd_metrics_keep(aphd_metrics_t *metrics, int (*is_there)(void *self, int app_id), void *self)
{
    for (size_t i = metrics->app_count; i-- > 0;)
        if (!is_there(self, metrics->apps[i]->app_id)) {
            free(metrics->apps[i]);
            metrics->apps[i] = metrics->apps[--metrics->app_count];
        }
}

/* --- as JSON --- */

static json_t *percent(int hundredths)
{
    return hundredths < 0 ? json_null() : json_real(hundredths / 100.0);
}

static json_t *service_json(const aphd_metrics_service_t *service)
{
    const aphd_usage_t *usage = &service->usage;
    return json_pack("{s:s, s:o, s:I, s:o, s:I, s:I, s:I, s:I, s:I}", "service", service->service,
                     "cpu_percent", percent(service->cpu), "memory", (json_int_t)usage->memory,
                     "memory_limit",
                     usage->memory_limit > 0 ? json_integer(usage->memory_limit) : json_null(),
                     "network_in", (json_int_t)usage->network_in, "network_out",
                     (json_int_t)usage->network_out, "block_read", (json_int_t)usage->block_read,
                     "block_write", (json_int_t)usage->block_write, "at",
                     (json_int_t)(usage->at / 1000));
}

static json_t *sample_json(const aphd_sample_t *sample)
{
    return json_pack("{s:I, s:o, s:I, s:I, s:I, s:I, s:I}", "at", (json_int_t)sample->at,
                     "cpu_percent", percent(sample->cpu), "memory", (json_int_t)sample->memory,
                     "network_in", (json_int_t)sample->network_in, "network_out",
                     (json_int_t)sample->network_out, "block_read", (json_int_t)sample->block_read,
                     "block_write", (json_int_t)sample->block_write);
}

json_t *aphd_metrics_json(const aphd_metrics_t *metrics, int app_id, int history)
{
    json_t *services = json_array(), *samples = json_array();
    const aphd_metrics_app_t *app = find_app(metrics, app_id);
    for (size_t i = 0; i < metrics->service_count; i++)
        if (metrics->services[i].app_id == app_id)
            json_array_append_new(services, service_json(&metrics->services[i]));
    for (int i = 0; history && app != NULL && i < app->count; i++) {
        int at = (app->next + APHD_METRICS_KEPT - app->count + i) % APHD_METRICS_KEPT;
        json_array_append_new(samples, sample_json(&app->samples[at]));
    }
    json_t *answer = json_pack("{s:o}", "services", services);
    if (history)
        json_object_set(answer, "history", samples);
    json_decref(samples);
    return answer;
}
