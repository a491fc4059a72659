/* SPDX-License-Identifier: Apache-2.0 */
/* What an update changes, as a person wants to read it: "update" of a plan
 * (helper/job/update_plan.h). */
#ifndef APHC_PLAN_UPDATE_H
#define APHC_PLAN_UPDATE_H

#include <jansson.h>

#include "ctl/terminal.h"

/* Nothing where plan (borrowed) is of an install. */
void aphc_plan_print_update(const aphc_terminal_t *terminal, const json_t *plan);

#endif
