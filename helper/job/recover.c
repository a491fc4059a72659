/* SPDX-License-Identifier: Apache-2.0 */
/* What becomes of an operation that was cut off (a killed job, a killed monitor, a lost machine),
 * from its last journal row.
 *
 *   install            forward where only the end was missing ("publish" was written: it had
 *                      answered) and it still answers; else back
 *   uninstall          forward: gone through again
 *   update rollback    back: what the row says runs again, for the row moves with the end of the
 *                      job only
 *   start stop restart what the row says is desired is brought about again
 *
 * A request to stop is not heeded here: the journal stays open until this is through, and only the
 * loss of the monitor ends it early.
 *
 * At boot the engine may come later than we do. That is no failure: the monitor starts us again
 * once it answers. */
#include "helper/job/job.h"

#include <string.h>

#include "helper/job/answers_kept.h"
#include "helper/job/bring_up.h"
#include "helper/job/source.h"
#include "helper/job/start.h"
#include "helper/job/take_down.h"
#include "helper/job/update.h"

#define PATIENCE_SECONDS 3

static const json_t *journal(const aphd_job_t *job)
{
    return json_object_get(job->request, "recover");
}

static int had_begun(const aphd_job_t *job, const char *wanted)
{
    const char *step = json_string_value(json_object_get(journal(job), "step"));
    return step != NULL && strcmp(step, wanted) == 0;
}

/* The entry, its notes and how to log in, as the end of an install tells them: read once more, with
 * the answers of the row. Where that cannot be done, the app runs all the same. */
static void tell_entry(aphd_job_t *job, const json_t *plan, json_t *answer)
{
    const json_t *row = job->app.row;
    const json_t *ports = json_object_get(json_object_get(plan, "content"), "ports");
    json_auto_t *script = NULL, *nothing = json_object(), *answers = aphd_answers_of(row);
    aphd_source_t *source = NULL;
    aph_error_t why = APH_ERROR_INIT, left = APH_ERROR_INIT;
    apr_status_t status = aphd_source_of_row(job, row, &source, &why);
    if (status == APR_SUCCESS && source == NULL)
        return;
    json_object_set(answer, "entry", json_object_get(row, "entry"));
    json_object_set(answer, "revision", json_object_get(row, "revision"));
    if (status == APR_SUCCESS)
        status = aphd_source_answer(job, source, nothing, answers, ports, &why);
    if (status == APR_SUCCESS)
        status = aphd_source_apply(job, source, &script, &why);
    if (status == APR_SUCCESS)
        json_object_set_new(answer, "notes", json_string(source->notes));
    else
        aphd_report_log(&job->report, "it runs, but what its author says of it cannot be told: %s",
                        why.message);
    if (status == APR_SUCCESS && json_array_size(source->credentials) > 0)
        json_object_set(answer, "credentials", source->credentials);
    if (source != NULL
        && aphd_source_remember(job, source->name, job->app.name, NULL, &left) != APR_SUCCESS)
        aphd_report_log(&job->report, "the answers of the try before stay: %s", left.message);
}

/* The plan does not name the port behind the address. */
static json_t *ports_of(const aphd_job_app_t *app, const json_t *plan)
{
    json_t *ports = json_deep_copy(json_object_get(json_object_get(plan, "content"), "ports")), *port;
    size_t i;
    json_array_foreach(ports, i, port)
        if (json_is_null(json_object_get(port, "host")))
            json_object_set_new(port, "host", json_integer(app->port));
    return json_is_array(ports) ? ports : json_array();
}

/* What the end of an install tells (install.c). */
static json_t *answer_of(aphd_job_t *job)
{
    const aphd_job_app_t *app = &job->app;
    const json_t *plan = json_object_get(app->row, "plan");
    const char *page = json_string_value(json_object_get(plan, "url"));
    const char *data = app->files ? json_string_value(json_object_get(app->row, "webapp"))
                                  : app->data_dir;
    json_t *answer = json_pack("{s:i, s:s, s:s?, s:o, s:s?, s:b}", "app_id", app->app_id, "name", app->name,
                               "url", !app->web ? NULL : page != NULL ? page : app->url, "ports",
                               ports_of(app, plan), "data", data,
                               "vhost", json_is_true(json_object_get(app->row, "vhost")));
    if (!app->files)
        tell_entry(job, plan, answer);
    return answer;
}

static apr_status_t finish_install(aphd_job_t *job, aph_error_t *err)
{
    const char *model = json_string_value(json_object_get(job->app.row, "compose"));
    apr_status_t status = job->app.files ? APR_SUCCESS
                        : aphd_bring_await(job, model != NULL ? model : "{}", err);
    if (status == APR_SUCCESS)
        status = aphd_ask_state(job->ask, "running", "running", "", err);
    if (status != APR_SUCCESS)
        return status;
    json_auto_t *answer = answer_of(job);
    aphd_ending_t ending = {.result = "done", .app = "keep", .answer = answer};
    return aphd_ask_finish(job->ask, &ending, err);
}

/* Of an app from a catalog, for the next try. */
static void keep_answers(aphd_job_t *job)
{
    const char *entry = json_string_value(json_object_get(job->app.row, "entry"));
    const json_t *answers = json_object_get(job->app.row, "answers");
    aph_error_t why = APH_ERROR_INIT;
    if (entry != NULL && json_object_size(answers) > 0
        && aphd_source_remember(job, entry, job->app.name, answers, &why) != APR_SUCCESS)
        aphd_report_log(&job->report, "the answers cannot be kept for the next try: %s",
                        why.message);
}

static apr_status_t undo_install(aphd_job_t *job, aph_error_t *err)
{
    aph_error_t reason = APH_ERROR_INIT;
    aph_error_set(&reason, APH_ECANCELLED, 1230, "the installation was cut off by a restart and "
                  "was taken back; install it again");
    apr_status_t status = APR_SUCCESS;
    if (job->app.row != NULL)
        status = aphd_take_install_back(job, json_object_get(journal(job), "undo"), err);
    if (status != APR_SUCCESS)
        return aphd_job_finish(job, status, NULL, err);
    keep_answers(job);
    aphd_ending_t ending = {
        .result = "rolled-back", .reason = &reason,
        .app = job->app.row == NULL ? "keep" : job->app.kept ? "kept-data" : "gone",
    };
    return aphd_ask_finish(job->ask, &ending, err);
}

static apr_status_t recover_install(aphd_job_t *job, aph_error_t *err)
{
    if (had_begun(job, "publish")) {
        aph_error_t why = APH_ERROR_INIT;
        apr_status_t status = aphd_job_meet_engine(job, PATIENCE_SECONDS, &why);
        if (status == APR_SUCCESS)
            status = finish_install(job, &why);
        if (status == APR_SUCCESS || status == APR_EOF)
            return status;
    }
    return undo_install(job, err);
}

static apr_status_t recover_uninstall(aphd_job_t *job, aph_error_t *err)
{
    apr_status_t status = aphd_job_meet_engine(job, PATIENCE_SECONDS, err);
    return status == APR_SUCCESS ? aphd_story_uninstall(job, err)
                                 : aphd_job_finish(job, status, NULL, err);
}

static apr_status_t recover_update(aphd_job_t *job, aph_error_t *err)
{
    aph_error_t reason = APH_ERROR_INIT, why = APH_ERROR_INIT;
    aph_error_set(&reason, APH_ECANCELLED, 2631,
                  "the %s of %s was cut off by a restart and was taken "
                  "back; say it again",
                  job->op, job->app.name);
    apr_status_t status = aphd_job_meet_engine(job, PATIENCE_SECONDS, err);
    if (status != APR_SUCCESS)
        return aphd_job_finish(job, status, NULL, err);
    status = aphd_update_back(job, json_object_get(journal(job), "undo"), reason.message, &why);
    if (status == APR_EOF)
        return status;
    if (status != APR_SUCCESS) {
        aph_error_set(err, status, 2632,
                      "the %s of %s was cut off by a restart, and it does not answer "
                      "as it did before, either: %s",
                      job->op, job->app.name, why.message);
        return aphd_job_finish(job, status, NULL, err);
    }
    aphd_ending_t ending = {.result = "rolled-back", .app = "keep", .reason = &reason};
    return aphd_ask_finish(job->ask, &ending, err);
}

static apr_status_t recover_desired(aphd_job_t *job, aph_error_t *err)
{
    const char *desired = json_string_value(json_object_get(job->app.row, "desired"));
    int run = desired != NULL && strcmp(desired, "running") == 0;
    apr_status_t status = aphd_job_meet_engine(job, PATIENCE_SECONDS, err);
    /* An engine that was told to stop a container does so, even where the job that told it is gone:
     * a start in between would find it running, and lose it a moment later. */
    if (status == APR_SUCCESS && run && had_begun(job, "stop"))
        status = aphd_stop_app(job, "running", err);
    if (status == APR_SUCCESS)
        status = run ? aphd_start_app(job, err) : aphd_stop_app(job, "stopped", err);
    return aphd_job_finish(job, status, json_pack("{s:i, s:s, s:s}", "app_id", job->app.app_id,
                                                  "name", job->app.name,
                                                  "state", run ? "running" : "stopped"), err);
}

static const struct {
    const char *op;
    aphd_story_t *recover;
} rows[] = {
    {"install", recover_install},  {"uninstall", recover_uninstall}, {"start", recover_desired},
    {"stop", recover_desired},     {"restart", recover_desired},     {"update", recover_update},
    {"rollback", recover_update},
};

apr_status_t aphd_story_recover(aphd_job_t *job, aph_error_t *err)
{
    job->halt.heedless = 1;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (strcmp(rows[i].op, job->op) == 0)
            return rows[i].recover(job, err);
    return aph_error_set(err, APH_EINTERNAL, 1231, "operation %s leaves nothing to recover",
                         job->op);
}
