/* SPDX-License-Identifier: Apache-2.0 */
/* Holds a reader's answer about a script, an entry or an index against the form reader.h promises,
 * on the parent's side: who reads foreign text may be in its author's hands. The compose file in it
 * is held against helper/policy/model.h by the policy. */
#ifndef APHD_ANSWER_FORM_H
#define APHD_ANSWER_FORM_H

#include "helper/read/reader.h"

/* APH_EUNREADABLE where a member is missing or is not of its form; members that are in no form are
 * nobody's business. Answers of other kinds than scripts, entries and indexes pass. */
apr_status_t aphd_answer_form_check(aphd_reader_kind_t kind, const json_t *normal,
                                    aph_error_t *err);

#endif
