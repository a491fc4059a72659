/* SPDX-License-Identifier: Apache-2.0 */
/* The database: apps, jobs with their journal, audit. apphostd is its only writer.
 *
 * Every function that changes something is one transaction, on disk when it returns APR_SUCCESS,
 * and leaves nothing behind otherwise. `now` is passed in as seconds since 1970, so that tests own
 * the clock. What cannot be written for want of space is APH_ENOSPACE. */
#ifndef APHD_STORE_H
#define APHD_STORE_H

#include <jansson.h>

#include "common/error.h"
#include "helper/monitor/app.h"

typedef struct aphd_store_t aphd_store_t;

#define APHD_ID_RESTS_SECONDS 86400 /* before a released id is given again */
#define APHD_COPIES_KEPT 7
#define APHD_JOBS_KEPT 1000
#define APHD_AUDITS_KEPT 20000

/* Opens the database at path, made where it does not exist, and brings it to today's schema after a
 * copy beside it (PATH.before-N). APH_ECONFIG for a file that is damaged, newer than this program
 * or not writable; the message says what to do. */
apr_status_t aphd_store_open(aphd_store_t **store, const char *path, aph_error_t *err);
void aphd_store_close(aphd_store_t *store);

/* A copy of the database at path as directory/apphost-YYYYMMDD.db, all but the latest
 * APHD_COPIES_KEPT removed. Opens the database by itself: for a process of its own. Nothing is made
 * where today's copy exists. */
apr_status_t aphd_store_copy(const char *path, const char *directory, int64_t now,
                             aph_error_t *err);

/* 32 hexadecimal digits, drawn when the database was made. */
const char *aphd_store_instance(const aphd_store_t *store);

/* The next generation of the route snapshot, above floor. */
apr_status_t aphd_store_generation(aphd_store_t *store, uint64_t floor, uint64_t *generation,
                                   aph_error_t *err);

typedef struct aphd_counts_t {
    int apps; /* without kept ones */
    int running;
    int kept;
    int open_jobs;
} aphd_counts_t;

apr_status_t aphd_store_counts(aphd_store_t *store, aphd_counts_t *counts, aph_error_t *err);

/* --- apps: store_apps.c --- */

/* APH_ENOTFOUND where there is no such row; kept rows are found too. */
apr_status_t aphd_store_app_by_name(aphd_store_t *store, const char *name, aphd_app_t *app,
                                    aph_error_t *err);
apr_status_t aphd_store_app_by_id(aphd_store_t *store, int app_id, aphd_app_t *app,
                                  aph_error_t *err);

/* Where its pages begin, "/..."; "/" of one whose plan says no more. */
void aphd_store_app_page(aphd_store_t *store, int app_id, char page[APHD_PAGE_MAX]);

/* Calls app_cb for every row by name; a status other than APR_SUCCESS ends it. app_cb must not
 * change the database. */
apr_status_t aphd_store_apps(aphd_store_t *store,
                             apr_status_t (*app_cb)(void *self, const aphd_app_t *app), void *self,
                             aph_error_t *err);

/* APP of job_wire.h: new reference. Without texts, script is "" and uninstall_script, compose and
 * plan are null. */
apr_status_t aphd_store_app_json(aphd_store_t *store, int app_id, int texts, json_t **app,
                                 aph_error_t *err);

typedef struct aphd_reserve_t {
    int64_t job_id;
    const char *name;
    const char *script;
    const char *uninstall_script; /* or NULL */
    const int *skip;              /* ids that must not be given */
    int skip_count;
    int max_app_id;
    int held;                     /* id this job reserved before, given back now; 0: none */
    int64_t now;
    unsigned web : 1;
    const char *kind;
    const json_t *options;        /* array of texts */
    const char *webapp;           /* directory, or NULL */
    const json_t *aliases;        /* array of normalised hosts */
    const char *const *domains;   /* as in the settings: NAME.DOMAIN and an alias are one space */
    const char *format;           /* what script is the text of; NULL: a script */
    const char *entry, *revision; /* of an app from a catalog; or NULL */
    const json_t *answers; /* to its questions; NULL: those the name's kept data was made with,
                            * where they were the same entry's */
} aphd_reserve_t;

/* Makes the row of a new app, state installing: the lowest id that is free, rested and not skipped;
 * or the id the name had when its data was kept. APH_ETAKEN where the name is in use or the kept id
 * is to be skipped, APH_EEXHAUSTED naming MaxAppId. */
apr_status_t aphd_store_reserve(aphd_store_t *store, const aphd_reserve_t *request, int *app_id,
                                aph_error_t *err);

typedef struct aphd_subnet_want_t {
    const aphd_cidr_t *pool;
    int bits;
    const aphd_cidr_t *taken; /* what it must not overlap, beside other apps' */
    size_t count;
} aphd_subnet_want_t;

/* Gives the app a free piece of the pool, of that many bits, that overlaps neither taken nor
 * another app's; one it has already is kept where it is as large and does not overlap. subnet holds
 * APHD_CIDR_TEXT_MAX. APH_EEXHAUSTED naming SubnetPool. */
apr_status_t aphd_store_subnet(aphd_store_t *store, int app_id, const aphd_subnet_want_t *want,
                               char *subnet, aph_error_t *err);

/* Calls host_cb for every alias of the app. */
apr_status_t aphd_store_aliases(aphd_store_t *store, int app_id,
                                apr_status_t (*host_cb)(void *self, const char *host), void *self,
                                aph_error_t *err);

/* Stores any of what record of job_wire.h takes (fields is borrowed). A "previous" of null forgets
 * what was there. */
apr_status_t aphd_store_record(aphd_store_t *store, int app_id, const json_t *fields, int64_t now,
                               aph_error_t *err);

typedef struct aphd_app_change_t {
    aphd_app_state_t state; /* APHD_APP_NONE: as it is */
    const char *desired;    /* NULL: as it is */
    const char *reason;     /* NULL: as it is */
} aphd_app_change_t;

apr_status_t aphd_store_app_change(aphd_store_t *store, int app_id, const aphd_app_change_t *change,
                                   int64_t now, aph_error_t *err);

/* --- jobs: store_jobs.c --- */

typedef struct aphd_job_row_t {
    int64_t job_id;
    const char *op;
    const char *name;
    int app_id;           /* 0: none yet */
    int running;          /* 0: still queued */
    int recoveries;       /* runs in recover mode so far */
    const char *args;     /* JSON */
    const char *step;     /* NULL: it had not begun to change anything */
    const char *undo;     /* JSON */
    unsigned uid;
    int pid;
} aphd_job_row_t;

/* A row in state queued. */
apr_status_t aphd_store_job_add(aphd_store_t *store, const aphd_job_row_t *job, int64_t now,
                                int64_t *job_id, aph_error_t *err);

/* It runs now; recovering: in recover mode, once more than before. */
apr_status_t aphd_store_job_run(aphd_store_t *store, int64_t job_id, int recovering, int64_t now,
                                aph_error_t *err);

/* The journal: what is about to be done and how to undo it, with the log so far. */
apr_status_t aphd_store_job_step(aphd_store_t *store, int64_t job_id, const char *step,
                                 const json_t *undo, const char *log, aph_error_t *err);

typedef enum aphd_app_end_t {
    APHD_END_KEEP,      /* the row stays as it is */
    APHD_END_KEPT_DATA, /* uninstalled, data remains: name and id stay */
    APHD_END_GONE,      /* nothing remains: the id rests */
    APHD_END_FAILING    /* the row stays, and its app is known not to work */
} aphd_app_end_t;

typedef struct aphd_job_end_t {
    int64_t job_id;
    const char *result;    /* "done", "failed", "rolled-back" */
    const json_t *answer;  /* or NULL */
    const char *code, *tag, *message; /* NULL where it was done */
    const char *log;
    const json_t *record;  /* as of aphd_store_record, in the same transaction; or NULL */
    int app_id;            /* 0: the job had none */
    aphd_app_end_t app;
    int64_t now;
} aphd_job_end_t;

/* Ends the job, settles its app, writes the audit record and forgets the oldest rows: one
 * transaction. */
apr_status_t aphd_store_job_end(aphd_store_t *store, const aphd_job_end_t *end, aph_error_t *err);

/* What of an ended job's answer remains when what is told once was told. */
apr_status_t aphd_store_job_told(aphd_store_t *store, int64_t job_id, const json_t *answer,
                                 aph_error_t *err);

/* Calls job_cb for every job that is not ended, oldest first. The strings live during the call. */
apr_status_t aphd_store_jobs_open(aphd_store_t *store,
                                  apr_status_t (*job_cb)(void *self, const aphd_job_row_t *job),
                                  void *self, aph_error_t *err);

/* One job as an object (new reference):
 * {"job_id","op","name","state","result","code","tag","message",
 * "step","created","started","ended","answer"}, with "log" (text) where asked for.
 * APH_ENOTFOUND. */
apr_status_t aphd_store_job_json(aphd_store_t *store, int64_t job_id, int log, json_t **job,
                                 aph_error_t *err);

/* The latest count jobs, newest first: new reference to an array. Each with "untold": its answer
 * has "credentials" that nobody was told yet; they are left out here. */
apr_status_t aphd_store_jobs_json(aphd_store_t *store, int count, json_t **jobs, aph_error_t *err);

#endif
