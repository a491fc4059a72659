/* SPDX-License-Identifier: Apache-2.0 */
#include "helper/job/pull_progress.h"

#include <stdio.h>
#include <string.h>

static size_t find_layer(aphd_pull_progress_t *progress, const char *id)
{
    size_t at = 0;
    while (at < progress->count && strncmp(progress->layers[at].id, id, 15) != 0)
        at++;
    if (at == progress->count && at < APHD_PULL_LAYERS_MAX) {
        snprintf(progress->layers[at].id, sizeof progress->layers[at].id, "%s", id);
        progress->count++;
    }
    return at;
}

/* A layer that is here already is one of the image's, too. */
static int take_layer(aphd_pull_progress_t *progress, const char *id, const char *text)
{
    int ended = strcmp(text, "Download complete") == 0 || strcmp(text, "Already exists") == 0;
    if (!ended && strcmp(text, "Pulling fs layer") != 0)
        return 0;
    size_t known = progress->count, at = find_layer(progress, id);
    if (at == APHD_PULL_LAYERS_MAX)
        return 0;
    int was_done = progress->layers[at].done != 0;
    progress->layers[at].done = was_done || ended;
    progress->done += ended && !was_done;
    progress->total = (json_int_t)progress->count;
    return (ended && !was_done) || progress->count > known;
}

/* Only downloading is counted: extracting tells its own numbers, of other octets. */
int aphd_pull_progress_take(aphd_pull_progress_t *progress, const json_t *line)
{
    const char *id = json_string_value(json_object_get(line, "id"));
    const char *text = json_string_value(json_object_get(line, "status"));
    if (id == NULL || text == NULL)
        return 0;
    if (progress->by_layers)
        return take_layer(progress, id, text);
    int ended = strcmp(text, "Download complete") == 0 || strcmp(text, "Pull complete") == 0;
    if (!ended && strcmp(text, "Downloading") != 0)
        return 0;
    size_t at = find_layer(progress, id);
    if (at == APHD_PULL_LAYERS_MAX)
        return 0;
    const json_t *detail = json_object_get(line, "progressDetail");
    json_int_t total = json_integer_value(json_object_get(detail, "total"));
    json_int_t done = json_integer_value(json_object_get(detail, "current"));
    json_int_t was_done = progress->layers[at].done, was_total = progress->layers[at].total;
    if (total < was_total)
        total = was_total;
    if (ended || done > total)
        done = total;
    if (done < was_done) /* a download that was begun again */
        done = was_done;
    progress->layers[at].done = done;
    progress->layers[at].total = total;
    progress->done += done - was_done;
    progress->total += total - was_total;
    return done != was_done || total != was_total;
}
