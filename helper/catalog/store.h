/* SPDX-License-Identifier: Apache-2.0 */
/* What could be installed here, and where it may keep its files: StateDir/catalog.db (SQLite, WAL,
 * synchronous=FULL, 0600, schema in store_schema.c). Jobs are its writers, one at a time (a file
 * lock for the life of an open writer); readers need no lock. apphostd never opens it.
 *
 * A revision is one immutable version of an entry, known by the sha256 of its text. Of all
 * revisions of one entry at most one is active: that one is found, shown and installed. Installed
 * apps keep the text that made them in apphostd's own database, and so do not depend on this one.
 *
 *   ENTRY NAME   "CATALOG/ID"; an ID alone where only one catalog has it (ambiguity is APH_EUSAGE and
 *                lists the candidates). Catalog "local" is what `revision import` brought.
 *   REVISION     {"catalog":S,"id":S,"sha256":HEX,"format":S,"revision":N,"version":S,"title":S,
 *                 "summary":S,"category":S,"categories":[S...],"icon":S|null,"obsolete":BOOL,
 *                 "deprecated":S|null,"advisory":S|null,"automatic_updates":BOOL,"url":S|null,
 *                 "was":[ID...] (names this entry had before, in its catalog),"predecessor":HEX|null,
 *                 "created":SECONDS,"activated":SECONDS|null (null: inactive)}
 *   CATALOG      {"name":S,"url":S,"key":HEX|null,"private":BOOL,"version":N,"sha256":HEX,
 *                 "generated":SECONDS,"expires":SECONDS,"etag":S,"checked":SECONDS,
 *                 "refreshed":SECONDS,"error":S,"entries":N,"bad":[{"id":S,"reason":S}...]}
 *                 bad: what the last refresh did not take, id "" where its place in the index has
 *                 none; version and sha256 are those of the index that was last taken (0 and "" before the
 *                 first), checked is the newest time this machine had when it asked
 *   LOCATION     {"name":S,"path":S,"read_only":BOOL,"mark":S}
 *                mark: by what it is known again (helper/catalog/storage.h); a text to the store */
#ifndef APHD_CATALOG_STORE_H
#define APHD_CATALOG_STORE_H

#include <stdint.h>
#include <jansson.h>
#include <apr_pools.h>

#include "common/error.h"

#define APHD_CATALOG_LOCAL "local"

typedef struct aphd_catalog_store_t aphd_catalog_store_t;

/* Opens StateDir/catalog.db, and makes or migrates it where write is nonzero. A reader finds an
 * empty store where there is none. A writer waits for another one for some seconds (APH_EBUSY). */
apr_status_t aphd_catalog_store_open(aphd_catalog_store_t **store, const char *state_dir, int write,
                                     apr_pool_t *p, aph_error_t *err);
void aphd_catalog_store_close(aphd_catalog_store_t *store);

/* Everything between the two is there together or not at all; close without commit: not at all. */
apr_status_t aphd_catalog_begin(aphd_catalog_store_t *store, aph_error_t *err);
apr_status_t aphd_catalog_commit(aphd_catalog_store_t *store, aph_error_t *err);

/* --- catalogs (store_catalogs.c) */
apr_status_t aphd_catalog_list(aphd_catalog_store_t *store, json_t **catalogs, aph_error_t *err);
apr_status_t aphd_catalog_get(aphd_catalog_store_t *store, const char *name, json_t **catalog,
                              aph_error_t *err); /* APH_ENOTFOUND */
/* Adds or replaces all but "entries" and "bad" of a CATALOG (borrowed). */
apr_status_t aphd_catalog_put(aphd_catalog_store_t *store, const json_t *catalog, aph_error_t *err);
/* Its revisions go with it. What its name stood for is remembered. */
apr_status_t aphd_catalog_drop(aphd_catalog_store_t *store, const char *name, aph_error_t *err);
/* Replaces the list of entries that could not be read. */
apr_status_t aphd_catalog_put_bad(aphd_catalog_store_t *store, const char *name, const json_t *bad,
                                  aph_error_t *err);

/* What the name of a catalog that was removed stood for: {"url":S,"key":HEX|null}, NULL where none
 * was called so. forget: that, the labels its entries were given by hand, and the answers kept for
 * another try, are over. */
apr_status_t aphd_catalog_removed(aphd_catalog_store_t *store, const char *name, json_t **was,
                                  aph_error_t *err);
apr_status_t aphd_catalog_forget(aphd_catalog_store_t *store, const char *name, aph_error_t *err);

/* Which text the index that was last taken names for each entry, whether it was taken or not:
 * {ID: SHA256}; and which one the last refresh named that activated what it brought. New reference;
 * put replaces all of it. */
apr_status_t aphd_catalog_named(aphd_catalog_store_t *store, const char *name, json_t **named,
                                aph_error_t *err);
apr_status_t aphd_catalog_put_named(aphd_catalog_store_t *store, const char *name,
                                    const json_t *named, aph_error_t *err);
apr_status_t aphd_catalog_offered(aphd_catalog_store_t *store, const char *name, json_t **offered,
                                  aph_error_t *err);
apr_status_t aphd_catalog_put_offered(aphd_catalog_store_t *store, const char *name,
                                      const json_t *offered, aph_error_t *err);

/* --- revisions (store_revisions.c) */

/* Adds a revision: row is a REVISION without predecessor, created and activated, text what it was
 * made from. Its categories get the labels that were noted for its entry (below). Known already
 * (same catalog, id and sha256): *added is 0, and nothing changes. */
apr_status_t aphd_revision_add(aphd_catalog_store_t *store, const json_t *row, const char *text,
                               size_t length, int *added, aph_error_t *err);

/* The digest an index names for an entry and what we have for it: nonzero where text of that sha256
 * is there already for catalog and id. */
int aphd_revision_known(aphd_catalog_store_t *store, const char *catalog, const char *id,
                        const char *sha256);

/* The sha256 of the newest text that has that number among the revisions of an entry; NULL where
 * none has. Lives in p. */
const char *aphd_revision_numbered(aphd_catalog_store_t *store, const char *catalog, const char *id,
                                   json_int_t number, apr_pool_t *p);

/* What a person may write for an entry or a revision (docs/catalog.md). One of two: a name, and
 * digits is NULL; or a revision, and catalog and id are NULL where they were not given. */
typedef struct aphd_ref_t {
    const char *catalog, *id, *digits;
} aphd_ref_t;

/* "CATALOG/ID", "ID"; with "@DIGITS" behind it a revision of that entry, by 8 or more hexadecimal
 * digits of its sha256. DIGITS alone are a revision, or an entry that is called so; where there are
 * both, APH_EUSAGE lists them. 64 digits are no id. Lives as long as word and the store. */
apr_status_t aphd_revision_ref(aphd_catalog_store_t *store, const char *word, aphd_ref_t *ref,
                               aph_error_t *err);

/* ref: as above. Of an entry, the active revision, APH_ENOTFOUND where none is; a name an entry had
 * before finds it where no other entry has it now. What two entries or revisions could be is
 * APH_EUSAGE and lists them. A revision is never ambiguous as "CATALOG/ID@SHA256"; this holds for
 * every function below that takes a sha256. text may be NULL; malloc'd, caller frees. */
apr_status_t aphd_revision_find(aphd_catalog_store_t *store, const char *ref, json_t **row,
                                char **text, aph_error_t *err);

typedef struct aphd_revision_filter_t {
    const char *text;     /* words that all occur in id, title, summary or category; NULL */
    const char *catalog, *category, *id; /* NULL: any */
    int inactive;         /* inactive ones, too */
    int obsolete;         /* obsolete ones, too */
    int limit, offset;    /* limit 0: 100 */
} aphd_revision_filter_t;

/* Sorted by title, then id, catalog and time. *total (may be NULL): how many there are without
 * limit. */
apr_status_t aphd_revision_list(aphd_catalog_store_t *store, const aphd_revision_filter_t *filter,
                                json_t **rows, int *total, aph_error_t *err);

/* The ids of a catalog's entries that have an active revision: a new array. */
apr_status_t aphd_revision_active_ids(aphd_catalog_store_t *store, const char *catalog,
                                      json_t **ids, aph_error_t *err);

/* Makes it the active one of its entry; what was active is not any more. */
apr_status_t aphd_revision_activate(aphd_catalog_store_t *store, const char *sha256,
                                    aph_error_t *err);
/* The same of a REVISION that is known to be there and inactive: one search less. */
apr_status_t aphd_revision_activate_row(aphd_catalog_store_t *store, const json_t *row,
                                        aph_error_t *err);
apr_status_t aphd_revision_deactivate(aphd_catalog_store_t *store, const char *sha256, int *was,
                                      aph_error_t *err);
apr_status_t aphd_revision_delete(aphd_catalog_store_t *store, const char *sha256,
                                  aph_error_t *err);
apr_status_t aphd_revision_categorize(aphd_catalog_store_t *store, const char *sha256,
                                      const json_t *categories, aph_error_t *err);

/* --- labels that were set by hand (store_labels.c): of the entry, whatever revision is active */

/* Makes changes (labels.h; borrowed) to the categories of all revisions of an entry, and notes them
 * for those to come. */
apr_status_t aphd_labels_change(aphd_catalog_store_t *store, const char *catalog, const char *id,
                                const json_t *changes, aph_error_t *err);

/* --- storage locations (store_storage.c) */
apr_status_t aphd_storage_list(aphd_catalog_store_t *store, json_t **locations, aph_error_t *err);
apr_status_t aphd_storage_get(aphd_catalog_store_t *store, const char *name, json_t **location,
                              aph_error_t *err); /* APH_ENOTFOUND */
apr_status_t aphd_storage_put(aphd_catalog_store_t *store, const json_t *location,
                              aph_error_t *err);
apr_status_t aphd_storage_drop(aphd_catalog_store_t *store, const char *name, aph_error_t *err);

/* --- answers of an installation that failed, for the next try (store_answers.c); secrets
 * included */
apr_status_t aphd_answers_keep(aphd_catalog_store_t *store, const char *entry, const char *name,
                               const json_t *answers, aph_error_t *err);
apr_status_t aphd_answers_find(aphd_catalog_store_t *store, const char *entry, const char *name,
                               json_t **answers, aph_error_t *err); /* APH_ENOTFOUND */
apr_status_t aphd_answers_forget(aphd_catalog_store_t *store, const char *entry, const char *name,
                                 aph_error_t *err);
/* Of any entry: the app of that name is gone, and its data. */
apr_status_t aphd_answers_forget_name(aphd_catalog_store_t *store, const char *name,
                                      aph_error_t *err);

#endif
