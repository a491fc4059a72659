/* SPDX-License-Identifier: Apache-2.0 */
/* Install and uninstall scripts in Amahi's form: read, never run. The normal forms are in
 * reader.h. */
#ifndef APHD_SCRIPT_H
#define APHD_SCRIPT_H

#include <jansson.h>

#include "helper/read/reader.h"

/* Reads an install script, or a bare compose file given in its place. text is as the author wrote
 * it; words are replaced here. *normal receives a new reference. APH_EUNREADABLE names line and
 * word. */
apr_status_t aphd_script_install(const char *text, size_t length, const aphd_words_t *words,
                                 json_t **normal, apr_pool_t *p, aph_error_t *err);

/* Reads an uninstall script: docker-compose stop, rm -f, down, and rm -rf of relative folders. */
apr_status_t aphd_script_uninstall(const char *text, size_t length, const aphd_words_t *words,
                                   json_t **normal, apr_pool_t *p, aph_error_t *err);

#endif
