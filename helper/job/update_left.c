/* SPDX-License-Identifier: Apache-2.0 */
#include "helper/job/update_left.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <apr_strings.h>

#include "common/file_replace.h"

#define LEFT_NAME "undo.json"
#define LEFT_MAX  4194304

static const char *path_of(const aphd_job_t *job)
{
    return apr_pstrcat(job->p, job->app.app_dir, "/" LEFT_NAME, NULL);
}

apr_status_t aphd_left_write(const aphd_job_t *job, const json_t *undo, aph_error_t *err)
{
    const char *path = path_of(job);
    if (mkdir(job->app.app_dir, 0700) != 0 && errno != EEXIST)
        return aph_error_set(err, errno == ENOSPC ? APH_ENOSPACE : APR_FROM_OS_ERROR(errno), 2750,
                             "cannot make the folder %s: %s", job->app.app_dir, strerror(errno));
    char *text = json_dumps(undo, JSON_COMPACT);
    if (text == NULL)
        return aph_error_set(err, APR_ENOMEM, 2751, "no memory for the journal of an update");
    apr_status_t status = aph_file_replace(path, text, strlen(text), 0600, err);
    free(text);
    return status;
}

apr_status_t aphd_left_read(const aphd_job_t *job, json_t **undo, aph_error_t *err)
{
    const char *path = path_of(job);
    char *text = NULL;
    size_t length = 0;
    aph_error_t why = APH_ERROR_INIT;
    *undo = NULL;
    apr_status_t status = aph_file_read(path, LEFT_MAX, &text, &length, &why);
    if (status == APH_ENOTFOUND)
        return APR_SUCCESS;
    if (status == APR_SUCCESS)
        *undo = json_loadb(text, length, JSON_REJECT_DUPLICATES, NULL);
    free(text);
    if (json_is_object(*undo))
        return APR_SUCCESS;
    json_decref(*undo);
    *undo = NULL;
    return aph_error_set(
        err, APH_EUNREADABLE, 2752,
        "%s, the journal of an update of %s that was given "
        "up, cannot be read%s%s; what that update replaced in %s stands below .apphost "
        "there: put it back, and remove the journal",
        path, job->app.name, status != APR_SUCCESS ? ": " : "", why.message, job->app.data_dir);
}

apr_status_t aphd_left_drop(const aphd_job_t *job, aph_error_t *err)
{
    const char *path = path_of(job);
    if (unlink(path) == 0)
        return aph_name_sync(path, err);
    if (errno == ENOENT || errno == ENOTDIR)
        return APR_SUCCESS;
    return aph_error_set(err, APR_FROM_OS_ERROR(errno), 2753, "cannot delete %s: %s", path,
                         strerror(errno));
}

int aphd_left_given_up(const aphd_job_t *job, int app_id, int failing, apr_pool_t *p)
{
    const char *path = apr_psprintf(p, "%s/%d/" LEFT_NAME, job->settings->apps_dir, app_id);
    char *text = NULL;
    size_t length = 0;
    aph_error_t unheard = APH_ERROR_INIT;
    if (access(path, F_OK) != 0)
        return 0;
    if (failing || aph_file_read(path, LEFT_MAX, &text, &length, &unheard) != APR_SUCCESS)
        return failing;
    json_auto_t *undo = json_loadb(text, length, JSON_REJECT_DUPLICATES, NULL);
    free(text);
    return json_is_object(undo) && !json_is_true(json_object_get(undo, "published"));
}
