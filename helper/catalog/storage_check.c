/* SPDX-License-Identifier: Apache-2.0 */
#include "helper/catalog/storage_check.h"

#include <string.h>

#include "helper/catalog/members.h"
#include "helper/catalog/storage_folders.h"
#include "helper/catalog/store.h"

apr_status_t aphd_storage_location(const aphd_job_t *job, const json_t *row, json_t **location,
                                   aph_error_t *err)
{
    aphd_catalog_store_t *store;
    const char *name = text_of(row, "location");
    apr_status_t status = aphd_catalog_store_open(&store, job->settings->state_dir, 0, job->p, err);
    if (status != APR_SUCCESS)
        return status;
    status = aphd_storage_get(store, name, location, err);
    aphd_catalog_store_close(store);
    if (status == APH_ENOTFOUND)
        return aph_error_set(err, APH_ENOTFOUND, 2684,
                             "%s is in the storage location %s, which is no "
                             "more; add it again: apphostctl storage add %s PATH",
                             text_of(row, "path"), name, name);
    return status;
}

/* The model has the path; a location that was added again elsewhere would be looked at for
 * nothing. */
static int is_same_path(const json_t *row, const json_t *location)
{
    const char *path = text_of(row, "path"), *folder = text_of(row, "folder");
    const char *root = text_of(location, "path");
    size_t length = strlen(root);
    return strncmp(path, root, length) == 0
        && (path[length] == '/' ? strcmp(path + length + 1, folder) == 0
                                : path[length] == '\0' && folder[0] == '\0');
}

static apr_status_t check_row(const aphd_job_t *job, const json_t *row, aph_error_t *err)
{
    json_auto_t *location = NULL;
    aphd_storage_folder_t seen;
    apr_status_t status = aphd_storage_location(job, row, &location, err);
    if (status != APR_SUCCESS)
        return status;
    if (!is_same_path(row, location))
        return aph_error_set(err, APH_EDENIED, 2685,
                             "%s is not in the storage location %s any more, "
                             "which is %s now; install the app again with another answer",
                             text_of(row, "path"), text_of(row, "location"),
                             text_of(location, "path"));
    status = aphd_storage_look(location, text_of(row, "folder"), &seen, err);
    int there = seen.there;
    aphd_storage_folder_clear(&seen);
    if (status == APR_SUCCESS && !there)
        return aph_error_set(err, APH_ENOTFOUND, 2686, "%s, which %s works with, is gone; bring it "
                             "back (is its disk mounted?), or make an empty folder of that name",
                             text_of(row, "path"), job->app.name);
    return status;
}

apr_status_t aphd_storage_check(const aphd_job_t *job, const json_t *rows, aph_error_t *err)
{
    apr_status_t status = APR_SUCCESS;
    size_t i;
    json_t *row;
    json_array_foreach((json_t *)rows, i, row)
        if (status == APR_SUCCESS)
            status = check_row(job, row, err);
    return status;
}
