/* SPDX-License-Identifier: Apache-2.0 */
/* An entry of a catalog on its way to an app: found, read in the sandbox, answered, applied. What
 * comes of it is the normal form of an install script, which is judged like any other; nothing in
 * it is trusted. Installs and updates share it.
 *
 *   1. find    the revision a person means, or the text an app was made from (aphd_source_of_row)
 *   2. fits    it is for this machine's architecture
 *   3. answer  what was given, else what was kept, else what apphost makes up, else the default
 *   4. apply   for the app that job->app is by then: install.script
 *
 * Answers a person gave and answers apphost made up are both in "answers", and stay with the app's
 * row: a secret is the same after an update, and for data that was kept. */
#ifndef APHD_SOURCE_H
#define APHD_SOURCE_H

#include "helper/job/job.h"
#include "helper/read/reader.h"

typedef struct aphd_source_t {
    const char *name;        /* "CATALOG/ID" */
    const char *revision;    /* sha256 of text */
    const char *format;      /* "apphost", "rockon", "amahi" */
    const char *text;        /* exactly what was signed */
    const char *stale;       /* its catalog was not refreshed for long: a sentence; or NULL */
    aphd_entry_form_t form;
    json_t *was;             /* [ID...]: names it had before in its catalog, as the store knows; may be NULL */
    json_t *manifest;        /* ENTRY of helper/read/entry.h */
    json_t *answers;         /* {ID:S...}; after aphd_source_answer */
    json_t *given;           /* {ID:S...}: of these, those people gave, now or earlier: what may
                              * name a folder of this machine; borrows nothing */
    json_t *made;            /* [ID...]: secrets apphost made up just now */
    json_t *moved;           /* [{"question":ID,"label":S,"wanted":N,"port":N,"owner":S}...]:
                              * default ports that were taken, and what is proposed instead */
    json_t *storage;         /* site rows of helper/catalog/storage.h; after aphd_source_apply */
    json_t *credentials;     /* to be told once, after success; after aphd_source_apply */
    unsigned obsolete : 1;   /* found in a catalog, and obsolete there */
    unsigned sound : 1;      /* what is not sound is not in given any more */
    unsigned remembered : 1; /* answers of a try that failed are kept for it */
    const char *notes;       /* with words filled in; after aphd_source_apply */
} aphd_source_t;

/* Finds and reads what ref names (aphd_revision_ref in store.h). It lives as long as the job.
 * APH_ENOTFOUND, APH_EUSAGE (ambiguous), APH_EDENIED for one that is obsolete (unless obsolete is
 * nonzero) and for one of a catalog that may not be installed from, APH_EUNREADABLE. */
apr_status_t aphd_source_find(aphd_job_t *job, const char *ref, int obsolete,
                              aphd_source_t **source, aph_error_t *err);

/* The entry an app was made from, of a row, or of its "previous" (job_wire.h): of its "format",
 * "script", "entry" and "revision". No catalog is asked. *source is NULL for a script. */
apr_status_t aphd_source_of_row(aphd_job_t *job, const json_t *row, aphd_source_t **source,
                               aph_error_t *err);

/* APH_EUSAGE where it is not for the engine's architecture. */
apr_status_t aphd_source_fits(aphd_job_t *job, const aphd_source_t *source, aph_error_t *err);

/* The "answers" argument of the operation: *given is a new reference to an object of texts, {}
 * where there is none. Numbers and truths become texts. APH_EUSAGE. */
apr_status_t aphd_source_given(const aphd_job_t *job, json_t **given, aph_error_t *err);

/* Fills answers, given and made. given is laid over kept (both borrowed); what kept has for
 * questions that are gone is left out, what given has for them is APH_EUSAGE. own: ports of this
 * machine the app itself has, [{"host":N,...}...], borrowed, or NULL. */
apr_status_t aphd_source_answer(aphd_job_t *job, aphd_source_t *source, const json_t *given,
                               const json_t *kept, const json_t *own, aph_error_t *err);

/* *script: new reference to the normal form. APH_EUSAGE lists every answer that is not sound, with
 * its question's label and the reason. */
apr_status_t aphd_source_apply(aphd_job_t *job, aphd_source_t *source, json_t **script,
                               aph_error_t *err);

/* Nonzero where the entry of source had that name (CATALOG/ID) before, in the same catalog. */
int aphd_source_was(const aphd_source_t *source, const char *entry);

/* What was answered before, a new reference in the form of answers_kept.h: with the data of row
 * (APP of job_wire.h, borrowed; NULL: none), of which another entry gets the secrets only; and at a
 * try to install it under that name that failed. */
apr_status_t aphd_source_kept(aphd_job_t *job, aphd_source_t *source, const char *name,
                              const json_t *row, json_t **kept, aph_error_t *err);

/* Keeps answers (borrowed) for the next try to install entry under that name; NULL: forgets
 * them. */
apr_status_t aphd_source_remember(aphd_job_t *job, const char *entry, const char *name,
                                  const json_t *answers, aph_error_t *err);

/* Forgets all that is kept so for an app of that name: its data are gone. */
apr_status_t aphd_source_forget(aphd_job_t *job, const char *name, aph_error_t *err);

/* {ID:S...}: the secrets people gave, which the hash of a plan covers beside its content. New
 * reference. */
json_t *aphd_source_secrets(const aphd_source_t *source);

/* The digests the entry names, held against images (rows of a plan, borrowed): what is pulled is
 * pulled by them. APH_EIMAGE where a registry has another one under the name, or this machine
 * does. */
apr_status_t aphd_source_pin(const aphd_source_t *source, json_t *images, apr_pool_t *p,
                             aph_error_t *err);

/* The answers that are secrets, for what hides them (secrets.h): an array of texts, a new
 * reference. source_plan.c */
json_t *aphd_source_hidden(const aphd_source_t *source);

/* Whether plan, which everybody may read, has a secret in it that nothing can hide, such as the
 * name of an image or a device: APH_EDENIED. source_plan.c */
apr_status_t aphd_source_check_shown(const aphd_source_t *source, const json_t *plan,
                                     aph_error_t *err);

/* What a plan says of the entry, laid over content and plan (both borrowed): plan.h.
 * source_plan.c */
void aphd_source_in_plan(const aphd_source_t *source, json_t *content, json_t *plan, apr_pool_t *p);

/* Gives each of the folders ([{"path"}...]) the "backup" of what of rows ([{"path","backup"}...]) is the same
 * folder, in it or above it; "keep" goes before "rebuild". base: the folder that those of
 * folders are written with, or NULL. Neither array is required to be there. source_plan.c */
void aphd_source_add_backup(const json_t *rows, json_t *folders, const char *base);

/* The question of that id, borrowed; NULL where there is none. */
const json_t *aphd_source_question(const json_t *manifest, const char *id);

/* Nonzero for a question whose answer is not shown. */
int aphd_source_is_secret(const json_t *question);

/* When the file is written: nonzero where an update writes it again though it is there. */
int aphd_source_writes_again(const aphd_source_t *source, const char *path);

#endif
