/* SPDX-License-Identifier: Apache-2.0 */
/* apphost-setup: into an httpd that already serves, and out again.
 *
 *   apphost-setup [OPTION...] setup|teardown
 *
 * What it does is a list of changes: a file with its text or a link with its target, and what was
 * there before. The list is shown, written to the record (StateDir/setup.json, with copies of what
 * was there before), and only then brought to the disk. Undoing is the same list read backwards:
 * what is still as we wrote it becomes what it was before, what somebody changed since is kept and
 * named. So a crash at any moment leaves a record from which the next run undoes everything. */
#ifndef APHD_SETUP_H
#define APHD_SETUP_H

#include <sys/types.h>

#include <apr_pools.h>
#include <apr_tables.h>
#include <jansson.h>

#include "common/error.h"
#include "helper/base/settings.h"
#include "helper/httpd/httpd.h"

typedef enum aphd_kind_t { APHD_NOTHING, APHD_FILE, APHD_LINK } aphd_kind_t;

/* What is, was or shall be at a path. Nobody but root can write to the folders of these paths. */
typedef struct aphd_thing_t {
    aphd_kind_t kind;
    const char *text; /* octets of a file, target of a link; NULL for nothing */
    size_t length;    /* of text */
    mode_t mode;      /* of a file */
    uid_t uid;
    gid_t gid;
} aphd_thing_t;

typedef struct aphd_change_t {
    const char *path;
    aphd_thing_t before; /* as it was before the first setup that changed it */
    aphd_thing_t after;
    const char *why;     /* one sentence without full stop, for the person who is asked */
    unsigned shared : 1; /* a module of httpd: by now somebody else may need it as well */
    unsigned active : 1; /* httpd reads every file of that folder: what is kept must move aside */
} aphd_change_t;

/* Where httpd keeps what. */
typedef struct aphd_layout_t {
    unsigned debian : 1;      /* else Fedora's */
    const char *root;         /* /etc/apache2, /etc/httpd */
    const char *modules;      /* folder of the files that load modules: ROOT/mods-available */
    const char *modules_on;   /* folder of the links to them; NULL in Fedora's */
    const char *sites, *sites_on;
} aphd_layout_t;

/* Everything of one run. Passed down; nothing else is shared. */
typedef struct aphd_setup_t {
    apr_pool_t *p; /* lives as long as the program */
    /* What was asked for; NULL and 0: not said. */
    const char *config_path, *domain, *command;
    int port;
    unsigned yes : 1, json : 1, purge : 1;
    /* What was found and decided. */
    aphd_settings_t *settings; /* as it will be */
    const char *config_text;   /* as it will be */
    aphd_httpd_t *httpd;
    aphd_httpd_facts_t *facts; /* before anything is written */
    aphd_layout_t layout;
    pid_t parent;                /* of the running httpd; 0: it does not run */
    apr_array_header_t *changes; /* aphd_change_t, in the order they are written */
    apr_array_header_t *notes;   /* const char *: what the person should know, whole sentences */
    struct aphd_record_t *record; /* of an earlier setup, or NULL */
    unsigned locked : 1;          /* StateDir is ours until the program ends */
} aphd_setup_t;

/* The two stories. APH_ECONSENT: it was shown, and not agreed to. */
apr_status_t aphd_setup(aphd_setup_t *setup, aph_error_t *err);
apr_status_t aphd_teardown(aphd_setup_t *setup, aph_error_t *err);

/* A note for the person. */
void aphd_setup_note(aphd_setup_t *setup, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
