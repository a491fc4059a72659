/* SPDX-License-Identifier: Apache-2.0 */
/* The four words of an Amahi script and what they become. */
#ifndef APHD_WORDS_H
#define APHD_WORDS_H

#include <stddef.h>
#include <apr_pools.h>

#include "common/error.h"
#include "helper/read/reader.h"
#include "helper/read/text_check.h"

/* Replaces every word of ours in text where no letter, digit or underscore touches it, in one pass:
 * what was put in is never looked at again. *out receives the new text (from p, NUL added); a word
 * without a value (NULL) is APH_EUNREADABLE naming its line, and so is a value that would break a
 * line. */
apr_status_t aphd_words_replace(const aphd_foreign_t *in, const aphd_words_t *words,
                                aphd_foreign_t *out, apr_pool_t *p, aph_error_t *err);

#endif
