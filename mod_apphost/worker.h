/* SPDX-License-Identifier: Apache-2.0 */
/* mod_proxy workers of our own, one per app (and timeout), in a bounded cache of this child.
 *
 * mod_proxy's worker for URLs without a configured one neither keeps connections nor upgrades
 * them; and one worker for several ports would answer from the wrong app, because a pooled
 * connection is not asked where it leads. */
#ifndef APHM_WORKER_H
#define APHM_WORKER_H

#include <mod_proxy.h>

#include "common/error.h"
#include "mod_apphost/proxy_api.h"

typedef struct aphm_workers_t aphm_workers_t;
typedef struct aphm_worker_t aphm_worker_t;

/* What tells one worker from another. */
typedef struct aphm_worker_key_t {
    uint16_t port;
    int https;
    int timeout_seconds; /* how long it waits for an octet */
} aphm_worker_key_t;

/* Made once per child. api must outlive it. */
apr_status_t aphm_workers_create(aphm_workers_t **workers, const aphm_proxy_api_t *api,
                                 server_rec *s, apr_pool_t *pchild);

/* The worker for http(s)://127.0.0.1:port. It stays usable until it is released, once. Any
 * thread. */
apr_status_t aphm_worker_acquire(aphm_workers_t *workers, aphm_worker_key_t key,
                                 aphm_worker_t **worker, aph_error_t *err);
void aphm_worker_release(aphm_workers_t *workers, aphm_worker_t *worker);

/* What mod_proxy is given. */
proxy_worker *aphm_worker_proxy(aphm_worker_t *worker);

#endif
