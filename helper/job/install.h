/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of an install, in the order of its story (install.c). */
#ifndef APHD_INSTALL_H
#define APHD_INSTALL_H

#include "helper/job/folders.h"
#include "helper/job/job.h"
#include "helper/job/plan.h"
#include "helper/job/site.h"
#include "helper/job/source.h"
#include "helper/policy/policy.h"

/* What an update or a rollback knows of the app it replaces. All of it is borrowed. */
typedef struct aphd_replaced_t {
    json_t *agreed;              /* FINDINGs that were consented to (plan.h) */
    json_t *allowed;             /* rules that root overrides, old and new */
    const json_t *ports;         /* its own ports of this machine, as in a plan's "content" */
    const json_t *images;        /* IMAGE rows of what it runs and of what it ran */
    const json_t *exactly;       /* IMAGE rows: these and no others, whatever their tags name by now;
                                  * NULL: what the tags name */
} aphd_replaced_t;

typedef struct aphd_install_t {
    aphd_job_t *job;
    aphd_site_t site;            /* what it is to httpd */
    json_t *skip;                /* ids whose port turned out to be in use */
    aphd_source_t *source;       /* the catalog's entry it is made from; NULL: a script, or a webapp */
    json_t *script;              /* the reader's normal form */
    aphd_policy_result_t policy;
    json_t *images;              /* as in the plan (plan.h) */
    json_t *folders;             /* as in the plan */
    json_t *needs;               /* as in the plan */
    const char *engine_root;     /* where the engine keeps images, or NULL */
    int remapped;                /* the engine's containers have users of their own */
    json_t *storage;             /* site rows of what people answered about storage
                                  * (helper/catalog/storage.h), borrowed; NULL: nothing */
    json_t *storage_others;      /* what other apps have in storage locations (storage_plan.h) */
    json_t *storage_rows;        /* as in the plan */
    json_t *files;               /* [{"path","text","mode"}...]: here-documents, then configs */
    json_t *texts;               /* {REL:[S...]}: what is written over in kept data: nobody wrote it but authors */
    json_t *left;                /* [REL...]: of these, what stays there, for somebody else wrote or changed it */
    json_t *plan;
    char plan_hash[APHD_HASH_TEXT];
    json_t *undo;                /* the journal so far (take_down.h); NULL: nothing was begun */
    char *model;                 /* the rendered text; malloc'd */
    char *first;                 /* the same of the service that runs once before; malloc'd, NULL: none */
    json_t *consents, *rules;    /* what was agreed to and what is overridden, after ..._consent */
    const aphd_replaced_t *replaced; /* an app is there already (update.h); NULL: an install */
} aphd_install_t;

/* install.c: nothing is left of it but its job. */
void aphd_install_clear(aphd_install_t *install);

/* The engine answers, there is a compose program, and the disks have room that is not their last. */
apr_status_t aphd_install_engine(aphd_install_t *install, aph_error_t *err);

/* install_judge.c and install_plan.c: from text to an agreed plan; nothing is changed outside the
 * database. place_files is
 * place for a webapp, which has no text. */
apr_status_t aphd_install_place_files(aphd_install_t *install, aph_error_t *err);
apr_status_t aphd_install_place(aphd_install_t *install, aph_error_t *err);
apr_status_t aphd_install_names(aphd_install_t *install, aph_error_t *err);
apr_status_t aphd_install_plan(aphd_install_t *install, aph_error_t *err);

/* install_files.c: fills texts and left of an install over kept data, and says in its plan what of
 * the data stays as it is. Nothing is changed. */
apr_status_t aphd_install_left(aphd_install_t *install, aph_error_t *err);
void aphd_install_tell_left(const aphd_install_t *install);

/* Once more, when it is written: *foreign is nonzero where it stays. */
apr_status_t aphd_install_is_foreign(const aphd_install_t *install, const aphd_folders_t *data,
                                     const char *path, int *foreign, aph_error_t *err);

/* The hash of its plan, into plan_hash: once more whenever the content changed. */
apr_status_t aphd_install_hash(aphd_install_t *install, aph_error_t *err);

/* The address at which a browser begins. Lives in the job's pool. */
const char *aphd_install_page(const aphd_install_t *install);

/* Judges the script that was read. consents: ids agreed to, borrowed, may be NULL. */
apr_status_t aphd_install_judge(aphd_install_t *install, json_t *consents, aph_error_t *err);

/* install_agree.c: whether every rule of --allow is one that can be overridden; and whether all that
 * is asked, and all that is overridden, was agreed to. An install records that at once; an update has it in
 * consents and rules, for its end. */
apr_status_t aphd_install_allowed(const aphd_job_t *job, aph_error_t *err);
apr_status_t aphd_install_consent(aphd_install_t *install, aph_error_t *err);

/* install_prepare.c: what must be there before the start; each is journaled first, with undo as it is
 * then; that of an update also where it outlasts the job (update_left.h). An update calls
 * ..._journal_folders itself, before it sets files aside: what was there is not of its making. */
apr_status_t aphd_install_journal(aphd_install_t *install, const char *step, aph_error_t *err);
apr_status_t aphd_install_journal_folders(aphd_install_t *install, aph_error_t *err);
apr_status_t aphd_install_folders(aphd_install_t *install, aph_error_t *err);
apr_status_t aphd_install_images(aphd_install_t *install, aph_error_t *err);
apr_status_t aphd_install_give(aphd_install_t *install, aph_error_t *err);
apr_status_t aphd_install_render(aphd_install_t *install, aph_error_t *err);
json_t *aphd_install_image_rows(const aphd_install_t *install); /* as the row has them; new reference */

/* install.c: from the written model to an app that answers. */
apr_status_t aphd_install_start(aphd_install_t *install, aph_error_t *err);

/* install_storage.c: what an update, or an install over kept data, newly wants of folders nobody chose anew; what other apps have, for the policy; the rows of the plan, which looks at the
 * folders; and the folders, once the images are here. install->storage comes before all of them. */
apr_status_t aphd_install_storage_gains(aphd_install_t *install, aph_error_t *err);
apr_status_t aphd_install_neighbours(aphd_install_t *install, aph_error_t *err);
apr_status_t aphd_install_storage_plan(aphd_install_t *install, aph_error_t *err);
apr_status_t aphd_install_storage_make(aphd_install_t *install, aph_error_t *err);

/* Once more, now that other apps' jobs see this one's plan in its row: of two that were planned at the
 * same time one gives way. */
apr_status_t aphd_install_storage_again(aphd_install_t *install, aph_error_t *err);

/* install_publish.c: the virtual host, then the route. */
apr_status_t aphd_install_vhost(aphd_install_t *install, aph_error_t *err);
apr_status_t aphd_install_publish(aphd_install_t *install, aph_error_t *err);

/* The step of that name begins: progress for a person. number: its place in an install; an update has
 * an order of its own. */
void aphd_install_step(const aphd_install_t *install, int number, const char *step,
                       const char *text);

#endif
