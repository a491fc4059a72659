/* SPDX-License-Identifier: Apache-2.0 */
/* The child that watches the engine for us, started again whenever it ends, and what its
 * observations change: states of apps and the engine's own. */
#ifndef APHD_WATCHER_H
#define APHD_WATCHER_H

#include "helper/monitor/monitor.h"

/* Starts the child in the next round. */
apr_status_t aphd_watcher_create(aphd_watcher_t **watcher, aphd_monitor_t *monitor,
                                 aph_error_t *err);
void aphd_watcher_destroy(aphd_watcher_t *watcher);

/* Rows have changed; the child is told at the end of the round, once for all changes in it. */
void aphd_watcher_apps_changed(aphd_watcher_t *watcher);

/* For the loop's hook. */
void aphd_watcher_round(aphd_watcher_t *watcher);

#endif
