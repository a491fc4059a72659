/* SPDX-License-Identifier: Apache-2.0 */
/* How far a pull is: the engine tells layer by layer, in any order and often; a person wants one
 * pair of numbers that only grows. Docker tells each layer's octets. Podman does so for large
 * layers only, which makes no sum: of its layers those that are here are counted. Pure. */
#ifndef APHD_PULL_PROGRESS_H
#define APHD_PULL_PROGRESS_H

#include <jansson.h>

#define APHD_PULL_LAYERS_MAX 512 /* layers counted; an image has at most 127 */

typedef struct aphd_pull_progress_t {
    struct {
        char id[16];
        json_int_t done, total;
    } layers[APHD_PULL_LAYERS_MAX];
    size_t count;
    json_int_t done, total; /* over all layers, in octets */
    int by_layers;          /* set before the first line: done and total are layers */
} aphd_pull_progress_t;

/* Takes in one status line of the engine. Nonzero where the sums changed. */
int aphd_pull_progress_take(aphd_pull_progress_t *progress, const json_t *line);

#endif
