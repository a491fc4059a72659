/* SPDX-License-Identifier: Apache-2.0 */
/* Answers that are secrets, in what people are told. They are where they have to be (the app's row and its
 * rendered model, both 0600, the containers, and what is told once, which waits in the job's row until it
 * was), and nowhere else: whatever a job says (ask.h) passes here, and findings and plans do. Pure. */
#ifndef APHD_SECRETS_H
#define APHD_SECRETS_H

#include <jansson.h>

/* A shorter one cannot be told from a word that happens to be the same. */
#define APHD_SECRET_LEAST 4

/* Secrets of an app's row: the answers its plan calls so, those of "previous" as well. An array of texts, a
 * new reference. */
json_t *aphd_secrets_of_row(const json_t *row);

/* text with "(a secret)" in place of each of secrets (an array of texts; NULL: none), also where one is cut
 * off. malloc'd, caller frees; NULL: nothing had to be replaced. */
char *aphd_secrets_hidden(const char *text, const json_t *secrets);

/* The same of the members of findings (policy.h; borrowed) that quote their author's text with the answers in
 * it. The id of one that is asked about stays what it is: consent is given by it. */
void aphd_secrets_in_findings(json_t *findings, const json_t *secrets);

/* Where secret stands in value, as "images.1.ref" (malloc'd); NULL: nowhere. */
char *aphd_secrets_place(const json_t *value, const char *secret);

#endif
