/* SPDX-License-Identifier: Apache-2.0 */
/* The rules an index follows (index_text.h), for its text and for the normal form alike: who asked
 * for the normal form has it held against them again (answer_form.h), because a reader that saw
 * foreign text may lie. */
#ifndef APHD_INDEX_FORM_H
#define APHD_INDEX_FORM_H

#include <jansson.h>

#define APHD_INDEX_ID_MAX      63  /* characters */
#define APHD_INDEX_REASON_MAX  200 /* octets */
#define APHD_INDEX_MEMBERS     5   /* of an entry */

/* The grammar of an id, and of a file's name. text may be NULL. */
int aphd_index_is_id(const char *text);
int aphd_index_is_file(const char *text);

/* What is wrong with an entry, but for members no entry has, or with all but the entries, of the
 * normal form; NULL: nothing. */
const char *aphd_index_entry_wrong(const json_t *entry);
const char *aphd_index_head_wrong(const json_t *normal);

/* Nonzero for a normal form, in which no id is there twice. */
int aphd_index_is_normal(const json_t *normal);

#endif
