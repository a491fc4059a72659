/* SPDX-License-Identifier: Apache-2.0 */
#include "common/rules.h"

#include <string.h>

static const aph_rule_t rules[] = {
#define APH_RULE(name, consequence) {name, consequence},
#include "common/rules.def"
#undef APH_RULE
};

const aph_rule_t *aph_rules(size_t *count)
{
    *count = sizeof rules / sizeof rules[0];
    return rules;
}

const aph_rule_t *aph_rule_find(const char *name)
{
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++)
        if (strcmp(rules[i].name, name) == 0)
            return &rules[i];
    return NULL;
}
