/* SPDX-License-Identifier: Apache-2.0 */
/* How an app goes away. No network is needed, and no script is run: what it said was read when the
 * app was installed.
 *
 *   1. The engine answers: without it nothing could be removed, so nothing is begun.
 *   2. The route is withdrawn; from now on nobody is sent to the app. Its virtual host goes too.
 *   3. Containers are stopped and removed, then its network.
 *   4. Images this app brought, and nothing else uses, are given back.
 *   5. What data there is, is listed; with purge it is deleted, else it stays. What is in a storage
 *      location is listed, and stays in any case.
 *   6. Our own folders of the app are deleted, and the monitor told what remains.
 *
 * Of a webapp only 2 and 6 are done: the folder it served is not ours.
 *
 * Every step may find its work done already: an interrupted uninstall is simply gone through
 * again. */
#include "helper/job/job.h"

#include <stdio.h>
#include <string.h>
#include <apr_strings.h>

#include "helper/job/engine_images.h"
#include "helper/job/engine_networks.h"
#include "helper/job/folders.h"
#include "helper/job/source.h"
#include "helper/base/purge.h"
#include "helper/job/take_down.h"
#include "helper/job/update_left.h"
#include "helper/job/vhosts.h"

#define STEPS 5

typedef struct leaving_t {
    aphd_job_t *job;
    json_t *data;    /* [{"path","octets"}...] found */
    json_t *volumes; /* [name...] found */
    int purge;
    int remains;     /* there was data, and it stays */
    int begun;       /* the journal says so: it is not what it was any more */
} leaving_t;

static apr_status_t withdraw(leaving_t *leaving, aph_error_t *err)
{
    aphd_job_t *job = leaving->job;
    json_auto_t *undo = json_pack("{s:b}", "purge", leaving->purge);
    aphd_job_step(job, "withdraw", 1, STEPS, "withdrawing its address");
    aph_error_t left = APH_ERROR_INIT;
    apr_status_t status = aphd_ask_step(job->ask, "uninstall", undo, err);
    if (status == APR_SUCCESS)
        status = aphd_ask_state(job->ask, "stopped", "stopped", "it is being uninstalled", err);
    if (status == APR_SUCCESS)
        status = aphd_vhosts_disable(job, &left, err);
    if (left.status != APR_SUCCESS)
        aphd_report_log(&job->report, "httpd keeps the virtual host for now, and answers in it that "
                        "there is no such app: %s", left.message);
    return status;
}

static apr_status_t remove_containers(leaving_t *leaving, aph_error_t *err)
{
    aphd_job_step(leaving->job, "containers", 2, STEPS, "removing its containers");
    /* Where the data goes as well, nobody has to be given time to put it in order. */
    apr_status_t status = leaving->purge ? APR_SUCCESS : aphd_take_stop(leaving->job, err);
    return status == APR_SUCCESS ? aphd_take_containers(leaving->job, err) : status;
}

/* What to give back of an image: its reference; where a start had to pull it again, only the
 * digest. */
static json_t *reference_of(const aphd_job_t *job, const json_t *image)
{
    json_t *digest = json_object_get(image, "digest");
    json_t *ref = json_object_get(image, "ref");
    aphd_image_t found;
    aph_error_t unheard = APH_ERROR_INIT;
    int gone = aphd_image_find(job->engine, json_string_value(ref), &found, job->p, &unheard)
            == APH_ENOTFOUND;
    return gone && json_is_string(digest) ? digest : ref;
}

/* Docker forgets the digest with the last tag; to Podman it is a name of its own. */
static apr_status_t give_digest_back(aphd_job_t *job, const json_t *image, aph_error_t *err)
{
    const char *digest = json_string_value(json_object_get(image, "digest"));
    aphd_image_t found;
    aph_error_t unheard = APH_ERROR_INIT;
    int kept;
    if (digest == NULL || !json_is_true(json_object_get(image, "pulled"))
        || aphd_image_find(job->engine, digest, &found, job->p, &unheard) != APR_SUCCESS
        || found.tagged)
        return APR_SUCCESS;
    return aphd_image_drop(job->engine, digest, &kept, job->p, err);
}

/* An image that an update replaced lost its name where the new one has the same. */
static apr_status_t give_nameless_back(aphd_job_t *job, const json_t *image, aph_error_t *err)
{
    const char *id = json_string_value(json_object_get(image, "id"));
    aphd_image_t found;
    aph_error_t unheard = APH_ERROR_INIT;
    int kept;
    if (id == NULL || !json_is_true(json_object_get(image, "pulled"))
        || aphd_image_find(job->engine, id, &found, job->p, &unheard) != APR_SUCCESS || found.tagged)
        return APR_SUCCESS;
    return aphd_image_drop(job->engine, id, &kept, job->p, err);
}

static apr_status_t give_list_back(aphd_job_t *job, const json_t *images, aph_error_t *err)
{
    json_auto_t *refs = json_array();
    size_t i;
    json_t *image;
    json_array_foreach((json_t *)images, i, image)
        if (json_is_true(json_object_get(image, "pulled")))
            json_array_append(refs, reference_of(job, image));
    apr_status_t status = aphd_take_images(job, refs, err);
    json_array_foreach((json_t *)images, i, image)
        if (status == APR_SUCCESS)
            status = give_digest_back(job, image, err);
    json_array_foreach((json_t *)images, i, image)
        if (status == APR_SUCCESS)
            status = give_nameless_back(job, image, err);
    return status;
}

/* Those of the app, and those an update kept for a way back. */
static apr_status_t give_images_back(leaving_t *leaving, aph_error_t *err)
{
    aphd_job_t *job = leaving->job;
    const json_t *before = json_object_get(json_object_get(job->app.row, "previous"), "plan");
    aphd_job_step(job, "images", 3, STEPS, "giving its images back");
    apr_status_t status = give_list_back(job, json_object_get(job->app.row, "images"), err);
    return status == APR_SUCCESS ? give_list_back(job, json_object_get(before, "images"), err) : status;
}

/* Contents of configs are their author's, not a person's. What an update set aside stays: somebody wrote
 * it, and it was to be there for a rollback. Where ".apphost" is no folder of this file system, nothing in
 * it is ours. */
static apr_status_t remove_authors(const aphd_folders_t *data, aph_error_t *err)
{
    static const char *const sections[] = {".apphost/configs", ".apphost/secrets"};
    aph_error_t why = APH_ERROR_INIT;
    apr_status_t status = APR_SUCCESS;
    for (size_t i = 0; i < sizeof sections / sizeof sections[0] && status == APR_SUCCESS; i++)
        status = aphd_folders_remove(data, sections[i], &why);
    if (status == APR_SUCCESS)
        status = aphd_folders_remove_empty(data, ".apphost", &why);
    if (APR_STATUS_IS_ENOTDIR(status) || status == APH_EDENIED)
        return APR_SUCCESS;
    if (status != APR_SUCCESS)
        *err = why;
    return status;
}

static void tell_of_aside(const leaving_t *leaving)
{
    const aphd_job_t *job = leaving->job;
    const char *path;
    json_t *kept;
    json_object_foreach(json_object_get(json_object_get(job->app.row, "previous"), "aside"), path, kept)
        if (json_is_string(kept))
            aphd_report_log(&leaving->job->report, "%s/%s as it was before the last update stays, too: "
                            "it is %s", job->app.data_dir, path, json_string_value(kept));
}

static apr_status_t list_data(leaving_t *leaving, aph_error_t *err)
{
    aphd_job_t *job = leaving->job;
    aphd_folders_t data;
    apr_status_t status = aphd_folders_open(&data, job->app.data_dir, 0, err);
    leaving->data = status == APR_ENOENT ? json_array() : NULL;
    if (status == APR_SUCCESS)
        status = remove_authors(&data, err);
    if (status == APR_SUCCESS)
        status = aphd_folders_sizes(&data, &leaving->data, err);
    aphd_folders_close(&data);
    aphd_source_add_backup(json_object_get(json_object_get(job->app.row, "plan"), "folders"), leaving->data,
                           job->app.data_dir);
    if (status == APR_SUCCESS || status == APR_ENOENT)
        status = aphd_volumes_list(job->engine, &job->app.owner, &leaving->volumes, job->p, err);
    return status;
}

/* A tree of a million files takes a while; whoever waits sees that it gets on. */
static void deleted_cb(void *baton, unsigned long long deleted)
{
    char text[64];
    snprintf(text, sizeof text, "deleting its data: %llu files so far", deleted);
    aphd_job_step(baton, "data", 4, STEPS, text);
}

static apr_status_t keep_or_purge(leaving_t *leaving, aph_error_t *err)
{
    aphd_job_t *job = leaving->job;
    aphd_job_step(job, "data", 4, STEPS, leaving->purge ? "deleting its data" : "listing its data");
    apr_status_t status = list_data(leaving, err);
    if (status != APR_SUCCESS)
        return status;
    int there = json_array_size(leaving->data) > 0 || json_array_size(leaving->volumes) > 0;
    leaving->remains = there && !leaving->purge;
    if (leaving->remains) {
        tell_of_aside(leaving);
        return APR_SUCCESS;
    }
    aphd_purge_watch_t watch = {deleted_cb, job};
    status = aphd_volumes_remove(job->engine, &job->app.owner, job->p, err);
    return status == APR_SUCCESS ? aphd_purge_watched(job->app.data_dir, &watch, err) : status;
}

/* What an update set aside that was given up is data, too, and is where it belongs before it is kept. */
static apr_status_t settle(leaving_t *leaving, aph_error_t *err)
{
    aph_error_t why = APH_ERROR_INIT;
    apr_status_t status = aphd_update_settle(leaving->job, &why);
    if (status == APR_EOF || !leaving->purge)
        *err = why;
    else
        status = APR_SUCCESS;
    return status;
}

/* Secrets of its data that a try left which failed are of no use without the data. An app can go also
 * where the catalog cannot be written; then they go by themselves. */
static void forget_answers(leaving_t *leaving)
{
    aphd_job_t *job = leaving->job;
    aph_error_t why = APH_ERROR_INIT;
    if (aphd_source_forget(job, job->app.name, &why) != APR_SUCCESS)
        aphd_report_log(&job->report, "answers kept for another try to install or update %s stay for "
                        "a month: %s", job->app.name, why.message);
}

static apr_status_t take_containers_and_data(leaving_t *leaving, aph_error_t *err)
{
    apr_status_t status = remove_containers(leaving, err);
    if (status == APR_SUCCESS)
        status = settle(leaving, err);
    if (status == APR_SUCCESS)
        status = give_images_back(leaving, err);
    if (status == APR_SUCCESS)
        status = keep_or_purge(leaving, err);
    if (status == APR_SUCCESS && !leaving->remains)
        forget_answers(leaving);
    return status;
}

static apr_status_t leave(leaving_t *leaving, aph_error_t *err)
{
    apr_status_t status = leaving->job->engine != NULL
                        ? APR_SUCCESS : aphd_job_meet_engine(leaving->job, 0, err);
    if (status == APR_SUCCESS)
        status = withdraw(leaving, err);
    leaving->begun = status == APR_SUCCESS;
    leaving->job->halt.heedless = 1; /* half an app is of no use: from here on only forward */
    if (status == APR_SUCCESS && !leaving->job->app.files)
        status = take_containers_and_data(leaving, err);
    if (status == APR_SUCCESS)
        status = aphd_vhosts_remove(leaving->job, &leaving->job->app, !leaving->remains, err);
    if (status == APR_SUCCESS)
        status = aphd_purge_path(leaving->job->app.app_dir, err);
    return status;
}

/* What it had in storage locations is not ours to delete: ["/srv/media/films"...]. */
static json_t *storage_kept(const aphd_job_t *job)
{
    json_t *paths = json_array();
    size_t i;
    json_t *row;
    json_array_foreach(json_object_get(json_object_get(job->app.row, "plan"), "storage"), i, row)
        json_array_append(paths, json_object_get(row, "path"));
    return paths;
}

static json_t *list_or_none(json_t *list)
{
    return list != NULL ? json_incref(list) : json_array();
}

apr_status_t aphd_story_uninstall(aphd_job_t *job, aph_error_t *err)
{
    const json_t *undo = json_object_get(json_object_get(job->request, "recover"), "undo");
    leaving_t leaving = {.job = job, .purge = aphd_job_flag(job, "purge")
                                           || json_is_true(json_object_get(undo, "purge"))};
    apr_status_t status = leave(&leaving, err);
    if (status != APR_SUCCESS) {
        aph_error_t unheard = APH_ERROR_INIT;
        if (leaving.begun && status != APR_EOF)
            aphd_ask_state(job->ask, NULL, NULL, "its uninstallation failed half-way; uninstall it "
                           "again", &unheard);
        status = aphd_job_finish(job, status, NULL, err);
    } else {
        json_auto_t *answer = json_pack("{s:i, s:s, s:s, s:o, s:o, s:o, s:O?}",
                                        "app_id", job->app.app_id,
                                        "name", job->app.name,
                                        "data", leaving.remains ? "kept" : "gone",
                                        "folders", list_or_none(leaving.data),
                                        "volumes", list_or_none(leaving.volumes),
                                        "storage", storage_kept(job),
                                        "webapp", json_object_get(job->app.row, "webapp"));
        aphd_ending_t ending = {.result = "done", .app = leaving.remains ? "kept-data" : "gone",
                                .answer = answer};
        status = aphd_ask_finish(job->ask, &ending, err);
    }
    json_decref(leaving.data);
    json_decref(leaving.volumes);
    return status;
}
