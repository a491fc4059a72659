/* SPDX-License-Identifier: Apache-2.0 */
/* The pages the module answers with itself: small, without scripts, never cached. */
#ifndef APHM_PAGE_H
#define APHM_PAGE_H

#include "mod_apphost/request.h"

typedef enum aphm_page_t {
    APHM_PAGE_UNKNOWN,    /* 404 */
    APHM_PAGE_NO_ROUTES,  /* 503, like all below */
    APHM_PAGE_INSTALLING,
    APHM_PAGE_STARTING,
    APHM_PAGE_STOPPED,
    APHM_PAGE_FAILING,
    APHM_PAGE_NOT_HERE,   /* only its own virtual host serves it */
    APHM_PAGE_BUSY,       /* over a limit */
    APHM_PAGE_NO_ANSWER   /* the app should run, but gave no answer */
} aphm_page_t;

/* Makes r a request that only aphm_page_send will handle: no file is looked for. */
void aphm_page_prepare(request_rec *r);

/* Nonzero when r is such a request. */
int aphm_page_is_handler(const request_rec *r);

/* The page that says what request->answer means. */
aphm_page_t aphm_page_of(const aphm_request_t *request);

/* Sends it: HTML, or JSON (RFC 9457) where Accept asks for that. Returns what a handler returns. */
int aphm_page_send(request_rec *r, const aphm_request_t *request, aphm_page_t page);

#endif
