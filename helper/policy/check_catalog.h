/* SPDX-License-Identifier: Apache-2.0 */
/* The part of apphost-check that judges a whole catalog: each entry of a folder is read, answered
 * with samples where an answer is needed, and judged by the policy as if a person were about to
 * install it. */
#ifndef APHD_CHECK_CATALOG_H
#define APHD_CHECK_CATALOG_H

#include <apr_pools.h>
#include <apr_tables.h>

#include "helper/policy/check.h"
#include "helper/read/reader.h"

/* The app that everything is judged as, of a file as of an entry. The port is the first that
 * apphost gives out. */
extern const aphd_words_t aphd_check_words;
extern const aphd_policy_site_t aphd_check_site;

/* What is said of an entry, from best to worst. */
typedef enum aphd_entry_end_t {
    APHD_ENTRY_INSTALLS,
    APHD_ENTRY_ASKS,      /* for answers nobody has given, or for consent */
    APHD_ENTRY_REFUSED,   /* by the policy, or for want of a counterpart here */
    APHD_ENTRY_MALFORMED, /* it cannot be read */
    APHD_ENTRY_ENDS
} aphd_entry_end_t;

typedef struct aphd_check_entry_t {
    const char *file; /* below the folder */
    const char *path; /* NULL: of an entry of the index that is none; error says what is wrong */
    const char *id;   /* what the index calls it; NULL: there is none */
    long long length; /* what the index says, -1: nothing */
    aphd_entry_form_t form;
    int known_form; /* by the index; else it is seen from the text */
    json_t *entry;  /* ENTRY of helper/read/entry.h; NULL where it cannot be read */
    json_t *needed; /* ids of questions that have no answer by themselves */
    aphd_policy_result_t result;
    aph_error_t error;
    aphd_entry_end_t end;
} aphd_check_entry_t;

/* Nonzero for a *.json that is an entry by its looks, and not a compose file. */
int aphd_check_is_entry(const char *path);

/* The entries of folder, as index.json names them; without one, every *.json below it (but
 * root.json, the list of a folder of rock-ons). *entries: of aphd_check_entry_t, from p. */
apr_status_t aphd_check_entries(const char *folder, apr_array_header_t **entries, apr_pool_t *p,
                                aph_error_t *err);

/* Reads and judges all of folder's entries, and prints a line for each and the sum, or one object.
 * counts[APHD_ENTRY_ENDS]: how many end how. */
apr_status_t aphd_check_catalog(const char *folder, const aphd_check_options_t *options,
                                size_t *counts, apr_pool_t *p, aph_error_t *err);

#endif
