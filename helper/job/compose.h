/* SPDX-License-Identifier: Apache-2.0 */
/* The one call of the compose program: bring a rendered file up. */
#ifndef APHD_COMPOSE_H
#define APHD_COMPOSE_H

#include <apr_pools.h>

#include "common/error.h"
#include "helper/job/halt.h"
#include "helper/job/report.h"

/* The program as the first words of its command line: {"/usr/bin/docker-compose", NULL} or
 * {"/usr/bin/docker", "compose", NULL}. */
typedef struct aphd_compose_t {
    const char *words[3];
} aphd_compose_t;

/* Finds it: wanted (settings; NULL: none was named), the plugin in docker's folders, docker-compose,
 * docker itself where it has the plugin. APH_EENGINE says what to install. */
apr_status_t aphd_compose_find(aphd_compose_t *compose, const char *wanted, aph_error_t *err);

typedef struct aphd_compose_up_t {
    const char *project;
    const char *file;          /* the rendered one */
    const char *directory;     /* root's own; becomes project directory and HOME */
    const char *empty_file;    /* an empty regular file: the only environment file compose may see */
    const char *engine_socket;
    int seconds;               /* for the whole call */
} aphd_compose_up_t;

/* Runs "up -d" and reports its output as log lines. APH_EUNHEALTHY with compose's last words where it
 * fails, APH_ENOSPACE for a full disk, APH_ETAKEN for a port; halt ends it. */
apr_status_t aphd_compose_up(const aphd_compose_t *compose, const aphd_compose_up_t *up,
                             const aphd_halt_t *halt, const aphd_report_t *report, apr_pool_t *p,
                             aph_error_t *err);

#endif
