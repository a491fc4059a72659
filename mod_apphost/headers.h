/* SPDX-License-Identifier: Apache-2.0 */
/* Headers on their way to an app and back. */
#ifndef APHM_HEADERS_H
#define APHM_HEADERS_H

#include "mod_apphost/request.h"

/* To the app: what a client says about forwarding goes, what we know comes. Runs on mod_proxy's
 * copy of the headers, as the last step before they are sent. */
void aphm_headers_request(request_rec *r);

/* From the app: addresses that name its private port become the public one, and a cookie is only
 * for the app's own name. Runs once, when the head is complete. */
void aphm_headers_response(request_rec *r, const aphm_request_t *request);

#endif
