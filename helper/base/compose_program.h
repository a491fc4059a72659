/* SPDX-License-Identifier: Apache-2.0 */
/* Where the compose program is. */
#ifndef APHD_COMPOSE_PROGRAM_H
#define APHD_COMPOSE_PROGRAM_H

#include "common/error.h"

/* The first words of its command line: {"/usr/bin/docker-compose", NULL} or
 * {"/usr/bin/docker", "compose", NULL}. */
typedef struct aphd_compose_program_t {
    const char *words[3];
} aphd_compose_program_t;

/* wanted (the setting Compose; NULL: none was named) must be executable; else the plugin in
 * docker's folders, docker-compose, and docker itself where it has the plugin. APH_ECONFIG for a
 * wanted one that cannot be run, APH_EENGINE where there is none. */
apr_status_t aphd_compose_program_find(aphd_compose_program_t *program, const char *wanted,
                                       aph_error_t *err);

#endif
