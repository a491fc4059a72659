/* SPDX-License-Identifier: Apache-2.0 */
/* What a job may ask of us: one table, one answer function for each call of job_wire.h. A job is
 * our own program; its numbers and words are checked all the same. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "helper/monitor/job.h"
#include "helper/monitor/jobs.h"
#include "helper/monitor/recovery.h"

#define SKIP_MAX 4096
#define TAKEN_MAX 65536

static const char *text_of(const json_t *frame, const char *member)
{
    return json_string_value(json_object_get(frame, member));
}

/* --- reserve --- */

typedef struct skip_list_t {
    int ids[SKIP_MAX];
    int count;
} skip_list_t;

static void skip(skip_list_t *list, json_int_t id)
{
    if (list->count < SKIP_MAX && id >= APH_APP_ID_MIN && id <= APH_APP_ID_MAX)
        list->ids[list->count++] = (int)id;
}

/* An id under which files remain is not given again, whatever the rows say. */
static void skip_remains(skip_list_t *list, const char *directory)
{
    DIR *dir = opendir(directory);
    const struct dirent *entry;
    while (dir != NULL && (entry = readdir(dir)) != NULL) {
        char *end;
        long id = strtol(entry->d_name, &end, 10);
        if (end != entry->d_name && *end == '\0')
            skip(list, id);
    }
    if (dir != NULL)
        closedir(dir);
}

/* Remains of the very app that comes back do not count: they are what it comes back to. */
static void unskip_kept(aphd_monitor_t *monitor, skip_list_t *list, const char *name, int asked)
{
    aphd_app_t app;
    if (aphd_store_app_by_name(monitor->store, name, &app, NULL) != APR_SUCCESS || !app.kept)
        return;
    for (int i = asked; i < list->count; i++)
        if (list->ids[i] == app.app_id)
            list->ids[i--] = list->ids[--list->count];
}

/* Whether list is an array of texts; NULL counts as an empty one. */
static int is_texts(const json_t *list)
{
    size_t i;
    const json_t *item;
    json_array_foreach((json_t *)list, i, item)
        if (!json_is_string(item))
            return 0;
    return list == NULL || json_is_array(list);
}

static apr_status_t answer_reserve(aphd_job_t *job, const json_t *frame, json_t **answer,
                                   aph_error_t *err)
{
    aphd_monitor_t *monitor = job->jobs->monitor;
    const aphd_settings_t *settings = monitor->settings;
    const char *name = text_of(frame, "name");
    const char *script = text_of(frame, "script");
    skip_list_t list = {.count = 0};
    size_t i;
    json_t *id, *app = NULL;
    const char *kind = text_of(frame, "kind");
    const json_t *answers = json_object_get(frame, "answers");
    json_auto_t *nothing = json_array();
    const json_t *options = json_object_get(frame, "options");
    const json_t *aliases = json_object_get(frame, "aliases");
    if (name == NULL || script == NULL || strcmp(name, job->name) != 0
        || (kind != NULL && strlen(kind) > APHD_KIND_MAX) || !is_texts(options)
        || !is_texts(aliases))
        return aph_error_set(err, APH_EUSAGE, 860,
                             "reserve: name and script of the job are needed");
    json_array_foreach(json_object_get(frame, "skip"), i, id)
        skip(&list, json_integer_value(id));
    int asked = list.count;
    skip_remains(&list, settings->apps_dir);
    skip_remains(&list, settings->data_dir);
    unskip_kept(monitor, &list, name, asked);
    aphd_reserve_t request = {
        .job_id = job->job_id,
        .name = name,
        .script = script,
        .uninstall_script = text_of(frame, "uninstall_script"),
        .skip = list.ids,
        .skip_count = list.count,
        .max_app_id = settings->max_app_id,
        .held = job->reserved ? job->app_id : 0,
        .now = aphd_monitor_clock(),
        .web = json_is_true(json_object_get(frame, "web")),
        .kind = kind != NULL ? kind : "container",
        .options = options != NULL ? options : nothing,
        .webapp = text_of(frame, "webapp"),
        .aliases = aliases,
        .domains = settings->domains,
        .format = text_of(frame, "format"),
        .entry = text_of(frame, "entry"),
        .revision = text_of(frame, "revision"),
        .answers = json_is_object(answers) ? answers : NULL,
    };
    int app_id = 0;
    apr_status_t status = aphd_store_reserve(monitor->store, &request, &app_id, err);
    if (status != APR_SUCCESS)
        return status;
    job->app_id = app_id;
    job->reserved = 1;
    status = aphd_monitor_apps_changed(monitor, err);
    if (status == APR_SUCCESS)
        status = aphd_store_app_json(monitor->store, job->app_id, 1, &app, err);
    if (status == APR_SUCCESS)
        *answer = json_pack("{s:o}", "app", app);
    return status;
}

/* --- subnet --- */

static apr_status_t answer_subnet(aphd_job_t *job, const json_t *frame, json_t **answer,
                                  aph_error_t *err)
{
    aphd_monitor_t *monitor = job->jobs->monitor;
    const json_t *list = json_object_get(frame, "taken");
    size_t listed = json_array_size(list);
    size_t count = 0, i;
    json_t *text;
    aphd_cidr_t pool;
    char subnet[APHD_CIDR_TEXT_MAX];
    if (listed > TAKEN_MAX || !aphd_cidr_parse(monitor->settings->subnet_pool, &pool))
        return aph_error_set(err, APH_EUSAGE, 861, "subnet: at most %d networks are taken",
                             TAKEN_MAX);
    int services = (int)json_integer_value(json_object_get(frame, "services"));
    aphd_cidr_t *taken = calloc(listed + 1, sizeof *taken);
    if (taken == NULL)
        return aph_error_set(err, APR_ENOMEM, 862, "no memory for a list of networks");
    json_array_foreach((json_t *)list, i, text)
        if (json_is_string(text) && aphd_cidr_parse(json_string_value(text), &taken[count]))
            count++; /* what is not IPv4 cannot overlap the pool */
    aphd_subnet_want_t want = {&pool, aphd_cidr_bits_for(services), taken, count};
    apr_status_t status = aphd_store_subnet(monitor->store, job->app_id, &want, subnet, err);
    free(taken);
    if (status == APR_SUCCESS)
        *answer = json_pack("{s:s}", "subnet", subnet);
    return status;
}

/* --- step, record, state --- */

static apr_status_t answer_step(aphd_job_t *job, const json_t *frame, json_t **answer,
                                aph_error_t *err)
{
    const char *step = text_of(frame, "step");
    json_t *undo = json_object_get(frame, "undo");
    if (step == NULL || step[0] == '\0')
        return aph_error_set(err, APH_EUSAGE, 863, "step: a name is needed");
    json_auto_t *nothing = json_object();
    if (undo == NULL)
        undo = nothing;
    char *copy = strdup(step);
    if (copy == NULL)
        return aph_error_set(err, APR_ENOMEM, 864, "no memory for a step");
    apr_status_t status =
        aphd_store_job_step(job->jobs->monitor->store, job->job_id, step, undo,
                            aphd_log_tail_text(&job->log), err);
    if (status != APR_SUCCESS) {
        free(copy);
        return status;
    }
    free(job->step);
    job->step = copy;
    json_decref(job->undo);
    job->undo = json_incref(undo);
    return APR_SUCCESS;
}

/* A job about one app speaks of that one; only one about all says which it means. */
static apr_status_t answer_record(aphd_job_t *job, const json_t *frame, json_t **answer,
                                  aph_error_t *err)
{
    aphd_monitor_t *monitor = job->jobs->monitor;
    int app_id = job->app_id;
    if (app_id == 0 && strcmp(job->name, APHD_ALL_APPS) == 0)
        app_id = (int)json_integer_value(json_object_get(frame, "app_id"));
    if (app_id == 0)
        return aph_error_set(err, APH_EUSAGE, 871, "record: of which app?");
    apr_status_t status =
        aphd_store_record(monitor->store, app_id, frame, aphd_monitor_clock(), err);
    return status == APR_SUCCESS ? aphd_monitor_apps_changed(monitor, err) : status;
}

/* --- apps --- */

typedef struct listing_t {
    int ids[APH_APP_ID_MAX];
    int count;
    int kept; /* also what is merely data by now */
} listing_t;

static apr_status_t note_id_cb(void *self, const aphd_app_t *app)
{
    listing_t *listing = self;
    if ((listing->kept || app->state != APHD_APP_KEPT) && listing->count < APH_APP_ID_MAX)
        listing->ids[listing->count++] = app->app_id;
    return APR_SUCCESS;
}

static apr_status_t answer_apps(aphd_job_t *job, const json_t *frame, json_t **answer,
                                aph_error_t *err)
{
    aphd_store_t *store = job->jobs->monitor->store;
    listing_t *listing = calloc(1, sizeof *listing);
    json_t *apps = json_array();
    if (listing != NULL)
        listing->kept = json_is_true(json_object_get(frame, "kept"));
    apr_status_t status = listing == NULL
                              ? aph_error_set(err, APR_ENOMEM, 872, "no memory for a list of apps")
                              : aphd_store_apps(store, note_id_cb, listing, err);
    for (int i = 0; status == APR_SUCCESS && i < listing->count; i++) {
        json_t *app = NULL;
        static const char *const long_ones[] = {"script", "uninstall_script", "compose", "plan",
                                                "images", "consents", "answers",
                                                "previous"};
        status = aphd_store_app_json(store, listing->ids[i], 1, &app, err);
        if (status != APR_SUCCESS)
            break;
        json_t *before = json_object_get(json_object_get(app, "previous"), "revision");
        json_object_set(app, "previous_revision", before != NULL ? before : json_null());
        before =
            json_object_get(json_object_get(json_object_get(app, "previous"), "plan"), "storage");
        json_object_set(app, "previous_storage", before != NULL ? before : json_null());
        for (size_t k = 0; k < sizeof long_ones / sizeof long_ones[0]; k++)
            json_object_del(app, long_ones[k]); /* hundreds of rows fit into one frame */
        json_array_append_new(apps, app);
    }
    free(listing);
    if (status == APR_SUCCESS)
        *answer = json_pack("{s:o}", "apps", apps);
    else
        json_decref(apps);
    return status;
}

static apr_status_t answer_state(aphd_job_t *job, const json_t *frame, json_t **answer,
                                 aph_error_t *err)
{
    aphd_monitor_t *monitor = job->jobs->monitor;
    const char *state = text_of(frame, "state");
    aphd_app_change_t change = {
        .state = state != NULL ? aphd_app_state_parse(state) : APHD_APP_NONE,
        .desired = text_of(frame, "desired"),
        .reason = text_of(frame, "reason"),
    };
    if ((state != NULL && change.state == APHD_APP_NONE) || change.state == APHD_APP_KEPT)
        return aph_error_set(err, APH_EUSAGE, 865, "state: %s is no state of an app", state);
    apr_status_t status =
        aphd_store_app_change(monitor->store, job->app_id, &change, aphd_monitor_clock(), err);
    if (status == APR_SUCCESS)
        aphd_monitor_app_event(monitor, job->name);
    return status == APR_SUCCESS ? aphd_monitor_apps_changed(monitor, err) : status;
}

/* --- finish --- */

static int known_result(const char *result)
{
    return result != NULL
           && (strcmp(result, "done") == 0 || strcmp(result, "failed") == 0
               || strcmp(result, "rolled-back") == 0);
}

static apr_status_t answer_finish(aphd_job_t *job, const json_t *frame, json_t **answer,
                                  aph_error_t *err)
{
    const char *result = text_of(frame, "result");
    const char *app = text_of(frame, "app");
    if (!known_result(result))
        return aph_error_set(err, APH_EUSAGE, 866, "finish: a result is needed");
    aphd_ending_t ending = {.result = result, .answer = json_object_get(frame, "answer"),
                            .record = json_object_get(frame, "record")};
    if (json_is_null(ending.answer))
        ending.answer = NULL;
    if (strcmp(result, "done") != 0)
        aph_error_receive(&ending.reason, text_of(frame, "code"), text_of(frame, "tag"),
                          text_of(frame, "message"));
    /* Recovery that failed for want of the engine has not failed: it waits for the engine. */
    if (job->recovering && ending.reason.status == APH_EENGINE) {
        job->again = 1;
        aphd_job_postponed(job, ending.reason.message);
        return APR_SUCCESS;
    }
    aphd_app_t row = {0};
    if (job->app_id != 0
        && aphd_store_app_by_id(job->jobs->monitor->store, job->app_id, &row, err) != APR_SUCCESS)
        return err->status;
    /* A row that this job reserved and for which it made nothing is not worth keeping, whatever the
     * job knows of it: it may never have heard that it got one. */
    int untouched = job->reserved && job->step == NULL && ending.reason.status != APR_SUCCESS;
    ending.app = aphd_recovery_app_end(job->op->name,
                                       untouched ? NULL : app != NULL ? app : "keep", row.kept);
    /* An installation that could not be undone is not "installing" any more. */
    if (ending.app == APHD_END_KEEP && strcmp(result, "failed") == 0
        && row.state == APHD_APP_INSTALLING)
        ending.app = APHD_END_FAILING;
    if (strcmp(result, "done") == 0)
        return aphd_job_end(job, &ending, err);
    /* What failed is over, whether or not that can be written now: the child has nothing left to
     * do about it, and its reason must not get lost. */
    ending.result = strcmp(result, "failed") == 0 ? "failed" : "rolled-back";
    aphd_job_conclude(job, &ending);
    return APR_SUCCESS;
}

/* needs_app: only for a job that is about an app with a row. for_streams: also for what only
 * reads. */
static const struct {
    const char *call;
    apr_status_t (*answer)(aphd_job_t *job, const json_t *frame, json_t **answer, aph_error_t *err);
    unsigned needs_app : 1;
    unsigned for_streams : 1;
} calls[] = {
    {"reserve", answer_reserve, 0, 0},
    {"subnet", answer_subnet, 1, 0},
    {"step", answer_step, 0, 0},
    {"record", answer_record, 0, 0},
    {"apps", answer_apps, 0, 1},
    {"state", answer_state, 1, 0},
    {"finish", answer_finish, 0, 1},
};

static apr_status_t dispatch(aphd_job_t *job, const json_t *frame, json_t **answer,
                             aph_error_t *err)
{
    const char *call = text_of(frame, "call");
    for (size_t i = 0; call != NULL && i < sizeof calls / sizeof calls[0]; i++) {
        if (strcmp(calls[i].call, call) != 0)
            continue;
        if (job->ended || (job->op->kind == APH_OP_STREAM && !calls[i].for_streams))
            return aph_error_set(err, APH_EUSAGE, 867, "%s: not now", call);
        if (calls[i].needs_app && job->app_id == 0)
            return aph_error_set(err, APH_EUSAGE, 868, "%s: the job has reserved no app", call);
        return calls[i].answer(job, frame, answer, err);
    }
    return aph_error_set(err, APH_EUSAGE, 869, "there is no call %.32s",
                         call != NULL ? call : "without a name");
}

json_t *aphd_job_call(aphd_job_t *job, const json_t *frame)
{
    aph_error_t err = APH_ERROR_INIT;
    json_t *answer = NULL;
    apr_status_t status = dispatch(job, frame, &answer, &err);
    if (status != APR_SUCCESS) {
        aph_error_set(&err, status, 870, "%s", aph_error_sentence(status));
        return aph_frame_error(&err);
    }
    return json_pack("{s:o}", "ok", answer != NULL ? answer : json_object());
}
