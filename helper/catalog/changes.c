/* SPDX-License-Identifier: Apache-2.0 */
#include "helper/catalog/changes.h"

#include <string.h>
#include <apr_strings.h>

#include "helper/catalog/members.h"
#include "helper/read/reader.h"

#define READ_MILLISECONDS 10000
#define CANDIDATES_MAX    8

apr_status_t aphd_changes_begin(aphd_changes_t *changes, aphd_job_t *job, aph_error_t *err)
{
    *changes = (aphd_changes_t){.job = job, .dry_run = aphd_job_flag(job, "dry_run") != 0};
    changes->answer = json_pack("{s:[], s:b}", "lines", "dry_run", (int)changes->dry_run);
    apr_status_t status =
        aphd_catalog_store_open(&changes->store, job->settings->state_dir, 1, job->p, err);
    return status == APR_SUCCESS ? aphd_catalog_begin(changes->store, err) : status;
}

apr_status_t aphd_changes_end(aphd_changes_t *changes, apr_status_t status, aph_error_t *err)
{
    if (status == APR_SUCCESS && !changes->dry_run)
        status = aphd_catalog_commit(changes->store, err);
    aphd_catalog_store_close(changes->store);
    return aphd_job_finish(changes->job, status, changes->answer, err);
}

json_t *aphd_changes_line(const json_t *row, const char *text)
{
    return json_pack("{s:O, s:O, s:O, s:O, s:O, s:O, s:s}", "id", json_object_get(row, "sha256"),
                     "catalog", json_object_get(row, "catalog"), "entry",
                     json_object_get(row, "id"), "version", json_object_get(row, "version"),
                     "revision", json_object_get(row, "revision"), "title",
                     json_object_get(row, "title"), "text", text);
}

void aphd_changes_say(aphd_changes_t *changes, const json_t *row, const char *text)
{
    json_array_append_new(json_object_get(changes->answer, "lines"), aphd_changes_line(row, text));
}

const char *aphd_changes_ref(const aphd_changes_t *changes, const json_t *row)
{
    return apr_pstrcat(changes->job->p, text_of(row, "catalog"), "/", text_of(row, "id"), "@",
                       text_of(row, "sha256"), NULL);
}

int aphd_revision_is_active(const json_t *row)
{
    return json_is_integer(json_object_get(row, "activated"));
}

/* "local/wiki@1a2b3c4d5e6f7a8b (1.2, active), ..." */
static const char *candidates(apr_pool_t *p, const json_t *rows)
{
    const char *list = "";
    for (size_t i = 0; i < json_array_size(rows) && i < CANDIDATES_MAX; i++) {
        const json_t *row = json_array_get(rows, i);
        const char *version = text_of(row, "version");
        list = apr_psprintf(p, "%s%s%s/%s@%.16s (%s%s)", list, i > 0 ? ", " : "",
                            text_of(row, "catalog"), text_of(row, "id"), text_of(row, "sha256"),
                            *version != '\0' ? version : "no version",
                            aphd_revision_is_active(row) ? ", active" : "");
    }
    return json_array_size(rows) > CANDIDATES_MAX ? apr_pstrcat(p, list, ", ...", NULL) : list;
}

static int of_one_entry(const json_t *rows)
{
    size_t i;
    const json_t *row, *first = json_array_get(rows, 0);
    json_array_foreach((json_t *)rows, i, row)
        if (!json_equal(json_object_get(row, "catalog"), json_object_get(first, "catalog"))
            || !json_equal(json_object_get(row, "id"), json_object_get(first, "id")))
            return 0;
    return 1;
}

static apr_status_t find(aphd_changes_t *changes, const char *ref, int any, json_t **row,
                         aph_error_t *err)
{
    apr_pool_t *p = changes->job->p;
    json_auto_t *rows = NULL;
    aphd_ref_t named;
    *row = NULL;
    apr_status_t status = aphd_revision_ref(changes->store, ref, &named, err);
    if (status == APR_SUCCESS && named.digits == NULL) {
        aphd_revision_filter_t filter = {.inactive = 1, .obsolete = 1, .catalog = named.catalog,
                                         .id = named.id};
        status = aphd_revision_list(changes->store, &filter, &rows, NULL, err);
    }
    if (status != APR_SUCCESS)
        return status;
    if (json_array_size(rows) == 0)
        return aphd_revision_find(changes->store, ref, row, NULL, err);
    if (json_array_size(rows) > 1 && !(any && of_one_entry(rows)))
        return aph_error_set(err, APH_EUSAGE, 2535, "%s has %d revisions; name one of them: %s",
                             ref, (int)json_array_size(rows), candidates(p, rows));
    *row = json_incref(json_array_get(rows, 0));
    return APR_SUCCESS;
}

apr_status_t aphd_changes_find(aphd_changes_t *changes, const char *ref, json_t **row,
                               aph_error_t *err)
{
    return find(changes, ref, 0, row, err);
}

apr_status_t aphd_changes_find_any(aphd_changes_t *changes, const char *ref, json_t **row,
                                   aph_error_t *err)
{
    return find(changes, ref, 1, row, err);
}

/* --- texts and rows --- */

apr_status_t aphd_revision_read(const char *format, const char *text, json_t **entry,
                                aph_error_t *err)
{
    aphd_reading_t reading = {.kind = APHD_READ_ENTRY, .text = text, .length = strlen(text),
                              .milliseconds = READ_MILLISECONDS};
    if (aphd_form_find(format, &reading.form))
        return aphd_reader_run_within(&reading, entry, err);
    return aph_error_set(err, APH_EUSAGE, 2536,
                         "there is no format %.32s; apphost, rockon and amahi are read", format);
}

json_t *aphd_revision_of_entry(const json_t *entry, const char *catalog, const char *url,
                               const char *sha256)
{
    static const char *const members[] = {
        "id", "format", "revision", "version", "title", "summary", "category", "categories", "icon",
        "obsolete", "deprecated", "advisory", "automatic_updates", "was",
    };
    json_t *row = json_pack("{s:s, s:s?, s:s}", "catalog", catalog, "url", url, "sha256", sha256);
    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++) {
        json_t *value = json_object_get(entry, members[i]);
        json_object_set(row, members[i], value != NULL ? value : json_null());
    }
    return row;
}
