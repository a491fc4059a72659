/* SPDX-License-Identifier: Apache-2.0 */
/* LimitRequestBody for what is sent to apps. httpd itself looks at it only for bodies it stores
 * (and some versions of mod_proxy for a few others), with 1 GiB where nobody said anything. Here it
 * holds wherever it is said, and where it is not there is no limit: a body for an app only passes
 * by. */
#ifndef APHM_BODY_LIMIT_H
#define APHM_BODY_LIMIT_H

#include <httpd.h>

/* Once, with the other hooks. */
void aphm_body_limit_register(void);

/* Makes "not said" mean "none" for r, whose per_dir_config must be its own. */
void aphm_body_limit_lift(request_rec *r);

/* OK, or 413 for a body that says it is too long. One that does not say fails while it is read. */
int aphm_body_limit_start(request_rec *r);

#endif
