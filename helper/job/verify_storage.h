/* SPDX-License-Identifier: Apache-2.0 */
/* Whether a container really has the folders of storage locations its model names. The engine follows
 * the path as it is at that moment, and says of it only what it was told; between our look and its mount
 * somebody who may write the location can have put a link there. So the mounted folder itself is looked
 * at, through the container's own root. */
#ifndef APHD_VERIFY_STORAGE_H
#define APHD_VERIFY_STORAGE_H

#include <jansson.h>

#include "common/error.h"

/* service: of the rendered model; container: as inspected; both borrowed. A container that does not run
 * shows nothing. APH_EDENIED where it has another folder. */
apr_status_t aphd_verify_storage(const json_t *service, const char *name, const json_t *container,
                                 aph_error_t *err);

/* The same by "storage" of a plan (storage_plan.h), where the model is not at hand. */
apr_status_t aphd_verify_storage_rows(const json_t *rows, const char *name, const json_t *container,
                                      aph_error_t *err);

#endif
