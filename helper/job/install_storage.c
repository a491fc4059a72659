/* SPDX-License-Identifier: Apache-2.0 */
/* Installing: folders in storage locations, from the answers to the folders themselves. An update goes
 * the same way. */
#include "helper/job/install.h"

#include <string.h>

#include "helper/catalog/storage_check.h"
#include "helper/catalog/storage_folders.h"
#include "helper/job/storage_plan.h"

static const char *text_of(const json_t *row, const char *member)
{
    const char *text = json_string_value(json_object_get(row, member));
    return text != NULL ? text : "";
}

/* The row of a plan about that path; NULL. */
static const json_t *row_of(const json_t *plan, const char *path)
{
    size_t i;
    json_t *row;
    json_array_foreach(json_object_get(plan, "storage"), i, row)
        if (strcmp(text_of(row, "path"), path) == 0)
            return row;
    return NULL;
}

static int had(const json_t *plan, const json_t *site)
{
    const json_t *row = row_of(plan, text_of(site, "path"));
    return row != NULL && (json_is_true(json_object_get(site, "read_only"))
                           || !json_is_true(json_object_get(row, "read_only")));
}

/* Nonzero where the question of site has no place of its own in a container, or the one it had. */
static int is_where_it_was(const aphd_install_t *install, const json_t *plan, const json_t *site)
{
    const json_t *question =
        aphd_source_question(install->source->manifest, text_of(site, "question"));
    const char *target = json_string_value(json_object_get(question, "target"));
    size_t i;
    json_t *mount;
    if (target == NULL)
        return 1;
    json_array_foreach(json_object_get(row_of(plan, text_of(site, "path")), "mounts"), i, mount)
        if (strcmp(text_of(mount, "target"), target) == 0)
            return 1;
    return 0;
}

/* The same of data that were kept: the answer was given to the app that left them. */
static apr_status_t gains_over_data(aphd_install_t *install, const json_t *plan, aph_error_t *err)
{
    json_auto_t *given = NULL;
    size_t i;
    json_t *site;
    apr_status_t status = aphd_source_given(install->job, &given, err);
    json_array_foreach(install->storage, i, site) {
        int known = (had(plan, site) && is_where_it_was(install, plan, site))
                 || json_object_get(given, text_of(site, "question")) != NULL;
        json_object_set_new(site, "ask", json_boolean(!known));
    }
    return status;
}

/* An answer is kept, and what a new revision makes of it is its author's: a folder that was only read, or
 * not mounted at all, is asked about unless the person chose it just now. */
apr_status_t aphd_install_storage_gains(aphd_install_t *install, aph_error_t *err)
{
    const json_t *app = install->job->app.row;
    const json_t *before = json_object_get(json_object_get(app, "previous"), "plan");
    const json_t *data = json_object_get(json_object_get(app, "previous"), "kept");
    json_auto_t *given = NULL;
    size_t i;
    json_t *site;
    if (json_array_size(install->storage) == 0 || (install->replaced == NULL && data == NULL))
        return APR_SUCCESS;
    if (install->replaced == NULL)
        return gains_over_data(install, json_object_get(data, "plan"), err);
    apr_status_t status = aphd_source_given(install->job, &given, err);
    json_array_foreach(install->storage, i, site) {
        int known = had(json_object_get(app, "plan"), site)
                 || (install->replaced->exactly != NULL && had(before, site))
                 || json_object_get(given, text_of(site, "question")) != NULL;
        json_object_set_new(site, "ask", json_boolean(!known));
    }
    return status;
}

apr_status_t aphd_install_storage_again(aphd_install_t *install, aph_error_t *err)
{
    if (json_array_size(install->storage) == 0)
        return APR_SUCCESS;
    json_decref(install->storage_others);
    install->storage_others = NULL;
    return aphd_install_judge(install, install->consents, err);
}

apr_status_t aphd_install_neighbours(aphd_install_t *install, aph_error_t *err)
{
    json_auto_t *apps = NULL;
    if (json_array_size(install->storage) == 0 || install->storage_others != NULL)
        return APR_SUCCESS;
    apr_status_t status = aphd_ask_apps(install->job->ask, &apps, err);
    if (status == APR_SUCCESS)
        install->storage_others = aphd_storage_others(apps, install->job->app.name);
    return status;
}

/* Where root says that apps write nothing, apphost makes nothing either. */
static apr_status_t judge_new(const json_t *row, const json_t *location, aph_error_t *err)
{
    if (!json_is_true(json_object_get(row, "new"))
        || !json_is_true(json_object_get(location, "read_only")))
        return APR_SUCCESS;
    return aph_error_set(err, APH_ENOTFOUND, 2687, "there is no folder %s, and nothing is made in the "
                         "storage location %s, which is only read; choose a folder that is there",
                         text_of(row, "path"), text_of(location, "name"));
}

static apr_status_t look(aphd_install_t *install, json_t *row, aph_error_t *err)
{
    json_auto_t *location = NULL;
    aphd_storage_folder_t seen = {0};
    apr_status_t status = aphd_storage_location(install->job, row, &location, err);
    if (status == APR_SUCCESS)
        status = aphd_storage_look(location, text_of(row, "folder"), &seen, err);
    if (status == APR_SUCCESS) {
        aphd_storage_rows_add(row, &seen, install->remapped);
        status = judge_new(row, location, err);
    }
    aphd_storage_folder_clear(&seen);
    return status;
}

apr_status_t aphd_install_storage_plan(aphd_install_t *install, aph_error_t *err)
{
    apr_status_t status = APR_SUCCESS;
    size_t i;
    json_t *row;
    json_decref(install->storage_rows);
    install->storage_rows = aphd_storage_rows(install->policy.binds, install->storage,
                                              install->policy.compose, install->images,
                                              install->storage_others);
    json_array_foreach(install->storage_rows, i, row)
        if (status == APR_SUCCESS)
            status = look(install, row, err);
    return status;
}

static apr_status_t make(aphd_install_t *install, const json_t *row, aph_error_t *err)
{
    json_auto_t *location = NULL;
    aphd_storage_folder_t seen = {0};
    aphd_storage_owner_t owner;
    const char *folder = text_of(row, "folder");
    json_t *made = json_object_get(install->undo, "storage");
    apr_status_t status = aphd_storage_location(install->job, row, &location, err);
    if (status == APR_SUCCESS)
        status = aphd_storage_look(location, folder, &seen, err);
    if (status == APR_SUCCESS && !seen.there) {
        json_array_append_new(made, json_pack("{s:s,s:s,s:s}", "location", text_of(row, "location"),
                                              "folder", folder, "missing", seen.missing));
        status = aphd_install_journal(install, "storage", err);
        int known = !install->remapped && aphd_storage_row_owner(row, &owner);
        if (status == APR_SUCCESS)
            status = aphd_storage_make(location, folder, known ? &owner : NULL, err);
    }
    aphd_storage_folder_clear(&seen);
    return status;
}

/* The images are here by now, and say who writes. */
static void settle_writers(aphd_install_t *install)
{
    json_auto_t *rows = aphd_storage_rows(install->policy.binds, install->storage,
                                          install->policy.compose, install->images, NULL);
    size_t i;
    json_t *row;
    json_array_foreach(rows, i, row)
        json_object_set(json_array_get(install->storage_rows, i), "writers",
                        json_object_get(row, "writers"));
}

apr_status_t aphd_install_storage_make(aphd_install_t *install, aph_error_t *err)
{
    apr_status_t status = APR_SUCCESS;
    size_t i;
    json_t *row;
    if (json_array_size(install->storage_rows) == 0)
        return APR_SUCCESS;
    settle_writers(install);
    json_object_set_new(install->undo, "storage", json_array());
    json_array_foreach(install->storage_rows, i, row)
        if (status == APR_SUCCESS)
            status = make(install, row, err);
    return status;
}
