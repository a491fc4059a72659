/* SPDX-License-Identifier: Apache-2.0 */
/* How an app comes to live here.
 *
 *   1. What httpd is to know of it (kind, names, options) is sound, the engine answers, and there is
 *      a compose program. The disk has room that is not the machine's last.
 *      An entry of a catalog is found there first, and is for this machine.
 *   2. The app gets a name, an id and a port nobody listens on; what its author wrote is read by
 *      the reader, an entry with the answers to its questions, and judged by the policy.
 *   3. No foreign container or network has the names it will use, and no other site in httpd.
 *   4. The plan says what will happen; with plan_only the story ends here, and leaves nothing.
 *   5. Every question has been answered with yes, and the plan is the one that was shown.
 *   6. Its folders and here-documents are put in place.
 *   7. Its images are here, by id.
 *   8. The model is rendered and stored: what is started can be started again without the script.
 *   9. The firewall knows it; what prepares it runs to its end; compose brings it up; what runs is what was judged. It answers.
 *  10. Its virtual host is rendered; where that says more than the route, httpd is brought to it.
 *  11. Only now it gets its route.
 *
 * A webapp is files that are there already: it knows neither engine nor script, and goes from 5 to 10.
 *
 * From 6 on, every step is written to the journal before its effect. Whatever fails, and when the
 * admin says stop, the journal is undone; a job that is killed is undone by recover.c. Where the
 * port or the subnet is lost to somebody else between 2 and 9, all is undone and the story begins
 * again with the next id. */
#include "helper/job/answers_kept.h"
#include "helper/job/install.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "helper/catalog/storage_check.h"
#include "helper/job/bring_up.h"
#include "helper/job/compose.h"
#include "helper/job/engine_about.h"
#include "helper/job/first_run.h"
#include "helper/job/plan_needs.h"
#include "helper/job/space.h"
#include "helper/job/take_down.h"

#define STEPS 11
#define SKIPPED_MAX 64 /* ports in use before a lost one ends the story instead of moving it on */

void aphd_install_step(const aphd_install_t *install, int number, const char *step,
                       const char *text)
{
    static const char *const update[] = {"engine", "read", "names", "plan", "consent", "images", "render", "stop",
                                         "folders", "start", "health", "vhost", "publish"};
    int total = STEPS;
    if (install->replaced != NULL) {
        total = (int)(sizeof update / sizeof update[0]);
        for (int i = 0; i < total; i++)
            if (strcmp(update[i], step) == 0)
                number = i + 1;
    }
    aphd_job_step(install->job, step, number, total, text);
}

static apr_status_t meet_engine(aphd_install_t *install, aph_error_t *err)
{
    aphd_compose_program_t compose;
    apr_status_t status = aphd_job_meet_engine(install->job, 0, err);
    return status == APR_SUCCESS
         ? aphd_compose_program_find(&compose, install->job->settings->compose, err) : status;
}

/* A disk filled to its end takes the machine's other programs along. Apps that are there may run and
 * go all the same. */
static apr_status_t have_space(aphd_install_t *install, aph_error_t *err)
{
    aphd_job_t *job = install->job;
    apr_status_t status = aphd_space_check("the data of apps", job->settings->state_dir, err);
    aphd_engine_about_t about;
    aph_error_t unheard = APH_ERROR_INIT; /* an engine that does not say is asked again by the plan */
    if (status != APR_SUCCESS
        || aphd_engine_about(job->engine, &about, job->p, &unheard) != APR_SUCCESS)
        return status;
    if (about.root != NULL)
        status = aphd_space_check("images and volumes", about.root, err);
    aphd_engine_about_clear(&about);
    return status;
}

apr_status_t aphd_install_engine(aphd_install_t *install, aph_error_t *err)
{
    apr_status_t status = meet_engine(install, err);
    return status == APR_SUCCESS ? have_space(install, err) : status;
}

static int is_webapp(const aphd_install_t *install)
{
    return install->site.kind == APHD_KIND_WEBAPP;
}

/* An app from a catalog is found before anything else: whoever only asks what it asks for needs no
 * engine. */
static apr_status_t find_entry(aphd_install_t *install, aph_error_t *err)
{
    aphd_job_t *job = install->job;
    const char *ref = aphd_job_text(job, "entry");
    if (ref == NULL || install->source != NULL)
        return APR_SUCCESS;
    if (aphd_job_text(job, "script") != NULL || aphd_job_text(job, "webapp") != NULL)
        return aph_error_set(err, APH_EUSAGE, 2608, "an entry of a catalog, an install script and a folder "
                             "with files are three ways to install an app; give one of them");
    return aphd_source_find(job, ref, aphd_job_flag(job, "obsolete"), &install->source, err);
}

static apr_status_t begin(aphd_install_t *install, aph_error_t *err)
{
    aphd_source_t *source = install->source;
    aphd_install_step(install, 1, "engine", "asking the container engine");
    apr_status_t status = aphd_install_allowed(install->job, err);
    if (status == APR_SUCCESS)
        status = aphd_site_from_args(install->job, source != NULL ? source->manifest : NULL,
                                     &install->site, err);
    if (status == APR_SUCCESS && !is_webapp(install))
        status = aphd_install_engine(install, err);
    return status == APR_SUCCESS && source != NULL ? aphd_source_fits(install->job, source, err)
                                                   : status;
}

/* --- the start ------------------------------------------------------------------------------ */

/* The service that prepares the app; afterwards the model that stays is in its place. Going back it does
 * not run: an old one was not written for the data of a newer one. */
static apr_status_t run_first(aphd_install_t *install, aph_error_t *err)
{
    if (install->first == NULL || (install->replaced != NULL && install->replaced->exactly != NULL))
        return APR_SUCCESS;
    aphd_install_step(install, 9, "prepare", "preparing it: a service that runs once");
    apr_status_t status = aphd_first_run(install->job, install->first, err);
    return status == APR_SUCCESS ? aphd_bring_write(install->job, install->model, err) : status;
}

apr_status_t aphd_install_start(aphd_install_t *install, aph_error_t *err)
{
    aphd_job_t *job = install->job;
    aphd_install_step(install, 9, "start", "starting the containers");
    json_object_set_new(install->undo, "engine", json_true());
    apr_status_t status = aphd_install_journal(install, "start", err);
    if (status == APR_SUCCESS)
        status = aphd_take_containers(job, err); /* leftovers of ours under this id */
    if (status == APR_SUCCESS)
        status = aphd_storage_check(job, install->storage_rows, err);
    if (status == APR_SUCCESS)
        status = run_first(install, err);
    if (status == APR_SUCCESS)
        status = aphd_bring_wall(job, err);
    if (status == APR_SUCCESS)
        status = aphd_storage_check(job, install->storage_rows, err);
    if (status == APR_SUCCESS)
        status = aphd_bring_compose(job, err);
    if (status == APR_SUCCESS)
        status = aphd_bring_verify(job, install->model, err);
    if (status != APR_SUCCESS)
        return status;
    if (install->source != NULL)
        aphd_job_take_health(job, json_object_get(install->source->manifest, "health"), &job->app);
    aphd_install_step(install, 9, "health", "waiting for its first answer");
    return aphd_bring_await(job, install->model, err);
}

static apr_status_t agree(aphd_install_t *install, aph_error_t *err)
{
    apr_status_t status = begin(install, err);
    if (status == APR_SUCCESS)
        status = is_webapp(install) ? aphd_install_place_files(install, err)
                                    : aphd_install_place(install, err);
    if (status == APR_SUCCESS)
        status = aphd_install_names(install, err);
    if (status == APR_SUCCESS)
        status = aphd_install_plan(install, err);
    return status;
}

static apr_status_t bring_containers(aphd_install_t *install, aph_error_t *err)
{
    apr_status_t status = aphd_plan_fits(install->plan, err);
    if (status == APR_SUCCESS)
        status = aphd_install_folders(install, err);
    if (status == APR_SUCCESS)
        status = aphd_install_images(install, err);
    if (status == APR_SUCCESS)
        status = aphd_install_give(install, err);
    if (status == APR_SUCCESS)
        status = aphd_install_storage_make(install, err);
    if (status == APR_SUCCESS)
        status = aphd_install_render(install, err);
    if (status == APR_SUCCESS)
        status = aphd_install_storage_again(install, err);
    return status == APR_SUCCESS ? aphd_install_start(install, err) : status;
}

/* Before anything is made with them. Secrets of data that were kept stay with the data, also where a
 * script has these now, which asks nothing: an entry may have them again. */
static apr_status_t record_answers(aphd_install_t *install, aph_error_t *err)
{
    json_auto_t *kept = aphd_answers_of(json_object_get(
        json_object_get(install->job->app.row, "previous"), "kept"));
    json_auto_t *before = aphd_answers_made(kept);
    if (install->source == NULL && json_object_get(before, ".made") == NULL)
        return APR_SUCCESS;
    json_auto_t *fields = json_pack("{s:o}", "answers", install->source != NULL
                                                      ? aphd_answers_stay(install->source, before)
                                                      : json_incref(before));
    return aphd_ask_record(install->job->ask, fields, err);
}

static apr_status_t carry_out(aphd_install_t *install, aph_error_t *err)
{
    apr_status_t status = aphd_install_consent(install, err);
    if (status == APR_SUCCESS && !is_webapp(install))
        status = record_answers(install, err);
    if (status == APR_SUCCESS && !is_webapp(install))
        status = bring_containers(install, err);
    if (status == APR_SUCCESS)
        status = aphd_install_vhost(install, err);
    if (status == APR_SUCCESS)
        status = aphd_install_publish(install, err);
    return status;
}

/* --- the ends ------------------------------------------------------------------------------ */

/* What becomes of the row where there is no app in the end. */
static const char *no_app(const aphd_job_t *job)
{
    return job->app.row == NULL ? "keep" : job->app.kept ? "kept-data" : "gone";
}

static apr_status_t end_shown(aphd_install_t *install, aph_error_t *err)
{
    json_auto_t *answer = json_pack("{s:O, s:s}", "plan", install->plan,
                                    "plan_hash", install->plan_hash);
    aphd_ending_t ending = {.result = "done", .app = no_app(install->job), .answer = answer};
    return aphd_ask_finish(install->job->ask, &ending, err);
}

/* The row of data that are kept under the name, as an install would find it; NULL: there are none. New
 * reference. */
static json_t *row_of_data(const aphd_job_t *job)
{
    const char *state = json_string_value(json_object_get(job->app.row, "state"));
    return state != NULL && strcmp(state, "kept") == 0
         ? json_pack("{s:{s:O}}", "previous", "kept", job->app.row) : NULL;
}

/* What the entry asks, and what was answered before: for data that are kept, or at a try that failed. */
static apr_status_t end_asked(aphd_install_t *install, aph_error_t *err)
{
    aphd_job_t *job = install->job;
    const aphd_source_t *source = install->source;
    json_auto_t *kept = NULL, *data = row_of_data(job);
    const char *id;
    json_t *value;
    if (source == NULL)
        return aph_error_set(err, APH_EUSAGE, 2609, "only an entry of a catalog asks questions");
    apr_status_t status = aphd_source_kept(job, install->source, aphd_job_text(job, "name"), data, &kept,
                                           err);
    if (status != APR_SUCCESS)
        return status;
    json_auto_t *answers = json_object();
    json_object_foreach(kept, id, value) /* that a secret is known is enough */
        if (json_is_string(value))
            json_object_set_new(answers, id, aphd_source_is_secret(aphd_source_question(source->manifest, id))
                                             ? json_true() : json_incref(value));
    json_auto_t *answer = json_pack("{s:s, s:s, s:O, s:O, s:b}", "entry", source->name, "revision",
                                    source->revision, "manifest", source->manifest, "answers", answers,
                                    "failed", source->remembered != 0);
    aphd_ending_t ending = {.result = "done", .app = no_app(job), .answer = answer};
    return aphd_ask_finish(job->ask, &ending, err);
}

/* What is told once, to who installs it; and the answers of a try that failed are needed no more. */
static void end_entry(aphd_install_t *install, json_t *answer)
{
    aphd_job_t *job = install->job;
    const aphd_source_t *source = install->source;
    aph_error_t why = APH_ERROR_INIT;
    json_object_set_new(answer, "entry", json_string(source->name));
    json_object_set_new(answer, "revision", json_string(source->revision));
    json_object_set_new(answer, "notes", json_string(source->notes));
    if (json_array_size(source->credentials) > 0)
        json_object_set(answer, "credentials", source->credentials);
    if (source->remembered
        && aphd_source_remember(job, source->name, job->app.name, NULL, &why) != APR_SUCCESS)
        aphd_report_log(&job->report, "the answers of the try before stay: %s", why.message);
}

static apr_status_t end_done(aphd_install_t *install, aph_error_t *err)
{
    const aphd_job_app_t *app = &install->job->app;
    json_auto_t *answer = json_pack("{s:i, s:s, s:s?, s:O, s:s, s:b}", "app_id", app->app_id,
                                    "name", app->name, "url",
                                    app->web ? aphd_install_page(install) : NULL,
                                    "ports", install->policy.ports,
                                    "data", app->files ? install->site.webapp : app->data_dir,
                                    "vhost", (int)install->site.enabled);
    if (install->source != NULL)
        end_entry(install, answer);
    aphd_ending_t ending = {.result = "done", .app = "keep", .answer = answer};
    return aphd_ask_finish(install->job->ask, &ending, err);
}

/* Sound answers are not asked for again because something else went wrong. */
static void keep_answers(aphd_install_t *install, aph_error_t *reason)
{
    aphd_job_t *job = install->job;
    const aphd_source_t *source = install->source;
    aph_error_t why = APH_ERROR_INIT;
    size_t length = strlen(reason->message);
    if (source == NULL || (install->script == NULL && !source->sound)
        || json_object_size(source->given) == 0 || aphd_job_flag(job, "plan_only"))
        return;
    json_auto_t *said = aphd_answers_said(source);
    if (aphd_source_remember(job, source->name, aphd_job_text(job, "name"), said, &why)
        != APR_SUCCESS)
        aphd_report_log(&job->report, "the answers cannot be kept for the next try: %s", why.message);
    else
        snprintf(reason->message + length, sizeof reason->message - length,
                 "; your answers are kept for the next try");
}

/* Undoes what was begun. Where the engine is gone the journal stays open: it is undone when the
 * engine is back. Where anything else prevents it the row stays, says so, and can be
 * uninstalled. */
static apr_status_t end_undone(aphd_install_t *install, aph_error_t *reason)
{
    aphd_job_t *job = install->job;
    aph_error_t trouble = APH_ERROR_INIT;
    apr_status_t undone = APR_SUCCESS;
    job->halt.heedless = 1;
    keep_answers(install, reason);
    if (install->undo != NULL) {
        aphd_job_step(job, "undo", 0, 1, "taking everything back");
        undone = aphd_take_install_back(job, install->undo, &trouble);
    }
    if (undone == APR_EOF)
        return undone;
    if (undone == APH_EENGINE) {
        aphd_report_log(&job->report, "%s; what was begun is taken back as soon as the engine "
                        "answers again", reason->message);
        return APR_INCOMPLETE;
    }
    aphd_ending_t ending = {.result = install->undo != NULL ? "rolled-back" : "failed",
                            .app = no_app(job), .reason = reason};
    if (undone != APR_SUCCESS) {
        aphd_report_log(&job->report, "not everything could be taken back: %s", trouble.message);
        aphd_ask_state(job->ask, "failing", "stopped", "its installation failed and could not be "
                       "undone; uninstall it", &trouble);
        ending.result = "failed";
        ending.app = "keep";
    }
    aph_error_t unheard = APH_ERROR_INIT;
    return aphd_ask_finish(job->ask, &ending, &unheard);
}

void aphd_install_clear(aphd_install_t *install)
{
    aphd_policy_result_clear(&install->policy);
    json_decref(install->script);
    json_decref(install->images);
    json_decref(install->folders);
    json_decref(install->needs);
    json_decref(install->files);
    json_decref(install->texts);
    json_decref(install->left);
    json_decref(install->storage_others);
    json_decref(install->storage_rows);
    json_decref(install->plan);
    json_decref(install->undo);
    json_decref(install->consents);
    json_decref(install->rules);
    free(install->model);
    free(install->first);
    *install = (aphd_install_t){.job = install->job, .skip = install->skip, .source = install->source};
}

/* Between the look at the port and the start somebody else may take it: an outgoing connection is
 * enough. The same goes for the subnet, where several make networks on one engine. */
static int lost_to_others(const aphd_job_app_t *app, const aph_error_t *err)
{
    char port[16];
    snprintf(port, sizeof port, ":%d", app->port);
    return err->status == APH_ETAKEN
        && (strstr(err->message, port) != NULL
            || strstr(err->message, APHD_COMPOSE_SUBNET_LOST) != NULL);
}

/* Then everything is taken back, and the next id is tried. */
static int begins_again(aphd_install_t *install, apr_status_t status, aph_error_t *err)
{
    aphd_job_t *job = install->job;
    aph_error_t trouble = APH_ERROR_INIT;
    if (status != APH_ETAKEN || !lost_to_others(&job->app, err)
        || json_array_size(install->skip) >= SKIPPED_MAX
        || !json_is_true(json_object_get(install->undo, "engine"))
        || aphd_take_install_back(job, install->undo, &trouble) != APR_SUCCESS)
        return 0;
    aphd_report_log(&job->report, "%s; another id is tried", err->message);
    json_array_append_new(install->skip, json_integer(job->app.app_id));
    *err = (aph_error_t)APH_ERROR_INIT;
    aphd_install_clear(install);
    return 1;
}

apr_status_t aphd_story_install(aphd_job_t *job, aph_error_t *err)
{
    aphd_install_t install = {.job = job, .skip = json_array()};
    int shown = 0, asked = aphd_job_flag(job, "ask");
    apr_status_t status = find_entry(&install, err);
    if (status == APR_SUCCESS && asked)
        status = end_asked(&install, err);
    while (status == APR_SUCCESS && !asked) {
        status = agree(&install, err);
        shown = status == APR_SUCCESS && aphd_job_flag(job, "plan_only");
        if (status == APR_SUCCESS && !shown)
            status = carry_out(&install, err);
        if (!begins_again(&install, status, err))
            break;
        status = APR_SUCCESS;
    }
    if (status != APR_SUCCESS && status != APR_EOF)
        status = end_undone(&install, err);
    else if (status == APR_SUCCESS && !asked)
        status = shown ? end_shown(&install, err) : end_done(&install, err);
    aphd_install_clear(&install);
    json_decref(install.skip);
    return status;
}
