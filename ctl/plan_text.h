/* SPDX-License-Identifier: Apache-2.0 */
/* A plan as a person wants to read it before saying yes. */
#ifndef APHC_PLAN_TEXT_H
#define APHC_PLAN_TEXT_H

#include <jansson.h>

#include "ctl/terminal.h"

typedef enum aphc_verdict_t {
    APHC_PLAN_FREE,    /* nothing to ask about */
    APHC_PLAN_CONSENT, /* something in it needs a yes of its own */
    APHC_PLAN_REFUSED  /* will not be done, whatever is answered */
} aphc_verdict_t;

/* One line for every port of ports (borrowed) that is not the web port; nothing where there is
 * none. */
void aphc_plan_print_open_ports(const aphc_terminal_t *terminal, const json_t *ports);

/* Prints plan (borrowed; its form is explained in helper/job/plan.h): address, images, ports, data
 * folders, files, what was rewritten, what needs consent and why, what is refused, what is worth
 * knowing, space. A part the plan does not have is left out. */
void aphc_plan_print(const aphc_terminal_t *terminal, const json_t *plan);

/* What is told once, when it is carried out: "credentials" and "notes" of the answer (borrowed);
 * nothing where it has neither. */
void aphc_plan_print_told(const aphc_terminal_t *out, const json_t *answer);

/* What the plan needs before it can be carried out. What is not a plan, as this apphostctl knows
 * it, is refused: a newer apphostd may have reasons that could not be explained. */
aphc_verdict_t aphc_plan_verdict(const json_t *plan);

#endif
