/* SPDX-License-Identifier: Apache-2.0 */
/* Installing: the plan. What the engine has of its images, what the registries say of the others,
 * who will write its folders, and what the machine has. */
#include "helper/job/install.h"

#include <stdlib.h>
#include <string.h>
#include <apr_strings.h>

#include "helper/job/engine_about.h"
#include "helper/job/engine_images.h"
#include "helper/job/folders.h"
#include "helper/job/image_sizes.h"
#include "helper/job/plan_needs.h"
#include "helper/job/registry.h"
#include "helper/job/writers.h"

/* --- images -------------------------------------------------------------------------------- */

static json_t *row_of(const json_t *wanted, const aphd_image_t *image)
{
    return json_pack("{s:O, s:O, s:b, s:s?, s:s?, s:o, s:s?, s:s?, s:s?, s:n}",
                     "service", json_object_get(wanted, "service"),
                     "ref", json_object_get(wanted, "ref"), "pull", image == NULL,
                     "id", image != NULL ? image->id : NULL,
                     "digest", image != NULL ? image->digest : NULL,
                     "octets", image != NULL ? json_integer(image->size) : json_null(),
                     "user", image != NULL ? image->user : NULL,
                     "puid", image != NULL ? image->puid : NULL,
                     "pgid", image != NULL ? image->pgid : NULL, "note");
}

/* What its service ran in the plan that is gone back to; NULL where any image will do. */
static const json_t *exact_image(const aphd_install_t *install, const json_t *wanted)
{
    size_t i;
    json_t *image;
    if (install->replaced != NULL)
        json_array_foreach((json_t *)install->replaced->exactly, i, image)
            if (json_is_string(json_object_get(image, "id"))
                && json_equal(json_object_get(image, "service"), json_object_get(wanted, "service"))
                && json_equal(json_object_get(image, "ref"), json_object_get(wanted, "ref")))
                return image;
    return NULL;
}

/* The row of an image that has to be that very one: by its id, or as its registry has it. */
static apr_status_t add_exact(aphd_install_t *install, const json_t *wanted, const json_t *exact,
                              aph_error_t *err)
{
    const char *id = json_string_value(json_object_get(exact, "id"));
    aphd_image_t image;
    aph_error_t why = APH_ERROR_INIT;
    apr_status_t status = aphd_image_find(install->job->engine, id, &image, install->job->p, &why);
    if (status != APR_SUCCESS && status != APH_ENOTFOUND) {
        *err = why;
        return status;
    }
    if (status == APH_ENOTFOUND && !json_is_string(json_object_get(exact, "digest")))
        return aph_error_set(err, APH_EIMAGE, 2641, "image %s of then is no longer on this machine, and "
                             "no registry has it under a digest; load it again",
                             json_string_value(json_object_get(exact, "ref")));
    json_t *row = row_of(wanted, status == APR_SUCCESS ? &image : NULL);
    json_object_set_new(row, "exact", json_true());
    if (status != APR_SUCCESS)
        json_object_set(row, "digest", json_object_get(exact, "digest"));
    json_array_append_new(install->images, row);
    return APR_SUCCESS;
}

/* The new revision of an entry has another digest under the name of an image that we pulled for the old
 * one: then that name moves on. */
static int is_outdated(const aphd_install_t *install, const json_t *wanted, const aphd_image_t *image)
{
    const char *ref = json_string_value(json_object_get(wanted, "ref"));
    const char *known = image->digest != NULL ? strchr(image->digest, '@') : NULL;
    const char *digest = install->replaced == NULL || install->source == NULL ? NULL
                       : json_string_value(json_object_get(
                             json_object_get(install->source->manifest, "digests"), ref));
    size_t i;
    json_t *old;
    if (digest == NULL || known == NULL || strcmp(known + 1, digest) == 0)
        return 0;
    json_array_foreach((json_t *)install->replaced->images, i, old) {
        const char *id = json_string_value(json_object_get(old, "id"));
        if (id != NULL && strcmp(id, image->id) == 0 && json_is_true(json_object_get(old, "pulled")))
            return 1;
    }
    return 0;
}

static apr_status_t look_for_images(aphd_install_t *install, aph_error_t *err)
{
    aphd_job_t *job = install->job;
    size_t i;
    json_t *wanted;
    install->images = json_array();
    json_array_foreach(install->policy.images, i, wanted) {
        aphd_image_t image;
        aph_error_t why = APH_ERROR_INIT;
        const json_t *exact = exact_image(install, wanted);
        if (exact != NULL && add_exact(install, wanted, exact, err) != APR_SUCCESS)
            return err->status;
        if (exact != NULL)
            continue;
        apr_status_t status = aphd_image_find(
            job->engine, json_string_value(json_object_get(wanted, "ref")), &image, job->p, &why);
        if (status != APR_SUCCESS && status != APH_ENOTFOUND) {
            *err = why;
            return status;
        }
        int use = status == APR_SUCCESS && !is_outdated(install, wanted, &image);
        json_array_append_new(install->images, row_of(wanted, use ? &image : NULL));
    }
    return APR_SUCCESS;
}

/* The references that are not here, each once. */
static size_t list_missing(const aphd_install_t *install, aphd_registry_image_t *missing)
{
    size_t i, count = 0;
    json_t *row;
    json_array_foreach(install->images, i, row) {
        const char *ref = json_string_value(json_object_get(row, "ref"));
        size_t at = 0;
        while (at < count && strcmp(missing[at].ref, ref) != 0)
            at++;
        if (json_is_true(json_object_get(row, "pull")) && at == count
            && !json_is_true(json_object_get(row, "exact")))
            missing[count++].ref = ref;
    }
    return count;
}

static void fill_row(aphd_install_t *install, json_t *row, const aphd_registry_image_t *image)
{
    apr_pool_t *p = install->job->p;
    const char *name, *tag;
    aphd_image_split(image->ref, &name, &tag, p);
    if (image->digest != NULL)
        json_object_set_new(row, "digest",
                            json_string(apr_pstrcat(p, name, "@", image->digest, NULL)));
    if (image->layers != NULL)
        json_object_set(row, "layer_list", image->layers);
    if (image->note != NULL && image->layers == NULL)
        json_object_set_new(row, "note", json_string(image->note));
    if (image->config != NULL)
        json_object_update(row, image->config);
}

static apr_status_t ask_registries(aphd_install_t *install, const aphd_engine_about_t *about,
                                   aphd_registry_image_t *missing, size_t count, aph_error_t *err)
{
    aphd_job_t *job = install->job;
    aphd_registry_site_t site = {about->info, about->architecture, about->variant};
    json_auto_t *chains = NULL;
    apr_status_t status = APR_SUCCESS;
    size_t i;
    json_t *row;
    for (size_t at = 0; at < count && status == APR_SUCCESS; at++)
        status = aphd_engine_full_name(job->engine, missing[at].ref, &missing[at].full, job->p,
                                       err);
    if (status == APR_SUCCESS)
        status = aphd_registry_ask(&site, missing, count, &job->halt, job->p, err);
    if (status == APR_SUCCESS && count > 0)
        status = aphd_engine_chains(job->engine, &chains, job->p, err);
    json_array_foreach(install->images, i, row)
        for (size_t at = 0; at < count; at++)
            if (json_is_true(json_object_get(row, "pull"))
                && strcmp(missing[at].ref,
                          json_string_value(json_object_get(row, "ref"))) == 0)
                fill_row(install, row, &missing[at]);
    install->needs = aphd_image_sizes(install->images, chains);
    return status;
}

/* Nobody outside is asked for an app that will not be installed. */
static apr_status_t plan_images(aphd_install_t *install, aph_error_t *err)
{
    aphd_job_t *job = install->job;
    aphd_engine_about_t about;
    apr_status_t status = look_for_images(install, err);
    if (status == APR_SUCCESS)
        status = aphd_engine_about(job->engine, &about, job->p, err);
    if (status != APR_SUCCESS)
        return status;
    install->engine_root = about.root;
    install->remapped = about.remapped;
    aphd_registry_image_t *missing = apr_pcalloc(
        job->p, (json_array_size(install->images) + 1) * sizeof *missing);
    size_t count = install->policy.verdict != APHD_DENY ? list_missing(install, missing) : 0;
    if (count > 0)
        aphd_install_step(install, 4, "plan", "asking registries for digests and sizes");
    status = ask_registries(install, &about, missing, count, err);
    aphd_registry_clear(missing, count);
    aphd_engine_about_clear(&about);
    return status;
}

/* --- folders ------------------------------------------------------------------------------- */

static void add_folder(aphd_install_t *install, const aphd_folders_t *data, const char *path)
{
    size_t i;
    json_t *folder;
    char *missing = NULL;
    aph_error_t unheard = APH_ERROR_INIT;
    json_array_foreach(install->folders, i, folder)
        if (strcmp(json_string_value(json_object_get(folder, "path")), path) == 0)
            return;
    int is_new = data->fd < 0
              || aphd_folders_missing(data, path, &missing, &unheard) != APR_SUCCESS
              || missing != NULL;
    free(missing);
    json_array_append_new(install->folders, json_pack("{s:s, s:b, s:o}", "path", path, "new",
        is_new, "writers", aphd_writers_of(path, install->policy.binds, install->policy.compose,
                                           install->images)));
}

static void list_folders(aphd_install_t *install)
{
    aphd_folders_t data;
    aph_error_t unheard = APH_ERROR_INIT;
    size_t i;
    json_t *item;
    install->folders = json_array();
    install->files = json_array();
    aphd_folders_open(&data, install->job->app.data_dir, 0, &unheard);
    json_array_foreach(json_object_get(install->script, "folders"), i, item)
        add_folder(install, &data, json_string_value(json_object_get(item, "path")));
    json_array_foreach(install->policy.binds, i, item)
        if (json_object_get(item, "location") == NULL)
            add_folder(install, &data, json_string_value(json_object_get(item, "path")));
    json_array_extend(install->files, json_object_get(install->script, "files"));
    json_array_extend(install->files, install->policy.files);
    aphd_folders_close(&data);
}

static json_t *paths_of(const json_t *files)
{
    json_t *paths = json_array();
    size_t i;
    json_t *file;
    json_array_foreach(files, i, file)
        json_array_append(paths, json_object_get(file, "path"));
    return paths;
}

/* --- the whole ----------------------------------------------------------------------------- */

static apr_status_t gather(aphd_install_t *install, aph_error_t *err)
{
    apr_status_t status = APR_SUCCESS;
    if (!install->job->app.files)
        status = plan_images(install, err);
    if (status == APR_SUCCESS && install->source != NULL)
        status = aphd_source_pin(install->source, install->images, install->job->p, err);
    if (install->images == NULL)
        install->images = json_array();
    if (install->needs == NULL)
        install->needs = aphd_image_sizes(install->images, NULL);
    json_object_set_new(install->needs, "memory", aphd_plan_memory(install->policy.compose));
    list_folders(install);
    if (status == APR_SUCCESS)
        status = aphd_install_left(install, err);
    return status == APR_SUCCESS ? aphd_install_storage_plan(install, err) : status;
}

apr_status_t aphd_install_hash(aphd_install_t *install, aph_error_t *err)
{
    json_auto_t *secrets = install->source != NULL ? aphd_source_secrets(install->source) : NULL;
    return aphd_plan_hash(install->plan, secrets, install->plan_hash, err);
}

/* Where a browser begins. */
const char *aphd_install_page(const aphd_install_t *install)
{
    const aphd_job_t *job = install->job;
    const char *path = install->source == NULL ? NULL : json_string_value(json_object_get(
        json_object_get(install->source->manifest, "web"), "path"));
    return aphd_job_is_path(path) ? apr_pstrcat(job->p, job->app.url, path + 1, NULL) : job->app.url;
}

apr_status_t aphd_install_plan(aphd_install_t *install, aph_error_t *err)
{
    aphd_job_t *job = install->job;
    const aphd_source_t *source = install->source;
    const char *script = source != NULL ? source->text : aphd_job_text(job, "script");
    aphd_install_step(install, 4, "plan", "planning");
    apr_status_t status = gather(install, err);
    if (status != APR_SUCCESS)
        return status;
    json_auto_t *paths = paths_of(install->files);
    json_auto_t *site = aphd_site_content(&install->site);
    json_auto_t *machine = aphd_plan_machine(job->settings->state_dir, install->engine_root);
    aphd_plan_in_t in = {
        .name = job->app.name, .script = script != NULL ? script : "",
        .uninstall_script = aphd_job_text(job, "uninstall_script"),
        .url = job->app.web ? aphd_install_page(install) : NULL, .site = site,
        .because = install->site.enabled ? install->site.vhost.because : "",
        .data_dir = job->app.files ? install->site.webapp : job->app.data_dir,
        .app_id = job->app.app_id, .port = job->app.port, .policy = &install->policy,
        .agreed = install->replaced != NULL ? install->replaced->agreed : NULL,
        .files = paths, .folders = install->folders, .images = install->images,
        .needs = install->needs, .machine = machine, .storage = install->storage_rows,
    };
    status = aphd_plan_make(&in, &install->plan, err);
    if (status == APR_SUCCESS && source != NULL)
        aphd_source_in_plan(source, json_object_get(install->plan, "content"), install->plan,
                            job->p);
    if (status == APR_SUCCESS)
        aphd_install_tell_left(install);
    if (status == APR_SUCCESS && source != NULL)
        status = aphd_source_check_shown(source, install->plan, err);
    return status == APR_SUCCESS ? aphd_install_hash(install, err) : status;
}
