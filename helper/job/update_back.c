/* SPDX-License-Identifier: Apache-2.0 */
/* Updating, the way back: what the row says runs again. Every piece may be done already, or may
 * never have begun. */
#include "helper/job/update.h"

#include <string.h>
#include <apr_strings.h>

#include "helper/job/bring_up.h"
#include "helper/job/engine_images.h"
#include "helper/job/start.h"
#include "helper/job/take_down.h"
#include "helper/job/update_left.h"

int aphd_update_is_done(const aphd_job_t *job, const json_t *undo)
{
    const json_t *was = json_object_get(json_object_get(job->app.row, "previous"), "aside_dir");
    return json_is_string(was) && json_equal(was, json_object_get(undo, "aside_dir"));
}

static int is_of_the_app(const aphd_job_t *job, const char *id)
{
    size_t i;
    json_t *image;
    json_array_foreach(json_object_get(job->app.row, "images"), i, image) {
        const char *has = json_string_value(json_object_get(image, "id"));
        if (has != NULL && strcmp(has, id) == 0)
            return 1;
    }
    return 0;
}

/* What came goes. A name that the old image still has, for the new one never came, is not given
 * up. */
static apr_status_t take_new_images(aphd_job_t *job, const json_t *refs, aph_error_t *err)
{
    json_auto_t *came = json_array();
    size_t i;
    json_t *ref;
    json_array_foreach((json_t *)refs, i, ref) {
        aphd_image_t found;
        aph_error_t unheard = APH_ERROR_INIT;
        const char *name = json_string_value(ref);
        if (aphd_image_find(job->engine, name, &found, job->p, &unheard) != APR_SUCCESS
            || !is_of_the_app(job, found.id))
            json_array_append(came, ref);
    }
    return aphd_take_images(job, came, err);
}

/* The names of the old images: a newer one that came under the same name took it. */
static void name_images(aphd_job_t *job)
{
    size_t i;
    json_t *image;
    json_array_foreach(json_object_get(job->app.row, "images"), i, image) {
        const char *ref = json_string_value(json_object_get(image, "ref"));
        const char *id = json_string_value(json_object_get(image, "id"));
        aphd_image_t found;
        aph_error_t unheard = APH_ERROR_INIT;
        if (ref != NULL && id != NULL && strchr(ref, '@') == NULL
            && aphd_image_find(job->engine, ref, &found, job->p, &unheard) == APH_ENOTFOUND
            && aphd_image_find(job->engine, id, &found, job->p, &unheard) == APR_SUCCESS)
            aphd_image_tag(job->engine, id, ref, job->p, &unheard);
    }
}

/* One that is stopped gets its containers with its next start. */
static apr_status_t start_old(aphd_job_t *job, const char *because, aph_error_t *err)
{
    const char *desired = json_string_value(json_object_get(job->app.row, "desired"));
    const char *model = json_string_value(json_object_get(job->app.row, "compose"));
    aphd_job_take_health(job, json_object_get(json_object_get(job->app.row, "plan"), "health"),
                         &job->app);
    if (desired != NULL && strcmp(desired, "running") == 0)
        return aphd_start_again(job, because, err);
    apr_status_t status = aphd_bring_write(job, model != NULL ? model : "{}", err);
    return status == APR_SUCCESS ? aphd_ask_state(job->ask, "stopped", NULL, because, err) : status;
}

/* From here on the data folder is the old app's: where this is cut off, the next try takes nothing
 * in it away, whatever the old containers have made by then. */
static apr_status_t note_taken(aphd_job_t *job, const json_t *undo, aph_error_t *err)
{
    static const char *const done[] = {"folders", "data_made", "storage", "wanted",
                                       "aside",   "aside_dir", "site",    "restored", NULL};
    json_auto_t *left = json_copy((json_t *)undo);
    for (const char *const *member = done; *member != NULL; member++)
        json_object_del(left, *member);
    apr_status_t status = aphd_ask_step(job->ask, "undo", left, err);
    return status == APR_SUCCESS ? aphd_left_drop(job, err) : status;
}

static apr_status_t take_new(aphd_job_t *job, const json_t *undo, aph_error_t *err)
{
    int made = json_is_true(json_object_get(undo, "data_made"));
    apr_status_t status = aphd_take_containers(job, err);
    if (status == APR_SUCCESS && !made)
        status = aphd_update_unrestore(job, undo, err);
    if (status == APR_SUCCESS)
        status = aphd_take_folders(job, undo, err);
    if (status == APR_SUCCESS && !made)
        status = aphd_update_aside_back(job, undo, err);
    return status == APR_SUCCESS ? aphd_update_site_back(job, undo, err) : status;
}

/* From here on it is not about to be the app: whoever meets the journal is to know. */
static apr_status_t unpublish(aphd_job_t *job, const json_t *undo, aph_error_t *err)
{
    if (!json_is_true(json_object_get(undo, "published")))
        return APR_SUCCESS;
    json_auto_t *left = json_copy((json_t *)undo);
    json_object_del(left, "published");
    return aphd_left_write(job, left, err);
}

apr_status_t aphd_update_back(aphd_job_t *job, const json_t *undo, const char *because,
                              aph_error_t *err)
{
    const json_t *images = json_object_get(undo, "images");
    int switched = json_is_true(json_object_get(undo, "switched"));
    job->halt.heedless = 1;
    if (undo == NULL)
        return APR_SUCCESS;
    if (!switched && json_array_size(images) == 0)
        return aphd_left_drop(job, err);
    apr_status_t status = unpublish(job, undo, err);
    if (status == APR_SUCCESS && job->engine == NULL)
        status = aphd_job_meet_engine(job, 3, err);
    if (status == APR_SUCCESS && switched)
        status = take_new(job, undo, err);
    if (status == APR_SUCCESS)
        status = note_taken(job, undo, err);
    if (status != APR_SUCCESS)
        return status;
    aph_error_t unheard = APH_ERROR_INIT;
    if (take_new_images(job, images, &unheard) == APR_EOF)
        return APR_EOF;
    name_images(job);
    return switched ? start_old(job, because, err) : APR_SUCCESS;
}

/* --- one that was given up ------------------------------------------------------------------ */

/* The old containers do not run yet, so all of it may be gone through again. */
static apr_status_t take_back(aphd_job_t *job, const json_t *undo, aph_error_t *err)
{
    aph_error_t unheard = APH_ERROR_INIT;
    aphd_report_log(&job->report, "an update of %s was given up; what it left is taken back first",
                    job->app.name);
    apr_status_t status = job->engine != NULL ? APR_SUCCESS : aphd_job_meet_engine(job, 3, err);
    if (status == APR_SUCCESS && json_is_true(json_object_get(undo, "switched")))
        status = take_new(job, undo, err);
    if (status != APR_SUCCESS)
        return status;
    status = take_new_images(job, json_object_get(undo, "images"), &unheard);
    if (status == APR_EOF)
        return status;
    name_images(job);
    return APR_SUCCESS;
}

apr_status_t aphd_update_settle(aphd_job_t *job, aph_error_t *err)
{
    json_auto_t *undo = NULL;
    apr_status_t status = aphd_left_read(job, &undo, err);
    if (status != APR_SUCCESS || undo == NULL)
        return status;
    unsigned heedless = job->halt.heedless;
    job->halt.heedless = 1;
    status = aphd_update_is_done(job, undo)
           ? aphd_update_aside_tidy(job, undo, json_object_get(job->app.row, "previous"), err)
           : take_back(job, undo, err);
    job->halt.heedless = heedless & 1;
    return status == APR_SUCCESS ? aphd_left_drop(job, err) : status;
}
