/* SPDX-License-Identifier: Apache-2.0 */
/* A template and an app become the text of a virtual host. Pure.
 *
 * The words HDA_APP_NAME HDA_DOMAIN APP_PORT APP_PUBLIC_PORT APP_ROOT_DIR APP_FILES_DIR
 * HDA_AUTHFILE are replaced where they stand; APP_ALIASES, APP_CUSTOM_OPTIONS and HDA_ACCESS become
 * lines, so each stands alone in its own. A word ends where [A-Za-z0-9_] ends. Inserted text is
 * never read again. Comments stay as they are, so they may name the words.
 *
 * Who may come in is said by an <If> in <Location "/">, which httpd merges after all other sections
 * and which also covers what is proxied; so HDA_ACCESS inside of another section is carried out
 * behind it, and every virtual host of the template must have a place for it. */
#ifndef APHD_RENDER_H
#define APHD_RENDER_H

#include <apr_pools.h>

#include "common/error.h"
#include "helper/vhost/options.h"
#include "helper/vhost/template.h"

/* What is known of an app; all borrowed. Every value is judged by its grammar again before it is
 * used. */
typedef struct aphd_vhost_app_t {
    const char *name; /* label */
    const char *kind;
    const char *const *domains; /* NULL-terminated, at least one */
    const char *const *aliases; /* NULL-terminated, normalised; NULL: none */
    int port;                   /* 35000 + id; 0 for a webapp */
    int public_port;
    const char *root_dir;          /* StateDir/sites/ID */
    const char *files_dir;         /* of a webapp, else NULL */
    const aphd_options_t *options; /* NULL: none */
} aphd_vhost_app_t;

typedef struct aphd_vhost_t {
    const char *text;
    apr_size_t length;
    unsigned access : 1;    /* served in its own virtual host only */
    unsigned says_more : 1; /* to be enabled whatever settings->vhosts_always says */
    const char *because;    /* why it says more, in words; "" where it does not */
} aphd_vhost_t;

/* APH_EUSAGE: a value is outside its grammar; nothing was rendered. APH_ECONFIG: the template, with
 * file and line: a word that must stand alone does not, access is wanted and has no place, the
 * sections do not close. APH_EINTERNAL: a line of ours is not one we write (text.h), which nothing
 * should reach. */
apr_status_t aphd_vhost_render(const aphd_template_t *template, const aphd_vhost_app_t *app,
                               aphd_vhost_t *vhost, apr_pool_t *p, aph_error_t *err);

#endif
