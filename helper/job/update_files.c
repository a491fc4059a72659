/* SPDX-License-Identifier: Apache-2.0 */
/* Updating: files of the data folder. An author may want a file written again with each update. That
 * is done without a word where what is there is what an author put there: the text the app's present
 * revision has for it, with the app's answers, or the new one. Anything else somebody wrote or
 * changed. It is replaced with consent only, and stays set aside until the next update is done; a
 * rollback puts it back. */
#include "helper/job/update.h"

#include <string.h>
#include <apr_strings.h>

#include "helper/job/folders.h"
#include "helper/job/update_plan.h"

#define CONSENT "overwrite."

/* The name in that folder of file number of "aside". */
static const char *aside_name(const char *folder, size_t number, apr_pool_t *p)
{
    return apr_psprintf(p, "%s/%d", folder, (int)number);
}

static const char *text_of(const json_t *object, const char *member)
{
    return json_string_value(json_object_get(object, member));
}

/* Nonzero where there is something of that name in the data folder. */
static int is_there(const aphd_folders_t *data, const char *path)
{
    aphd_found_t found;
    aph_error_t unheard = APH_ERROR_INIT;
    return path != NULL && data->fd >= 0
        && (aphd_folders_compare(data, path, "", &found, &unheard) != APR_SUCCESS
            || found != APHD_FOUND_NOTHING);
}

/* --- which ---------------------------------------------------------------------------------- */

static void add(aphd_update_t *update, const aphd_folders_t *data, const char *path)
{
    const json_t *previous = json_object_get(update->install.job->app.row, "previous");
    const char *kept = update->rollback ? text_of(json_object_get(previous, "aside"), path) : NULL;
    if (aphd_texts_have(update->again, path))
        return;
    json_array_append_new(update->again, json_string(path));
    json_array_append_new(update->restored, is_there(data, kept) ? json_string(kept) : json_null());
}

/* Whether the file is the author's to write: by the revision it is to be, or, going back, by the one it
 * is, which wrote it over. */
static int writes_again(const aphd_update_t *update, const aphd_source_t *now, const char *path)
{
    return aphd_source_writes_again(update->install.source, path)
        || (now != NULL && aphd_source_writes_again(now, path));
}

/* What the author wants written again; all contents of compose's configs: those are nobody's but the
 * author's; and, going back, what the update that is taken back has set aside. */
static void list_again(aphd_update_t *update, const aphd_folders_t *data, const aphd_source_t *now)
{
    const aphd_install_t *install = &update->install;
    const json_t *previous = json_object_get(install->job->app.row, "previous");
    size_t i;
    json_t *file;
    const char *path;
    json_array_foreach(json_object_get(install->script, "files"), i, file)
        if (writes_again(update, now, text_of(file, "path")))
            add(update, data, text_of(file, "path"));
    json_array_foreach(install->policy.files, i, file)
        add(update, data, text_of(file, "path"));
    if (!update->rollback)
        return;
    json_object_foreach(json_object_get(previous, "aside"), path, file)
        if (is_there(data, json_string_value(file)))
            add(update, data, path);
}

static void add_texts(aphd_update_t *update, const json_t *files)
{
    size_t i;
    json_t *file;
    json_array_foreach((json_t *)files, i, file) {
        const char *path = text_of(file, "path");
        if (path == NULL || !aphd_texts_have(update->again, path))
            continue;
        if (json_object_get(update->texts, path) == NULL)
            json_object_set_new(update->texts, path, json_array());
        json_array_append(json_object_get(update->texts, path), json_object_get(file, "text"));
    }
}

/* What the present revision wrote, made once more of its text and answers. Where that cannot be told,
 * all that is there is somebody else's. */
static void add_present_texts(aphd_update_t *update)
{
    aphd_job_t *job = update->install.job;
    aphd_source_t *source = NULL;
    json_auto_t *script = NULL;
    json_auto_t *nothing = json_object();
    aph_error_t why = APH_ERROR_INIT;
    apr_status_t status = aphd_source_of_row(job, job->app.row, &source, &why);
    if (status == APR_SUCCESS && source != NULL)
        status = aphd_source_answer(job, source, nothing, json_object_get(job->app.row, "answers"),
                                    update->replaced.ports, &why);
    if (status == APR_SUCCESS && source != NULL)
        status = aphd_source_apply(job, source, &script, &why);
    if (status != APR_SUCCESS)
        aphd_report_log(&job->report, "which files %s had from its author cannot be told: %s",
                        job->app.name, why.message);
    add_texts(update, json_object_get(script, "files"));
}

/* --- whose ---------------------------------------------------------------------------------- */

/* *foreign: there, and none of the texts. Contents of configs are not looked at. */
static apr_status_t is_foreign(const aphd_update_t *update, const aphd_folders_t *data,
                               const char *path, int *foreign, aph_error_t *err)
{
    const json_t *texts = json_object_get(update->texts, path);
    aphd_found_t found = APHD_FOUND_NOTHING;
    apr_status_t status = APR_SUCCESS;
    size_t i;
    json_t *text;
    *foreign = 0;
    if (data->fd < 0 || aphd_texts_have(update->configs, path))
        return APR_SUCCESS;
    if (json_array_size(texts) == 0)
        status = aphd_folders_compare(data, path, "", &found, err);
    json_array_foreach((json_t *)texts, i, text)
        if (status == APR_SUCCESS && found != APHD_FOUND_SAME)
            status = aphd_folders_compare(data, path, json_string_value(text), &found, err);
    *foreign = found == APHD_FOUND_OTHER;
    return status;
}

static apr_status_t list_foreign(aphd_update_t *update, const aphd_folders_t *data,
                                 aph_error_t *err)
{
    apr_status_t status = APR_SUCCESS;
    size_t i;
    json_t *path;
    int foreign;
    json_array_clear(update->foreign);
    json_array_foreach(update->again, i, path)
        if (status == APR_SUCCESS) {
            status = is_foreign(update, data, json_string_value(path), &foreign, err);
            if (status == APR_SUCCESS && foreign)
                json_array_append(update->foreign, path);
        }
    return status;
}

static void ask(aphd_update_t *update)
{
    size_t i;
    json_t *path;
    json_array_foreach(update->foreign, i, path) {
        json_t *finding = json_pack(
            "{s:o, s:s, s:s, s:O, s:s}", "id",
            json_sprintf(CONSENT "%s", json_string_value(path)), "key", "files", "verdict", "ask",
            "value", path, "reason",
            "what is there was written or changed after the app's revision put its own there; "
            "it is set aside, a rollback brings it back, and the update after this one "
            "deletes it");
        if (finding != NULL)
            json_array_append_new(update->install.policy.findings, finding);
    }
}

json_t *aphd_update_consents(const json_t *ids)
{
    json_t *list = json_array();
    size_t i;
    json_t *id;
    json_array_foreach((json_t *)ids, i, id)
        if (strncmp(json_string_value(id), CONSENT, sizeof CONSENT - 1) != 0)
            json_array_append(list, id);
    return list;
}

static void list_configs(aphd_update_t *update)
{
    size_t i;
    json_t *file;
    json_array_foreach(update->install.policy.files, i, file)
        json_array_append(update->configs, json_object_get(file, "path"));
}

apr_status_t aphd_update_files(aphd_update_t *update, aph_error_t *err)
{
    const aphd_install_t *install = &update->install;
    aphd_folders_t data;
    aphd_source_t *now = NULL;
    aph_error_t why = APH_ERROR_INIT;
    update->again = json_array();
    update->restored = json_array();
    update->foreign = json_array();
    update->configs = json_array();
    update->texts = json_object();
    apr_status_t status = aphd_folders_open(&data, install->job->app.data_dir, 0, err);
    if (status != APR_SUCCESS && status != APR_ENOENT)
        return status;
    if (update->rollback && aphd_source_of_row(install->job, install->job->app.row, &now, &why) != APR_SUCCESS)
        aphd_report_log(&install->job->report, "files that %s wrote over stay: %s",
                        install->job->app.name, why.message);
    list_again(update, &data, now);
    list_configs(update);
    add_texts(update, json_object_get(install->script, "files"));
    status = list_foreign(update, &data, err);
    if (status == APR_SUCCESS && json_array_size(update->foreign) > 0) {
        add_present_texts(update);
        status = list_foreign(update, &data, err);
    }
    aphd_folders_close(&data);
    if (status == APR_SUCCESS)
        ask(update);
    return status;
}

/* --- aside and back ------------------------------------------------------------------------- */

json_t *aphd_update_kept(const aphd_update_t *update, const char *folder)
{
    json_t *kept = json_object();
    size_t i;
    json_t *path;
    json_array_foreach(update->again, i, path)
        if (aphd_texts_have(update->foreign, json_string_value(path)))
            json_object_set_new(kept, json_string_value(path),
                                json_sprintf("%s/%d", folder, (int)i));
    return kept;
}

/* Between the plan and the end of the old containers somebody may have written. */
static apr_status_t look_again(const aphd_update_t *update, const aphd_folders_t *data,
                               aph_error_t *err)
{
    apr_status_t status = APR_SUCCESS;
    size_t i;
    json_t *path;
    int foreign = 0;
    json_array_foreach(update->again, i, path) {
        const char *name = json_string_value(path);
        if (status != APR_SUCCESS || aphd_texts_have(update->foreign, name))
            continue;
        status = is_foreign(update, data, name, &foreign, err);
        if (status == APR_SUCCESS && foreign)
            status = aph_error_set(err, APH_EPLAN, 2755,
                                   "%s/%s was changed while the update went on, and would be "
                                   "written over; look at the plan again with --plan",
                                   data->path, name);
    }
    return status;
}

apr_status_t aphd_update_set_aside(aphd_update_t *update, aph_error_t *err)
{
    aphd_job_t *job = update->install.job;
    const char *folder = text_of(update->install.undo, "aside_dir");
    aphd_folders_t data;
    size_t i;
    json_t *path;
    apr_status_t status = aphd_folders_open(&data, job->app.data_dir, 0, err);
    if (status != APR_SUCCESS)
        return status == APR_ENOENT ? APR_SUCCESS : status;
    status = look_again(update, &data, err);
    json_array_foreach(update->again, i, path) {
        const char *name = json_string_value(path);
        const char *kept = json_string_value(json_array_get(update->restored, i));
        if (status == APR_SUCCESS)
            status = aphd_folders_move(&data, name, aside_name(folder, i, job->p), err);
        if (status == APR_SUCCESS && kept != NULL)
            status = aphd_folders_move(&data, kept, name, err);
    }
    aphd_folders_close(&data);
    return status;
}

/* Gone from where it was kept: then it is what stands in its place. */
apr_status_t aphd_update_unrestore(aphd_job_t *job, const json_t *undo, aph_error_t *err)
{
    aphd_folders_t data;
    size_t i;
    json_t *kept;
    apr_status_t status = aphd_folders_open(&data, job->app.data_dir, 0, err);
    if (status != APR_SUCCESS)
        return status == APR_ENOENT ? APR_SUCCESS : status;
    json_array_foreach(json_object_get(undo, "restored"), i, kept) {
        const char *path = json_string_value(json_array_get(json_object_get(undo, "aside"), i));
        if (status == APR_SUCCESS && json_is_string(kept) && path != NULL
            && !is_there(&data, json_string_value(kept)))
            status = aphd_folders_move(&data, path, json_string_value(kept), err);
    }
    aphd_folders_close(&data);
    return status;
}

apr_status_t aphd_update_aside_back(aphd_job_t *job, const json_t *undo, aph_error_t *err)
{
    const char *folder = text_of(undo, "aside_dir");
    aphd_folders_t data;
    size_t i;
    json_t *path;
    apr_status_t status = aphd_folders_open(&data, job->app.data_dir, 0, err);
    if (status != APR_SUCCESS || folder == NULL) {
        aphd_folders_close(&data);
        return status == APR_ENOENT ? APR_SUCCESS : status;
    }
    json_array_foreach(json_object_get(undo, "aside"), i, path)
        if (status == APR_SUCCESS)
            status = aphd_folders_move(&data, aside_name(folder, i, job->p),
                                       json_string_value(path), err);
    if (status == APR_SUCCESS)
        status = aphd_folders_remove(&data, folder, err);
    aphd_folders_close(&data);
    return status;
}

apr_status_t aphd_update_aside_tidy(aphd_job_t *job, const json_t *undo, const json_t *previous,
                                    aph_error_t *err)
{
    const char *folder = text_of(undo, "aside_dir"), *earlier = text_of(undo, "earlier_dir");
    const json_t *kept = json_object_get(previous, "aside");
    aphd_folders_t data;
    size_t i;
    json_t *path;
    apr_status_t status = aphd_folders_open(&data, job->app.data_dir, 0, err);
    if (status != APR_SUCCESS)
        return status == APR_ENOENT ? APR_SUCCESS : status;
    json_array_foreach(json_object_get(undo, "aside"), i, path)
        if (status == APR_SUCCESS && folder != NULL
            && json_object_get(kept, json_string_value(path)) == NULL)
            status = aphd_folders_remove(&data, aside_name(folder, i, job->p), err);
    if (status == APR_SUCCESS && folder != NULL && json_object_size(kept) == 0)
        status = aphd_folders_remove(&data, folder, err);
    if (status == APR_SUCCESS && earlier != NULL)
        status = aphd_folders_remove(&data, earlier, err);
    aphd_folders_close(&data);
    return status;
}
