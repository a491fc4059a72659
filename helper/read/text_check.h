/* SPDX-License-Identifier: Apache-2.0 */
/* Which characters foreign text may consist of at all, before anyone looks for meaning in it. */
#ifndef APHD_TEXT_CHECK_H
#define APHD_TEXT_CHECK_H

#include <stddef.h>

#include "common/error.h"

/* A text of an author, or a part of one. */
typedef struct aphd_foreign_t {
    const char *text;
    size_t length;
    int first_line; /* number of its first line in the file a person sees */
} aphd_foreign_t;

typedef enum aphd_text_rule_t {
    APHD_TEXT_TABS_ALLOWED = 1, /* scripts and the files they write */
    APHD_TEXT_STRICT = 2        /* YAML: no tabs */
} aphd_text_rule_t;

/* Refuses what is not well-formed UTF-8, a byte order mark at the start, C0 and C1 controls (line
 * feeds and CR LF pairs pass), U+2028, U+2029; APH_EUNREADABLE with the line. */
apr_status_t aphd_text_check(const aphd_foreign_t *foreign, aphd_text_rule_t rule,
                             aph_error_t *err);

/* Nonzero for a code point that may stand in a value: no control but line feed and tab. */
int aphd_text_printable(unsigned long point);

#endif
