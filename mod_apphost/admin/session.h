/* SPDX-License-Identifier: Apache-2.0 */
/* The cookie: given when somebody signs in, taken when he signs out. Its content is never in a
 * body. */
#ifndef APHM_SESSION_H
#define APHM_SESSION_H

#include "mod_apphost/admin/admin.h"

/* Answers a row with one of the flags APHM_API_SIGN_IN, _SIGN_OUT, _SESSION: answer (borrowed) is
 * what apphostd said. */
int aphm_session_answer(aphm_admin_t *admin, json_t *answer);

/* What a row that signs in is asked besides: the program at the other end, for the list of
 * sessions. */
void aphm_session_ask(aphm_admin_t *admin);

#endif
