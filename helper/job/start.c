/* SPDX-License-Identifier: Apache-2.0 */
/* How a stopped app comes back.
 *
 *   1. The journal says what is wanted; visitors see that it is starting. What an update left that was
 *      given up is taken back (update_left.h).
 *   2. Its images are here: those that vanished are pulled again by the digest of the install.
 *   3. The firewall knows it, and its folders in storage locations are where they were. Containers that
 *      are all there are started through the engine; where one vanished, compose makes it again from
 *      the stored model.
 *   4. What runs is what was judged.
 *   5. It answers, and its route is published. */
#include "helper/job/start.h"

#include <stdlib.h>
#include <string.h>

#include "common/file_replace.h"
#include "helper/catalog/storage_check.h"
#include "helper/job/bring_up.h"
#include "helper/job/engine_images.h"
#include "helper/job/own_ports.h"
#include "helper/job/take_down.h"
#include "helper/job/update_left.h"

#define STEPS 5
#define MODEL_MAX 4194304 /* octets of a rendered model */

static apr_status_t announce(aphd_job_t *job, aph_error_t *err)
{
    json_auto_t *undo = json_object();
    aphd_job_step(job, "start", 1, STEPS, "starting");
    apr_status_t status = aphd_ask_step(job->ask, "start", undo, err);
    if (status == APR_SUCCESS)
        status = aphd_ask_state(job->ask, "starting", "running", "", err);
    return status;
}

/* By digest: a tag may name another image by now. From then on the image is one that we pulled. */
static apr_status_t pull_again(aphd_job_t *job, json_t *image, aph_error_t *err)
{
    const char *id = json_string_value(json_object_get(image, "id"));
    const char *ref = json_string_value(json_object_get(image, "ref"));
    const char *digest = json_string_value(json_object_get(image, "digest"));
    aphd_image_t found;
    aph_error_t why = APH_ERROR_INIT;
    if (digest == NULL)
        return aph_error_set(err, APH_EIMAGE, 1220, "image %s is no longer on this machine and no "
                             "registry has it under a digest; load it again, or reinstall the app",
                             ref);
    apr_status_t status = aphd_image_pull(job->engine, digest, &job->report, job->p, err);
    if (status == APR_SUCCESS
        && aphd_image_find(job->engine, id, &found, job->p, &why) != APR_SUCCESS)
        return aph_error_set(err, APH_EIMAGE, 1221, "image %s was pulled again and is another one "
                             "than was installed; reinstall the app", digest);
    json_object_set_new(image, "pulled", json_true());
    return status;
}

static apr_status_t have_images(aphd_job_t *job, aph_error_t *err)
{
    apr_status_t status = APR_SUCCESS;
    json_t *images = json_object_get(job->app.row, "images");
    size_t i;
    json_t *image;
    int pulled = 0;
    aphd_job_step(job, "images", 2, STEPS, "looking for its images");
    json_array_foreach(images, i, image) {
        const char *id = json_string_value(json_object_get(image, "id"));
        aphd_image_t found;
        aph_error_t why = APH_ERROR_INIT;
        if (status != APR_SUCCESS || id == NULL)
            continue;
        status = aphd_image_find(job->engine, id, &found, job->p, &why);
        if (status == APH_ENOTFOUND) {
            status = pull_again(job, image, err);
            pulled = 1;
        } else if (status != APR_SUCCESS) {
            *err = why;
        }
    }
    json_auto_t *fields = json_pack("{s:O}", "images", images);
    return status == APR_SUCCESS && pulled ? aphd_ask_record(job->ask, fields, err) : status;
}

static const char *model_of(const aphd_job_t *job)
{
    const char *model = json_string_value(json_object_get(job->app.row, "compose"));
    return model != NULL ? model : "{}";
}

/* The container of that service in the list, or NULL. */
static const json_t *find_container(const json_t *containers, const char *service)
{
    size_t i;
    json_t *container;
    json_array_foreach(containers, i, container)
        if (strcmp(aphd_container_service(container), service) == 0)
            return container;
    return NULL;
}

/* An app that was installed behind the wall is not kept from running by a firewall that is broken now:
 * the engine starts it again without asking us. The log and the doctor say it. */
static void build_wall(aphd_job_t *job)
{
    aph_error_t why = APH_ERROR_INIT;
    if (aphd_bring_wall(job, &why) != APR_SUCCESS)
        aphd_report_log(&job->report, "%s", why.message);
}

/* What is mounted from outside its own folder is where it was. */
static apr_status_t check_storage(aphd_job_t *job, aph_error_t *err)
{
    return aphd_storage_check(job, json_object_get(json_object_get(job->app.row, "plan"), "storage"),
                              err);
}

/* An update that could be neither ended nor taken back leaves containers of a model that is not the
 * app's. It wrote that model before it made them. */
static apr_status_t drop_strangers(aphd_job_t *job, aph_error_t *err)
{
    const char *model = model_of(job);
    char *written = NULL;
    size_t length = 0;
    aph_error_t unheard = APH_ERROR_INIT;
    int strange = aph_file_read(job->app.compose_path, MODEL_MAX, &written, &length, &unheard)
                      == APR_SUCCESS
               && (length != strlen(model) || memcmp(written, model, length) != 0);
    free(written);
    if (!strange)
        return APR_SUCCESS;
    aphd_report_log(&job->report, "its containers are not those of its model, and are made anew");
    return aphd_take_containers(job, err);
}

/* The services in the order they must start: the model's, which the policy wrote dependencies
 * first. */
static apr_status_t run_containers(aphd_job_t *job, aph_error_t *err)
{
    json_auto_t *model = json_loads(model_of(job), 0, NULL);
    json_auto_t *containers = NULL;
    const char *service;
    json_t *ignored;
    int whole = 1;
    aphd_job_step(job, "containers", 3, STEPS, "starting its containers");
    build_wall(job);
    apr_status_t status = check_storage(job, err);
    if (status == APR_SUCCESS)
        status = drop_strangers(job, err);
    if (status == APR_SUCCESS)
        status = aphd_containers_list(job->engine, &job->app.owner, &containers, job->p, err);
    json_object_foreach(json_object_get(model, "services"), service, ignored)
        whole = whole && find_container(containers, service) != NULL;
    if (status == APR_SUCCESS && !whole) {
        aphd_report_log(&job->report, "a container vanished; compose makes it again");
        status = aphd_bring_write(job, model_of(job), err);
        return status == APR_SUCCESS ? aphd_bring_compose(job, err) : status;
    }
    json_object_foreach(json_object_get(model, "services"), service, ignored)
        if (status == APR_SUCCESS)
            status = aphd_container_start(job->engine, aphd_container_id(
                                              find_container(containers, service)), job->p, err);
    if (status == APH_ETAKEN)
        aphd_own_ports_name_taker(job, err);
    return status;
}

static apr_status_t verify(aphd_job_t *job, aph_error_t *err)
{
    aphd_job_step(job, "verify", 4, STEPS, "comparing what runs with its model");
    return aphd_bring_verify(job, model_of(job), err);
}

static apr_status_t publish(aphd_job_t *job, const char *reason, aph_error_t *err)
{
    aphd_job_step(job, "health", 5, STEPS, "waiting for its first answer");
    apr_status_t status = aphd_bring_await(job, model_of(job), err);
    return status == APR_SUCCESS
         ? aphd_ask_state(job->ask, "running", "running", reason, err) : status;
}

/* A cancelled start ends as a stopped app; one that failed is kept as it is, for a look at it,
 * unless it is not what was judged. */
static void give_up(aphd_job_t *job, apr_status_t status, const aph_error_t *reason)
{
    aph_error_t unheard = APH_ERROR_INIT;
    if (status == APR_EOF)
        return;
    job->halt.heedless = 1;
    if (status == APH_ECANCELLED)
        aphd_stop_app(job, "stopped", &unheard);
    else
        aphd_ask_state(job->ask, "failing", NULL, reason->message, &unheard);
}

apr_status_t aphd_start_app(aphd_job_t *job, aph_error_t *err)
{
    apr_status_t status = announce(job, err);
    if (job->app.files) /* httpd itself serves them: nothing has to come up */
        return status == APR_SUCCESS
             ? aphd_ask_state(job->ask, "running", "running", "", err) : status;
    if (status == APR_SUCCESS)
        status = aphd_update_settle(job, err);
    if (status == APR_SUCCESS)
        status = have_images(job, err);
    if (status == APR_SUCCESS)
        status = run_containers(job, err);
    if (status == APR_SUCCESS && (status = verify(job, err)) == APH_EDENIED) {
        aph_error_t unheard = APH_ERROR_INIT;
        aphd_stop_app(job, "stopped", &unheard);
    }
    if (status == APR_SUCCESS)
        status = publish(job, "", err);
    if (status != APR_SUCCESS)
        give_up(job, status, err);
    return status;
}

apr_status_t aphd_start_again(aphd_job_t *job, const char *reason, aph_error_t *err)
{
    apr_status_t status = have_images(job, err);
    if (status == APR_SUCCESS)
        status = aphd_bring_write(job, model_of(job), err);
    if (status == APR_SUCCESS) {
        aphd_job_step(job, "containers", 3, STEPS, "making its containers again");
        build_wall(job);
        status = check_storage(job, err);
    }
    if (status == APR_SUCCESS)
        status = aphd_bring_compose(job, err);
    if (status == APR_SUCCESS)
        status = verify(job, err);
    if (status == APR_SUCCESS)
        status = publish(job, reason, err);
    if (status != APR_SUCCESS && status != APH_EENGINE)
        give_up(job, status, err);
    return status;
}

apr_status_t aphd_story_start(aphd_job_t *job, aph_error_t *err)
{
    apr_status_t status = aphd_job_meet_engine(job, 0, err);
    if (status == APR_SUCCESS)
        status = aphd_start_app(job, err);
    return aphd_job_finish(job, status, json_pack("{s:i, s:s, s:s}", "app_id", job->app.app_id,
                                                  "name", job->app.name, "state", "running"), err);
}
