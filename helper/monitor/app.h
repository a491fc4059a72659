/* SPDX-License-Identifier: Apache-2.0 */
/* An app as the monitor thinks of it: a row of the database without its texts. */
#ifndef APHD_APP_H
#define APHD_APP_H

#include <stdint.h>

#include "common/limits.h"
#include "common/route_map.h"
#include "helper/base/cidr.h"

/* The states of a route, and one more: uninstalled with its data kept. Such a row keeps name, id
 * and port, and has no route. */
typedef enum aphd_app_state_t {
    APHD_APP_NONE = 0,
    APHD_APP_INSTALLING = APH_ROUTE_INSTALLING,
    APHD_APP_STARTING = APH_ROUTE_STARTING,
    APHD_APP_RUNNING = APH_ROUTE_RUNNING,
    APHD_APP_STOPPED = APH_ROUTE_STOPPED,
    APHD_APP_FAILING = APH_ROUTE_FAILING,
    APHD_APP_KEPT,
    APHD_APP_STATES
} aphd_app_state_t;

#define APHD_REASON_MAX 512
#define APHD_KIND_MAX   32
#define APHD_PAGE_MAX   520
#define APHD_ALLOWED_MAX 512

typedef struct aphd_app_t {
    int app_id;
    int port;
    char name[APH_LABEL_MAX + 1];
    aphd_app_state_t state;
    unsigned desired_running : 1;
    unsigned web : 1;
    unsigned kept : 1;          /* data of an earlier installation is there */
    char subnet[APHD_CIDR_TEXT_MAX]; /* "" while it has none */
    char reason[APHD_REASON_MAX];    /* of the last change of state */
    int64_t created, changed;
    char kind[APHD_KIND_MAX + 1];
    unsigned vhost : 1;         /* its virtual host is among the enabled ones */
    uint32_t route_flags;       /* APH_ROUTE_..., beside those that follow from the kind */
    uint32_t max_inflight;      /* 0: the server's default */
    uint32_t max_upgrades;
    char allowed[APHD_ALLOWED_MAX]; /* JSON array of the rules root overrides for it */
    unsigned of_catalog : 1;    /* made from an entry of a catalog */
} aphd_app_t;

/* "installing" ... "kept" and back; NULL / APHD_APP_NONE where there is none. */
const char *aphd_app_state_name(aphd_app_state_t state);
aphd_app_state_t aphd_app_state_parse(const char *name);

#endif
