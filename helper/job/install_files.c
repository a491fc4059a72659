/* SPDX-License-Identifier: Apache-2.0 */
/* Installing over kept data: files the author wants written again. What is there is written over where
 * it is what an author put there: the new text, or the one of the revision that left the data, with its
 * answers. Anything else somebody wrote or changed: it stays, and the plan says so. An update offers to
 * replace it, sets it aside and knows a way back (update_files.c); an install has none. */
#include "helper/job/install.h"

#include <string.h>

#include "helper/job/answers_kept.h"

static const char *text_of(const json_t *object, const char *member)
{
    return json_string_value(json_object_get(object, member));
}

static const json_t *data_of(const aphd_install_t *install)
{
    return json_object_get(json_object_get(install->job->app.row, "previous"), "kept");
}

static void add_texts(aphd_install_t *install, const json_t *files)
{
    size_t i;
    json_t *file;
    json_array_foreach((json_t *)files, i, file) {
        const char *path = text_of(file, "path");
        if (path == NULL || !aphd_source_writes_again(install->source, path))
            continue;
        if (json_object_get(install->texts, path) == NULL)
            json_object_set_new(install->texts, path, json_array());
        json_array_append(json_object_get(install->texts, path), json_object_get(file, "text"));
    }
}

/* What the revision wrote that left the data, made once more of its text and answers. Where that cannot be
 * told, all that is there is somebody else's. */
static void add_texts_of_data(aphd_install_t *install)
{
    aphd_job_t *job = install->job;
    const json_t *data = data_of(install);
    const json_t *ports = json_object_get(
        json_object_get(json_object_get(data, "plan"), "content"), "ports");
    aphd_source_t *source = NULL;
    json_auto_t *script = NULL, *nothing = json_object(), *answers = aphd_answers_of(data);
    aph_error_t why = APH_ERROR_INIT;
    apr_status_t status = aphd_source_of_row(job, data, &source, &why);
    if (status == APR_SUCCESS && source != NULL)
        status = aphd_source_answer(job, source, nothing, answers, ports, &why);
    if (status == APR_SUCCESS && source != NULL)
        status = aphd_source_apply(job, source, &script, &why);
    if (status != APR_SUCCESS)
        aphd_report_log(&job->report, "which files the data of %s had from their author cannot be told: %s",
                        job->app.name, why.message);
    add_texts(install, json_object_get(script, "files"));
}

apr_status_t aphd_install_is_foreign(const aphd_install_t *install, const aphd_folders_t *data,
                                     const char *path, int *foreign, aph_error_t *err)
{
    aphd_found_t found = APHD_FOUND_NOTHING;
    apr_status_t status = APR_SUCCESS;
    size_t i;
    json_t *text;
    json_array_foreach(json_object_get(install->texts, path), i, text)
        if (status == APR_SUCCESS && found != APHD_FOUND_SAME)
            status = aphd_folders_compare(data, path, json_string_value(text), &found, err);
    *foreign = found == APHD_FOUND_OTHER;
    return status;
}

static apr_status_t list_left(aphd_install_t *install, const aphd_folders_t *data, aph_error_t *err)
{
    apr_status_t status = APR_SUCCESS;
    const char *path;
    json_t *texts;
    json_array_clear(install->left);
    json_object_foreach(install->texts, path, texts) {
        int foreign = 0;
        if (status == APR_SUCCESS)
            status = aphd_install_is_foreign(install, data, path, &foreign, err);
        if (status == APR_SUCCESS && foreign)
            json_array_append_new(install->left, json_string(path));
    }
    return status;
}

apr_status_t aphd_install_left(aphd_install_t *install, aph_error_t *err)
{
    aphd_folders_t data;
    if (install->source == NULL || install->replaced != NULL || !install->job->app.kept)
        return APR_SUCCESS;
    install->texts = json_object();
    install->left = json_array();
    add_texts(install, json_object_get(install->script, "files"));
    apr_status_t status = aphd_folders_open(&data, install->job->app.data_dir, 0, err);
    if (status != APR_SUCCESS)
        return status == APR_ENOENT ? APR_SUCCESS : status;
    status = list_left(install, &data, err);
    if (status == APR_SUCCESS && json_array_size(install->left) > 0) {
        add_texts_of_data(install);
        status = list_left(install, &data, err);
    }
    aphd_folders_close(&data);
    return status;
}

void aphd_install_tell_left(const aphd_install_t *install)
{
    json_t *warnings = json_object_get(install->plan, "warnings");
    size_t i;
    json_t *path;
    json_array_foreach(install->left, i, path)
        json_array_append_new(warnings, json_pack("{s:s, s:o}", "id", "files", "text",
            json_sprintf("%s stays as it is: somebody wrote or changed it after the app put its own there. "
                         "Its author wants another one; delete yours first if you want that",
                         json_string_value(path))));
}
