/* SPDX-License-Identifier: Apache-2.0 */
/* What a registry answers, in the form the job works with. Pure; runs in apphost-read.
 *
 *   manifest   of an index (OCI) or a manifest list (Docker), and of a manifest of either:
 *                {"index":[{"digest":S,"os":S,"architecture":S,"variant":S}...]}
 *                {"config":{"digest":S,"size":N}, "layers":[{"digest":S,"size":N}...]}
 *   image      an image's configuration:
 *                {"user":S, "puid":S|null, "pgid":S|null, "diff_ids":[S...]}
 *   challenge  the header WWW-Authenticate: {"realm":S,"service":S,"scope":S}, "" where absent
 *   token      what the realm answers:      {"token":S}
 *
 * A digest is "sha256:" and 64 hexadecimal digits; a size is at most 2^50. Nothing else passes. */
#ifndef APHD_REGISTRY_TEXT_H
#define APHD_REGISTRY_TEXT_H

#include <stddef.h>
#include <jansson.h>

#include "common/error.h"

/* *normal: new reference. APH_EUNREADABLE says what is wrong with the text. */
apr_status_t aphd_registry_manifest(const char *text, size_t length, json_t **normal,
                                    aph_error_t *err);
apr_status_t aphd_registry_image(const char *text, size_t length, json_t **normal,
                                 aph_error_t *err);
apr_status_t aphd_registry_challenge(const char *text, size_t length, json_t **normal,
                                     aph_error_t *err);
apr_status_t aphd_registry_token(const char *text, size_t length, json_t **normal,
                                 aph_error_t *err);

/* text as one JSON object without duplicate members, nested to 32 at most: a new reference. */
apr_status_t aphd_registry_object(const char *text, size_t length, json_t **object,
                                  aph_error_t *err);

/* Nonzero for "sha256:" and 64 hexadecimal digits in lower case. */
int aphd_registry_digest(const char *text);

#endif
