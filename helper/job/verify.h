/* SPDX-License-Identifier: Apache-2.0 */
/* After the start: is what runs what was judged? The engine's description of each container is
 * compared with the rendered model in everything that gives a container power. Pure. */
#ifndef APHD_VERIFY_H
#define APHD_VERIFY_H

#include <jansson.h>

#include "common/error.h"

typedef struct aphd_verify_t {
    const json_t *model;   /* the rendered file, parsed: {"services":{...}, "volumes":...} */
    const char *project;
    const char *instance;  /* our labels' values */
    int app_id;
} aphd_verify_t;

/* Compares one inspected container with the service of that name; borrowed both. APH_EDENIED names
 * the service, the setting and both values. */
apr_status_t aphd_verify_container(const aphd_verify_t *verify, const char *service,
                                   const json_t *container, aph_error_t *err);

#endif
