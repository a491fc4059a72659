/* SPDX-License-Identifier: Apache-2.0 */
/* Which operation an app in which state admits: a table, so that a test can walk all of it. */
#ifndef APHD_ADMISSION_H
#define APHD_ADMISSION_H

#include <jansson.h>

#include "common/error.h"
#include "helper/monitor/app.h"

/* APR_SUCCESS, or the status and sentence the table has for it. state is APHD_APP_NONE where no app
 * has the name. Every operation on an app is in the table; another is APH_EINTERNAL. */
apr_status_t aphd_admission_check(const char *op, const json_t *args, const char *name,
                                  aphd_app_state_t state, aph_error_t *err);

/* The rules for a new name: its grammar, names kept back, this machine's own, and one that would
 * make an app's host equal to a domain apps live under (app "photos" beside a domain
 * photos.home.arpa). */
apr_status_t aphd_admission_name(const char *name, const char *machine,
                                 const char *const *domains, aph_error_t *err);

#endif
