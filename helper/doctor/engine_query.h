/* SPDX-License-Identifier: Apache-2.0 */
/* Questions to the container engine: GET only. */
#ifndef APHD_ENGINE_QUERY_H
#define APHD_ENGINE_QUERY_H

#include <jansson.h>

#include "common/error.h"

/* Asks the engine behind the Unix socket for a path of its API; new reference to what it says.
 * APH_EENGINE with curl's or the engine's reason. */
apr_status_t aphd_engine_query(const char *socket_path, const char *path, json_t **answer,
                               aph_error_t *err);

#endif
