/* SPDX-License-Identifier: Apache-2.0 */
/* apphostd.conf: what the admin may set. Read once at start by each helper program with libinih.
 *
 *   [apphost]
 *   Domain = home.arpa example.org     first one is APP_HOSTNAME's domain       (required)
 *   StateDir = /var/lib/apphost        database, routes, apps/, data/
 *   RuntimeDir = /run/apphost          socket, lock
 *   WebUser = www-data                 group that may reach the socket (it grants nothing by
 *                                      itself)
 *   MaxAppId = 999
 *   PublicPort = 80                    port httpd answers on, for addresses that are shown
 *   [engine]
 *   Socket = /run/docker.sock
 *   Compose =                          absolute path; empty: looked for in the usual places
 *   SubnetPool = 10.213.0.0/16         apps get pieces of it, /28 or larger
 *   StartSeconds = 300                 how long an app may take until it answers over HTTP
 *   [httpd]
 *   Command =                          httpd with the options that find its configuration,
 *                                      separated by
 *                                      blanks; empty: apache2ctl, then httpd, in the usual places
 *   Address = 127.0.0.1                where httpd's PublicPort answers this machine
 *   Templates = SYSCONFDIR/templates   the admin's own: vhost/KIND.conf
 *   Vhosts = needed                    needed: a virtual host is enabled where it says more than
 *                                      the
 *                                      route; always
 *   [jobs]
 *   Parallel = 4
 *   [catalog]
 *   CaFile =                           PEM file of the certificates to believe instead of the
 *                                      system's
 */
#ifndef APHD_SETTINGS_H
#define APHD_SETTINGS_H

#include <apr_pools.h>

#include "common/error.h"

typedef struct aphd_settings_t {
    const char *path;            /* the file it came from */
    const char *const *domains;  /* normalised, NULL-terminated, at least one */
    const char *state_dir;
    const char *runtime_dir;
    const char *web_user;
    int max_app_id;
    int public_port;
    const char *engine_socket;   /* absolute path of a Unix socket */
    const char *compose;         /* absolute path or NULL */
    const char *subnet_pool;     /* CIDR as written, checked */
    int start_seconds;
    const char *const *httpd_command; /* argv without httpd's own -t: absolute program first, then
                                       * options, NULL-terminated; NULL: to be looked for */
    const char *httpd_address;   /* IPv4 */
    const char *templates_dir;   /* of the admin; need not exist */
    int vhosts_always;
    int parallel_jobs;
    const char *ca_file;         /* of catalogs, or NULL */
    /* Derived, never set by anyone. */
    const char *socket_path;     /* RuntimeDir/apphostd.sock */
    const char *lock_path;       /* RuntimeDir/apphostd.lock */
    const char *database_path;   /* StateDir/apphost.db */
    const char *routes_path;     /* StateDir/routes */
    const char *apps_dir;        /* StateDir/apps   : apps/ID, root's, 0700: script, compose.json */
    const char *data_dir;        /* StateDir/data   : data/ID, what containers may bind */
    const char *sites_dir; /* StateDir/sites  : sites/ID = APP_ROOT_DIR, root's; logs/ in it */
    const char *vhosts_available;/* StateDir/vhosts-available: ID.conf as rendered, of every app */
    const char *vhosts_enabled;  /* StateDir/vhosts-enabled: a link to the set httpd includes */
} aphd_settings_t;

/* The file of an app in vhosts_available and in every set of enabled ones. */
#define APHD_VHOST_FORMAT "%05d.conf"

#define APHD_SETTINGS_PATH APH_SYSCONFDIR "/apphostd.conf"

/* Reads and judges path; APH_ECONFIG with file, line, key and reason. Lives in p. */
apr_status_t aphd_settings_load(aphd_settings_t **settings, const char *path, apr_pool_t *p,
                                aph_error_t *err);

#endif
