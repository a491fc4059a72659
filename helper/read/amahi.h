/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of the reader of Amahi's entries (aphd_amahi_convert in entry.h). */
#ifndef APHD_AMAHI_H
#define APHD_AMAHI_H

#include <jansson.h>
#include <apr_pools.h>

#include "common/error.h"

/* webapp_custom_options are lines of httpd's configuration, and no such text ever gets there: what
 * an option of apphost says as well is added to options (NAME=VALUE), what the module does by
 * itself is left out, and any other directive is APH_EDENIED by its name and line. */
apr_status_t aphd_amahi_options(const char *text, json_t *options, apr_pool_t *p, aph_error_t *err);

#endif
