/* SPDX-License-Identifier: Apache-2.0 */
/* Updating, second half: the new images come while the old containers serve; then these go, and new
 * ones take their place. */
#include "helper/job/update.h"

#include <string.h>
#include <apr_strings.h>

#include "helper/job/bring_up.h"
#include "helper/job/engine_images.h"
#include "helper/job/take_down.h"
#include "helper/job/update_left.h"
#include "helper/job/update_plan.h"

/* Of this job alone: an earlier one that still tidies up cannot meet it. */
static const char *aside_dir(const aphd_job_t *job)
{
    return apr_psprintf(job->p, APHD_UPDATE_ASIDE "%" APR_INT64_T_FMT,
                        (apr_int64_t)json_integer_value(json_object_get(job->request, "job_id")));
}

static json_t *earlier_dir(const aphd_job_t *job)
{
    return json_object_get(json_object_get(job->app.row, "previous"), "aside_dir");
}

static apr_status_t get_images(aphd_update_t *update, aph_error_t *err)
{
    aphd_install_t *install = &update->install;
    install->undo = json_pack("{s:[], s:b, s:O, s:s}", "images", "switched", 0, "aside",
                              update->again, "aside_dir", aside_dir(install->job));
    json_object_set(install->undo, "restored", update->restored);
    json_object_set(install->undo, "earlier_dir", earlier_dir(install->job));
    json_object_set(update->before, "aside_dir", json_object_get(install->undo, "aside_dir"));
    json_object_set_new(update->before, "aside", aphd_update_kept(update, aside_dir(install->job)));
    if (json_array_size(install->storage_rows) > 0)
        json_object_set(install->undo, "wanted", install->storage_rows);
    apr_status_t status = aphd_install_images(install, err);
    if (status == APR_SUCCESS)
        status = aphd_install_render(install, err);
    /* Whoever plans now sees in the journal what this app will have; what was planned before that
     * is seen here, or will find it when it looks again in its turn. */
    return status == APR_SUCCESS ? aphd_install_storage_again(install, err) : status;
}

/* From here on visitors wait. One that is stopped goes on saying so. */
static apr_status_t stop_old(aphd_update_t *update, aph_error_t *err)
{
    aphd_job_t *job = update->install.job;
    aphd_install_step(&update->install, 0, "stop", "stopping what ran");
    json_object_set_new(update->install.undo, "switched", json_true());
    apr_status_t status = aphd_install_journal(&update->install, "stop", err);
    if (status == APR_SUCCESS && !update->stopped)
        status = aphd_ask_state(job->ask, "starting", NULL, update->rollback
                                    ? "it is taken back to what it was before its last update"
                                    : "it is being updated", err);
    if (status == APR_SUCCESS)
        status = aphd_take_stop(job, err);
    return status == APR_SUCCESS ? aphd_take_containers(job, err) : status;
}

static apr_status_t start_new(aphd_update_t *update, aph_error_t *err)
{
    aphd_install_t *install = &update->install;
    apr_status_t status = aphd_bring_write(install->job, install->model, err);
    if (status == APR_SUCCESS)
        status = aphd_install_start(install, err);
    if (status == APR_SUCCESS)
        status = aphd_update_site_bring(update, err);
    /* It has shown that it can; who stopped it wants it stopped. */
    return status == APR_SUCCESS && update->stopped ? aphd_take_stop(install->job, err) : status;
}

apr_status_t aphd_update_switch(aphd_update_t *update, aph_error_t *err)
{
    apr_status_t status = get_images(update, err);
    if (status == APR_SUCCESS)
        status = stop_old(update, err);
    if (status == APR_SUCCESS)
        status = aphd_install_journal_folders(&update->install, err);
    if (status == APR_SUCCESS)
        status = aphd_update_set_aside(update, err);
    if (status == APR_SUCCESS)
        status = aphd_install_folders(&update->install, err);
    if (status == APR_SUCCESS)
        status = aphd_install_give(&update->install, err);
    if (status == APR_SUCCESS)
        status = aphd_install_storage_make(&update->install, err);
    return status == APR_SUCCESS ? start_new(update, err) : status;
}

/* --- afterwards ---------------------------------------------------------------------------- */

static int has_image(const json_t *images, const json_t *wanted)
{
    size_t i;
    json_t *image;
    json_array_foreach((json_t *)images, i, image)
        if (json_equal(json_object_get(image, "id"), json_object_get(wanted, "id")))
            return 1;
    return 0;
}

/* Takes one name of an image away, where it is a name of that image. */
static void drop_name(aphd_job_t *job, const char *id, const char *name)
{
    aphd_image_t found;
    aph_error_t unheard = APH_ERROR_INIT;
    int kept;
    if (name != NULL
        && aphd_image_find(job->engine, name, &found, job->p, &unheard) == APR_SUCCESS
        && strcmp(found.id, id) == 0)
        aphd_image_drop(job->engine, name, &kept, job->p, &unheard);
}

/* Images that nobody can go back to any more. What else uses one keeps it. */
static void drop_images(aphd_update_t *update)
{
    aphd_job_t *job = update->install.job;
    const json_t *older = json_object_get(json_object_get(job->app.row, "previous"), "plan");
    size_t i;
    json_t *image;
    json_array_foreach(json_object_get(older, "images"), i, image) {
        const char *id = json_string_value(json_object_get(image, "id"));
        if (id == NULL || !json_is_true(json_object_get(image, "pulled"))
            || has_image(update->install.images, image)
            || has_image(json_object_get(job->app.row, "images"), image))
            continue;
        drop_name(job, id, json_string_value(json_object_get(image, "ref")));
        drop_name(job, id, json_string_value(json_object_get(image, "digest")));
        drop_name(job, id, id);
    }
}

/* The next job about the app may have begun, and have a journal of its own there. */
static void drop_journal(const aphd_update_t *update)
{
    aphd_job_t *job = update->install.job;
    json_auto_t *left = NULL;
    aph_error_t why = APH_ERROR_INIT;
    apr_status_t status = aphd_left_read(job, &left, &why);
    if (status == APR_SUCCESS && json_equal(json_object_get(left, "aside_dir"),
                                            json_object_get(update->before, "aside_dir")))
        status = aphd_left_drop(job, &why);
    if (status != APR_SUCCESS)
        aphd_report_log(&job->report, "%s", why.message);
}

void aphd_update_clean(aphd_update_t *update)
{
    aphd_job_t *job = update->install.job;
    aph_error_t why = APH_ERROR_INIT;
    job->halt.heedless = 1;
    aphd_update_forget(update);
    if (aphd_update_aside_tidy(job, update->install.undo, update->before, &why) != APR_SUCCESS)
        aphd_report_log(&job->report, "what was set aside stays: %s", why.message);
    else
        drop_journal(update); /* cut off before this, the next job of the app tidies up */
    drop_images(update);
}
