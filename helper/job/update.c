/* SPDX-License-Identifier: Apache-2.0 */
/* How an app from a catalog becomes another revision of its entry, and how it goes back.
 *
 *   1. The engine answers, and the disks have room.
 *   2. The revision is found: the entry's active one, or the named one; for a rollback what the
 *      last update replaced, which the app's own row has, so that neither a catalog nor, while its
 *      images are here, a network is needed. It is read with the answers the app has, and judged.
 *      Id, port, name and network stay what they are; a network that would have to grow is a reason
 *      to refuse.
 *   3. No foreign container or network has the names it will use; a new port of the machine is
 *      free.
 *   4. The plan says what changes (update_plan.h); with plan_only the story ends here.
 *   5. What was not consented to before has been answered with yes, and the plan is the one that
 *      was shown.
 *   6. Its images are here, by id, and the model is rendered. Up to here the old containers serve.
 *   7. Visitors see that it is being updated. The old containers are stopped, and removed with
 *      their network. Data and volumes stay.
 *   8. Files the author wants written again are written, and those they replace set aside; new
 *      files and folders are made. What no author wrote is replaced with consent only, and a
 *      rollback brings it back.
 *   9. Compose brings the new model up; what runs is what was judged. It answers. Where its author
 *      wants other options of the virtual host, httpd gets them; those a person gave stay.
 *  10. One transaction makes it the app: script, answers, model, plan, images, consents, revision,
 *      and what was before as "previous". The address leads to it.
 *  11. What was set aside and an author can write again is deleted, and so are images that neither
 *      it nor what it replaced needs.
 *
 * Whatever fails before 10 is done, a cancel, and kill -9 (recover.c): what is new goes, what was
 * set aside comes back, and the old model, still in the row, is started again from its image ids.
 * The data folder is not copied: what a new version made of the data, an old one has to live with.
 * The plan says so.
 *
 * An app that was stopped on purpose is started for the proof in 9, without its address, and
 * stopped again: an update that does not work is found out now and not at its next start. Where it
 * is taken back, its next start makes the old containers anew. */
#include "helper/job/update.h"

#include <stdio.h>
#include <string.h>

#include "helper/job/plan_needs.h"
#include "helper/job/update_left.h"

/* What an earlier one left that was given up: the app is first what its row says, and answers. */
static apr_status_t settle(aphd_job_t *job, aph_error_t *err)
{
    json_auto_t *undo = NULL;
    json_auto_t *nothing = json_object();
    apr_status_t status = aphd_job_flag(job, "plan_only") ? APR_SUCCESS
                        : aphd_left_read(job, &undo, err);
    if (status != APR_SUCCESS || undo == NULL)
        return status;
    if (aphd_update_is_done(job, undo))
        return aphd_update_settle(job, err);
    aphd_job_step(job, "undo", 0, 1, "taking back an earlier update, which was given up");
    status = aphd_update_back(job, undo, "an earlier update was given up, and taken back", err);
    job->halt.heedless = 0;
    return status == APR_SUCCESS ? aphd_ask_step(job->ask, "settled", nothing, err) : status;
}

static apr_status_t agree(aphd_update_t *update, aph_error_t *err)
{
    aphd_install_t *install = &update->install;
    aphd_install_step(install, 0, "engine", "asking the container engine");
    apr_status_t status = aphd_install_allowed(install->job, err);
    if (status == APR_SUCCESS)
        status = settle(install->job, err);
    if (status == APR_SUCCESS)
        status = aphd_update_find(update, err);
    if (status != APR_SUCCESS || update->same)
        return status;
    status = aphd_install_engine(install, err);
    if (status == APR_SUCCESS)
        status = aphd_update_judge(update, err);
    if (status == APR_SUCCESS)
        status = aphd_install_names(install, err);
    return status == APR_SUCCESS ? aphd_update_plan(update, err) : status;
}

static apr_status_t carry_out(aphd_update_t *update, aph_error_t *err)
{
    apr_status_t status = aphd_install_consent(&update->install, err);
    if (status == APR_SUCCESS)
        status = aphd_plan_fits(update->install.plan, err);
    if (status == APR_SUCCESS)
        aphd_update_remember(update); /* before anything is made with them */
    return status == APR_SUCCESS ? aphd_update_switch(update, err) : status;
}

/* --- the ends ------------------------------------------------------------------------------ */

static json_t *answer_of(const aphd_update_t *update)
{
    const aphd_job_app_t *app = &update->install.job->app;
    return json_pack("{s:i, s:s, s:s?, s:O?, s:O?, s:O?, s:b, s:s}", "app_id", app->app_id,
                     "name", app->name, "url", app->web ? aphd_install_page(&update->install)
                                                                   : NULL,
                     "entry", json_object_get(update->target, "entry"),
                     "from", json_object_get(app->row, "revision"),
                     "revision", json_object_get(update->target, "revision"),
                     "changed", !update->same, "state", update->stopped ? "stopped" : "running");
}

/* It is that revision already, or only its plan was wanted. */
static apr_status_t end_early(aphd_update_t *update, aph_error_t *err)
{
    json_auto_t *answer = answer_of(update);
    if (!update->same) {
        json_object_set(answer, "plan", update->install.plan);
        json_object_set_new(answer, "plan_hash", json_string(update->install.plan_hash));
    }
    aphd_ending_t ending = {.result = "done", .app = "keep", .answer = answer};
    return aphd_ask_finish(update->install.job->ask, &ending, err);
}

/* One that was made up now, or at a try that failed, has been told nobody. */
static int has_new_secret(const aphd_update_t *update)
{
    const char *id;
    json_t *ignored;
    json_object_foreach(update->fresh, id, ignored)
        if (aphd_source_is_secret(aphd_source_question(update->install.source->manifest, id)))
            return 1;
    return 0;
}

/* What is told once, to who updates it: how to log in where there are new secrets. */
static void tell_once(const aphd_update_t *update, json_t *answer)
{
    const aphd_source_t *source = update->install.source;
    if (update->rollback)
        return;
    json_object_set_new(answer, "notes", json_string(source->notes));
    if (has_new_secret(update) && json_array_size(source->credentials) > 0)
        json_object_set(answer, "credentials", source->credentials);
}

/* The address leads to it a moment before it is the app: who comes in between meets what has
 * answered. */
static apr_status_t end_done(aphd_update_t *update, aph_error_t *err)
{
    aphd_job_t *job = update->install.job;
    json_auto_t *answer = answer_of(update);
    json_auto_t *record = aphd_update_record(update);
    aphd_install_step(&update->install, 0, "publish", "making it the app");
    json_object_set(answer, "ports", update->install.policy.ports);
    tell_once(update, answer);
    json_object_set_new(update->install.undo, "published", json_true());
    apr_status_t status = aphd_install_journal(&update->install, "publish", err);
    if (status == APR_SUCCESS)
        status = update->stopped ? aphd_ask_state(job->ask, "stopped", NULL, "", err)
                                 : aphd_ask_state(job->ask, "running", NULL, "", err);
    aphd_ending_t ending = {.result = "done", .app = "keep", .answer = answer, .record = record};
    return status == APR_SUCCESS ? aphd_ask_finish(job->ask, &ending, err) : status;
}

/* Sound answers are not asked for again because something else went wrong. */
static void keep_answers(aphd_update_t *update, aph_error_t *reason)
{
    size_t length = strlen(reason->message);
    if ((update->remembered || aphd_update_remember(update)) && json_object_size(update->given) > 0)
        snprintf(reason->message + length, sizeof reason->message - length,
                 "; your answers are kept for the next try");
}

/* Where the engine is gone the journal stays open: it is undone when the engine is back. */
static apr_status_t end_undone(aphd_update_t *update, aph_error_t *reason)
{
    aphd_job_t *job = update->install.job;
    const json_t *undo = update->install.undo;
    aph_error_t trouble = APH_ERROR_INIT, both = APH_ERROR_INIT, well;
    aphd_ending_t ending = {.result = undo != NULL ? "rolled-back" : "failed", .app = "keep",
                            .reason = reason};
    job->halt.heedless = 1;
    keep_answers(update, reason);
    well = *reason;
    if (json_is_true(json_object_get(undo, "switched")))
        aph_error_wrap(&well, "%s is what it was before, for the %s did not work", job->app.name,
                       update->rollback ? "rollback" : "update");
    if (undo != NULL)
        aphd_job_step(job, "undo", 0, 1, "taking everything back");
    apr_status_t undone = aphd_update_back(job, undo, well.message, &trouble);
    if (undone == APR_EOF)
        return undone;
    if (undone == APH_EENGINE) {
        aphd_report_log(&job->report, "%s; what was begun is taken back as soon as the engine "
                        "answers again", reason->message);
        return APR_INCOMPLETE;
    }
    ending.reason = &well;
    if (undone != APR_SUCCESS) {
        aph_error_set(&both, reason->status, 2630, "the %s of %s did not work: %s; nor does it answer "
                      "now as it did: %s", update->rollback ? "rollback" : "update", job->app.name,
                      reason->message, trouble.message);
        ending.result = "failed";
        ending.reason = &both;
    }
    aph_error_t unheard = APH_ERROR_INIT;
    return aphd_ask_finish(job->ask, &ending, &unheard);
}

static void clear(aphd_update_t *update)
{
    aphd_install_clear(&update->install);
    json_decref(update->target);
    json_decref(update->given);
    json_decref(update->fresh);
    json_decref(update->before);
    json_decref(update->again);
    json_decref(update->restored);
    json_decref(update->texts);
    json_decref(update->foreign);
    json_decref(update->configs);
    json_decref(update->images);
    json_decref(update->agreed);
    json_decref(update->allowed);
}

static apr_status_t tell(aphd_job_t *job, int rollback, aph_error_t *err)
{
    const char *desired = json_string_value(json_object_get(job->app.row, "desired"));
    aphd_update_t update = {.install = {.job = job}, .rollback = rollback & 1,
                            .stopped = desired != NULL && strcmp(desired, "stopped") == 0};
    update.install.replaced = &update.replaced;
    apr_status_t status = agree(&update, err);
    int early = status == APR_SUCCESS && (update.same || aphd_job_flag(job, "plan_only"));
    if (status == APR_SUCCESS && !early)
        status = carry_out(&update, err);
    if (status == APR_SUCCESS)
        status = early ? end_early(&update, err) : end_done(&update, err);
    if (status == APR_SUCCESS && !early)
        aphd_update_clean(&update);
    else if (status != APR_SUCCESS && status != APR_EOF)
        status = end_undone(&update, err);
    clear(&update);
    return status;
}

apr_status_t aphd_story_update(aphd_job_t *job, aph_error_t *err)
{
    return tell(job, 0, err);
}

apr_status_t aphd_story_rollback(aphd_job_t *job, aph_error_t *err)
{
    return tell(job, 1, err);
}
