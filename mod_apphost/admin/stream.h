/* SPDX-License-Identifier: Apache-2.0 */
/* What holds a thread of httpd: following, and waiting for an end. Both take a place (followers.h),
 * and end by themselves: a browser asks again. */
#ifndef APHM_STREAM_H
#define APHM_STREAM_H

#include "mod_apphost/admin/admin.h"
#include "mod_apphost/admin/call.h"

/* A place to follow or stream for this request, or -1. */
int aphm_stream_place(const aphm_admin_t *admin, int kind);

/* Relays an open call as server-sent events until it ends: progress, log, then end or problem.
 * Takes a place to stream; without one answers 503. Sends the call itself. */
int aphm_stream_call(aphm_admin_t *admin);

/* A job as server-sent events, asked for again and again: log, job whenever it changed, end. */
int aphm_stream_job(aphm_admin_t *admin);

/* The job as it is after at most asked.wait seconds, or sooner when it ended. */
int aphm_stream_wait_job(aphm_admin_t *admin);

#endif
