/* SPDX-License-Identifier: Apache-2.0 */
/* One request to the admin handler, as its steps hand it on: guard, body, api, call, answer. The
 * handler knows HTTP and nothing of apps; apphostd decides who may do what. */
#ifndef APHM_ADMIN_H
#define APHM_ADMIN_H

#include <httpd.h>
#include <jansson.h>

#include "mod_apphost/admin/api.h"
#include "mod_apphost/config.h"

#define APHM_ADMIN_HANDLER "apphost-admin"

typedef struct aphm_admin_t {
    request_rec *r;
    const aphm_config_t *config;
    const char *path;          /* canonical: /, and segments of [A-Za-z0-9._~-] */
    int https;
    const char *secret;        /* the session or the token, of the right shape; NULL: neither */
    int by_token;
    const char *key;           /* Idempotency-Key, of the right shape; NULL: none */
    const aphm_api_row_t *row; /* NULL: not below APHM_API_PREFIX */
    const aph_op_t *op;        /* of row */
    aphm_asked_t asked;        /* its args live as long as the request */
} aphm_admin_t;

/* The handler: DECLINED for requests that are not ours. */
int aphm_admin_handle(request_rec *r);

#endif
