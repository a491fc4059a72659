/* SPDX-License-Identifier: Apache-2.0 */
/* Metrics: one family after the other, each with its help, as the format wants it. */
#include "mod_apphost/admin/metrics.h"

#include <string.h>
#include <apr_strings.h>

#include "mod_apphost/admin/answer.h"
#include "mod_apphost/admin/call.h"
#include "mod_apphost/admin/followers.h"

typedef struct text_t {
    const aphm_admin_t *admin;
    apr_array_header_t *parts; /* const char * */
} text_t;

static void put(text_t *text, const char *part)
{
    APR_ARRAY_PUSH(text->parts, const char *) = part;
}

static void family(text_t *text, const char *name, const char *type, const char *help)
{
    put(text, apr_pstrcat(text->admin->r->pool, "# HELP ", name, " ", help, "\n# TYPE ", name, " ",
                          type, "\n", NULL));
}

static void sample(text_t *text, const char *name, const char *labels, apr_int64_t value)
{
    put(text,
        apr_psprintf(text->admin->r->pool, "%s%s %" APR_INT64_T_FMT "\n", name, labels, value));
}

/* Names are labels of DNS: nothing in them needs an escape. */
static const char *label(const text_t *text, const json_t *app)
{
    const char *name = json_string_value(json_object_get(app, "name"));
    return apr_pstrcat(text->admin->r->pool, "{app=\"", name != NULL ? name : "", "\"}", NULL);
}

static int is(const json_t *app, const char *member, const char *word)
{
    const char *text = json_string_value(json_object_get(app, member));
    return text != NULL && strcmp(text, word) == 0;
}

static void put_apps(text_t *text, const json_t *apps)
{
    static const struct {
        const char *name, *type, *help;
    } families[] = {
        {"apphost_app_running", "gauge", "Whether the app runs."},
        {"apphost_app_wanted", "gauge", "Whether the app should run."},
        {"apphost_app_requests_total", "counter",
         "Requests passed to the app since httpd was started."},
        {"apphost_app_requests_in_flight", "gauge", "Requests of the app under way."},
        {"apphost_app_upgrades", "gauge", "Upgraded connections (WebSocket) of the app."},
    };
    const aphm_counters_t *counters = text->admin->config->context->counters;
    for (size_t f = 0; f < sizeof families / sizeof families[0]; f++) {
        size_t i;
        const json_t *app;
        family(text, families[f].name, families[f].type, families[f].help);
        json_array_foreach((json_t *)apps, i, app) {
            uint32_t id = (uint32_t)json_integer_value(json_object_get(app, "app_id"));
            aphm_usage_t usage = aphm_counters_usage(counters, id);
            const apr_int64_t values[] = {
                is(app, "state", "running"), is(app, "desired", "running"),
                (apr_int64_t)aphm_counters_total(counters, id), usage.inflight, usage.upgrades};
            sample(text, families[f].name, label(text, app), values[f]);
        }
    }
}

static void put_number(text_t *text, const json_t *status, const char *member, const char *name,
                       const char *help)
{
    const json_t *value = json_object_get(status, member);
    if (!json_is_integer(value))
        return;
    family(text, name, "gauge", help);
    sample(text, name, "", json_integer_value(value));
}

static void put_status(text_t *text, const json_t *status)
{
    family(text, "apphost_engine_up", "gauge", "Whether the container engine answers.");
    sample(text, "apphost_engine_up", "", is(json_object_get(status, "engine"), "state", "up"));
    put_number(text, status, "apps", "apphost_apps", "Apps that are installed.");
    put_number(text, status, "apps_running", "apphost_apps_running", "Apps that run.");
    put_number(text, status, "kept_data", "apphost_kept_data",
               "Apps that were removed and whose data stayed.");
    put_number(text, status, "open_jobs", "apphost_jobs_open", "Operations under way.");
    put_number(text, status, "memory_kib", "apphost_daemon_memory_kibibytes",
               "Resident memory of apphostd.");
    put_number(text, status, "started", "apphost_daemon_start_time_seconds",
               "When apphostd was started.");
    put_number(text, status, "connections", "apphost_daemon_connections",
               "Connections to the socket of apphostd.");
}

static void put_followers(text_t *text)
{
    const aphm_followers_t *followers = text->admin->config->context->followers;
    family(text, "apphost_followers", "gauge",
           "Requests that follow something and hold a thread of httpd.");
    sample(text, "apphost_followers", "",
           aphm_followers_count(followers, APHM_PLACE_FOLLOW) +
               aphm_followers_count(followers, APHM_PLACE_STREAM));
}

int aphm_metrics_send(aphm_admin_t *admin)
{
    aph_error_t err = APH_ERROR_INIT;
    json_auto_t *none = json_object(), *list = NULL, *status = NULL;
    if (aphm_call_once(admin, "list", none, &list, &err) != APR_SUCCESS
        || aphm_call_once(admin, "status", none, &status, &err) != APR_SUCCESS)
        return aphm_answer_problem(admin, 0, &err);
    text_t text = {admin, apr_array_make(admin->r->pool, 64, sizeof(const char *))};
    put_status(&text, status);
    put_followers(&text);
    put_apps(&text, json_object_get(list, "apps"));
    const char *all = apr_array_pstrcat(admin->r->pool, text.parts, 0);
    return aphm_answer_text(admin, "text/plain; version=0.0.4; charset=utf-8", all, strlen(all));
}
