/* SPDX-License-Identifier: Apache-2.0 */
/* The catalogs this machine trusts: list, add, remove. What is trusted is the key named here, and
 * by nothing that is fetched later; adding fetches nothing. */
#include "helper/catalog/stories.h"

#include <string.h>
#include <apr_strings.h>

#include "helper/catalog/place.h"
#include "helper/catalog/store.h"
#include "helper/catalog/trust.h"

#define KEY_DIGITS    64
#define CATALOGS_MAX  64
#define APPS_NAMED    8 /* in one sentence */
#define ANSWER_OCTETS 40000 /* of a frame's 65536, for reasons of entries that are not taken */

/* --- add ----------------------------------------------------------------------------------- */

static apr_status_t judge_add(const aphd_place_t *place, const char *name, const char *key,
                              int private, aph_error_t *err)
{
    if (strcmp(name, APHD_CATALOG_LOCAL) == 0)
        return aph_error_set(err, APH_EUSAGE, 2509,
                             "%s is the catalog of what `revision import` brings; "
                             "choose another name",
                             name);
    if (key != NULL && strlen(key) != KEY_DIGITS)
        return aph_error_set(err, APH_EUSAGE, 2510,
                             "a key has %d hexadecimal digits, this one has %zu; "
                             "its maker's `apphostctl catalog sign` prints it",
                             KEY_DIGITS, strlen(key));
    if (key == NULL && place->folder == NULL)
        return aph_error_set(
            err, APH_EUSAGE, 2511,
            "a catalog from the network needs the key it is "
            "signed with: --key and %d hexadecimal digits, from its maker by another "
            "way than %s",
            KEY_DIGITS, place->url);
    if (private && place->folder != NULL)
        return aph_error_set(err, APH_EUSAGE, 2512, "--private is about a host, and %s is a folder",
                             place->url);
    return APR_SUCCESS;
}

/* Apps hold the text that made them: they live on when their catalog is removed. *names: a new list
 * of those that were made from a catalog of that name, and of those of which only the data is left:
 * with it an entry of that name would get its secrets. */
static apr_status_t apps_of(aphd_job_t *job, const char *name, json_t **names, aph_error_t *err)
{
    json_auto_t *apps = NULL;
    json_t *app;
    const char *prefix = apr_pstrcat(job->p, name, "/", NULL);
    size_t i;
    apr_status_t status = aphd_ask_apps_and_kept(job->ask, &apps, err);
    *names = json_array();
    json_array_foreach(apps, i, app) {
        const char *entry = json_string_value(json_object_get(app, "entry"));
        if (entry != NULL && strncmp(entry, prefix, strlen(prefix)) == 0)
            json_array_append(*names, json_object_get(app, "name"));
    }
    return status;
}

/* The key is who a catalog is; one without is its place. */
static int is_same(const json_t *was, const json_t *catalog)
{
    const json_t *key = json_object_get(was, "key");
    return json_is_string(key)
        ? json_equal(key, json_object_get(catalog, "key"))
        : json_equal(json_object_get(was, "url"), json_object_get(catalog, "url"));
}

static apr_status_t refuse_other(aphd_job_t *job, const json_t *was, const char *name,
                                 const json_t *apps, aph_error_t *err)
{
    const char *list = "";
    for (size_t i = 0; i < json_array_size(apps) && i < APPS_NAMED; i++)
        list = apr_pstrcat(job->p, list, i > 0 ? ", " : "",
                           json_string_value(json_array_get(apps, i)), NULL);
    return aph_error_set(
        err, APH_ETAKEN, 2726,
        "%s%s got updates from a catalog %s that was removed%s%s, and this is not known to be the "
        "same one; choose another name, or let it have them with --replace",
        list, json_array_size(apps) > APPS_NAMED ? ", ..." : "", name, was != NULL ? ": " : "",
        was != NULL ? json_string_value(json_object_get(was, "url")) : "");
}

/* Another catalog under the name of one that was removed would take over its apps unnoticed. */
static apr_status_t judge_name(aphd_job_t *job, aphd_catalog_store_t *store, const json_t *catalog,
                               const json_t *apps, aph_error_t *err)
{
    const char *name = json_string_value(json_object_get(catalog, "name"));
    json_auto_t *was = NULL;
    apr_status_t status = aphd_catalog_removed(store, name, &was, err);
    if (status != APR_SUCCESS || (was != NULL && is_same(was, catalog)))
        return status;
    if (json_array_size(apps) > 0 && !aphd_job_flag(job, "replace"))
        return refuse_other(job, was, name, apps, err);
    return aphd_catalog_forget(store, name, err);
}

/* A catalog that is there is not replaced: its key and its high-water mark would go unnoticed. */
static apr_status_t put_new(aphd_job_t *job, aphd_catalog_store_t *store, json_t *catalog,
                            const json_t *apps, aph_error_t *err)
{
    const char *name = json_string_value(json_object_get(catalog, "name"));
    json_auto_t *there = NULL, *all = NULL;
    aph_error_t absent = APH_ERROR_INIT;
    apr_status_t status = aphd_catalog_begin(store, err);
    if (status == APR_SUCCESS)
        status = aphd_catalog_list(store, &all, err);
    if (status != APR_SUCCESS)
        return status;
    if (json_array_size(all) >= CATALOGS_MAX)
        return aph_error_set(err, APH_EEXHAUSTED, 2513, "there are %d catalogs already",
                             CATALOGS_MAX);
    if (aphd_catalog_get(store, name, &there, &absent) == APR_SUCCESS)
        return aph_error_set(err, APH_ETAKEN, 2514,
                             "there is a catalog %s, from %s; remove it first, or "
                             "choose another name",
                             name, json_string_value(json_object_get(there, "url")));
    status = judge_name(job, store, catalog, apps, err);
    if (status == APR_SUCCESS)
        status = aphd_catalog_put(store, catalog, err);
    return status == APR_SUCCESS ? aphd_catalog_commit(store, err) : status;
}

apr_status_t aphd_story_catalog_add(aphd_job_t *job, aph_error_t *err)
{
    const char *name = aphd_job_text(job, "catalog"), *url = aphd_job_text(job, "url");
    const char *key = aphd_job_text(job, "key");
    int private = aphd_job_flag(job, "private");
    aphd_catalog_store_t *store = NULL;
    aphd_place_t place;
    json_auto_t *catalog = NULL, *apps = NULL;
    apr_status_t status = aphd_place_read(&place, url, job->p, err);
    if (status == APR_SUCCESS)
        status = judge_add(&place, name, key, private, err);
    if (status == APR_SUCCESS)
        status = apps_of(job, name, &apps, err);
    if (status == APR_SUCCESS)
        status = aphd_catalog_store_open(&store, job->settings->state_dir, 1, job->p, err);
    if (status == APR_SUCCESS) {
        catalog = json_pack("{s:s, s:s, s:s?, s:b, s:i, s:s, s:i, s:i, s:s, s:i, s:i, s:s}", "name",
                            name, "url", place.url, "key", key, "private", private, "version", 0,
                            "sha256", "", "generated", 0, "expires", 0, "etag", "", "checked", 0,
                            "refreshed", 0, "error", "");
        status = put_new(job, store, catalog, apps, err);
        aphd_catalog_store_close(store);
    }
    return aphd_job_finish(
        job, status, json_pack("{s:s, s:s, s:s?}", "catalog", name, "url", place.url, "key", key),
        err);
}

/* --- remove -------------------------------------------------------------------------------- */

apr_status_t aphd_story_catalog_remove(aphd_job_t *job, aph_error_t *err)
{
    const char *name = aphd_job_text(job, "catalog");
    aphd_catalog_store_t *store = NULL;
    json_auto_t *row = NULL, *apps = NULL;
    aph_error_t unheard = APH_ERROR_INIT;
    apr_status_t status = aphd_catalog_store_open(&store, job->settings->state_dir, 1, job->p, err);
    if (status == APR_SUCCESS) {
        status = aphd_catalog_begin(store, err);
        if (status == APR_SUCCESS)
            status = aphd_catalog_get(store, name, &row, err);
        if (status == APR_SUCCESS)
            status = aphd_catalog_drop(store, name, err);
        if (status == APR_SUCCESS)
            status = aphd_catalog_commit(store, err);
        aphd_catalog_store_close(store);
    }
    if (status == APR_SUCCESS && apps_of(job, name, &apps, &unheard) != APR_SUCCESS)
        aphd_report_log(&job->report, "# %s", unheard.message); /* removed all the same */
    return aphd_job_finish(job, status, json_pack("{s:s, s:O?}", "catalog", name, "apps", apps),
                           err);
}

/* --- list ---------------------------------------------------------------------------------- */

/* As many of the reasons as an answer has room for, over all catalogs; how many there are stands
 * beside them. */
static void cut_bad(json_t *catalog, size_t *room)
{
    const json_t *bad = json_object_get(catalog, "bad");
    json_t *some = json_array(), *one;
    size_t i;
    json_array_foreach(bad, i, one) {
        size_t octets = json_dumpb(one, NULL, 0, JSON_COMPACT) + 1;
        if (octets > *room)
            break;
        *room -= octets;
        json_array_append(some, one);
    }
    json_object_set_new(catalog, "bad_count", json_integer((json_int_t)json_array_size(bad)));
    json_object_set_new(catalog, "bad", some);
}

apr_status_t aphd_story_catalog_list(aphd_job_t *job, aph_error_t *err)
{
    aphd_catalog_store_t *store = NULL;
    json_auto_t *catalogs = NULL;
    json_int_t now = (json_int_t)apr_time_sec(apr_time_now());
    size_t i, room = ANSWER_OCTETS;
    json_t *catalog;
    apr_status_t status = aphd_catalog_store_open(&store, job->settings->state_dir, 0, job->p, err);
    if (status == APR_SUCCESS) {
        status = aphd_catalog_list(store, &catalogs, err);
        aphd_catalog_store_close(store);
    }
    json_array_foreach(catalogs, i, catalog) {
        const char *warning = aphd_catalog_warning(catalog, now, job->p);
        json_object_set_new(catalog, "warning",
                            warning != NULL ? json_string(warning) : json_null());
        cut_bad(catalog, &room);
    }
    return aphd_job_finish(job, status, json_pack("{s:O?}", "catalogs", catalogs), err);
}
