/* SPDX-License-Identifier: Apache-2.0 */
/* What is found of the catalogs: search for people who want an app, revision-list for who keeps
 * them in order. Both read only, and are answered while a refresh writes. */
#include "helper/catalog/stories.h"

#include <string.h>
#include <apr_strings.h>

#include "helper/catalog/changes.h"
#include "helper/catalog/labels.h"
#include "helper/catalog/members.h"

#define PAGE_DEFAULT 100
#define PAGE_MAX     1000
#define ANSWER_MAX   2000000 /* octets of rows in one answer; who wants more asks on with offset */

/* Rows beyond what one answer holds are dropped: "total" says that there are more. */
static void cut(json_t *rows)
{
    size_t octets = 0, i;
    const json_t *row;
    json_array_foreach(rows, i, row) {
        octets += json_dumpb(row, NULL, 0, JSON_COMPACT) + 1;
        if (octets > ANSWER_MAX)
            break;
    }
    while (json_array_size(rows) > i)
        json_array_remove(rows, json_array_size(rows) - 1);
}

static apr_status_t list(aphd_job_t *job, aphd_catalog_store_t *store,
                         aphd_revision_filter_t *filter, json_t **answer, aph_error_t *err)
{
    json_t *rows = NULL;
    int total = 0, limit = aphd_job_number(job, "limit", PAGE_DEFAULT);
    filter->text = aphd_job_text(job, "text");
    filter->category = aphd_job_text(job, "category");
    if (filter->category != NULL && !aphd_label_valid(filter->category))
        return aph_error_set(err, APH_EUSAGE, 2725,
                             "'%.64s' is no category: one has a-z, 0-9, - and _, and at most 63 "
                             "of them",
                             filter->category);
    filter->limit = limit < 1 || limit > PAGE_MAX ? PAGE_MAX : limit;
    filter->offset = aphd_job_number(job, "offset", 0);
    apr_status_t status = aphd_revision_list(store, filter, &rows, &total, err);
    if (status != APR_SUCCESS)
        return status;
    cut(rows);
    *answer = json_pack("{s:o, s:i}", "revisions", rows, "total", total);
    return APR_SUCCESS;
}

static apr_status_t open_to_read(aphd_job_t *job, aphd_catalog_store_t **store, aph_error_t *err)
{
    return aphd_catalog_store_open(store, job->settings->state_dir, 0, job->p, err);
}

apr_status_t aphd_story_search(aphd_job_t *job, aph_error_t *err)
{
    json_t *answer = NULL;
    aphd_catalog_store_t *store = NULL;
    aphd_revision_filter_t filter = {.catalog = aphd_job_text(job, "catalog"),
                                     .obsolete = aphd_job_flag(job, "all")};
    apr_status_t status = open_to_read(job, &store, err);
    if (status == APR_SUCCESS)
        status = list(job, store, &filter, &answer, err);
    aphd_catalog_store_close(store);
    return aphd_job_finish(job, status, answer, err);
}

/* --- revision-list --- */

/* An app made from a catalog, the revision it is, and the active one of its entry now:
 * {"name":S,"entry":S,"revision":SHA256,"made_from":REVISION|null,"active":REVISION|null,
 *  "why":S|null}. */
static json_t *app_beside_active(aphd_catalog_store_t *store, const json_t *app, apr_pool_t *p)
{
    json_t *row = NULL, *own = NULL;
    aph_error_t why = APH_ERROR_INIT, none = APH_ERROR_INIT;
    aphd_revision_find(store, text_of(app, "entry"), &row, NULL, &why);
    const char *id = apr_pstrcat(p, text_of(app, "entry"), "@", text_of(app, "revision"), NULL);
    aphd_revision_find(store, id, &own, NULL, &none);
    return json_pack("{s:O, s:O, s:O, s:o, s:o, s:s?}", "name", json_object_get(app, "name"),
                     "entry", json_object_get(app, "entry"), "revision",
                     json_object_get(app, "revision"), "made_from",
                     own != NULL ? own : json_null(), "active", row != NULL ? row : json_null(),
                     "why", row != NULL ? NULL : why.message);
}

static apr_status_t add_apps(aphd_job_t *job, aphd_catalog_store_t *store, json_t *answer,
                             aph_error_t *err)
{
    json_auto_t *apps = NULL;
    json_t *rows = json_array();
    size_t i;
    const json_t *app;
    json_object_set_new(answer, "apps", rows);
    apr_status_t status = aphd_ask_apps(job->ask, &apps, err);
    json_array_foreach(apps, i, app)
        if (json_is_string(json_object_get(app, "entry"))
            && json_is_string(json_object_get(app, "revision")))
            json_array_append_new(rows, app_beside_active(store, app, job->p));
    return status;
}

apr_status_t aphd_story_revision_list(aphd_job_t *job, aph_error_t *err)
{
    json_t *answer = NULL;
    aphd_catalog_store_t *store = NULL;
    int all = aphd_job_flag(job, "all");
    aphd_revision_filter_t filter = {.inactive = all, .obsolete = all};
    apr_status_t status = open_to_read(job, &store, err);
    if (status == APR_SUCCESS)
        status = list(job, store, &filter, &answer, err);
    if (status == APR_SUCCESS && aphd_job_flag(job, "apps"))
        status = add_apps(job, store, answer, err);
    aphd_catalog_store_close(store);
    return aphd_job_finish(job, status, answer, err);
}
