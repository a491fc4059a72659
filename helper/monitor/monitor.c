/* SPDX-License-Identifier: Apache-2.0 */
/* What several parts of the monitor do together. */
#include "helper/monitor/monitor.h"

#include <time.h>

#include "helper/monitor/publish.h"
#include "helper/monitor/watcher.h"

int64_t aphd_monitor_clock(void)
{
    return (int64_t)time(NULL);
}

apr_status_t aphd_monitor_apps_changed(aphd_monitor_t *monitor, aph_error_t *err)
{
    apr_status_t status = aphd_publish(monitor->store, monitor->settings, err);
    monitor->routes_stale = status != APR_SUCCESS;
    if (monitor->watcher != NULL)
        aphd_watcher_apps_changed(monitor->watcher);
    return status;
}
