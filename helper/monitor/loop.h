/* SPDX-License-Identifier: Apache-2.0 */
/* One thread, one poll(2): descriptors and timers with a callback each.
 *
 * A callback may add and remove watches and timers, its own included; a watch that was removed is
 * not called any more in the same round. Objects that others may still point at are not freed in a
 * callback: they are marked and freed by the hook that runs at the end of each round. */
#ifndef APHD_LOOP_H
#define APHD_LOOP_H

#include <poll.h>
#include <stdint.h>

#include "common/error.h"

typedef struct aphd_loop_t aphd_loop_t;

/* Embedded in its owner; zero-initialise. events may be changed at any time. */
typedef struct aphd_watch_t {
    int fd;
    short events;
    void (*ready_cb)(void *self, short revents);
    void *self;
    int slot; /* 1 + place in the loop; 0: not in it */
} aphd_watch_t;

typedef struct aphd_timer_t {
    int64_t due; /* milliseconds of aphd_loop_now */
    void (*due_cb)(void *self);
    void *self;
    int slot;
} aphd_timer_t;

/* At most capacity watches and as many timers at once. */
apr_status_t aphd_loop_create(aphd_loop_t **loop, int capacity, aph_error_t *err);
void aphd_loop_destroy(aphd_loop_t *loop);

/* Both keep a pointer until the counterpart is called. APH_EEXHAUSTED where the loop is full. */
apr_status_t aphd_loop_watch(aphd_loop_t *loop, aphd_watch_t *watch, aph_error_t *err);
void aphd_loop_unwatch(aphd_loop_t *loop, aphd_watch_t *watch);

/* Calls timer->due_cb once, after milliseconds; a timer that is already set is moved. */
apr_status_t aphd_loop_timer(aphd_loop_t *loop, aphd_timer_t *timer, int64_t milliseconds,
                             aph_error_t *err);
void aphd_loop_untimer(aphd_loop_t *loop, aphd_timer_t *timer);

/* Runs after the callbacks of every round; one hook. */
void aphd_loop_hook(aphd_loop_t *loop, void (*round_cb)(void *self), void *self);

/* One round: waits for the next event, calls back. aphd_loop_run repeats it until
 * aphd_loop_stop. */
apr_status_t aphd_loop_once(aphd_loop_t *loop, aph_error_t *err);
apr_status_t aphd_loop_run(aphd_loop_t *loop, aph_error_t *err);
void aphd_loop_stop(aphd_loop_t *loop);

/* Milliseconds of the monotonic clock. */
int64_t aphd_loop_now(void);

#endif
