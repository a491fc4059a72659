/* SPDX-License-Identifier: Apache-2.0 */
/* The firewall's chains of this apphost, at the end of its life. */
#ifndef APHD_SETUP_FIREWALL_H
#define APHD_SETUP_FIREWALL_H

#include "helper/setup/setup.h"

/* Takes them away; apphostd must have ended, for it would build them again. What the database does
 * not say, or the firewall does not do, is told in setup's notes. */
void aphd_firewall_remove(aphd_setup_t *setup);

#endif
