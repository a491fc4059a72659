/* SPDX-License-Identifier: Apache-2.0 */
/* Files and links: looking, writing, and bringing back. */
#ifndef APHD_SETUP_THINGS_H
#define APHD_SETUP_THINGS_H

#include "helper/setup/record.h"

/* What is at path. APH_ETAKEN where it is neither nothing, a regular file nor a link, or too
 * large. */
apr_status_t aphd_thing_look(aphd_thing_t *thing, const char *path, apr_pool_t *p,
                             aph_error_t *err);

int aphd_thing_same(const aphd_thing_t *one, const aphd_thing_t *other);

/* Makes path that thing: whole or not at all. */
apr_status_t aphd_thing_put(const char *path, const aphd_thing_t *thing, aph_error_t *err);

/* Whether path is still as the entry says we made it. */
int aphd_things_still(const aphd_recorded_t *entry, apr_pool_t *p);

/* Brings back what was there before every entry, the last one first. What was changed since stays
 * (moved aside where httpd would read it) and is told in setup's notes. Goes
 * on after an error and returns the first. */
apr_status_t aphd_things_undo(aphd_setup_t *setup, aphd_record_t *record, aph_error_t *err);

/* The other way: what undoing found is there again; shared_only: only the modules others may
 * need. */
apr_status_t aphd_things_redo(const aphd_record_t *record, int shared_only, aph_error_t *err);

#endif
