/* SPDX-License-Identifier: Apache-2.0 */
/* The one call of the compose program: bring a rendered file up. */
#ifndef APHD_COMPOSE_H
#define APHD_COMPOSE_H

#include <apr_pools.h>

#include "common/error.h"
#include "helper/base/compose_program.h"
#include "helper/job/halt.h"
#include "helper/job/report.h"

typedef struct aphd_compose_up_t {
    const char *project;
    const char *file;          /* the rendered one */
    const char *directory;     /* root's own; becomes project directory and HOME */
    const char *empty_file;    /* empty and regular: the only environment file compose may see */
    const char *engine_socket;
    int seconds;               /* for the whole call */
    /* Asked after every 10 seconds without a word from compose; anything but APR_SUCCESS ends it. */
    apr_status_t (*alive_cb)(void *baton, aph_error_t *err);
    void *baton;
} aphd_compose_up_t;

/* How the sentence begins where the subnet went to another network of the engine. */
#define APHD_COMPOSE_SUBNET_LOST "the app's subnet is in use by another network"

/* Runs "up -d" and reports its output as log lines. APH_EUNHEALTHY with compose's last words where
 * it fails, APH_ENOSPACE for a full disk, APH_ETAKEN for a port or a subnet; halt ends it. */
apr_status_t aphd_compose_up(const aphd_compose_program_t *compose, const aphd_compose_up_t *up,
                             const aphd_halt_t *halt, const aphd_report_t *report, apr_pool_t *p,
                             aph_error_t *err);

#endif
