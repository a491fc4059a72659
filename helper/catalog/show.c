/* SPDX-License-Identifier: Apache-2.0 */
/* One entry in full. Its text is read anew, in the sandbox: what is shown is what would be
 * installed.
 *
 *   {"revision":REVISION,"entry":ENTRY,"installed":[{"name","state","revision","active":BOOL}...],
 *    "warning":S|null,          of the catalog it comes from, when its index grows old
 *    "notes":S,"credentials":[{"label","user","password"}...]}
 *                               of the entry, as of an app under its default name; an answer, a port and
 *                               what is not known yet are named in parentheses */
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

/* --- what an author says to whoever has installed it ------------------------------------------ */

typedef struct telling_t {
    const aphd_job_t *job;
    const char *name, *host; /* of an app with the entry's default name */
} telling_t;

/* What stands in place of {{word}}. */
static const char *meaning(const telling_t *telling, const char *word)
{
    const aphd_settings_t *settings = telling->job->settings;
    apr_pool_t *p = telling->job->p;
    if (strcmp(word, "url") == 0)
        return settings->public_port == 80
             ? apr_pstrcat(p, "http://", telling->host, NULL)
             : apr_psprintf(p, "http://%s:%d", telling->host, settings->public_port);
    if (strcmp(word, "host") == 0)
        return telling->host;
    if (strcmp(word, "name") == 0)
        return telling->name;
    if (strcmp(word, "domain") == 0)
        return settings->domains[0];
    if (strncmp(word, "answer.", 7) == 0)
        return apr_pstrcat(p, "(the answer to ", word + 7, ")", NULL);
    return apr_pstrcat(p, "(its ", word, ")", NULL);
}

/* Its text was read, so that every {{ has its }}. */
static json_t *told(const telling_t *telling, const json_t *text)
{
    apr_pool_t *p = telling->job->p;
    const char *from = json_string_value(text), *all = "", *at, *end;
    while (from != NULL && (at = strstr(from, "{{")) != NULL) {
        const char *before = apr_pstrmemdup(p, from, (apr_size_t)(at - from)), *becomes = "{{";
        if (strncmp(at, "{{{{", 4) == 0)
            end = at + 2;
        else if ((end = strstr(at, "}}")) != NULL)
            becomes = meaning(telling, apr_pstrmemdup(p, at + 2, (apr_size_t)(end - at - 2)));
        else
            break;
        all = apr_pstrcat(p, all, before, becomes, NULL);
        from = end + 2;
    }
    return json_string(apr_pstrcat(p, all, from != NULL ? from : "", NULL));
}

/* The id as a host label: it has _ and . as well, which no host name has. */
static const char *default_name(apr_pool_t *p, const char *id)
{
    char *name = apr_pstrdup(p, id);
    for (char *at = name; *at != '\0'; at++)
        if (*at == '_' || *at == '.')
            *at = '-';
    return name;
}

static void put_told(aphd_job_t *job, const json_t *row, const json_t *entry, json_t *answer)
{
    static const char *const members[] = {"label", "user", "password"};
    telling_t telling = {.job = job};
    json_t *credentials = json_array();
    size_t i;
    const json_t *one;
    telling.name = default_name(job->p, json_string_value(json_object_get(row, "id")));
    telling.host = apr_pstrcat(job->p, telling.name, ".", job->settings->domains[0], NULL);
    json_object_set_new(answer, "notes", told(&telling, json_object_get(entry, "notes")));
    json_array_foreach(json_object_get(entry, "credentials"), i, one) {
        json_t *row_told = json_object();
        for (size_t k = 0; k < sizeof members / sizeof members[0]; k++)
            json_object_set_new(row_told, members[k],
                                told(&telling, json_object_get(one, members[k])));
        json_array_append_new(credentials, row_told);
    }
    json_object_set_new(answer, "credentials", credentials);
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
    if (answer != NULL)
        put_told(job, row, entry, answer);
    return aphd_job_finish(job, status, answer, err);
}
