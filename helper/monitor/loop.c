/* SPDX-License-Identifier: Apache-2.0 */
/* The event loop. A removed watch leaves a hole in the table, closed before the next round, so that
 * the round under way never calls an object that is gone. */
#include "helper/monitor/loop.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>

struct aphd_loop_t {
    int capacity;
    int watch_count;
    int timer_count;
    int stopped;
    aphd_watch_t **watches;
    aphd_timer_t **timers;
    struct pollfd *polled;
    void (*round_cb)(void *self);
    void *round_self;
};

int64_t aphd_loop_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

apr_status_t aphd_loop_create(aphd_loop_t **loop, int capacity, aph_error_t *err)
{
    aphd_loop_t *made = calloc(1, sizeof *made);
    if (made != NULL) {
        made->capacity = capacity;
        made->watches = calloc((size_t)capacity, sizeof *made->watches);
        made->timers = calloc((size_t)capacity, sizeof *made->timers);
        made->polled = calloc((size_t)capacity, sizeof *made->polled);
    }
    if (made == NULL || made->watches == NULL || made->timers == NULL || made->polled == NULL) {
        aphd_loop_destroy(made);
        return aph_error_set(err, APR_ENOMEM, 750, "no memory for the event loop");
    }
    *loop = made;
    return APR_SUCCESS;
}

void aphd_loop_destroy(aphd_loop_t *loop)
{
    if (loop == NULL)
        return;
    free(loop->watches);
    free(loop->timers);
    free(loop->polled);
    free(loop);
}

apr_status_t aphd_loop_watch(aphd_loop_t *loop, aphd_watch_t *watch, aph_error_t *err)
{
    if (watch->slot != 0)
        return APR_SUCCESS;
    if (loop->watch_count == loop->capacity)
        return aph_error_set(err, APH_EEXHAUSTED, 751,
                             "apphostd watches %d descriptors already; try again when jobs or "
                             "connections have ended",
                             loop->capacity);
    loop->watches[loop->watch_count++] = watch;
    watch->slot = loop->watch_count;
    return APR_SUCCESS;
}

void aphd_loop_unwatch(aphd_loop_t *loop, aphd_watch_t *watch)
{
    if (watch->slot == 0)
        return;
    loop->watches[watch->slot - 1] = NULL;
    watch->slot = 0;
}

apr_status_t aphd_loop_timer(aphd_loop_t *loop, aphd_timer_t *timer, int64_t milliseconds,
                             aph_error_t *err)
{
    timer->due = aphd_loop_now() + milliseconds;
    if (timer->slot != 0)
        return APR_SUCCESS;
    for (int i = 0; i < loop->capacity; i++)
        if (loop->timers[i] == NULL) {
            loop->timers[i] = timer;
            timer->slot = i + 1;
            if (i >= loop->timer_count)
                loop->timer_count = i + 1;
            return APR_SUCCESS;
        }
    return aph_error_set(err, APH_EEXHAUSTED, 752, "apphostd has %d timers set already",
                         loop->capacity);
}

void aphd_loop_untimer(aphd_loop_t *loop, aphd_timer_t *timer)
{
    if (timer->slot == 0)
        return;
    loop->timers[timer->slot - 1] = NULL;
    timer->slot = 0;
}

void aphd_loop_hook(aphd_loop_t *loop, void (*round_cb)(void *self), void *self)
{
    loop->round_cb = round_cb;
    loop->round_self = self;
}

/* Closes the holes and fills poll's table; both tables then have the same order. */
static int gather(aphd_loop_t *loop)
{
    int kept = 0;
    for (int i = 0; i < loop->watch_count; i++) {
        aphd_watch_t *watch = loop->watches[i];
        if (watch == NULL)
            continue;
        loop->watches[kept] = watch;
        loop->polled[kept] = (struct pollfd){.fd = watch->fd, .events = watch->events};
        watch->slot = ++kept;
    }
    loop->watch_count = kept;
    return kept;
}

static int wait_milliseconds(const aphd_loop_t *loop)
{
    int64_t least = -1;
    int64_t now = aphd_loop_now();
    for (int i = 0; i < loop->timer_count; i++) {
        if (loop->timers[i] == NULL)
            continue;
        int64_t left = loop->timers[i]->due > now ? loop->timers[i]->due - now : 0;
        if (least < 0 || left < least)
            least = left;
    }
    return least > 3600000 ? 3600000 : (int)least;
}

static void call_due(aphd_loop_t *loop)
{
    int64_t now = aphd_loop_now();
    for (int i = 0; i < loop->timer_count; i++) {
        aphd_timer_t *timer = loop->timers[i];
        if (timer == NULL || timer->due > now)
            continue;
        aphd_loop_untimer(loop, timer);
        timer->due_cb(timer->self);
    }
}

apr_status_t aphd_loop_once(aphd_loop_t *loop, aph_error_t *err)
{
    int count = gather(loop);
    int ready = poll(loop->polled, (nfds_t)count, wait_milliseconds(loop));
    if (ready < 0 && errno != EINTR)
        return aph_error_set(err, APR_FROM_OS_ERROR(errno), 753, "poll failed");
    for (int i = 0; ready > 0 && i < count; i++) {
        aphd_watch_t *watch = loop->watches[i];
        if (watch != NULL && loop->polled[i].revents != 0)
            watch->ready_cb(watch->self, loop->polled[i].revents);
    }
    call_due(loop);
    if (loop->round_cb != NULL)
        loop->round_cb(loop->round_self);
    return APR_SUCCESS;
}

apr_status_t aphd_loop_run(aphd_loop_t *loop, aph_error_t *err)
{
    apr_status_t status = APR_SUCCESS;
    while (!loop->stopped && status == APR_SUCCESS)
        status = aphd_loop_once(loop, err);
    return status;
}

void aphd_loop_stop(aphd_loop_t *loop)
{
    loop->stopped = 1;
}
