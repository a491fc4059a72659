/* SPDX-License-Identifier: Apache-2.0 */
/* Files that an admin names and httpd reads: the folder of a webapp, a password file. They are
 * judged by what the web user may do with each folder on the way, and by whose they are. Reads the
 * file system, changes nothing. Access control lists are not looked at: the mode bits must suffice.
 */
#ifndef APHD_FILES_DIR_H
#define APHD_FILES_DIR_H

#include <sys/types.h>
#include <apr_pools.h>

#include "common/error.h"
#include "helper/base/settings.h"

#define APHD_WEB_GROUPS_MAX 64

typedef struct aphd_web_user_t {
    const char *name; /* for sentences */
    uid_t uid;
    gid_t groups[APHD_WEB_GROUPS_MAX]; /* its own first */
    int group_count;
} aphd_web_user_t;

/* The account settings->web_user. APH_ECONFIG where there is none. */
apr_status_t aphd_web_user_find(const aphd_settings_t *settings, aphd_web_user_t *user,
                                apr_pool_t *p, aph_error_t *err);

/* Whether folder may be served as static files: an absolute path without "." and "..", no link in
 * it, no hidden component, within the grammar of text.h, not one of the system's, of the engine's
 * or ours, nor above one; a folder that user can search and read; and nobody can put another in its
 * place (a folder on the way that everybody may write to, without the sticky bit). APH_EUSAGE for
 * the path itself, APH_EDENIED for what is not to be served, APH_ENOTFOUND, APH_EFORBIDDEN with the
 * chmod that cures it. */
apr_status_t aphd_files_dir_judge(const char *folder, const aphd_web_user_t *user,
                                  const aphd_settings_t *settings, apr_pool_t *p, aph_error_t *err);

/* Whether path can be --option auth-file: the same way there, ending in a regular file that user
 * can read and that does not lie in what containers write to. */
apr_status_t aphd_auth_file_judge(const char *path, const aphd_web_user_t *user,
                                  const aphd_settings_t *settings, apr_pool_t *p, aph_error_t *err);

#endif
