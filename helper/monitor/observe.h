/* SPDX-License-Identifier: Apache-2.0 */
/* What the watcher's observation of an app means for its state. Pure. */
#ifndef APHD_OBSERVE_H
#define APHD_OBSERVE_H

#include "helper/monitor/app.h"

/* The state the app should be given; its present one where nothing changes. busy: a job is under
 * way for it, which alone says what state it is in. */
aphd_app_state_t aphd_observe_state(const aphd_app_t *app, aphd_app_state_t observed, int busy);

#endif
