/* SPDX-License-Identifier: Apache-2.0 */
/* Names and consequences of the refusals that can be overridden; the list is rules.def. */
#ifndef APH_RULES_H
#define APH_RULES_H

#include <stddef.h>

typedef struct aph_rule_t {
    const char *name;
    const char *consequence; /* a sentence without its full stop */
} aph_rule_t;

/* The table in its order; *count receives the length. Constant for the life of the process. */
const aph_rule_t *aph_rules(size_t *count);

/* The row of that name, or NULL: then nothing overrides it. */
const aph_rule_t *aph_rule_find(const char *name);

#endif
