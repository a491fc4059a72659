/* SPDX-License-Identifier: Apache-2.0 */
/* The answers that stay with an app and with its data, as its row has them (job_wire.h):
 *
 *   {ID:S...                  what people said, and secrets apphost made up
 *    ".asked":{ID:"KIND/TYPE"...}   what people said, to a question of that kind and type: to another one it
 *                             is no answer
 *    ".made":{ID:S...}        secrets apphost made up: the data are full of them, whatever comes
 *    ".ports":{ID:S...}}      ports nobody chose: others know them by now, so they stay
 *
 * A default is none of them: it is its author's, and a newer one counts. A row without ".asked" is of an
 * apphost that kept defaults, too; what its plan says of the questions tells the kinds. */
#ifndef APHD_ANSWERS_KEPT_H
#define APHD_ANSWERS_KEPT_H

#include "helper/job/source.h"

/* Beside these, in what a failed update keeps for the next try: the revision (sha256) it went to. */
#define APHD_ANSWERS_FOR ".for"

/* The answers of row (an APP, or its "previous"), with ".asked" in any case. New reference. */
json_t *aphd_answers_of(const json_t *row);

/* Of kept, what is an answer to question; NULL. Borrowed. *said: a person's word. */
json_t *aphd_answers_kept(const json_t *kept, const json_t *question, int *said);

/* Lays the answers of some over those of into. */
void aphd_answers_merge(json_t *into, const json_t *some);

/* Of what a failed try kept: all of it for a try of the same revision. An answer that another revision
 * failed with may be why it did: of that only what has (borrowed) lacks, and the secrets that were made
 * up, for they may be in the data. New reference. */
json_t *aphd_answers_tried(const json_t *kept, const char *revision, const json_t *has);

/* The secrets that were made up, and no others. New reference. */
json_t *aphd_answers_made(const json_t *kept);

/* These and the secrets people gave. New reference. */
json_t *aphd_answers_secrets(const json_t *kept);

/* What people said of source's questions, for a next try. New reference. */
json_t *aphd_answers_said(const aphd_source_t *source);

/* What stays of source's answers, laid over before (borrowed). New reference. */
json_t *aphd_answers_stay(const aphd_source_t *source, const json_t *before);

#endif
