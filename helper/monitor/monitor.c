/* SPDX-License-Identifier: Apache-2.0 */
/* What several parts of the monitor do together. */
#include "helper/monitor/monitor.h"

#include <stdio.h>
#include <time.h>

#include "helper/monitor/log.h"
#include "helper/monitor/publish.h"
#include "helper/monitor/watcher.h"

#define PUBLISH_AGAIN_MILLISECONDS 2000

int64_t aphd_monitor_clock(void)
{
    return (int64_t)time(NULL);
}

void aphd_monitor_app_event(aphd_monitor_t *monitor, const char *name)
{
    aphd_app_t app;
    aphd_event_t event = {.at = aphd_monitor_clock()};
    const char *state = "gone";
    if (aphd_store_app_by_name(monitor->store, name, &app, NULL) == APR_SUCCESS)
        state = aphd_app_state_name(app.state);
    snprintf(event.name, sizeof event.name, "%s", name);
    snprintf(event.state, sizeof event.state, "%s", state);
    aphd_events_add(&monitor->events, &event);
}

static void publish_again_cb(void *self);

/* The rows are right and httpd's file is not: nobody else may have a reason to come back to it. */
static apr_status_t publish(aphd_monitor_t *monitor, aph_error_t *err)
{
    apr_status_t status = aphd_publish(monitor->store, monitor->settings, err);
    aphd_loop_untimer(monitor->loop, &monitor->publish_again);
    if (status == APR_SUCCESS)
        return status;
    monitor->publish_again.due_cb = publish_again_cb;
    monitor->publish_again.self = monitor;
    aphd_loop_timer(monitor->loop, &monitor->publish_again, PUBLISH_AGAIN_MILLISECONDS, NULL);
    return status;
}

/* That they could not be written was said when it began; here only that it is over. */
static void publish_again_cb(void *self)
{
    if (publish(self, NULL) == APR_SUCCESS)
        aphd_log(APHD_LOG_INFO, "the routes could be written again");
}

apr_status_t aphd_monitor_apps_changed(aphd_monitor_t *monitor, aph_error_t *err)
{
    apr_status_t status = publish(monitor, err);
    if (monitor->watcher != NULL)
        aphd_watcher_apps_changed(monitor->watcher);
    return status;
}
