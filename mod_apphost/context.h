/* SPDX-License-Identifier: Apache-2.0 */
/* What every hook of the module works with: one context per process, found through any server. */
#ifndef APHM_CONTEXT_H
#define APHM_CONTEXT_H

#include <httpd.h>
#include <http_config.h>

#include "mod_apphost/admin/followers.h"
#include "mod_apphost/counters.h"
#include "mod_apphost/limits.h"
#include "mod_apphost/proxy_api.h"
#include "mod_apphost/routes.h"
#include "mod_apphost/worker.h"

extern module AP_MODULE_DECLARE_DATA apphost_module;

/* Made in post_config; routes and workers are NULL until a child starts. */
typedef struct aphm_context_t {
    aphm_proxy_api_t proxy;
    aphm_limits_t limits;         /* as judged, no 0 left */
    const char *routes_path;
    const char *vhost_set;        /* which set of virtual hosts this configuration has; "": none */
    int start_servers;            /* children httpd starts at once */
    pid_t parent;
    ap_conf_vector_t *proxy_dir;  /* mod_proxy's settings for an app's request in every vhost */
    aphm_counters_t *counters;    /* shared by all children, made once by the parent */
    aphm_followers_t *followers;  /* likewise, of the admin handler */
    int max_followers;
    aphm_routes_t *routes;        /* of this child */
    aphm_workers_t *workers;      /* of this child */
} aphm_context_t;

#endif
