/* SPDX-License-Identifier: Apache-2.0 */
/* What was decided about a request, once, before anything else looked at its URL. Handler, worker,
 * headers and pages all follow this one decision. */
#ifndef APHM_REQUEST_H
#define APHM_REQUEST_H

#include "mod_apphost/config.h"

typedef enum aphm_answer_t {
    APHM_PROXY = 1,   /* the app answers */
    APHM_FILES,       /* httpd answers, with files of its own: the request is not ours any more */
    APHM_STATE_PAGE,  /* there is such an app, and its state is the answer */
    APHM_NOT_HERE_PAGE, /* there is, but this server has not the rules it is served by */
    APHM_UNKNOWN_PAGE,/* the name is under one of our domains, but no app has it */
    APHM_NO_ROUTES_PAGE /* under our domains, and no routes were ever read */
} aphm_answer_t;

/* Lives in r->pool, as r's config of this module. */
typedef struct aphm_request_t {
    aphm_answer_t answer;
    const char *host;       /* normalised, as asked for */
    const char *name;       /* the app's; host up to its first dot where there is none */
    aph_route_t route;      /* a copy; for the answers that mean an app */
    int upgrade;            /* asks for a WebSocket */
    int counted;            /* limits were entered */
    int keepalives;         /* of the client's connection, put aside while the app answers */
    aphm_worker_t *worker;  /* held, or NULL */
    struct ap_filter_t *head_limit; /* while the head is read */
    aphm_context_t *context;
} aphm_request_t;

/* The decision about r, or NULL where the request is not ours. */
aphm_request_t *aphm_request_of(const request_rec *r);

/* Decides and prepares r for it. DONE: ours, the URL is decoded, nothing else may map it. DECLINED:
 * not ours, nothing was changed. 400: an escape in the URL is broken. */
int aphm_request_decide(request_rec *r);

#endif
