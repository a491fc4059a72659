/* SPDX-License-Identifier: Apache-2.0 */
/* Answers to the questions of an entry, from the command line: --answers FILE, then --set KEY=VALUE
 * over it. */
#ifndef APHC_ANSWERS_H
#define APHC_ANSWERS_H

#include "ctl/command.h"

/* Puts them as "answers" into request (borrowed), the text of a JSON object; nothing where neither
 * was given. set and file are the places of the two options. APH_EUSAGE names what is no answer. */
apr_status_t aphc_answers_put(const aphc_arguments_t *arguments, int set, int file, json_t *request,
                              aph_error_t *err);

#endif
