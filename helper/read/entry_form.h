/* SPDX-License-Identifier: Apache-2.0 */
/* Holds what a reader says of an entry against entry.h, on the parent's side: who reads foreign
 * text may be in its author's hands, and what it says goes into a database, a plan and a
 * terminal. */
#ifndef APHD_ENTRY_FORM_H
#define APHD_ENTRY_FORM_H

#include <jansson.h>

/* Nonzero for an ENTRY, with every member in its grammar and length. */
int aphd_entry_form(const json_t *entry);

/* Nonzero for what aphd_entry_apply gives; that its "script" is one is somebody else's to say. */
int aphd_applied_form(const json_t *applied);

#endif
