/* SPDX-License-Identifier: Apache-2.0 */
/* What goes back: JSON, a piece of a list, a job, a problem. Each returns what a handler returns.
 */
#ifndef APHM_ANSWER_H
#define APHM_ANSWER_H

#include "mod_apphost/admin/admin.h"

/* The headers every answer of the handler has: nothing may frame, sniff, embed or keep it. */
void aphm_answer_guard(const aphm_admin_t *admin);

/* A problem (RFC 9457) with our code and tag. status 0: what the error's code stands for. */
int aphm_answer_problem(aphm_admin_t *admin, int status, const aph_error_t *err);

/* value (borrowed) with that status. A GET has an ETag, and is 304 where the client has it already.
 */
int aphm_answer_json(aphm_admin_t *admin, int status, const json_t *value);

/* The list row->items of answer (borrowed), as {"items","total"} with the rest of answer, and Link.
 */
int aphm_answer_list(aphm_admin_t *admin, const json_t *answer);

/* text of that type; a GET as above. */
int aphm_answer_text(aphm_admin_t *admin, const char *type, const char *text, size_t length);

/* 202, and where the job can be seen; answer is no member before the job ended. */
int aphm_answer_begun(aphm_admin_t *admin, json_int_t job_id);

/* Whether If-Match (where there is one) holds for what stands at this path now: 0, 412, or what
 * asking led to, with err. */
int aphm_answer_match(aphm_admin_t *admin, aph_error_t *err);

/* Whether the client takes that type ("application/json"). */
int aphm_answer_takes(const request_rec *r, const char *type);

#endif
