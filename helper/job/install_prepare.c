/* SPDX-License-Identifier: Apache-2.0 */
/* Installing, second half: folders, here-documents, images and the rendered model. */
#include "helper/job/install.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <apr_strings.h>

#include "common/file_replace.h"
#include "helper/job/bring_up.h"
#include "helper/job/engine_images.h"
#include "helper/job/first_run.h"
#include "helper/job/folders.h"
#include "helper/job/update_left.h"
#include "helper/job/writers.h"

/* --- folders and files --------------------------------------------------------------------- */

static apr_status_t make_state_folder(const char *path, mode_t mode, aph_error_t *err)
{
    if (mkdir(path, mode) == 0 || errno == EEXIST)
        return aph_name_sync(path, err);
    return aph_error_set(err, errno == ENOSPC ? APH_ENOSPACE : APR_FROM_OS_ERROR(errno), 1210,
                         "cannot make the folder %s: %s", path, strerror(errno));
}

static apr_status_t note_missing(const aphd_folders_t *data, const char *path, json_t *made,
                                 aph_error_t *err)
{
    char *missing;
    apr_status_t status = aphd_folders_missing(data, path, &missing, err);
    if (missing != NULL)
        json_array_append_new(made, json_string(missing));
    free(missing);
    return status;
}

apr_status_t aphd_install_journal(aphd_install_t *install, const char *step, aph_error_t *err)
{
    apr_status_t status = install->replaced != NULL
                        ? aphd_left_write(install->job, install->undo, err) : APR_SUCCESS;
    return status == APR_SUCCESS
         ? aphd_ask_step(install->job->ask, step, install->undo, err) : status;
}

/* Writes down what will be made: the data folder as a whole, or, beside kept data, what is
 * missing. */
apr_status_t aphd_install_journal_folders(aphd_install_t *install, aph_error_t *err)
{
    aphd_folders_t data;
    json_auto_t *made = json_array();
    size_t i;
    json_t *item;
    apr_status_t status = aphd_folders_open(&data, install->job->app.data_dir, 0, err);
    int is_new = status == APR_ENOENT;
    if (is_new)
        status = APR_SUCCESS;
    json_array_foreach(install->files, i, item)
        if (status == APR_SUCCESS && !is_new)
            status = note_missing(&data, json_string_value(json_object_get(item, "path")), made,
                                  err);
    json_array_foreach(install->folders, i, item)
        if (status == APR_SUCCESS && !is_new)
            status = note_missing(&data, json_string_value(json_object_get(item, "path")), made,
                                  err);
    aphd_folders_close(&data);
    if (status != APR_SUCCESS)
        return status;
    if (install->undo == NULL)
        install->undo = json_pack("{s:[], s:b}", "images", "engine", 0);
    json_object_set(install->undo, "folders", made);
    json_object_set_new(install->undo, "data_made", json_boolean(is_new));
    return aphd_install_journal(install, "folders", err);
}

static apr_status_t place_file(aphd_install_t *install, const aphd_folders_t *data,
                               const json_t *file, aph_error_t *err)
{
    const char *path = json_string_value(json_object_get(file, "path"));
    const char *text = json_string_value(json_object_get(file, "text"));
    int kept = 0, again = install->source != NULL && install->job->app.kept
                       && aphd_source_writes_again(install->source, path);
    const char *at = again ? apr_pstrcat(install->job->p, path, ".apphost-new", NULL) : path;
    int foreign = 0;
    apr_status_t status = again ? aphd_install_is_foreign(install, data, path, &foreign, err)
                                : APR_SUCCESS;
    if (status == APR_SUCCESS && !foreign)
        status = aphd_folders_place(data, at, text != NULL ? text : "", &kept, err);
    if (foreign) {
        kept = 1;
        again = 0;
    }
    if (status == APR_SUCCESS && again) /* beside data that was kept, what is the author's is new */
        status = aphd_folders_move(data, at, path, err);
    else if (kept)
        aphd_report_log(&install->job->report, "%s/%s stays as it is", data->path, path);
    return status;
}

/* chmod of the script, and the modes of configs. */
static apr_status_t set_mode(const aphd_folders_t *data, const json_t *item, aph_error_t *err)
{
    const char *mode = json_string_value(json_object_get(item, "mode"));
    if (mode == NULL)
        return APR_SUCCESS;
    return aphd_folders_set_mode(data, json_string_value(json_object_get(item, "path")),
                                 (mode_t)strtoul(mode, NULL, 8),
                                 json_is_true(json_object_get(item, "recursive")), err);
}

static apr_status_t fill(aphd_install_t *install, const aphd_folders_t *data, aph_error_t *err)
{
    apr_status_t status = APR_SUCCESS;
    size_t i;
    json_t *item;
    json_array_foreach(install->files, i, item)
        if (status == APR_SUCCESS)
            status = place_file(install, data, item, err);
    json_array_foreach(install->folders, i, item)
        if (status == APR_SUCCESS)
            status = aphd_folders_make(data, json_string_value(json_object_get(item, "path")), err);
    json_array_foreach(install->files, i, item)
        if (status == APR_SUCCESS)
            status = set_mode(data, item, err);
    json_array_foreach(json_object_get(install->script, "modes"), i, item)
        if (status == APR_SUCCESS)
            status = set_mode(data, item, err);
    return status;
}

apr_status_t aphd_install_folders(aphd_install_t *install, aph_error_t *err)
{
    const aphd_settings_t *settings = install->job->settings;
    aphd_folders_t data;
    aphd_install_step(install, 6, "folders", "making its folders");
    apr_status_t status = install->replaced != NULL ? APR_SUCCESS
                        : aphd_install_journal_folders(install, err);
    if (status == APR_SUCCESS)
        status = make_state_folder(settings->apps_dir, 0700, err);
    if (status == APR_SUCCESS)
        status = make_state_folder(settings->data_dir, 0711, err);
    if (status != APR_SUCCESS
        || json_array_size(install->folders) + json_array_size(install->files) == 0)
        return status;
    status = aphd_folders_open(&data, install->job->app.data_dir, 1, err);
    if (status == APR_SUCCESS)
        status = fill(install, &data, err);
    aphd_folders_close(&data);
    return status;
}

/* --- images -------------------------------------------------------------------------------- */

static int has_text(const json_t *list, const char *text)
{
    size_t i;
    json_t *item;
    json_array_foreach(list, i, item)
        if (strcmp(json_string_value(item), text) == 0)
            return 1;
    return 0;
}

/* The digest the plan showed, which is what is pulled; NULL where the reference itself is one, or the
 * registry did not say. */
static const char *agreed_digest(const json_t *image)
{
    const char *digest = json_string_value(json_object_get(image, "digest"));
    const char *ref = json_string_value(json_object_get(image, "ref"));
    return digest != NULL && strchr(ref, '@') == NULL ? digest : NULL;
}

/* Whether the engine has the image under that digest: another tag brought it, or somebody pulled it so.
 * Then it is somebody else's, and used as it is: not pulled, not named, not given back. */
static apr_status_t look_for_digest(aphd_install_t *install, json_t *image, aph_error_t *err)
{
    const char *digest = agreed_digest(image);
    aphd_image_t found;
    aph_error_t why = APH_ERROR_INIT;
    if (!json_is_true(json_object_get(image, "pull")) || digest == NULL)
        return APR_SUCCESS;
    apr_status_t status = aphd_image_find(install->job->engine, digest, &found, install->job->p,
                                          &why);
    if (status == APR_SUCCESS)
        json_object_set_new(image, "here", json_true());
    else if (status != APH_ENOTFOUND)
        *err = why;
    return status == APH_ENOTFOUND ? APR_SUCCESS : status;
}

static int is_pulled(const json_t *image)
{
    return json_is_true(json_object_get(image, "pull"))
        && !json_is_true(json_object_get(image, "here"));
}

/* Nothing of what is journaled is here now: what will be, this job has pulled. */
static apr_status_t journal_images(aphd_install_t *install, aph_error_t *err)
{
    json_t *refs = json_object_get(install->undo, "images");
    apr_status_t status = APR_SUCCESS;
    size_t i;
    json_t *image;
    json_array_foreach(install->images, i, image) {
        const char *ref = json_string_value(json_object_get(image, "ref"));
        const char *digest = agreed_digest(image);
        if (status == APR_SUCCESS)
            status = look_for_digest(install, image, err);
        if (!is_pulled(image) || has_text(refs, ref))
            continue;
        json_array_append_new(refs, json_string(ref));
        if (digest != NULL)
            json_array_append_new(refs, json_string(digest));
    }
    return status == APR_SUCCESS
         ? aphd_install_journal(install, "images", err) : status;
}

/* What the plan showed and nothing else: by digest, and then it gets the name the script has for
 * it. */
static apr_status_t pull(aphd_install_t *install, const json_t *image, json_t *done,
                         aph_error_t *err)
{
    aphd_job_t *job = install->job;
    const char *ref = json_string_value(json_object_get(image, "ref"));
    const char *digest = agreed_digest(image);
    if (!is_pulled(image) || has_text(done, ref))
        return APR_SUCCESS;
    json_array_append_new(done, json_string(ref));
    apr_status_t status = aphd_image_pull(job->engine, digest != NULL ? digest : ref,
                                          &job->report, job->p, err);
    if (status != APR_SUCCESS || digest == NULL)
        return status;
    return aphd_image_tag(job->engine, digest, ref, job->p, err);
}

/* Whether an app that is replaced brought it: then it is given back with what replaces it. */
static int was_pulled(const aphd_install_t *install, const char *id)
{
    size_t i;
    json_t *image;
    if (install->replaced != NULL)
        json_array_foreach((json_t *)install->replaced->images, i, image) {
            const char *known = json_string_value(json_object_get(image, "id"));
            if (known != NULL && strcmp(known, id) == 0
                && json_is_true(json_object_get(image, "pulled")))
                return 1;
        }
    return 0;
}

/* The id the model is started with, and the digest the registry knows it by. */
static apr_status_t settle_image(aphd_install_t *install, json_t *image, aph_error_t *err)
{
    aphd_job_t *job = install->job;
    int by_id = json_is_true(json_object_get(image, "exact")) && !is_pulled(image);
    const char *here = json_string_value(json_object_get(
        image, json_is_true(json_object_get(image, "here")) ? "digest" : by_id ? "id" : "ref"));
    aphd_image_t found;
    apr_status_t status = aphd_image_find(job->engine, here, &found, job->p, err);
    if (status == APH_ENOTFOUND)
        return aph_error_set(err, APH_EIMAGE, 1211, "image %s was pulled and is gone again", here);
    if (status != APR_SUCCESS)
        return status;
    json_object_set_new(image, "pulled", json_boolean(is_pulled(image)
                                                      || was_pulled(install, found.id)));
    json_object_set_new(image, "id", json_string(found.id));
    json_object_set_new(image, "digest",
                        found.digest != NULL ? json_string(found.digest) : json_null());
    /* The plan may not have known them: a registry need not say. */
    json_object_set_new(image, "user", json_string(found.user));
    json_object_set_new(image, "puid", found.puid != NULL ? json_string(found.puid) : json_null());
    json_object_set_new(image, "pgid", found.pgid != NULL ? json_string(found.pgid) : json_null());
    return APR_SUCCESS;
}

apr_status_t aphd_install_images(aphd_install_t *install, aph_error_t *err)
{
    json_auto_t *done = json_array();
    size_t i;
    json_t *item;
    aphd_install_step(install, 7, "images", "getting its images");
    apr_status_t status = journal_images(install, err);
    json_array_foreach(install->images, i, item)
        if (status == APR_SUCCESS)
            status = pull(install, item, done, err);
    json_array_foreach(install->images, i, item)
        if (status == APR_SUCCESS)
            status = settle_image(install, item, err);
    return status;
}

/* --- who writes the folders ---------------------------------------------------------------- */

static apr_status_t give_folder(aphd_install_t *install, const aphd_folders_t *data,
                                const json_t *folder, aph_error_t *err)
{
    const char *path = json_string_value(json_object_get(folder, "path"));
    json_auto_t *writers = aphd_writers_of(path, install->policy.binds, install->policy.compose,
                                           install->images);
    uid_t uid;
    gid_t gid;
    if (!json_is_true(json_object_get(folder, "new")) || !aphd_writers_owner(writers, &uid, &gid))
        return APR_SUCCESS;
    return aphd_folders_give(data, path, uid, gid, err);
}

/* A folder this job made is given to the user that will write it; one that was there is its owner's.
 * Only now are the images here, which know that user. */
apr_status_t aphd_install_give(aphd_install_t *install, aph_error_t *err)
{
    aphd_folders_t data;
    size_t i;
    json_t *folder;
    if (install->remapped || json_array_size(install->folders) == 0)
        return APR_SUCCESS;
    apr_status_t status = aphd_folders_open(&data, install->job->app.data_dir, 0, err);
    json_array_foreach(install->folders, i, folder)
        if (status == APR_SUCCESS)
            status = give_folder(install, &data, folder, err);
    aphd_folders_close(&data);
    return status;
}

/* --- the model ----------------------------------------------------------------------------- */

static json_t *image_ids(const aphd_install_t *install)
{
    json_t *ids = json_object();
    size_t i;
    json_t *image;
    json_array_foreach(install->images, i, image)
        json_object_set(ids, json_string_value(json_object_get(image, "service")),
                        json_object_get(image, "id"));
    return ids;
}

/* IMAGE of job_wire.h. */
json_t *aphd_install_image_rows(const aphd_install_t *install)
{
    json_t *rows = json_array();
    size_t i;
    json_t *image;
    json_array_foreach(install->images, i, image)
        json_array_append_new(rows, json_pack("{s:O, s:O, s:O, s:O, s:O}",
            "service", json_object_get(image, "service"), "ref", json_object_get(image, "ref"),
            "id", json_object_get(image, "id"), "digest", json_object_get(image, "digest"),
            "pulled", json_object_get(image, "pulled")));
    return rows;
}

/* What is kept of the model is what runs from now on: a service that runs once has no part in it. */
static apr_status_t take_first(aphd_install_t *install, aph_error_t *err)
{
    const char *service = json_string_value(json_object_get(install->source->manifest, "prepare"));
    char *rest = NULL;
    if (service == NULL)
        return APR_SUCCESS;
    apr_status_t status = aphd_first_run_split(install->model, service, &install->first, &rest, err);
    if (status != APR_SUCCESS)
        return status;
    free(install->model);
    install->model = rest;
    return APR_SUCCESS;
}

apr_status_t aphd_install_render(aphd_install_t *install, aph_error_t *err)
{
    json_auto_t *ids = image_ids(install);
    aphd_install_step(install, 8, "render", "writing down what will run");
    apr_status_t status = aphd_render(install->policy.compose, ids, &install->model, err);
    if (status == APR_SUCCESS && install->source != NULL)
        status = take_first(install, err);
    if (status != APR_SUCCESS || install->replaced != NULL) /* what is replaced stays on record */
        return status;
    json_auto_t *fields = json_pack("{s:s, s:O, s:o}", "compose", install->model,
                                    "plan", install->plan, "images", aphd_install_image_rows(install));
    status = aphd_ask_record(install->job->ask, fields, err);
    return status == APR_SUCCESS ? aphd_bring_write(install->job, install->model, err) : status;
}
