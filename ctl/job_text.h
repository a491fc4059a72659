/* SPDX-License-Identifier: Apache-2.0 */
/* Answers about one thing, as pages: a job with its log, an app, apphostd. */
#ifndef APHC_JOB_TEXT_H
#define APHC_JOB_TEXT_H

#include <jansson.h>

#include "ctl/terminal.h"

/* Prints what a job was, how it ended, and its log. */
void aphc_job_print(const aphc_terminal_t *terminal, const json_t *job);

/* Prints the members of an object, "key: value" under each other, inner objects indented. Whatever
 * a newer apphostd adds is shown as well. */
void aphc_members_print(const aphc_terminal_t *terminal, const json_t *object, int indent);

/* A whole number of digits only; 0 for anything else. */
int aphc_read_number(const char *text, json_int_t *number);

#endif
