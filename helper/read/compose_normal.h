/* SPDX-License-Identifier: Apache-2.0 */
/* A compose tree to the normal form of helper/policy/model.h: every short form becomes one long
 * form. */
#ifndef APHD_COMPOSE_NORMAL_H
#define APHD_COMPOSE_NORMAL_H

#include <jansson.h>

#include "helper/read/yaml_tree.h"

/* A file the same script writes; for env_file. */
typedef struct aphd_bundle_file_t {
    const char *path; /* relative, clean */
    const char *text;
    int line; /* of the text's first line */
} aphd_bundle_file_t;

typedef struct aphd_bundle_t {
    const aphd_bundle_file_t *files;
    size_t count;
} aphd_bundle_t;

/* Parses the text as a compose file. bundle may be NULL. *normal receives a new reference.
 * APH_EUNREADABLE when the text is not YAML of our kind, or the file, its sections or its
 * services are not mappings. */
apr_status_t aphd_compose_read(const aphd_foreign_t *foreign, const aphd_bundle_t *bundle,
                               json_t **normal, apr_pool_t *p, aph_error_t *err);

#endif
