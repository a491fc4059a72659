/* SPDX-License-Identifier: Apache-2.0 */
/* The body of a request: one JSON object, or nothing. */
#ifndef APHM_BODY_H
#define APHM_BODY_H

#include "mod_apphost/admin/admin.h"

/* Reads it: *body is a new reference, NULL where there is none. 0, or the status to answer with:
 * 415 for another type, 413 above APHM_BODY_MAX, 400 for what is no object; err says why. */
#define APHM_BODY_MAX 60000 /* what a frame to apphostd can hold beside the rest of the request */
int aphm_body_read(const aphm_admin_t *admin, json_t **body, aph_error_t *err);

#endif
