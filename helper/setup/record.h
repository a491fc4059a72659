/* SPDX-License-Identifier: Apache-2.0 */
/* The record of a setup: StateDir/setup.json, and what was there before in StateDir/setup.before/N.
 *
 *   {"version":1, "state":"writing"|"done"|"removing", "config":PATH, "made_state_dir":BOOL,
 *    "reserved_before":LIST|null, "service":BOOL,
 *    "changes":[{"path","kind","sha256","mode","why","shared","active",
 *                "before":null|{"kind","sha256","mode","uid","gid","copy":N}},...]}
 *
 * sha256 is of a file's octets or of a link's target. The text of what was written is not
 * needed. */
#ifndef APHD_SETUP_RECORD_H
#define APHD_SETUP_RECORD_H

#include "helper/setup/setup.h"

typedef enum aphd_record_state_t { APHD_WRITING, APHD_DONE, APHD_REMOVING } aphd_record_state_t;

typedef struct aphd_recorded_t {
    aphd_change_t change;     /* after.text is NULL */
    const char *sha256;       /* of after, in hexadecimal digits */
    aphd_thing_t was;         /* what this run found there, for bringing it back; not on the disk */
    unsigned seen : 1;        /* was is set */
} aphd_recorded_t;

typedef struct aphd_record_t {
    const char *path;
    aphd_record_state_t state;
    const char *config;          /* which apphostd.conf it was */
    const char *reserved_before; /* the kernel's reserved ports before us; NULL: untouched */
    unsigned made_state_dir : 1;
    unsigned service : 1;        /* we enabled the unit of apphostd */
    apr_array_header_t *entries; /* aphd_recorded_t */
} aphd_record_t;

/* Reads the record; *record is NULL where there is none. APH_EUNREADABLE for one that is
 * damaged. */
apr_status_t aphd_record_read(aphd_record_t **record, const char *state_dir, apr_pool_t *p,
                              aph_error_t *err);

/* Writes it with the copies of what was there before; on the disk when it returns. */
apr_status_t aphd_record_write(const aphd_record_t *record, const char *state_dir, apr_pool_t *p,
                               aph_error_t *err);

/* Removes it and the copies. */
apr_status_t aphd_record_remove(const char *state_dir, apr_pool_t *p, aph_error_t *err);

/* The entry of that path, or NULL. record may be NULL. */
aphd_recorded_t *aphd_record_find(const aphd_record_t *record, const char *path);

/* SHA-256 of octets in hexadecimal digits. */
const char *aphd_record_sum(const char *octets, size_t length, apr_pool_t *p);

#endif
