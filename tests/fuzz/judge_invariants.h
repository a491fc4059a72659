/* SPDX-License-Identifier: Apache-2.0 */
/* What must hold of every judgement, whatever was judged. Breaking one ends the program. */
#ifndef APH_JUDGE_INVARIANTS_H
#define APH_JUDGE_INVARIANTS_H

#include <jansson.h>

/* Judges compose (a normal form, or what claims to be one) as it is, with every rule overridden, and
 * with every question answered, and holds the outcomes against each other. */
void aph_judge_invariants(const json_t *compose);

/* Ends the program where condition does not hold. */
void aph_must(int condition);

#endif
