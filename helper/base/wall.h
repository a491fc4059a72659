/* SPDX-License-Identifier: Apache-2.0 */
/* The wall of wall_rules.h on this machine: what apps run is read from
 * StateDir/apps/ID/compose.json, which is root's and is what compose was given; what the firewall
 * says from iptables-save; and what has to change is told to iptables-restore, each table at once.
 * Neither database nor engine is
 * needed, so the wall stands before the first of them answers.
 *
 * The programs are looked for in fixed places. Where a machine has both, nft and legacy, the one
 * its alternatives name is taken: the kernel asks both, and what either drops is dropped.
 *
 * One apphost's processes take turns by a lock file: who has it reads the models after it got it,
 * so the last one to write knows every app. */
#ifndef APHD_WALL_H
#define APHD_WALL_H

#include <apr_pools.h>

#include "common/error.h"
#include "helper/base/settings.h"
#include "helper/base/wall_rules.h"

typedef struct aphd_wall_t {
    const aphd_settings_t *settings; /* borrowed */
    const char *instance;            /* borrowed */
    aphd_wall_rules_t rules;         /* as they were wanted last; all NULL before */
    unsigned without_raw : 1; /* this kernel does not have what the rules in table raw need */
} aphd_wall_t;

void aphd_wall_clear(aphd_wall_t *wall);

/* Reads what apps run; wall->rules are new. */
apr_status_t aphd_wall_want(aphd_wall_t *wall, apr_pool_t *p, aph_error_t *err);

/* Looks whether the firewall says what wall->rules say. APH_ECONFIG where there is no iptables,
 * naming what to install. */
apr_status_t aphd_wall_look(const aphd_wall_t *wall, aphd_wall_view_t *view, aph_error_t *err);

/* Makes the firewall say what apps that run need. *built: something had to be changed. */
apr_status_t aphd_wall_build(aphd_wall_t *wall, int *built, apr_pool_t *p, aph_error_t *err);

/* Takes it all away: for who takes apphost off the machine. Whoever still runs builds it again. */
apr_status_t aphd_wall_remove(aphd_wall_t *wall, apr_pool_t *p, aph_error_t *err);

#endif
