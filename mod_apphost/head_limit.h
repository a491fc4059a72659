/* SPDX-License-Identifier: Apache-2.0 */
/* The head of an app's answer may be large, but not endless: mod_proxy bounds each line of it, not
 * their number. */
#ifndef APHM_HEAD_LIMIT_H
#define APHM_HEAD_LIMIT_H

#include <httpd.h>

/* Once, with the other hooks. */
void aphm_head_limit_register(void);

/* Counts what is read for `answer` (mod_proxy's request_rec for the app's side of r) until
 * aphm_head_limit_end; beyond the limit reading fails, and mod_proxy gives up the answer. *filter,
 * which must live as long as r, becomes NULL when answer ends: for a small answer that is before
 * any of it reaches an output filter. */
void aphm_head_limit_start(struct ap_filter_t **filter, request_rec *r, request_rec *answer);
void aphm_head_limit_end(struct ap_filter_t **filter);

#endif
