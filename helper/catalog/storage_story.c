/* SPDX-License-Identifier: Apache-2.0 */
/* The folders of this machine that apps may be given: list, add, remove. Only root names them (the
 * monitor asks who it is), and only root's word takes one back. Nothing in a location is ever
 * touched here. */
#include "helper/catalog/stories.h"

#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>
#include <apr_strings.h>

#include "common/hostname.h"
#include "helper/catalog/members.h"
#include "helper/catalog/storage_folders.h"
#include "helper/catalog/storage_place.h"
#include "helper/catalog/store.h"
#include "helper/job/engine_about.h"
#include "helper/job/storage_plan.h"

/* Folders of all apps in all locations: a new array. */
static apr_status_t ask_uses(aphd_job_t *job, json_t **uses, aph_error_t *err)
{
    json_auto_t *apps = NULL;
    apr_status_t status = aphd_ask_apps(job->ask, &apps, err);
    if (status == APR_SUCCESS)
        *uses = aphd_storage_others(apps, "");
    return status;
}

/* "jellyfin, sonarr": the apps that use the location, each once; with writers, only those that
 * write there. "" where there is none. */
static const char *users_of(const json_t *uses, const char *location, int writers, apr_pool_t *p)
{
    const char *names = "", *last = "";
    size_t i;
    json_t *use;
    json_array_foreach((json_t *)uses, i, use) {
        const char *app = text_of(use, "app");
        if (strcmp(text_of(use, "location"), location) != 0 || strcmp(app, last) == 0
            || (writers && json_is_true(json_object_get(use, "read_only"))))
            continue;
        names = apr_pstrcat(p, names, names[0] != '\0' ? ", " : "", app, NULL);
        last = app;
    }
    return names;
}

/* --- list --- */

static json_t *uses_of(const json_t *uses, const char *location)
{
    json_t *list = json_array();
    size_t i;
    json_t *use;
    json_array_foreach((json_t *)uses, i, use)
        if (strcmp(text_of(use, "location"), location) == 0)
            json_array_append(list, use);
    return list;
}

static json_t *shown(const json_t *location, const json_t *uses)
{
    aphd_storage_folder_t seen;
    aph_error_t why = APH_ERROR_INIT;
    apr_status_t status = aphd_storage_look(location, "", &seen, &why);
    json_t *row = json_pack("{s:O,s:O,s:O,s:o,s:s?,s:o}", "name", json_object_get(location, "name"),
                            "path", json_object_get(location, "path"), "read_only",
                            json_object_get(location, "read_only"), "free",
                            status == APR_SUCCESS && seen.free >= 0 ? json_integer(seen.free)
                                                                    : json_null(),
                            "problem", status == APR_SUCCESS ? NULL : why.message, "apps",
                            uses_of(uses, text_of(location, "name")));
    aphd_storage_folder_clear(&seen);
    return row;
}

apr_status_t aphd_story_storage_list(aphd_job_t *job, aph_error_t *err)
{
    json_auto_t *locations = NULL, *uses = NULL;
    aphd_catalog_store_t *store = NULL;
    json_t *rows = json_array();
    size_t i;
    json_t *location;
    apr_status_t status = aphd_catalog_store_open(&store, job->settings->state_dir, 0, job->p, err);
    if (status == APR_SUCCESS)
        status = aphd_storage_list(store, &locations, err);
    if (store != NULL)
        aphd_catalog_store_close(store);
    if (status == APR_SUCCESS)
        status = ask_uses(job, &uses, err);
    json_array_foreach(locations, i, location)
        json_array_append_new(rows, shown(location, uses));
    return aphd_job_finish(job, status, json_pack("{s:o}", "locations", rows), err);
}

/* --- add --- */

/* What no app may be given a way to. */
static apr_status_t gather_own(aphd_job_t *job, const char *const **own, aph_error_t *err)
{
    const aphd_settings_t *settings = job->settings;
    aphd_engine_about_t about;
    apr_status_t status = aphd_job_meet_engine(job, 0, err);
    if (status == APR_SUCCESS)
        status = aphd_engine_about(job->engine, &about, job->p, err);
    if (status != APR_SUCCESS)
        return status;
    const char *const all[] = {settings->state_dir, settings->runtime_dir, settings->templates_dir,
                               APH_SYSCONFDIR, APH_LIBEXECDIR, settings->path,
                               settings->engine_socket, about.root};
    const char **list = apr_pcalloc(job->p, (sizeof all / sizeof all[0] + 1) * sizeof *list);
    size_t count = 0;
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        if (all[i] != NULL && all[i][0] == '/')
            list[count++] = apr_pstrdup(job->p, all[i]);
    *own = list;
    aphd_engine_about_clear(&about);
    return APR_SUCCESS;
}

/* Under a name that is there, the same folder may be added again: its disk was replaced, or its
 * right to be written changes, which no app that writes there is surprised with. */
static apr_status_t judge_again(aphd_job_t *job, const json_t *known, const char *path,
                                int read_only, aph_error_t *err)
{
    json_auto_t *uses = NULL;
    const char *name = text_of(known, "name");
    if (strcmp(text_of(known, "path"), path) != 0)
        return aph_error_set(err, APH_ETAKEN, 2688,
                             "there is a storage location %s already, which is "
                             "%s; choose another name, or remove that one first",
                             name, text_of(known, "path"));
    apr_status_t status = ask_uses(job, &uses, err);
    const char *writers = status == APR_SUCCESS ? users_of(uses, name, 1, job->p) : "";
    if (status == APR_SUCCESS && read_only && writers[0] != '\0')
        return aph_error_set(err, APH_EBUSY, 2689,
                             "%s cannot become read-only while apps write there: "
                             "%s",
                             name, writers);
    return status;
}

static apr_status_t judge_place(aphd_job_t *job, aphd_catalog_store_t *store, json_t *location,
                                aph_error_t *err)
{
    json_auto_t *others = NULL, *known = NULL;
    const char *name = text_of(location, "name"), *path = text_of(location, "path");
    aphd_location_rules_t rules = {.name = name};
    aph_error_t why = APH_ERROR_INIT;
    apr_status_t status = aphd_storage_get(store, name, &known, &why);
    if (status == APR_SUCCESS)
        status = judge_again(job, known, path, json_is_true(json_object_get(location, "read_only")),
                             err);
    else if (status == APH_ENOTFOUND)
        status = APR_SUCCESS;
    else
        *err = why;
    if (status == APR_SUCCESS)
        status = aphd_storage_list(store, &others, err);
    if (status == APR_SUCCESS)
        status = gather_own(job, &rules.own, err);
    rules.others = others;
    return status == APR_SUCCESS ? aphd_location_judge(path, &rules, err) : status;
}

static apr_status_t mark(json_t *location, aph_error_t *err)
{
    int fd;
    apr_status_t status = aphd_location_walk(text_of(location, "path"), &fd, err);
    if (status != APR_SUCCESS)
        return status;
    char *text = aphd_location_mark(fd);
    close(fd);
    if (text == NULL)
        return aph_error_set(err, APR_ENOMEM, 2681, "cannot look at %s", text_of(location, "path"));
    json_object_set_new(location, "mark", json_string(text));
    free(text);
    return APR_SUCCESS;
}

static apr_status_t add(aphd_job_t *job, json_t *location, aph_error_t *err)
{
    aphd_catalog_store_t *store = NULL;
    apr_status_t status = aphd_catalog_store_open(&store, job->settings->state_dir, 1, job->p, err);
    if (status == APR_SUCCESS)
        status = judge_place(job, store, location, err);
    if (status == APR_SUCCESS)
        status = mark(location, err);
    if (status == APR_SUCCESS)
        status = aphd_catalog_begin(store, err);
    if (status == APR_SUCCESS)
        status = aphd_storage_put(store, location, err);
    if (status == APR_SUCCESS)
        status = aphd_catalog_commit(store, err);
    if (store != NULL)
        aphd_catalog_store_close(store);
    return status;
}

/* A slash at the end is common and harmless. */
static const char *without_slash(const char *path, apr_pool_t *p)
{
    size_t length = strlen(path);
    while (length > 1 && path[length - 1] == '/')
        length--;
    return apr_pstrmemdup(p, path, length);
}

apr_status_t aphd_story_storage_add(aphd_job_t *job, aph_error_t *err)
{
    const char *path = aphd_job_text(job, "path"), *name = aphd_job_text(job, "location");
    int read_only = aphd_job_flag(job, "read_only");
    json_auto_t *location = json_pack("{s:s,s:s,s:b}", "name", name != NULL ? name : "", "path",
                                      path != NULL ? without_slash(path, job->p) : "", "read_only",
                                      read_only);
    apr_status_t status = add(job, location, err);
    json_object_del(location, "mark");
    return aphd_job_finish(job, status, json_incref(location), err);
}

/* --- remove --- */

/* "jellyfin, sonarr": the apps whose last update took folders there away, which a rollback gives back. */
static apr_status_t ask_returns(aphd_job_t *job, const char *location, const char **names,
                                aph_error_t *err)
{
    json_auto_t *apps = NULL;
    apr_status_t status = aphd_ask_apps(job->ask, &apps, err);
    size_t i, k;
    json_t *app, *row;
    *names = "";
    json_array_foreach(apps, i, app) {
        int returns = 0;
        json_array_foreach(json_object_get(app, "previous_storage"), k, row)
            returns |= strcmp(text_of(row, "location"), location) == 0;
        if (returns)
            *names = apr_pstrcat(job->p, *names, (*names)[0] != '\0' ? ", " : "",
                                 text_of(app, "name"), NULL);
    }
    return status;
}

static apr_status_t remove_unused(aphd_job_t *job, aphd_catalog_store_t *store, const char *name,
                                  json_t **location, aph_error_t *err)
{
    json_auto_t *uses = NULL;
    apr_status_t status = aphd_storage_get(store, name, location, err);
    if (status == APR_SUCCESS)
        status = ask_uses(job, &uses, err);
    const char *users = status == APR_SUCCESS ? users_of(uses, name, 0, job->p) : "";
    if (status == APR_SUCCESS && users[0] != '\0')
        return aph_error_set(err, APH_EBUSY, 2667,
                             "the storage location %s is in use by %s; uninstall "
                             "them, or let them use another one, first",
                             name, users);
    if (status == APR_SUCCESS)
        status = ask_returns(job, name, &users, err);
    if (status == APR_SUCCESS && users[0] != '\0')
        return aph_error_set(err, APH_EBUSY, 2960,
                             "the storage location %s would be in use again after a rollback of %s; roll "
                             "back, or uninstall, or update once more, first",
                             name, users);
    if (status == APR_SUCCESS)
        status = aphd_catalog_begin(store, err);
    if (status == APR_SUCCESS)
        status = aphd_storage_drop(store, name, err);
    return status == APR_SUCCESS ? aphd_catalog_commit(store, err) : status;
}

apr_status_t aphd_story_storage_remove(aphd_job_t *job, aph_error_t *err)
{
    const char *name = aphd_job_text(job, "location");
    aphd_catalog_store_t *store = NULL;
    json_auto_t *location = NULL;
    apr_status_t status = aphd_catalog_store_open(&store, job->settings->state_dir, 1, job->p, err);
    if (status == APR_SUCCESS)
        status = remove_unused(job, store, name != NULL ? name : "", &location, err);
    if (store != NULL)
        aphd_catalog_store_close(store);
    return aphd_job_finish(job, status,
                           json_pack("{s:s,s:s}", "name", text_of(location, "name"), "path",
                                     text_of(location, "path")), err);
}
