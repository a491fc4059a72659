/* SPDX-License-Identifier: Apache-2.0 */
/* The httpd that already serves: asking it what it has, and changing it without endangering it.
 *
 * Everything here is run by root. httpd's command is started with an empty environment but for PATH
 * and LANG, in /, bounded in time and output. Nothing here decides what a virtual host says: it is
 * given the wanted set as text and brings it into httpd, or leaves everything as it was.
 *
 * On the disk (all root's, all under StateDir):
 *   vhosts-sets/N/00012.conf   an immutable set: copies of the virtual hosts of one moment; N rises
 *   vhosts-enabled  -> vhosts-sets/N    what httpd includes
 *   vhosts-candidate -> vhosts-sets/M   what httpd includes instead with -D APPHOST_CANDIDATE
 *   RuntimeDir/httpd.lock      one change at a time; its text says which reload was proven last
 *
 * Strings in results live in the pool of the aphd_httpd_t they came from. */
#ifndef APHD_HTTPD_H
#define APHD_HTTPD_H

#include <stdint.h>

#include <apr_pools.h>
#include <apr_tables.h>

#include "common/error.h"
#include "helper/base/settings.h"

typedef struct aphd_httpd_t {
    apr_pool_t *p;
    const aphd_settings_t *settings;
    const char *const *command; /* argv without -t; absolute program first, NULL-terminated */
    unsigned usual : 1;         /* the command is one of the usual places, without options */
    int lock_fd;                /* -1: the lock is not ours */
    int room_ms;                /* how long to wait for room in the scoreboard; 5000 */
    int proof_ms;               /* how long a new generation may take; 10000 */
} aphd_httpd_t;

/* Finds the command: settings->httpd_command, else apache2ctl, then httpd, in the usual places.
 * Starts
 * nothing. APH_ECONFIG when a configured one cannot be run, APH_ENOTFOUND when there is none. */
apr_status_t aphd_httpd_open(aphd_httpd_t **httpd, const aphd_settings_t *settings, apr_pool_t *p,
                             aph_error_t *err);

/* --- what it has ------------------------------------------------------------------------------ */

/* httpd's own word on its configuration, without any virtual host of ours. */
typedef struct aphd_httpd_facts_t {
    const char *server_root;
    const char *document_root;      /* of the main server; NULL: unknown */
    const char *error_log;          /* of the main server; NULL: not a file */
    const char *pid_file;           /* absolute */
    const char *user, *group;       /* NULL: none configured */
    apr_array_header_t *defines;    /* const char *: NAME or NAME=VALUE, without those of ours */
    apr_array_header_t *includes;   /* const char *: every file it read, the first one first */
    apr_array_header_t *modules;    /* const char *: "ssl_module", built-in ones too */
    apr_array_header_t *names;      /* aphd_httpd_name_t, see below */
} aphd_httpd_facts_t;

/* Asks. APH_ECONFIG when its configuration is broken without us: the message names file and line
 * and says that the running httpd goes on with the old one. */
apr_status_t aphd_httpd_ask(aphd_httpd_facts_t **facts, aphd_httpd_t *httpd, aph_error_t *err);

/* What `COMMAND -V` says; needs no sound configuration. */
typedef struct aphd_httpd_build_t {
    const char *version;     /* "2.4.62" */
    const char *mpm;         /* "event" */
    const char *config_file; /* SERVER_CONFIG_FILE made absolute with HTTPD_ROOT */
} aphd_httpd_build_t;

apr_status_t aphd_httpd_build(aphd_httpd_build_t *build, aphd_httpd_t *httpd, aph_error_t *err);

/* --- names in use ----------------------------------------------------------------------------- */

/* A ServerName or ServerAlias of a virtual host that is not one of our vhosts-enabled files. */
typedef struct aphd_httpd_name_t {
    const char *name;      /* lower case; with * and ? where wildcard is set */
    const char *address;   /* "*:80" */
    const char *file;      /* where its <VirtualHost> begins */
    int line;
    unsigned wildcard : 1;
    unsigned alias : 1;
} aphd_httpd_name_t;

/* The names of facts->names, asked anew: array of aphd_httpd_name_t. */
apr_status_t aphd_httpd_names(const apr_array_header_t **names, aphd_httpd_t *httpd,
                              aph_error_t *err);

/* Who of names serves host (lower case) already; an exact name before a wildcard; NULL: nobody. The
 * wildcard *.DOMAIN, letter for letter, of one of domains never counts: it is the virtual host in
 * which AppHost is on, whoever wrote it, and names of apps below DOMAIN are meant to be found
 * there. Every other wildcard (*, *.example.org, photo?.DOMAIN) stands before our virtual hosts and
 * would take the request, so it counts. Pure. */
const aphd_httpd_name_t *aphd_httpd_names_match(const apr_array_header_t *names, const char *host,
                                                const char *const *domains);

/* APH_ETAKEN "photos.home.arpa is served by /etc/apache2/sites-enabled/x.conf:12 already ..." for
 * the first of hosts (NULL-terminated) that is served; APR_SUCCESS when all are free. */
apr_status_t aphd_httpd_names_free(const apr_array_header_t *names, const char *const *hosts,
                                   const char *const *domains, aph_error_t *err);

/* --- the running one -------------------------------------------------------------------------- */

typedef struct aphd_probe_t {
    int parent;               /* pid */
    int64_t generation;       /* of httpd: one more after each reload */
    const char *set;          /* "7"; "" without one */
    const char *module;       /* its version */
    const char *routes;       /* the file it reads; NULL: it does not say */
    int slots_total, slots_used, slots_quiescing, start_servers;
    int threads_busy, threads_idle;
} aphd_probe_t;

/* Asks the running httpd on Address:PublicPort, by a new connection. APH_ENOTFOUND when nothing
 * listens there, APH_ECONFIG when who answers has no mod_apphost (for our first domain), reads
 * other routes, or does not answer in time. Each with its cure. */
apr_status_t aphd_httpd_probe(aphd_probe_t *probe, aphd_httpd_t *httpd, aph_error_t *err);

/* Whether a reload fits in the scoreboard now. */
int aphd_probe_has_room(const aphd_probe_t *probe);

/* --- changing it ------------------------------------------------------------------------------ */

/* One virtual host of the wanted set. */
typedef struct aphd_vhost_file_t {
    int app_id;
    const char *name;           /* of the app, for messages */
    const char *text;
    const char *template_path;  /* which template it was made from, for messages; NULL: not said */
} aphd_vhost_file_t;

typedef struct aphd_httpd_result_t {
    unsigned reloaded : 1;     /* httpd was signalled, and has answered with the new generation */
    unsigned coalesced : 1;    /* somebody else's reload did it, or there was nothing to do */
    unsigned not_running : 1;  /* checked and in place; takes effect when httpd starts */
    int set;                   /* N; 0: none was ever needed */
    int64_t generation;        /* where httpd answered */
    const char *sentence;      /* for the job's log */
} aphd_httpd_result_t;

/* Takes the lock before the wanted set is made, so that what is applied is never older than what
 * another applied meanwhile; apply and reload take it themselves where this was not called, and
 * give back what they took. Waits up to two minutes; APH_EBUSY after that. */
apr_status_t aphd_httpd_lock(aphd_httpd_t *httpd, aph_error_t *err);
void aphd_httpd_unlock(aphd_httpd_t *httpd);

/* Brings the wanted set (array of aphd_vhost_file_t, each app_id once) into the running httpd; the
 * story is told in apply.c. After an error the old set is in place and, wherever httpd allows it,
 * served.
 *   APH_ECONFIG  a virtual host of ours does not check (app, file in vhosts-available, line,
 *                template), or httpd's own configuration is broken (its file and line), or the
 *                running httpd is not one that reads our routes
 *   APH_EBUSY    no room for a reload: nothing was changed
 *   APH_EUNHEALTHY  httpd did not take the new set; says what it does now */
apr_status_t aphd_httpd_apply(aphd_httpd_result_t *result, aphd_httpd_t *httpd,
                              const apr_array_header_t *wanted, aph_error_t *err);

/* The same checks and proof for the set that is in place: `apphostctl reload`. A reload that
 * another began after this call did counts for this one too. */
apr_status_t aphd_httpd_reload(aphd_httpd_result_t *result, aphd_httpd_t *httpd, aph_error_t *err);

/* Only the first half of apply: would this set be accepted? Changes nothing httpd reads. */
apr_status_t aphd_httpd_check(aphd_httpd_t *httpd, const apr_array_header_t *wanted,
                              aph_error_t *err);

#endif
