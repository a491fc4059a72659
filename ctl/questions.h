/* SPDX-License-Identifier: Apache-2.0 */
/* The questions of an entry, asked on a terminal: one after the other, in its author's order. What
 * is plainly no answer is asked again at once; apphostd judges all of them in the end. */
#ifndef APHC_QUESTIONS_H
#define APHC_QUESTIONS_H

#include <jansson.h>

#include "common/error.h"
#include "ctl/terminal.h"

/* manifest: ENTRY of helper/read/entry.h; its storage questions may have "locations":[NAME...],
 * those there are on this machine: an answer begins with one of them. kept: answers of
 * before (a try that failed, data that are kept), true for a secret.
 * given: {ID:S...},
 * where answers are added; what is in it is not asked. All borrowed. Advanced questions are asked
 * only where they must be. APH_ECANCELLED where the input ends. */
apr_status_t aphc_questions_ask(const aphc_terminal_t *terminal, const json_t *manifest,
                                const json_t *kept, json_t *given, aph_error_t *err);

/* What is wrong with text as an answer to question, as a sentence in buffer; NULL: nothing that
 * could be seen from here. Pure. */
const char *aphc_question_fault(const json_t *question, const char *text, char *buffer,
                                size_t size);

#endif
