/* SPDX-License-Identifier: Apache-2.0 */
/* How many requests to the admin handler hold a thread of httpd, over all its children: those that
 * follow something, and those that wait for apphostd. Apps must find a thread whatever these do.
 *
 * The parent makes one shared table and keeps it for its life. A place belongs to a process, so
 * that those of a child that died are free again. */
#ifndef APHM_FOLLOWERS_H
#define APHM_FOLLOWERS_H

#include <stdint.h>
#include <sys/types.h>

#include "common/error.h"

typedef struct aphm_followers_t aphm_followers_t;

typedef enum aphm_place_t {
    APHM_PLACE_CALL,   /* waits for an answer of apphostd */
    APHM_PLACE_FOLLOW, /* follows, and asks apphostd now and then */
    APHM_PLACE_STREAM, /* follows, and holds a connection to apphostd */
    APHM_PLACES
} aphm_place_t;

/* Parent: made once; it lives as long as the process. */
apr_status_t aphm_followers_create(aphm_followers_t **followers, aph_error_t *err);

/* A place of that kind for whoever (a number that is the same for one session), or -1: all are
 * taken, or this one has as many as one may. limit: how many may follow at once, streams among
 * them. */
int aphm_followers_enter(aphm_followers_t *followers, aphm_place_t kind, uint64_t whoever,
                         int limit);

/* Gives a place back; -1 is none. */
void aphm_followers_leave(aphm_followers_t *followers, int place);

/* How many places of a kind are taken. */
int aphm_followers_count(const aphm_followers_t *followers, aphm_place_t kind);

/* apphostd took too long (silent != 0), or answered. Nonzero from is_silent: it has just been
 * silent, and nobody need wait to learn that again. */
void aphm_followers_note(aphm_followers_t *followers, int silent);
int aphm_followers_is_silent(const aphm_followers_t *followers);

#endif
