/* SPDX-License-Identifier: Apache-2.0 */
/* From a client's frame to its answer. The table below, made from common/ops.def, is the whole list
 * of what apphostd does for anyone; a request that is not in it ends the connection. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config.h"
#include "common/file_replace.h"
#include "common/ops.h"
#include "helper/monitor/jobs.h"

#define JOBS_LISTED 50

/* Answers, or leaves conn to the job it now follows. An error is answered by the caller. */
typedef apr_status_t answer_t(aphd_monitor_t *monitor, aphd_conn_t *conn, const aph_op_t *op,
                              const json_t *args, aph_error_t *err);

/* --- queries --- */

typedef struct addressing_t {
    const aphd_settings_t *settings;
    json_t *list;
    const char *page; /* "/..." */
} addressing_t;

static apr_status_t add_address_cb(void *self, const char *host)
{
    addressing_t *addressing = self;
    char text[APH_LABEL_MAX + APH_HOST_MAX + 24 + APHD_PAGE_MAX];
    char port[8] = "";
    if (addressing->settings->public_port != 80)
        snprintf(port, sizeof port, ":%d", addressing->settings->public_port);
    snprintf(text, sizeof text, "http://%s%s%s", host, port, addressing->page);
    return json_array_append_new(addressing->list, json_string(text)) == 0 ? APR_SUCCESS
                                                                           : APR_ENOMEM;
}

/* Below every domain, then the aliases; each with where a browser begins. */
static json_t *addresses(aphd_monitor_t *monitor, const aphd_app_t *app)
{
    const aphd_settings_t *settings = monitor->settings;
    char page[APHD_PAGE_MAX];
    aphd_store_app_page(monitor->store, app->app_id, page);
    addressing_t addressing = {settings, json_array(), page};
    for (int i = 0; app->web && settings->domains[i] != NULL; i++) {
        char host[APH_LABEL_MAX + APH_HOST_MAX + 2];
        snprintf(host, sizeof host, "%s.%s", app->name, settings->domains[i]);
        add_address_cb(&addressing, host);
    }
    if (app->web)
        aphd_store_aliases(monitor->store, app->app_id, add_address_cb, &addressing, NULL);
    return addressing.list;
}

typedef struct listing_t {
    aphd_monitor_t *monitor;
    json_t *apps;
} listing_t;

static apr_status_t list_app_cb(void *self, const aphd_app_t *app)
{
    listing_t *listing = self;
    json_t *allowed = json_loads(app->allowed, 0, NULL);
    json_t *row = json_pack(
        "{s:i, s:s, s:s, s:s, s:b, s:i, s:b, s:s, s:s, s:o, s:o, s:b}", "app_id", app->app_id,
        "name", app->name, "state", aphd_app_state_name(app->state), "desired",
        app->desired_running ? "running" : "stopped", "web", (int)app->web, "port", app->port,
        "kept", (int)app->kept, "reason", app->reason, "kind", app->kind, "url",
        addresses(listing->monitor, app), "allowed", allowed != NULL ? allowed : json_array(),
        "catalog", (int)app->of_catalog);
    return row != NULL && json_array_append_new(listing->apps, row) == 0 ? APR_SUCCESS : APR_ENOMEM;
}

static apr_status_t answer_list(aphd_monitor_t *monitor, aphd_conn_t *conn, const aph_op_t *op,
                                const json_t *args, aph_error_t *err)
{
    listing_t listing = {monitor, json_array()};
    apr_status_t status = aphd_store_apps(monitor->store, list_app_cb, &listing, err);
    if (status == APR_SUCCESS)
        aphd_conn_answer(conn, json_pack("{s:o}", "apps", listing.apps));
    else
        json_decref(listing.apps);
    return status;
}

/* Resident memory in KiB, as the kernel counts it; 0 where /proc does not say. */
static int resident_kib(void)
{
    char line[128];
    int kib = 0;
    FILE *status = fopen("/proc/self/status", "re");
    while (status != NULL && fgets(line, sizeof line, status) != NULL)
        if (strncmp(line, "VmRSS:", 6) == 0)
            kib = atoi(line + 6);
    if (status != NULL)
        fclose(status);
    return kib;
}

static json_t *engine_status(const aphd_engine_t *engine)
{
    static const char *const names[] = {"unknown", "up", "down"};
    return json_pack("{s:s, s:s, s:I}", "state", names[engine->state], "message", engine->message,
                     "since", (json_int_t)engine->since);
}

static void add_store_status(aphd_monitor_t *monitor, json_t *status)
{
    aphd_counts_t counts;
    aph_error_t err = APH_ERROR_INIT;
    if (monitor->store == NULL
        || aphd_store_counts(monitor->store, &counts, &err) != APR_SUCCESS) {
        const aph_error_t *why = monitor->store == NULL ? &monitor->store_error : &err;
        json_object_set_new(status, "database", aph_frame_error(why));
        return;
    }
    json_object_set_new(status, "instance", json_string(aphd_store_instance(monitor->store)));
    json_object_set_new(status, "apps", json_integer(counts.apps));
    json_object_set_new(status, "apps_running", json_integer(counts.running));
    json_object_set_new(status, "kept_data", json_integer(counts.kept));
    json_object_set_new(status, "open_jobs", json_integer(counts.open_jobs));
    json_object_set_new(status, "database", json_string("ok"));
}

static void status_of_daemon(aphd_monitor_t *monitor, aphd_conn_t *conn)
{
    json_t *domains = json_array();
    for (int i = 0; monitor->settings->domains[i] != NULL; i++)
        json_array_append_new(domains, json_string(monitor->settings->domains[i]));
    json_t *status = json_pack("{s:s, s:i, s:o, s:o, s:I, s:i, s:i}", "version", PACKAGE_VERSION,
                               "protocol", APH_PROTOCOL_VERSION, "engine",
                               engine_status(&monitor->engine), "domains", domains, "started",
                               (json_int_t)monitor->started, "memory_kib", resident_kib(),
                               "connections", aphd_server_connections(monitor->server));
    add_store_status(monitor, status);
    aphd_conn_answer(conn, status);
}

static apr_status_t answer_status(aphd_monitor_t *monitor, aphd_conn_t *conn, const aph_op_t *op,
                                  const json_t *args, aph_error_t *err)
{
    const char *name = json_string_value(json_object_get(args, "name"));
    aphd_app_t app;
    json_t *row = NULL;
    if (name == NULL) {
        status_of_daemon(monitor, conn);
        return APR_SUCCESS;
    }
    if (monitor->store == NULL)
        return aph_error_set(err, APH_ECONFIG, 875, "%s", monitor->store_error.message);
    apr_status_t status = aphd_store_app_by_name(monitor->store, name, &app, err);
    if (status == APR_SUCCESS)
        status = aphd_store_app_json(monitor->store, app.app_id, 1, &row, err);
    if (status != APR_SUCCESS)
        return status;
    /* Answers and the rendered text may hold secrets, and neither is what a status is asked for. */
    static const char *const silent[] = {"script", "uninstall_script", "compose", "answers",
                                         "previous"};
    json_object_set(row, "version", json_object_get(json_object_get(row, "plan"), "version"));
    for (size_t i = 0; i < sizeof silent / sizeof silent[0]; i++)
        json_object_del(row, silent[i]);
    json_object_set_new(row, "url", addresses(monitor, &app));
    aphd_conn_answer(conn, row);
    return APR_SUCCESS;
}

static apr_status_t answer_jobs(aphd_monitor_t *monitor, aphd_conn_t *conn, const aph_op_t *op,
                                const json_t *args, aph_error_t *err)
{
    json_t *jobs = NULL;
    apr_status_t status = aphd_store_jobs_json(monitor->store, JOBS_LISTED, &jobs, err);
    if (status == APR_SUCCESS)
        aphd_conn_answer(conn, json_pack("{s:o}", "jobs", jobs));
    return status;
}

/* Followed, an ended job gives its log as lines first, like one that runs: the client need not ask
 * which it is. */
static void relay_log(aphd_conn_t *conn, json_t *job)
{
    const char *text = json_string_value(json_object_get(job, "log"));
    if (text != NULL)
        aphd_conn_relay_log(conn, text);
    json_object_del(job, "log");
}

static apr_status_t answer_job(aphd_monitor_t *monitor, aphd_conn_t *conn, const aph_op_t *op,
                               const json_t *args, aph_error_t *err)
{
    json_int_t job_id = json_integer_value(json_object_get(args, "job_id"));
    int follow = json_is_true(json_object_get(args, "follow"));
    int open = 0;
    json_t *job = NULL;
    if (follow)
        aphd_jobs_follow(monitor->jobs, conn, job_id, &open);
    if (open)
        return APR_SUCCESS;
    apr_status_t status = aphd_store_job_json(monitor->store, job_id, 1, &job, err);
    if (status != APR_SUCCESS)
        return status;
    const char *live = aphd_jobs_log(monitor->jobs, job_id);
    if (live != NULL)
        json_object_set_new(job, "log", json_string(live));
    if (follow)
        relay_log(conn, job);
    aphd_job_tell(monitor, conn, job_id, job, json_object_get(job, "answer"));
    return APR_SUCCESS;
}

static apr_status_t answer_cancel(aphd_monitor_t *monitor, aphd_conn_t *conn, const aph_op_t *op,
                                  const json_t *args, aph_error_t *err)
{
    json_int_t job_id = json_integer_value(json_object_get(args, "job_id"));
    int ended = 0;
    apr_status_t status = aphd_jobs_cancel(monitor->jobs, job_id, &ended, err);
    if (status == APR_SUCCESS)
        aphd_conn_answer(conn, json_pack("{s:I, s:s}", "job_id", job_id, "state",
                                         ended ? "cancelled" : "cancelling"));
    return status;
}

/* The file as it was rendered; whether httpd includes it, status says. */
static apr_status_t answer_vhost(aphd_monitor_t *monitor, aphd_conn_t *conn, const aph_op_t *op,
                                 const json_t *args, aph_error_t *err)
{
    const char *name = json_string_value(json_object_get(args, "name"));
    aphd_app_t app;
    char path[256];
    char *text = NULL;
    size_t length = 0;
    apr_status_t status = aphd_store_app_by_name(monitor->store, name, &app, err);
    if (status != APR_SUCCESS)
        return status;
    snprintf(path, sizeof path, "%s/" APHD_VHOST_FORMAT, monitor->settings->vhosts_available,
             app.app_id);
    if (!app.web || app.state == APHD_APP_KEPT)
        return aph_error_set(err, APH_ENOTFOUND, 883, "%s has no web page, so it has no virtual "
                             "host", name);
    status = aph_file_read(path, APH_VHOST_MAX, &text, &length, err);
    if (status != APR_SUCCESS)
        return status;
    aphd_conn_answer(conn, json_pack("{s:s, s:s, s:b, s:s%}", "name", name, "file", path, "enabled",
                                     (int)app.vhost, "text", text, length));
    free(text);
    return APR_SUCCESS;
}

/* --- what takes a child --- */

static apr_status_t answer_by_job(aphd_monitor_t *monitor, aphd_conn_t *conn, const aph_op_t *op,
                                  const json_t *args, aph_error_t *err)
{
    return aphd_jobs_submit(monitor->jobs, conn, op, args, err);
}

/* --- dispatch --- */

/* The queries; every other row of ops.def is answered by a job. */
static const struct {
    const char *name;
    answer_t *answer;
    unsigned without_store : 1;
} queries[] = {
    {"list", answer_list, 0},     {"status", answer_status, 1}, {"jobs", answer_jobs, 0},
    {"job", answer_job, 0},       {"cancel", answer_cancel, 0}, {"vhost", answer_vhost, 0},
};

static apr_status_t perform(aphd_monitor_t *monitor, aphd_conn_t *conn, const aph_op_t *op,
                            const json_t *args, aph_error_t *err)
{
    answer_t *answer = op->kind == APH_OP_QUERY ? NULL : answer_by_job;
    int without_store = 0;
    for (size_t i = 0; i < sizeof queries / sizeof queries[0]; i++)
        if (strcmp(queries[i].name, op->name) == 0) {
            answer = queries[i].answer;
            without_store = queries[i].without_store;
        }
    if (answer == NULL)
        return aph_error_set(err, APH_EINTERNAL, 876, "%s has no answer function", op->name);
    if (monitor->store == NULL && !without_store)
        return aph_error_set(err, APH_ECONFIG, 877, "%s", monitor->store_error.message);
    return answer(monitor, conn, op, args, err);
}

/* The envelope: {"v","op","args"} and nothing else. An error here ends the connection. */
static apr_status_t open_envelope(const json_t *request, const aph_op_t **op, aph_error_t *err)
{
    static const char *const members[] = {"v", "op", "args"};
    size_t known = 0;
    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++)
        known += json_object_get(request, members[i]) != NULL;
    const json_t *version = json_object_get(request, "v");
    if (!json_is_integer(version))
        return aph_error_set(err, APH_EUSAGE, 878,
                             "a request must name its version: {\"v\":%d,...}",
                             APH_PROTOCOL_VERSION);
    if (json_integer_value(version) != APH_PROTOCOL_VERSION)
        return aph_error_set(err, APH_EVERSION, 879,
                             "the request speaks version %lld and apphostd %s speaks version %d; "
                             "install the same release of both",
                             (long long)json_integer_value(version), PACKAGE_VERSION,
                             APH_PROTOCOL_VERSION);
    if (known != json_object_size(request))
        return aph_error_set(err, APH_EUSAGE, 880,
                             "a request has the members v, op and args and no others");
    const char *name = json_string_value(json_object_get(request, "op"));
    *op = name != NULL ? aph_op_find(name) : NULL;
    if (*op == NULL)
        return aph_error_set(err, APH_EUSAGE, 881, "there is no operation %.32s",
                             name != NULL ? name : "without a name");
    return APR_SUCCESS;
}

void aphd_monitor_request_cb(void *self, aphd_conn_t *conn, const json_t *request)
{
    aphd_monitor_t *monitor = self;
    aph_error_t err = APH_ERROR_INIT;
    const aph_op_t *op = NULL;
    const json_t *args = json_object_get(request, "args");
    json_auto_t *none = json_object();
    apr_status_t status = open_envelope(request, &op, &err);
    if (status == APR_SUCCESS)
        status = aphd_peer_may(aphd_conn_peer(conn), op, request, &err);
    if (status != APR_SUCCESS) {
        aphd_conn_reject(conn, &err);
        return;
    }
    if (args == NULL)
        args = none;
    status = aph_op_check(op, args, &err);
    if (status == APR_SUCCESS)
        status = perform(monitor, conn, op, args, &err);
    if (status != APR_SUCCESS) {
        aph_error_set(&err, status, 882, "%s: %s", op->name, aph_error_sentence(status));
        aphd_conn_fail(conn, &err);
    }
}
