/* SPDX-License-Identifier: Apache-2.0 */
/* The directives. Each parser is a pure function that stores a value or returns a sentence; the
 * merged result is judged once, by aphm_config_judge. */
#ifndef APHM_CONFIG_H
#define APHM_CONFIG_H

#include "mod_apphost/context.h"

typedef struct aphm_config_t {
    int enabled;                 /* -1: not said here */
    int short_names;             /* -1: not said here */
    apr_array_header_t *domains; /* const char *, normalised; NULL: not said here */
    const char *routes_path;     /* NULL: not said here. The same wherever it is said */
    int timeout_seconds;         /* 0: not said here */
    int own_vhost;               /* an app's virtual host, by the place of its file */
    apr_array_header_t *admin_hosts; /* const char *, normalised; NULL: apps.DOMAIN */
    const char *admin_socket;    /* NULL: the usual one */
    const char *admin_root;      /* NULL: the pages that were installed */
    int max_followers;           /* said once, in the main server; 0: not said */
    aphm_limits_t limits;        /* said once, in the main server; 0: not said */
    aphm_context_t *context;     /* set in every server by post_config */
} aphm_config_t;

extern const command_rec aphm_config_commands[];

void *aphm_config_create(apr_pool_t *p, server_rec *s);
void *aphm_config_merge(apr_pool_t *p, void *base, void *add);

/* The configuration of a server; never NULL. */
aphm_config_t *aphm_config_of(const server_rec *s);

/* Whether all servers together can work. Runs also for `httpd -t`, so that a mistake is found
 * before a reload meets it. APH_ECONFIG with what to write where. */
apr_status_t aphm_config_judge(server_rec *main_server, aph_error_t *err);

/* Nonzero when any server has AppHost On. */
int aphm_config_any_enabled(server_rec *main_server);

/* The limits in force: what was said, and shares of the server's threads for what was not. */
aphm_limits_t aphm_config_limits(server_rec *main_server);

/* The file with the routes: the main server's, or that of a server with AppHost On; or NULL. */
const char *aphm_config_routes_path(server_rec *main_server);

/* AppHostTimeout of this server, or its default, in seconds. */
int aphm_config_timeout(const server_rec *s);

/* Of the admin handler: apphostd's socket, the folder with the pages, how many may follow at once.
 */
const char *aphm_config_admin_socket(const aphm_config_t *config);
const char *aphm_config_admin_root(const aphm_config_t *config);
int aphm_config_max_followers(server_rec *main_server);

#endif
