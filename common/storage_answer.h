/* SPDX-License-Identifier: Apache-2.0 */
/* The answer to a storage question: LOCATION, or LOCATION/folder/below. Pure.
 *
 * LOCATION is the name of a storage location, a label. Below it stand at most 8 parts; each begins
 * with a letter, a digit or _, and has beyond these only blanks, . - + ( ) & ' @ = # ! and what is
 * not ASCII, but no control or direction characters; none ends with a blank or a dot. So there is
 * one spelling of a folder, no shell, engine or compose finds a meaning in it, and hidden folders
 * are nobody's answer. */
#ifndef APH_STORAGE_ANSWER_H
#define APH_STORAGE_ANSWER_H

#define APH_STORAGE_NAME_MAX   63
#define APH_STORAGE_ANSWER_MAX 512
#define APH_STORAGE_PARTS_MAX  8

/* Nonzero where answer is one. location (APH_STORAGE_NAME_MAX + 1 octets) receives the name,
 * *folder a pointer into answer, "" for the location itself; both may be NULL. */
int aph_storage_answer_split(const char *answer, char *location, const char **folder);

/* What is wrong with an answer, as the end of a sentence that begins with it. */
const char *aph_storage_answer_fault(const char *answer);

#endif
