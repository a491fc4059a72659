/* SPDX-License-Identifier: Apache-2.0 */
/* What the verbs about revisions share.
 *
 * Every line of theirs is "ID # words for people": what stands before "#" can be piped into the
 * next one. ID is CATALOG/ENTRY@DIGITS, which means the same one here whatever else there is, and
 * on another machine the same one or none. What was left alone, or cannot be done, is "# words" on
 * standard error. */
#ifndef APHC_REVISION_H
#define APHC_REVISION_H

#include <jansson.h>

#include "ctl/command.h"

#define APHC_ID_SHOWN 16 /* digits of a revision's id that people see */

/* "CATALOG/ENTRY@DIGITS" in p; entry is "CATALOG/ENTRY". "?" where there is no sha256. */
const char *aphc_revision_id(apr_pool_t *p, const char *entry, const char *sha256);

/* The operands from first on as one text with blanks between; in the context's pool. */
const char *aphc_words(const aphc_context_t *context, const aphc_arguments_t *arguments, int first);

/* The revisions an operation is about: the operands from first on, or, where there is none or "-",
 * the words of the lines of standard input, up to "#". *ids: a new reference to an array of
 * texts. */
apr_status_t aphc_revision_ids(const aphc_arguments_t *arguments, int first, json_t **ids,
                               aph_error_t *err);

/* Asks op with args (stolen) and "ids" (stolen), as often as it takes for the number of them, and
 * prints the lines of the answers. */
apr_status_t aphc_revision_change(aphc_context_t *context, const char *op, json_t *args,
                                  json_t *ids, aph_error_t *err);

/* Prints lines (LINE of helper/catalog/changes.h, borrowed); with commented, "# ID ..." */
void aphc_revision_lines(const aphc_context_t *context, const json_t *lines, int commented);

#endif
