/* SPDX-License-Identifier: Apache-2.0 */
#include "helper/job/take_down.h"

#include <string.h>

#include "helper/catalog/storage_check.h"
#include "helper/catalog/storage_folders.h"
#include "helper/job/engine_images.h"
#include "helper/job/engine_networks.h"
#include "helper/job/folders.h"
#include "helper/job/vhosts.h"
#include "helper/base/purge.h"

/* Compose may have been killed while the engine still made a container, and each may have to wait for
 * another one to go. */
#define ROUNDS         15
#define ROUND_PAUSE_MS 50

apr_status_t aphd_take_stop(aphd_job_t *job, aph_error_t *err)
{
    json_auto_t *containers = NULL;
    apr_status_t status = aphd_containers_list(job->engine, &job->app.owner, &containers, job->p,
                                               err);
    size_t i;
    json_t *container;
    /* The newest first: the older ones are those the newer depend on. */
    json_array_foreach(containers, i, container)
        if (status == APR_SUCCESS)
            status = aphd_container_stop(job->engine, aphd_container_id(container), job->p, err);
    return status;
}

/* Goes through all of them: Podman does not remove one whose network another shares before that one is
 * gone, and two that were made in the same second have no order. It failed where none could go. */
static apr_status_t remove_what_can_go(aphd_job_t *job, const json_t *containers, aph_error_t *err)
{
    aph_error_t first = APH_ERROR_INIT;
    size_t i, gone = 0;
    json_t *container;
    json_array_foreach(containers, i, container) {
        aph_error_t why = APH_ERROR_INIT;
        apr_status_t status = aphd_container_remove(job->engine, aphd_container_id(container),
                                                    job->p, &why);
        gone += status == APR_SUCCESS;
        if (status == APR_EOF || status == APH_ECANCELLED) {
            *err = why;
            return status;
        }
        if (first.status == APR_SUCCESS)
            first = why;
    }
    if (gone > 0 || first.status == APR_SUCCESS)
        return APR_SUCCESS;
    *err = first;
    return first.status;
}

apr_status_t aphd_take_containers(aphd_job_t *job, aph_error_t *err)
{
    apr_status_t status = APR_SUCCESS;
    for (int round = 0; status == APR_SUCCESS; round++) {
        json_auto_t *containers = NULL;
        status = aphd_containers_list(job->engine, &job->app.owner, &containers, job->p, err);
        if (json_array_size(containers) == 0)
            break;
        /* Podman would take their network from under them, and leave their ports in its filter. */
        if (round == ROUNDS)
            return aph_error_set(err, APH_EENGINE, 2141, "the container engine still has containers "
                                 "of %s although it removed them; try again", job->app.name);
        if (round > 0)
            status = aphd_halt_sleep(&job->halt, ROUND_PAUSE_MS, err);
        if (status == APR_SUCCESS)
            status = remove_what_can_go(job, containers, err);
    }
    if (status == APR_SUCCESS)
        status = aphd_networks_remove(job->engine, &job->app.owner, job->p, err);
    return status;
}

apr_status_t aphd_take_images(aphd_job_t *job, const json_t *refs, aph_error_t *err)
{
    apr_status_t status = APR_SUCCESS;
    size_t i;
    json_t *ref;
    json_array_foreach(refs, i, ref) {
        int kept = 0;
        if (status == APR_SUCCESS)
            status = aphd_image_drop(job->engine, json_string_value(ref), &kept, job->p, err);
        if (kept)
            aphd_report_log(&job->report, "image %s stays: something else uses it",
                            json_string_value(ref));
    }
    return status;
}

/* A folder somebody has put something into stays, and so does one that cannot be looked at now. */
static void take_storage(aphd_job_t *job, const json_t *undo)
{
    size_t i;
    json_t *made;
    json_array_foreach(json_object_get(undo, "storage"), i, made) {
        json_auto_t *location = NULL;
        aph_error_t unheard = APH_ERROR_INIT;
        const char *folder = json_string_value(json_object_get(made, "folder"));
        const char *missing = json_string_value(json_object_get(made, "missing"));
        if (folder != NULL && missing != NULL
            && aphd_storage_location(job, made, &location, &unheard) == APR_SUCCESS)
            aphd_storage_unmake(location, folder, missing);
    }
}

apr_status_t aphd_take_folders(aphd_job_t *job, const json_t *undo, aph_error_t *err)
{
    aphd_folders_t data;
    size_t i;
    json_t *relative;
    take_storage(job, undo);
    if (json_is_true(json_object_get(undo, "data_made")))
        return aphd_purge_path(job->app.data_dir, err);
    apr_status_t status = aphd_folders_open(&data, job->app.data_dir, 0, err);
    if (status != APR_SUCCESS)
        return status == APR_ENOENT ? APR_SUCCESS : status;
    json_array_foreach(json_object_get(undo, "folders"), i, relative)
        if (status == APR_SUCCESS)
            status = aphd_folders_remove(&data, json_string_value(relative), err);
    aphd_folders_close(&data);
    return status;
}

static apr_status_t take_vhost(aphd_job_t *job, aph_error_t *err)
{
    aph_error_t left = APH_ERROR_INIT;
    apr_status_t status = aphd_vhosts_disable(job, &left, err);
    if (left.status != APR_SUCCESS)
        aphd_report_log(&job->report, "httpd still has the virtual host: %s", left.message);
    return status == APR_SUCCESS ? aphd_vhosts_remove(job, &job->app, !job->app.kept, err) : status;
}

apr_status_t aphd_take_install_back(aphd_job_t *job, const json_t *undo, aph_error_t *err)
{
    const json_t *images = json_object_get(undo, "images");
    int engine = json_is_true(json_object_get(undo, "engine"));
    apr_status_t status = json_is_true(json_object_get(undo, "vhost"))
                        ? take_vhost(job, err) : APR_SUCCESS;
    if (status != APR_SUCCESS || job->app.files)
        return status;
    if (job->engine == NULL && (engine || json_array_size(images) > 0))
        status = aphd_job_meet_engine(job, 0, err);
    if (status == APR_SUCCESS && engine)
        status = aphd_take_containers(job, err);
    if (status == APR_SUCCESS && engine && !job->app.kept)
        status = aphd_volumes_remove(job->engine, &job->app.owner, job->p, err);
    if (status == APR_SUCCESS)
        status = aphd_take_images(job, images, err);
    if (status == APR_SUCCESS)
        status = aphd_take_folders(job, undo, err);
    if (status == APR_SUCCESS)
        status = aphd_purge_path(job->app.app_dir, err);
    return status;
}
