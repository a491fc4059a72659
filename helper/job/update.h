/* SPDX-License-Identifier: Apache-2.0 */
/* An app from a catalog becomes another revision of its entry, or what it was before. The parts of
 * the story in update.c.
 *
 * What the app was stays in its row, untouched, until the transaction that ends the job: going back
 * needs nothing else. The journal of the job ("undo") says what to take away before the old model
 * is started again:
 *   {"images":[REF...]      pulled by this job
 *    "switched":BOOL        the old containers may be gone, and new ones may exist
 *    "aside":[REL...]       files of the data folder that may have been moved to aside_dir/0,
 *                           aside_dir/1, ...
 *    "aside_dir":REL
 *    "restored":[REL|null...]   beside "aside": what comes to its place, set aside by the update that
 *                           is taken back; it goes there again first
 *    "earlier_dir":REL|null what that update set aside, of no use once this one is done
 *    "folders":[REL...], "data_made":BOOL    made in the data folder by this job (take_down.h),
 *                           noted before anything is set aside
 *    "site":{"options","vhost","route_flags","max_requests","max_websockets"}
 *                           what the row said of its virtual host, where that was changed
 *    "published":true       it is about to be the app: update_left.h
 *    "storage":[...]        made in storage locations (take_down.h)
 *    "wanted":[...]}        rows of storage_plan.h: folders in storage locations that it is about
 *                           to have; other apps' jobs see them beside those it has (job_wire.h)
 * The same stands in the app's folder meanwhile: update_left.h. */
#ifndef APHD_UPDATE_H
#define APHD_UPDATE_H

#include "helper/job/install.h"

/* What is written over is kept there until the end, in the data folder: APHD_UPDATE_ASIDE and the
 * number of the job. */
#define APHD_UPDATE_ASIDE ".apphost/before-"

typedef struct aphd_update_t {
    aphd_install_t install;  /* the app as it is to be: judged, planned, started like an install */
    json_t *target;          /* {"format","script","entry","revision","answers"} of that */
    json_t *given;           /* {ID:S...}: answers that were given with this very operation */
    json_t *fresh;           /* {ID:S...}: answers that the app did not have; NULL: not asked yet */
    json_t *before;          /* "previous" of job_wire.h: the app as it is, for a way back */
    json_t *again;           /* [REL...] files that are written although they are there */
    json_t *restored;        /* [REL|null...] of each of these: what comes in its place from an
                              * earlier update's folder (update_files.c) */
    json_t *texts;           /* {REL:[S...]} what may be written over: nobody wrote it but authors */
    json_t *configs;         /* [REL...] of again, those that nobody but the author ever writes */
    json_t *foreign;         /* [REL...] of again, those that somebody else wrote or changed */
    aphd_replaced_t replaced; /* what install is told of the app that is there */
    json_t *agreed, *allowed, *images; /* whose lists these are */
    unsigned rollback : 1;   /* to what the last update replaced */
    unsigned stopped : 1;    /* it was stopped on purpose, and stays so */
    unsigned same : 1;       /* it is that revision already, with these answers */
    unsigned remembered : 1; /* its answers are kept for the next try (update_answers.c) */
} aphd_update_t;

/* update_target.c: which text and which answers; then everything up to an agreed plan. Nothing is
 * changed. APH_EUSAGE where there is nothing to move to, or where a question is open (source.h). */
apr_status_t aphd_update_find(aphd_update_t *update, aph_error_t *err);
apr_status_t aphd_update_judge(aphd_update_t *update, aph_error_t *err);
apr_status_t aphd_update_plan(aphd_update_t *update, aph_error_t *err);

/* update_answers.c: what the person says now, over what was said at a try that failed, over what
 * the app has. APH_EUSAGE where a question is open. */
apr_status_t aphd_update_answer(aphd_update_t *update, aph_error_t *err);

/* Keeps the answers the app did not have for the next try, with the secrets that were made up: what
 * was begun may have written its data with them. forget: it was done. What goes wrong here is
 * logged. Nonzero where they are kept. */
int aphd_update_remember(aphd_update_t *update);
void aphd_update_forget(aphd_update_t *update);

/* update_files.c: fills again, restored, texts and foreign, and makes each of foreign a finding that
 * needs consent, each time anew: its id is in no app's consents. Nothing is changed. */
apr_status_t aphd_update_files(aphd_update_t *update, aph_error_t *err);

/* Moves again away, and restored to its place. APH_EPLAN where a file was changed since aphd_update_files
 * looked. The journal has all of it by then. */
apr_status_t aphd_update_set_aside(aphd_update_t *update, aph_error_t *err);

/* {REL:REL...}: where those of foreign are kept for a rollback. A new reference. */
json_t *aphd_update_kept(const aphd_update_t *update, const char *folder);

/* The other way round, of undo (borrowed): first what was restored, before anything in the data folder is
 * taken away, then what was set aside. To be called again where it was cut off. */
apr_status_t aphd_update_unrestore(aphd_job_t *job, const json_t *undo, aph_error_t *err);
apr_status_t aphd_update_aside_back(aphd_job_t *job, const json_t *undo, aph_error_t *err);

/* Once it is done: deletes what is of no use any more, which is all of undo's "aside" but what previous
 * (job_wire.h, as it is by then) keeps, and "earlier_dir". */
apr_status_t aphd_update_aside_tidy(aphd_job_t *job, const json_t *undo, const json_t *previous,
                                    aph_error_t *err);

/* ids without those of aphd_update_files: a new reference. */
json_t *aphd_update_consents(const json_t *ids);

/* update_site.c: what the app is to be to httpd, for its plan; bringing httpd to that, at the end;
 * and back to what undo (borrowed) says it was. */
apr_status_t aphd_update_site(aphd_update_t *update, aph_error_t *err);
apr_status_t aphd_update_site_bring(aphd_update_t *update, aph_error_t *err);
apr_status_t aphd_update_site_back(aphd_job_t *job, const json_t *undo, aph_error_t *err);

/* update_switch.c: from the old containers to new ones that answer; each step is journaled
 * first. */
apr_status_t aphd_update_switch(aphd_update_t *update, aph_error_t *err);

/* What the row becomes, for the transaction that ends the job: a new reference. */
json_t *aphd_update_record(const aphd_update_t *update);

/* After that transaction: what was kept for a way back, or for a next try, and nobody needs any
 * more. What goes wrong here is logged. */
void aphd_update_clean(aphd_update_t *update);

/* update_back.c. Nonzero where undo (borrowed) is the journal of the update that made the app what
 * it is. */
int aphd_update_is_done(const aphd_job_t *job, const json_t *undo);

/* update_back.c: undoes an update as far as undo (above, borrowed) says it went. The app's row says
 * what runs again. because: for its status; borrowed. An error: it does not answer as it was,
 * either, and its state says so. */
apr_status_t aphd_update_back(aphd_job_t *job, const json_t *undo, const char *because,
                              aph_error_t *err);

#endif
