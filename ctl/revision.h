/* SPDX-License-Identifier: Apache-2.0 */
/* What the verbs about revisions share. */
#ifndef APHC_REVISION_H
#define APHC_REVISION_H

#include <jansson.h>

#include "ctl/command.h"

/* The operands from first on as one text with blanks between; in the context's pool. */
const char *aphc_words(const aphc_context_t *context, const aphc_arguments_t *arguments, int first);

/* The revisions an operation is about: the operands from first on, or, where there is none or "-", the
 * first words of the lines of standard input, up to "#". *ids: a new reference to an array of texts. */
apr_status_t aphc_revision_ids(const aphc_arguments_t *arguments, int first, json_t **ids,
                               aph_error_t *err);

#endif
