/* SPDX-License-Identifier: Apache-2.0 */
/* What is new in the catalogs. For each of them:
 *
 *   1. The index is fetched, its signature checked over its octets, and only then it is read.
 *   2. Its version and its times are judged (trust.h). One that is as it was ends here.
 *   3. Entries whose text is not here yet are fetched, held against the digest in the index, read
 *      and staged. One that is not as it should be is noted with its reason, and the others go on.
 *   4. What goes by another name than before is found by its file (refresh_names.c).
 *   5. One transaction: revisions are added and activated, known ones that the index names anew are
 *      activated again, what the index names no more is not offered
 *      any more, and the catalog's row says so. What one with --no-activate left undone is done by
 *      the next one without.
 *
 * Until 5 nobody sees anything of it: whatever fails before, and whoever is killed, the old catalog
 * stays. Several catalogs are apart from each other: one that fails does not hinder the next. */
#include "helper/catalog/refresh.h"

#include <string.h>
#include <apr_strings.h>

#include "helper/catalog/stories.h"
#include "helper/catalog/trust.h"

static void open_refresh(aphd_refresh_t *refresh, aphd_job_t *job, json_t *catalog, apr_pool_t *p)
{
    memset(refresh, 0, sizeof *refresh);
    refresh->job = job;
    refresh->p = p;
    refresh->catalog = json_incref(catalog);
    refresh->name = json_string_value(json_object_get(catalog, "name"));
    refresh->now = (json_int_t)apr_time_sec(apr_time_now());
    refresh->texts = -1;
    refresh->staged = apr_array_make(p, 64, sizeof(aphd_staged_t));
    refresh->lines = apr_array_make(p, 64, sizeof(const char *));
    refresh->bad = json_array();
    refresh->activate = !json_is_false(json_object_get(json_object_get(job->request, "args"),
                                                       "activate"));
    refresh->dry_run = aphd_job_flag(job, "dry_run") != 0;
}

static void close_refresh(aphd_refresh_t *refresh)
{
    for (int i = 0; i < refresh->staged->nelts; i++)
        json_decref(APR_ARRAY_IDX(refresh->staged, i, aphd_staged_t).row);
    json_decref(refresh->bad);
    json_decref(refresh->catalog);
}

static apr_status_t open_place(aphd_refresh_t *refresh, aph_error_t *err)
{
    const char *url = json_string_value(json_object_get(refresh->catalog, "url"));
    apr_status_t status = aphd_place_read(&refresh->place, url != NULL ? url : "", refresh->p, err);
    aphd_origin_spec_t spec = {
        .place = &refresh->place, .halt = &refresh->job->halt,
        .ca_file = refresh->job->settings->ca_file,
        .allow_private = json_is_true(json_object_get(refresh->catalog, "private")),
    };
    return status != APR_SUCCESS ? status
                                 : aphd_origin_open(&refresh->source, &spec, refresh->p, err);
}

static apr_status_t fetch_entries(aphd_refresh_t *refresh, aph_error_t *err)
{
    aphd_catalog_store_t *store = NULL;
    apr_status_t status = aphd_catalog_store_open(&store, refresh->job->settings->state_dir, 0,
                                                  refresh->p, err);
    if (status != APR_SUCCESS)
        return status;
    status = aphd_refresh_entries(refresh, store, err);
    aphd_catalog_store_close(store);
    return status;
}

/* Whether the last index was taken with --no-activate and said something else than before. */
static apr_status_t look_back(aphd_refresh_t *refresh, aph_error_t *err)
{
    aphd_catalog_store_t *store = NULL;
    json_auto_t *named = NULL, *offered = NULL;
    apr_status_t status = aphd_catalog_store_open(&store, refresh->job->settings->state_dir, 0,
                                                  refresh->p, err);
    if (status != APR_SUCCESS)
        return status;
    status = aphd_catalog_named(store, refresh->name, &named, err);
    if (status == APR_SUCCESS)
        status = aphd_catalog_offered(store, refresh->name, &offered, err);
    refresh->pending = status == APR_SUCCESS && !json_equal(named, offered);
    aphd_catalog_store_close(store);
    return status;
}

static apr_status_t refresh_one(aphd_refresh_t *refresh, aph_error_t *err)
{
    apr_status_t status = open_place(refresh, err);
    if (status == APR_SUCCESS)
        status = look_back(refresh, err);
    if (status == APR_SUCCESS)
        status = aphd_refresh_index(refresh, err);
    if (status == APR_SUCCESS && !refresh->unchanged)
        status = fetch_entries(refresh, err);
    if (status == APR_SUCCESS)
        status = aphd_refresh_commit(refresh, err);
    if (status == APR_EOF || status == APH_ECANCELLED)
        return status;
    if (status != APR_SUCCESS) {
        aphd_refresh_failed(refresh, err);
        aph_error_wrap(err, "catalog %s", refresh->name);
    }
    return status;
}

static void say_all(const aphd_refresh_t *refresh)
{
    for (int i = 0; i < refresh->lines->nelts; i++)
        aphd_report_log(&refresh->job->report, "%s",
                        APR_ARRAY_IDX(refresh->lines, i, const char *));
}

/* One of the answer's "catalogs". */
static json_t *result_of(aphd_refresh_t *refresh, const aph_error_t *failed)
{
    json_auto_t *row = json_pack("{s:I, s:I, s:I}", "generated", refresh->index.generated,
                                 "expires", refresh->index.expires, "checked", refresh->now);
    const char *warning =
        failed == NULL ? aphd_catalog_warning(row, refresh->now, refresh->p) : NULL;
    return json_pack("{s:s, s:I, s:b, s:i, s:i, s:i, s:i, s:s?, s:s?}", "name", refresh->name,
                     "version", refresh->index.version, "unchanged", refresh->unchanged, "added",
                     refresh->added, "activated", refresh->activated, "deactivated",
                     refresh->deactivated, "bad", refresh->refused, "warning", warning, "error",
                     failed != NULL ? failed->message : NULL);
}

/* first: of all that failed. A halt ends it all and is returned. */
static apr_status_t refresh_next(aphd_job_t *job, json_t *catalog, json_t *results,
                                 aph_error_t *first)
{
    aphd_refresh_t refresh;
    aph_error_t why = APH_ERROR_INIT;
    apr_pool_t *p;
    if (apr_pool_create(&p, job->p) != APR_SUCCESS)
        return APR_ENOMEM;
    open_refresh(&refresh, job, catalog, p);
    apr_status_t status = refresh_one(&refresh, &why);
    int halted = status == APR_EOF || status == APH_ECANCELLED;
    if (status == APR_SUCCESS)
        say_all(&refresh);
    else if (!halted)
        aphd_report_log(&job->report, "# %s", why.message);
    if (status != APR_SUCCESS && first->status == APR_SUCCESS)
        *first = why;
    json_array_append_new(results, result_of(&refresh, status == APR_SUCCESS ? NULL : &why));
    close_refresh(&refresh);
    apr_pool_destroy(p);
    return halted ? status : APR_SUCCESS;
}

/* The one that was asked for, or all: new reference to a list. */
static apr_status_t list_wanted(aphd_job_t *job, json_t **catalogs, aph_error_t *err)
{
    const char *name = aphd_job_text(job, "catalog");
    aphd_catalog_store_t *store = NULL;
    json_t *one = NULL;
    apr_status_t status = aphd_catalog_store_open(&store, job->settings->state_dir, 0, job->p, err);
    if (status != APR_SUCCESS)
        return status;
    status = name != NULL ? aphd_catalog_get(store, name, &one, err)
                          : aphd_catalog_list(store, catalogs, err);
    if (status == APR_SUCCESS && name != NULL)
        *catalogs = json_pack("[o]", one);
    aphd_catalog_store_close(store);
    return status;
}

apr_status_t aphd_story_catalog_refresh(aphd_job_t *job, aph_error_t *err)
{
    json_auto_t *catalogs = NULL, *results = json_array();
    aph_error_t first = APH_ERROR_INIT;
    size_t i;
    json_t *catalog;
    apr_status_t status = list_wanted(job, &catalogs, err);
    json_array_foreach(catalogs, i, catalog)
        if (status == APR_SUCCESS)
            status = refresh_next(job, catalog, results, &first);
    if (status == APR_SUCCESS && first.status != APR_SUCCESS)
        status = first.status;
    if (first.status != APR_SUCCESS)
        *err = first;
    return aphd_job_finish(job, status, json_pack("{s:O}", "catalogs", results), err);
}
