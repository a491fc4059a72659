/* SPDX-License-Identifier: Apache-2.0 */
/* The pages: files below AppHostAdminRoot. */
#ifndef APHM_FILES_H
#define APHM_FILES_H

#include "mod_apphost/admin/admin.h"

/* Answers a GET or HEAD with the file of that path below the root ("index.html"), or 404. */
int aphm_files_send(aphm_admin_t *admin, const char *path);

#endif
