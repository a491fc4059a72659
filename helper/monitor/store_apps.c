/* SPDX-License-Identifier: Apache-2.0 */
/* The apps' rows: finding them, giving ids, ports and subnets, changing their state. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "helper/base/job_wire.h"
#include "helper/monitor/store_private.h"

static void read_app(aphd_store_t *store, aphd_sql_t number, aphd_app_t *app)
{
    const char *subnet = aphd_sql_text(store, number, 7);
    memset(app, 0, sizeof *app);
    app->app_id = (int)aphd_sql_int(store, number, 0);
    app->port = (int)aphd_sql_int(store, number, 1);
    snprintf(app->name, sizeof app->name, "%s", aphd_sql_text(store, number, 2));
    app->state = aphd_app_state_parse(aphd_sql_text(store, number, 3));
    app->desired_running = strcmp(aphd_sql_text(store, number, 4), "running") == 0;
    app->web = aphd_sql_int(store, number, 5) != 0;
    app->kept = aphd_sql_int(store, number, 6) != 0;
    snprintf(app->subnet, sizeof app->subnet, "%s", subnet != NULL ? subnet : "");
    snprintf(app->reason, sizeof app->reason, "%s", aphd_sql_text(store, number, 8));
    app->created = aphd_sql_int(store, number, 9);
    app->changed = aphd_sql_int(store, number, 10);
    snprintf(app->kind, sizeof app->kind, "%s", aphd_sql_text(store, number, 11));
    app->vhost = aphd_sql_int(store, number, 12) != 0;
    app->route_flags = (uint32_t)aphd_sql_int(store, number, 13);
    app->max_inflight = (uint32_t)aphd_sql_int(store, number, 14);
    app->max_upgrades = (uint32_t)aphd_sql_int(store, number, 15);
    snprintf(app->allowed, sizeof app->allowed, "%s", aphd_sql_text(store, number, 16));
    app->of_catalog = aphd_sql_int(store, number, 17) != 0;
}

/* The one row of a bound statement. */
static apr_status_t one_app(aphd_store_t *store, aphd_sql_t number, aphd_app_t *app,
                            aph_error_t *err)
{
    apr_status_t status = aphd_sql_next(store, number, err);
    if (status == APR_SUCCESS) {
        read_app(store, number, app);
        aphd_sql_reset(store, number);
    }
    return status;
}

apr_status_t aphd_store_app_by_name(aphd_store_t *store, const char *name, aphd_app_t *app,
                                    aph_error_t *err)
{
    apr_status_t status = aphd_sql_bind(store, SQL_APP_BY_NAME, err, "t", name);
    if (status == APR_SUCCESS)
        status = one_app(store, SQL_APP_BY_NAME, app, err);
    if (status == APR_NOTFOUND)
        return aph_error_set(err, APH_ENOTFOUND, 775,
                             "no app is called %s; `apphostctl list` shows those there are", name);
    return status;
}

apr_status_t aphd_store_app_by_id(aphd_store_t *store, int app_id, aphd_app_t *app,
                                  aph_error_t *err)
{
    apr_status_t status = aphd_sql_bind(store, SQL_APP_BY_ID, err, "i", (int64_t)app_id);
    if (status == APR_SUCCESS)
        status = one_app(store, SQL_APP_BY_ID, app, err);
    if (status == APR_NOTFOUND)
        return aph_error_set(err, APH_ENOTFOUND, 776, "there is no app with id %d", app_id);
    return status;
}

apr_status_t aphd_store_apps(aphd_store_t *store,
                             apr_status_t (*app_cb)(void *self, const aphd_app_t *app), void *self,
                             aph_error_t *err)
{
    aphd_app_t app;
    apr_status_t status = aphd_sql_bind(store, SQL_APPS, err, "");
    while (status == APR_SUCCESS && (status = aphd_sql_next(store, SQL_APPS, err)) == APR_SUCCESS) {
        read_app(store, SQL_APPS, &app);
        status = app_cb(self, &app);
    }
    aphd_sql_reset(store, SQL_APPS);
    return status == APR_NOTFOUND ? APR_SUCCESS : status;
}

void aphd_store_app_page(aphd_store_t *store, int app_id, char page[APHD_PAGE_MAX])
{
    snprintf(page, APHD_PAGE_MAX, "/");
    if (aphd_sql_bind(store, SQL_APP_PAGE, NULL, "i", (int64_t)app_id) == APR_SUCCESS
        && aphd_sql_next(store, SQL_APP_PAGE, NULL) == APR_SUCCESS)
        snprintf(page, APHD_PAGE_MAX, "%s", aphd_sql_text(store, SQL_APP_PAGE, 0));
    aphd_sql_reset(store, SQL_APP_PAGE);
}

static json_t *text_column(aphd_store_t *store, aphd_sql_t number, int column)
{
    const char *text = aphd_sql_text(store, number, column);
    return text != NULL ? json_string(text) : json_null();
}

apr_status_t aphd_store_app_json(aphd_store_t *store, int app_id, int texts, json_t **app,
                                 aph_error_t *err)
{
    aphd_app_t row;
    *app = NULL;
    apr_status_t status = aphd_store_app_by_id(store, app_id, &row, err);
    if (status == APR_SUCCESS)
        status = aphd_sql_bind(store, SQL_APP_TEXTS, err, "i", (int64_t)app_id);
    if (status == APR_SUCCESS)
        status = aphd_sql_next(store, SQL_APP_TEXTS, err);
    if (status != APR_SUCCESS)
        return status;
    *app = json_pack(
        "{s:i, s:s, s:s, s:s, s:b, s:i, s:s?, s:b, s:s, s:I, s:I, s:o, s:o, s:o, s:o, s:o, s:o,"
        " s:s, s:b, s:i, s:i, s:i, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}",
        "app_id", row.app_id, "name", row.name, "state", aphd_app_state_name(row.state), "desired",
        row.desired_running ? "running" : "stopped", "web", (int)row.web, "port", row.port,
        "subnet", row.subnet[0] != '\0' ? row.subnet : NULL, "kept", (int)row.kept, "reason",
        row.reason, "created", (json_int_t)row.created, "changed", (json_int_t)row.changed,
        "script", texts ? text_column(store, SQL_APP_TEXTS, 0) : json_string(""),
        "uninstall_script", texts ? text_column(store, SQL_APP_TEXTS, 1) : json_null(),
        "compose", texts ? text_column(store, SQL_APP_TEXTS, 2) : json_null(),
        "plan", texts ? aphd_sql_json(store, SQL_APP_TEXTS, 3) : json_null(),
        "images", aphd_sql_json(store, SQL_APP_TEXTS, 4),
        "consents", aphd_sql_json(store, SQL_APP_TEXTS, 5),
        "kind", row.kind, "vhost", (int)row.vhost, "route_flags", (int)row.route_flags,
        "max_requests", (int)row.max_inflight, "max_websockets", (int)row.max_upgrades,
        "options", aphd_sql_json(store, SQL_APP_TEXTS, 6),
        "webapp", text_column(store, SQL_APP_TEXTS, 7),
        "aliases", aphd_sql_json(store, SQL_APP_TEXTS, 8),
        "allowed", aphd_sql_json(store, SQL_APP_TEXTS, 9),
        "format", text_column(store, SQL_APP_TEXTS, 10),
        "entry", text_column(store, SQL_APP_TEXTS, 11),
        "revision", text_column(store, SQL_APP_TEXTS, 12),
        "answers", texts ? aphd_sql_json(store, SQL_APP_TEXTS, 13) : json_object(),
        "previous", texts ? aphd_sql_json(store, SQL_APP_TEXTS, 14) : json_null(),
        "storage", aphd_sql_json(store, SQL_APP_TEXTS, 15),
        "wanted", aphd_sql_json(store, SQL_APP_TEXTS, 16));
    aphd_sql_reset(store, SQL_APP_TEXTS);
    if (*app == NULL)
        return aph_error_set(err, APH_EINTERNAL, 777, "the row of app %d cannot be written as JSON",
                             app_id);
    return APR_SUCCESS;
}

/* --- reserving --- */

static int skips(const aphd_reserve_t *request, int app_id)
{
    for (int i = 0; i < request->skip_count; i++)
        if (request->skip[i] == app_id)
            return 1;
    return 0;
}

/* The lowest id that no row has, that does not rest and that is not skipped. */
static apr_status_t free_id(aphd_store_t *store, const aphd_reserve_t *request, int *app_id,
                            aph_error_t *err)
{
    unsigned char blocked[APH_APP_ID_MAX + 1] = {0};
    apr_status_t status = aphd_sql_bind(store, SQL_ID_BLOCKED, err, "i", request->now);
    while (status == APR_SUCCESS
           && (status = aphd_sql_next(store, SQL_ID_BLOCKED, err)) == APR_SUCCESS) {
        int64_t id = aphd_sql_int(store, SQL_ID_BLOCKED, 0);
        if (id >= APH_APP_ID_MIN && id <= APH_APP_ID_MAX)
            blocked[id] = 1;
    }
    if (status != APR_NOTFOUND)
        return status;
    for (int id = APH_APP_ID_MIN; id <= request->max_app_id && id <= APH_APP_ID_MAX; id++)
        if (!blocked[id] && !skips(request, id)) {
            *app_id = id;
            return APR_SUCCESS;
        }
    return aph_error_set(err, APH_EEXHAUSTED, 778,
                         "all %d app ids are in use, resting for a day after an uninstall, or have "
                         "their port taken; raise MaxAppId or uninstall an app",
                         request->max_app_id);
}

/* The name's data is still there: the same id again, or nothing, for the data belongs to the id. */
static apr_status_t revive(aphd_store_t *store, const aphd_reserve_t *request,
                           const aphd_app_t *kept, int *app_id, aph_error_t *err)
{
    int files = strcmp(kept->kind, APHD_KIND_FILES) == 0;
    if (files != (strcmp(request->kind, APHD_KIND_FILES) == 0))
        return aph_error_set(err, APH_ETAKEN, 1991,
                             "the data of an app called %s is kept, and that was one with containers; "
                             "choose another name, or give the data up with `apphostctl uninstall %s "
                             "--purge`",
                             request->name, request->name);
    if (skips(request, kept->app_id))
        return aph_error_set(err, APH_ETAKEN, 779,
                             "the data of %s belongs to port %d, and something else uses that port; "
                             "free the port, or give the data up with `apphostctl uninstall %s "
                             "--purge`",
                             request->name, kept->port, request->name);
    *app_id = kept->app_id;
    return aphd_sql_run(store, SQL_APP_REVIVE, err, "iittitjttttj", (int64_t)kept->app_id,
                        (int64_t)request->web, request->script, request->uninstall_script,
                        request->now, request->kind, request->options, request->webapp,
                        request->format, request->entry, request->revision, request->answers);
}

static apr_status_t make_row(aphd_store_t *store, const aphd_reserve_t *request, int *app_id,
                             aph_error_t *err)
{
    apr_status_t status = free_id(store, request, app_id, err);
    if (status != APR_SUCCESS)
        return status;
    return aphd_sql_run(store, SQL_APP_INSERT, err, "iitittitjttttj", (int64_t)*app_id,
                        (int64_t)(APH_PORT_BASE + *app_id), request->name, (int64_t)request->web,
                        request->script, request->uninstall_script, request->now, request->kind,
                        request->options, request->webapp, request->format, request->entry,
                        request->revision, request->answers);
}

apr_status_t aphd_app_keep_data(aphd_store_t *store, int app_id, int64_t now, aph_error_t *err)
{
    apr_status_t status = aphd_sql_run(store, SQL_APP_RESTORE, err, "i", (int64_t)app_id);
    return status == APR_SUCCESS
         ? aphd_sql_run(store, SQL_APP_KEEP_DATA, err, "ii", (int64_t)app_id, now) : status;
}

/* A second reserve of one job: the id of the first goes back. It needs no rest: nothing was made under
 * it. One with kept data returns to what it was. */
static apr_status_t give_back(aphd_store_t *store, const aphd_reserve_t *request, aph_error_t *err)
{
    aphd_app_t held;
    apr_status_t status = aphd_store_app_by_id(store, request->held, &held, err);
    if (status != APR_SUCCESS)
        return status;
    status = aphd_sql_run(store, SQL_ALIASES_DROP, err, "i", (int64_t)held.app_id);
    if (status != APR_SUCCESS)
        return status;
    if (held.kept)
        return aphd_app_keep_data(store, held.app_id, request->now, err);
    return aphd_sql_run(store, SQL_APP_DELETE, err, "i", (int64_t)held.app_id);
}

static apr_status_t reserve(aphd_store_t *store, const aphd_reserve_t *request, int *app_id,
                            aph_error_t *err)
{
    aphd_app_t present;
    aph_error_t absent = APH_ERROR_INIT;
    apr_status_t status = request->held != 0 ? give_back(store, request, err) : APR_SUCCESS;
    if (status != APR_SUCCESS)
        return status;
    status = aphd_store_app_by_name(store, request->name, &present, &absent);
    if (status == APR_SUCCESS && present.state == APHD_APP_KEPT)
        status = revive(store, request, &present, app_id, err);
    else if (status == APR_SUCCESS)
        status = aph_error_set(err, APH_ETAKEN, 780, "an app called %s is installed already",
                               request->name);
    else if (status == APH_ENOTFOUND)
        status = make_row(store, request, app_id, err);
    else if (err != NULL)
        *err = absent;
    if (status == APR_SUCCESS)
        status = aphd_aliases_reserve(store, request, *app_id, err);
    if (status == APR_SUCCESS)
        status = aphd_sql_run(store, SQL_JOB_APP, err, "ii", request->job_id, (int64_t)*app_id);
    return status;
}

apr_status_t aphd_store_reserve(aphd_store_t *store, const aphd_reserve_t *request, int *app_id,
                                aph_error_t *err)
{
    apr_status_t status = aphd_sql_begin(store, err);
    if (status != APR_SUCCESS)
        return status;
    return aphd_sql_end(store, reserve(store, request, app_id, err), err);
}

/* --- subnets --- */

/* taken and the subnets of all other apps in one new array, to be freed. */
static apr_status_t all_taken(aphd_store_t *store, int app_id, const aphd_subnet_want_t *want,
                              size_t *count, aphd_cidr_t **all, aph_error_t *err)
{
    size_t room = want->count + 64;
    size_t used = want->count;
    *all = malloc(room * sizeof **all);
    apr_status_t status = *all != NULL ? APR_SUCCESS : APR_ENOMEM;
    if (status == APR_SUCCESS) {
        if (used > 0)
            memcpy(*all, want->taken, used * sizeof **all);
        status = aphd_sql_bind(store, SQL_SUBNETS, err, "i", (int64_t)app_id);
    }
    while (status == APR_SUCCESS
           && (status = aphd_sql_next(store, SQL_SUBNETS, err)) == APR_SUCCESS) {
        aphd_cidr_t *grown = used < room ? *all : realloc(*all, (room *= 2) * sizeof **all);
        if (grown == NULL)
            status = APR_ENOMEM;
        else if (*all = grown, aphd_cidr_parse(aphd_sql_text(store, SQL_SUBNETS, 0), &grown[used]))
            used++;
    }
    *count = used;
    if (status == APR_NOTFOUND)
        return APR_SUCCESS;
    aphd_sql_reset(store, SQL_SUBNETS);
    return aph_error_set(err, status, 781, "the subnets in use cannot be listed");
}

static int still_fits(const aphd_app_t *app, int bits, const aphd_cidr_t *taken, size_t count)
{
    aphd_cidr_t own;
    if (app->subnet[0] == '\0' || !aphd_cidr_parse(app->subnet, &own) || own.bits != bits)
        return 0;
    for (size_t i = 0; i < count; i++)
        if (aphd_cidr_overlap(&own, &taken[i]))
            return 0;
    return 1;
}

apr_status_t aphd_store_subnet(aphd_store_t *store, int app_id, const aphd_subnet_want_t *want,
                               char *subnet, aph_error_t *err)
{
    aphd_app_t app;
    size_t count = 0;
    aphd_cidr_t *all = NULL;
    aphd_cidr_t found;
    apr_status_t status = aphd_store_app_by_id(store, app_id, &app, err);
    if (status == APR_SUCCESS)
        status = all_taken(store, app_id, want, &count, &all, err);
    if (status == APR_SUCCESS && still_fits(&app, want->bits, all, count)) {
        memcpy(subnet, app.subnet, sizeof app.subnet);
    } else if (status == APR_SUCCESS && aphd_cidr_free(want->pool, want->bits, all, count, &found)) {
        aphd_cidr_format(&found, subnet);
        status = aphd_sql_run(store, SQL_APP_SUBNET, err, "it", (int64_t)app_id, subnet);
    } else if (status == APR_SUCCESS) {
        aphd_cidr_format(want->pool, subnet);
        status = aph_error_set(err, APH_EEXHAUSTED, 782,
                               "no /%d is left in SubnetPool = %s that overlaps no other network; "
                               "name another pool in apphostd.conf",
                               want->bits, subnet);
    }
    free(all);
    return status;
}

/* --- changing --- */

/* A number or a truth as SQLite takes it from JSON; NULL where it was not given. */
static const json_t *number_of(const json_t *fields, const char *member)
{
    const json_t *value = json_object_get(fields, member);
    return json_is_integer(value) ? value : NULL;
}

static const char *text_of(const json_t *fields, const char *member)
{
    return json_string_value(json_object_get(fields, member));
}

apr_status_t aphd_store_record(aphd_store_t *store, int app_id, const json_t *fields, int64_t now,
                               aph_error_t *err)
{
    return aphd_sql_run(store, SQL_APP_RECORD, err, "itjjjijjjjjttttjjj", (int64_t)app_id,
                        text_of(fields, "compose"),
                        json_object_get(fields, "plan"), json_object_get(fields, "images"),
                        json_object_get(fields, "consents"), now, number_of(fields, "vhost"),
                        number_of(fields, "route_flags"), number_of(fields, "max_requests"),
                        number_of(fields, "max_websockets"), json_object_get(fields, "allowed"),
                        text_of(fields, "script"), text_of(fields, "format"),
                        text_of(fields, "entry"), text_of(fields, "revision"),
                        json_object_get(fields, "answers"), json_object_get(fields, "previous"),
                        json_object_get(fields, "options"));
}

apr_status_t aphd_store_app_change(aphd_store_t *store, int app_id, const aphd_app_change_t *change,
                                   int64_t now, aph_error_t *err)
{
    return aphd_sql_run(store, SQL_APP_CHANGE, err, "ittti", (int64_t)app_id,
                        change->state != APHD_APP_NONE ? aphd_app_state_name(change->state) : NULL,
                        change->desired, change->reason, now);
}
