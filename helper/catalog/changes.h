/* SPDX-License-Identifier: Apache-2.0 */
/* What the operations that change revisions share: all of what one was asked for happens, or
 * nothing.
 *
 *   LINE = {"id":SHA256,"catalog":S,"entry":ID,"version":S,"revision":N,"title":S,"text":S}
 *          one revision and what became of it; on the command line "CATALOG/ENTRY@ID # VERSION: TEXT"
 *
 * The answer of each is {"lines":[LINE...],"dry_run":BOOL}, and what its story adds. A dry run does
 * everything in a transaction that never ends. */
#ifndef APHD_CATALOG_CHANGES_H
#define APHD_CATALOG_CHANGES_H

#include "helper/catalog/store.h"
#include "helper/job/job.h"

typedef struct aphd_changes_t {
    aphd_job_t *job;
    aphd_catalog_store_t *store; /* a writer, in a transaction */
    json_t *answer;              /* owned; has "lines" and "dry_run" */
    unsigned dry_run : 1;
} aphd_changes_t;

apr_status_t aphd_changes_begin(aphd_changes_t *changes, aphd_job_t *job, aph_error_t *err);

/* Commits where status is APR_SUCCESS and this is no dry run; then tells the monitor the end. */
apr_status_t aphd_changes_end(aphd_changes_t *changes, apr_status_t status, aph_error_t *err);

/* Adds a line about row (REVISION, borrowed). */
void aphd_changes_say(aphd_changes_t *changes, const json_t *row, const char *text);

/* A line as it stands in an answer: new reference. */
json_t *aphd_changes_line(const json_t *row, const char *text);

/* "CATALOG/ID@SHA256": this revision, whoever else has its text. */
const char *aphd_changes_ref(const aphd_changes_t *changes, const json_t *row);

/* The revision of ref, whether it is active or not. The name of an entry means its only revision;
 * of several, an id is demanded and they are listed (APH_EUSAGE). *row: new reference. */
apr_status_t aphd_changes_find(aphd_changes_t *changes, const char *ref, json_t **row,
                               aph_error_t *err);

/* The same, where one revision of an entry is as good as another: its name is enough. */
apr_status_t aphd_changes_find_any(aphd_changes_t *changes, const char *ref, json_t **row,
                                   aph_error_t *err);

/* "activated 2026-01-31" or the like is said by the command line; this is whether it is. */
int aphd_revision_is_active(const json_t *row);

/* Reads text, of a revision's format, in the sandbox: ENTRY of helper/read/entry.h, a new
 * reference. */
apr_status_t aphd_revision_read(const char *format, const char *text, json_t **entry,
                                aph_error_t *err);

/* A REVISION of what was read of text; catalog and url (may be NULL) are where it came from. New
 * reference. */
json_t *aphd_revision_of_entry(const json_t *entry, const char *catalog, const char *url,
                               const char *sha256);

#endif
