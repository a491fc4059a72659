/* SPDX-License-Identifier: Apache-2.0 */
/* One job from the inside: for jobs.c, job_calls.c and job_end.c only. */
#ifndef APHD_JOB_H
#define APHD_JOB_H

#include "helper/monitor/jobs.h"
#include "helper/monitor/log_tail.h"

/* How a job ended, as its child or we say it. */
typedef struct aphd_ending_t {
    const char *result;       /* "done", "failed", "rolled-back" */
    const json_t *answer;     /* borrowed or NULL */
    const json_t *record;     /* what becomes true with the end; borrowed or NULL */
    aph_error_t reason;       /* status APR_SUCCESS where it was done */
    aphd_app_end_t app;
} aphd_ending_t;

/* What waits for a hash: who asks, and for what; the job's args are the child's alone. */
typedef struct aphd_hash_t {
    aphd_who_t who;
    json_t *asked;
} aphd_hash_t;

struct aphd_job_t {
    aphd_jobs_t *jobs;
    aphd_job_t *next;          /* oldest first */
    const aph_op_t *op;
    int64_t job_id;            /* 0 for a stream */
    char name[APH_LABEL_MAX + 1];
    int app_id;                /* 0: none yet */
    json_t *args;
    char *step;                /* last one in the journal, or NULL */
    json_t *undo;
    json_t *progress;          /* latest frame, for those who come later */
    aphd_log_tail_t log;
    aphd_job_child_t child;
    aphd_hash_t *hash;         /* NULL but for people.c's */
    int recoveries;            /* how often it was run in recover mode */
    int64_t not_before;        /* milliseconds of aphd_loop_now: a retry that waits */
    aphd_ending_t ending;      /* where unstored */
    unsigned unstored : 1;     /* it is over, and the database could not take its end yet */
    unsigned running : 1;      /* its child exists */
    unsigned reserved : 1;     /* app_id was given to this very job */
    unsigned recovering : 1;
    unsigned cancelled : 1;    /* asked to stop */
    unsigned again : 1;        /* to be run once more when this child is gone */
    unsigned untouched : 1;    /* found open at start, begun, without a step: to be closed */
    unsigned ended : 1;        /* has its end in the database; freed when its child is gone */
    unsigned held_back : 1;    /* a stream whose reader is slower than its child */
};

#define APHD_RETRY_MILLISECONDS 5000

struct aphd_jobs_t {
    aphd_monitor_t *monitor;
    aphd_job_t *first;
    aphd_timer_t retry;
};

/* What the child asked for: its answer, "ok" or error, as a new frame. job_calls.c */
json_t *aphd_job_call(aphd_job_t *job, const json_t *frame);

/* Writes the end to the database, publishes, tells everyone who waits. On error the row stays open.
 * job_end.c */
apr_status_t aphd_job_end(aphd_job_t *job, const aphd_ending_t *ending, aph_error_t *err);

/* The same where nobody is left to hear an error: a failed end the database cannot take (a full
 * disk) is told to those who wait, and tried again until it stands. job_end.c */
void aphd_job_conclude(aphd_job_t *job, const aphd_ending_t *ending);

/* Tries the end of an unstored job once more. job_end.c */
void aphd_job_retry_end(aphd_job_t *job);

/* Its end has to wait for the engine: whoever began it is told, rather than kept waiting.
 * job_end.c */
void aphd_job_postponed(const aphd_job_t *job, const char *why);

/* Its process is gone without a finish: run it again, or end it. job_end.c */
void aphd_job_lost(aphd_job_t *job, int exit_code);

/* What of a request its record tells (new reference): no text an author wrote, and no answer, which
 * may be a secret. job_request.c */
json_t *aphd_job_detail(const json_t *args);

/* Operation and arguments in one digest, whatever the order of the latter. job_request.c */
apr_status_t aphd_job_digest(const aphd_order_t *order, char digest[APHD_DIGEST_DIGITS + 1],
                             aph_error_t *err);

/* Tells the client how a job that has ended did: its answer, or the error it failed with, which is
 * returned. job_request.c */
apr_status_t aphd_job_tell_end(aphd_monitor_t *monitor, aphd_conn_t *conn, int64_t job_id,
                               aph_error_t *err);

/* An event says what became of a job. jobs.c */
void aphd_job_event(const aphd_job_t *job, const char *state);

/* To all who follow: a frame (stolen). jobs.c */
void aphd_job_relay(aphd_job_t *job, json_t *frame);

#endif
