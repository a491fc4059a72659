/* SPDX-License-Identifier: Apache-2.0 */
/* One entry in full. Its text is read anew, in the sandbox: what is shown is what would be
 * installed.
 *
 *   {"revision":REVISION,"entry":ENTRY,"installed":[{"name","state","revision","active":BOOL}...],
 *    "warning":S|null}          of the catalog it comes from, when its index grows old */
#include "helper/catalog/stories.h"

#include <stdlib.h>
#include <string.h>
#include <apr_strings.h>
#include <apr_time.h>

#include "helper/catalog/changes.h"
#include "helper/catalog/trust.h"

/* Nonzero where an app was made from the entry, under its name of today or one it had before. */
static int is_of(const json_t *app, const json_t *row, apr_pool_t *p)
{
    const char *entry = json_string_value(json_object_get(app, "entry"));
    const char *catalog = json_string_value(json_object_get(row, "catalog"));
    const char *id = json_string_value(json_object_get(row, "id"));
    size_t i;
    const json_t *was;
    if (entry == NULL)
        return 0;
    if (strcmp(entry, apr_pstrcat(p, catalog, "/", id, NULL)) == 0)
        return 1;
    json_array_foreach(json_object_get(row, "was"), i, was)
        if (strcmp(entry, apr_pstrcat(p, catalog, "/", json_string_value(was), NULL)) == 0)
            return 1;
    return 0;
}

static apr_status_t list_installed(aphd_job_t *job, const json_t *row, json_t **installed,
                                   aph_error_t *err)
{
    json_auto_t *apps = NULL;
    size_t i;
    const json_t *app;
    *installed = json_array();
    apr_status_t status = aphd_ask_apps(job->ask, &apps, err);
    json_array_foreach(apps, i, app) if (is_of(app, row, job->p)) json_array_append_new(
        *installed,
        json_pack("{s:O, s:O, s:O, s:b}", "name", json_object_get(app, "name"), "state",
                  json_object_get(app, "state"), "revision", json_object_get(app, "revision"),
                  "active",
                  json_equal(json_object_get(app, "revision"), json_object_get(row, "sha256"))));
    return status;
}

static const char *warning_of(aphd_job_t *job, aphd_catalog_store_t *store, const json_t *row)
{
    json_auto_t *catalog = NULL;
    aph_error_t none = APH_ERROR_INIT;
    const char *name = json_string_value(json_object_get(row, "catalog"));
    json_int_t now = (json_int_t)apr_time_sec(apr_time_now());
    if (aphd_catalog_get(store, name, &catalog, &none) != APR_SUCCESS)
        return NULL; /* "local" has no index that could grow old */
    if (aphd_catalog_may_install(catalog, now, &none) == APH_EDENIED)
        return apr_pstrdup(job->p, none.message);
    return aphd_catalog_warning(catalog, now, job->p);
}

apr_status_t aphd_story_show(aphd_job_t *job, aph_error_t *err)
{
    aphd_catalog_store_t *store = NULL;
    json_auto_t *row = NULL, *entry = NULL, *installed = NULL;
    char *text = NULL;
    const char *warning = NULL;
    apr_status_t status =
        aphd_catalog_store_open(&store, job->settings->state_dir, 0, job->p, err);
    if (status == APR_SUCCESS)
        status = aphd_revision_find(store, aphd_job_text(job, "entry"), &row, &text, err);
    if (status == APR_SUCCESS)
        warning = warning_of(job, store, row);
    aphd_catalog_store_close(store);
    if (status == APR_SUCCESS)
        status = aphd_revision_read(json_string_value(json_object_get(row, "format")), text, &entry,
                                    err);
    free(text);
    if (status == APR_SUCCESS)
        status = list_installed(job, row, &installed, err);
    json_t *answer = status != APR_SUCCESS
                         ? NULL
                         : json_pack("{s:O, s:O, s:O, s:s?}", "revision", row, "entry", entry,
                                     "installed", installed, "warning", warning);
    return aphd_job_finish(job, status, answer, err);
}
