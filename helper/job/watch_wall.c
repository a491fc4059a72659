/* SPDX-License-Identifier: Apache-2.0 */
#include "helper/job/watch_wall.h"

#include <sys/resource.h>

#define LOOK_EVERY apr_time_from_sec(5)
#define LOOK_MAX   apr_time_from_sec(60)
#define SHARE      100 /* of a processor at most one part goes into looking */

void aphd_watch_wall_open(aphd_watch_wall_t *watch, const aphd_job_t *job)
{
    *watch = (aphd_watch_wall_t){.report = &job->report, .changed = 1};
    watch->wall.settings = job->settings;
    watch->wall.instance = job->instance;
    apr_pool_create(&watch->p, job->p);
}

void aphd_watch_wall_close(aphd_watch_wall_t *watch)
{
    aphd_wall_clear(&watch->wall);
}

static void tell(aphd_watch_wall_t *watch, apr_status_t status, const aph_error_t *why)
{
    if (status != watch->told && status != APR_SUCCESS)
        aphd_report_log(watch->report, "%s", why->message);
    watch->told = status;
}

static const char *what_is_wrong(const aphd_wall_view_t *view)
{
    return view->absent     ? "the firewall's chain for apps was gone"
         : view->unreached  ? "nothing led to the firewall's chain for apps any more"
         : view->late       ? "something came before the firewall's chain for apps"
         : view->differs    ? "the firewall's chain for apps had other rules"
                            : "the firewall's table raw had lost the chain for apps";
}

/* The view says why the one before was not enough; where apps changed there was none. */
static void build(aphd_watch_wall_t *watch, const aphd_wall_view_t *view)
{
    aph_error_t why = APH_ERROR_INIT;
    int built = 0;
    apr_status_t status = aphd_wall_build(&watch->wall, &built, watch->p, &why);
    tell(watch, status, &why);
    if (built && view != NULL)
        aphd_report_log(watch->report, "%s; it is in place again", what_is_wrong(view));
}

/* What our programs used of a processor so far. */
static apr_time_t used(void)
{
    struct rusage usage = {0};
    getrusage(RUSAGE_CHILDREN, &usage);
    return apr_time_from_sec(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) + usage.ru_utime.tv_usec
         + usage.ru_stime.tv_usec;
}

/* A look costs one run of iptables-save, which takes long where others keep thousands of rules; the models are read only where it does not say what was
 * wanted last, for then another app may be the reason. */
void aphd_watch_wall(aphd_watch_wall_t *watch)
{
    aphd_wall_view_t view;
    aph_error_t why = APH_ERROR_INIT;
    apr_time_t before = used();
    if (!watch->changed && apr_time_now() < watch->look_at)
        return;
    apr_pool_clear(watch->p);
    if (watch->changed || watch->wall.rules.raw_rules == NULL) {
        build(watch, NULL);
    } else {
        apr_status_t status = aphd_wall_look(&watch->wall, &view, &why);
        if (status != APR_SUCCESS)
            tell(watch, status, &why);
        else if (!aphd_wall_stands(&view, !watch->wall.without_raw))
            build(watch, &view);
    }
    watch->changed = 0;
    apr_time_t pause = (used() - before) * SHARE;
    watch->look_at = apr_time_now() + (pause < LOOK_EVERY ? LOOK_EVERY : pause < LOOK_MAX ? pause : LOOK_MAX);
}
