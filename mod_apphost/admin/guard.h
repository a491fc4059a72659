/* SPDX-License-Identifier: Apache-2.0 */
/* Whether a request is one a person meant: for this host, for a path that means one thing, and not
 * made by a page of somebody else. Apps are the same site as the admin pages, so SameSite alone is
 * not enough.
 *
 * Every function returns 0, or the status to answer with; then err says why. */
#ifndef APHM_GUARD_H
#define APHM_GUARD_H

#include "mod_apphost/admin/admin.h"

/* Host (421), the path (400, 414), Sec-Fetch-Site and Origin (403). Fills path and https. */
int aphm_guard_request(aphm_admin_t *admin, aph_error_t *err);

/* The session or token the request carries (401 where it must and does not), Idempotency-Key (400),
 * and what a cookie needs besides on a method that may change something (403). Fills secret,
 * by_token, key. */
int aphm_guard_person(aphm_admin_t *admin, aph_error_t *err);

/* What that header must be for a session: lives as long as the request. */
const char *aphm_guard_csrf(const aphm_admin_t *admin, const char *session);

/* The name of our cookie here. */
const char *aphm_guard_cookie_name(const aphm_admin_t *admin);

/* Nonzero for a method that never changes anything. */
int aphm_guard_is_safe(const request_rec *r);

#endif
