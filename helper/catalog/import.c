/* SPDX-License-Identifier: Apache-2.0 */
/* A manifest becomes a revision of the catalog "local".
 *
 *   1. Its text: what came with the request, or what is at its address.
 *   2. It is read in the sandbox: what cannot be read goes nowhere.
 *   3. It is held against the active revision of its entry, else the newest: the same is skipped; another
 *      text of the same number is refused, unless --force.
 *   4. It is added, and activated where that was asked for. */
#include "helper/catalog/stories.h"

#include <stdlib.h>
#include <string.h>
#include <apr_strings.h>

#include "helper/catalog/changes.h"
#include "helper/catalog/fetch.h"
#include "helper/catalog/index.h"
#include "helper/catalog/members.h"

#define FETCH_SECONDS 30

/* A file at an address, under the rules of a catalog's host; the local network is root's to
 * name. */
static apr_status_t fetch(aphd_job_t *job, const char *url, const char **text, aph_error_t *err)
{
    const char *slash = strrchr(url, '/');
    aphd_place_t place;
    aphd_origin_t *source = NULL;
    if (slash == NULL || slash[1] == '\0')
        return aph_error_set(err, APH_EUSAGE, 2540,
                             "%.200s names no file; the address of a manifest is "
                             "https://HOST/FOLDER/FILE",
                             url);
    aphd_wanted_t wanted = {.file = slash + 1, .most = APH_FOREIGN_MAX};
    aphd_origin_spec_t spec = {.place = &place, .ca_file = job->settings->ca_file,
                               .halt = &job->halt};
    apr_status_t status = aphd_place_read(
        &place, apr_pstrmemdup(job->p, url, (apr_size_t)(slash + 1 - url)), job->p, err);
    if (status == APR_SUCCESS)
        status = aphd_origin_open(&source, &spec, job->p, err);
    if (status == APR_SUCCESS)
        status = aphd_origin_get(source, &wanted, 1,
                                 apr_time_now() + apr_time_from_sec(FETCH_SECONDS), err);
    if (status == APR_SUCCESS && wanted.status != APR_SUCCESS)
        status = aph_error_set(err, wanted.status, 2541, "%.200s: %s", url, wanted.why);
    if (status == APR_SUCCESS)
        *text = apr_pstrmemdup(job->p, wanted.octets, wanted.length);
    if (status == APR_SUCCESS && strlen(*text) != wanted.length)
        status = aph_error_set(err, APH_EUNREADABLE, 2542, "%.200s is no text", url);
    free(wanted.octets);
    return status;
}

static apr_status_t get_text(aphd_job_t *job, const char **text, aph_error_t *err)
{
    const char *url = aphd_job_text(job, "url");
    *text = aphd_job_text(job, "text");
    if ((url == NULL) == (*text == NULL))
        return aph_error_set(err, APH_EUSAGE, 2543, "a manifest comes from an address or with the "
                             "request: one of the two is needed");
    return url != NULL ? fetch(job, url, text, err) : APR_SUCCESS;
}

/* What became of it, where it is not simply new; NULL: it is to be added. */
static apr_status_t compare(aphd_changes_t *changes, const json_t *row, const char **same,
                            aph_error_t *err)
{
    json_auto_t *rows = NULL;
    const json_t *before = NULL, *one;
    json_int_t number = json_integer_value(json_object_get(row, "revision"));
    int force = aphd_job_flag(changes->job, "force");
    aphd_revision_filter_t filter = {.catalog = APHD_CATALOG_LOCAL, .id = text_of(row, "id"),
                                     .inactive = 1, .obsolete = 1, .limit = 100000};
    size_t i;
    apr_status_t status = aphd_revision_list(changes->store, &filter, &rows, NULL, err);
    if (status != APR_SUCCESS)
        return status;
    json_array_foreach(rows, i, one) {
        int equal = json_equal(json_object_get(one, "sha256"), json_object_get(row, "sha256"));
        if (number > 0 && !equal && !force
            && json_integer_value(json_object_get(one, "revision")) == number)
            return aph_error_set(err, APH_ETAKEN, 2544,
                                 "%s: revision %d was another text (%.16s); count "
                                 "it up, or take it with --force",
                                 text_of(row, "id"), (int)number, text_of(one, "sha256"));
        if (aphd_revision_is_active(one) || before == NULL
            || (!aphd_revision_is_active(before)
                && json_integer_value(json_object_get(one, "created"))
                       > json_integer_value(json_object_get(before, "created"))))
            before = one;
    }
    if (before != NULL && !force
        && json_equal(json_object_get(before, "sha256"), json_object_get(row, "sha256")))
        *same = aphd_revision_is_active(before) ? "skipped: it is the active one already"
                                                : "skipped: it is the newest one already";
    return APR_SUCCESS;
}

static apr_status_t activate(aphd_changes_t *changes, const json_t *row, const char **text,
                             aph_error_t *err)
{
    aphd_job_t *job = changes->job;
    if (!aphd_job_flag(job, "activate"))
        return APR_SUCCESS;
    if (json_is_true(json_object_get(row, "obsolete")) && !aphd_job_flag(job, "obsolete")) {
        *text = apr_pstrcat(job->p, *text, ", not activated: it is obsolete (--obsolete)", NULL);
        return APR_SUCCESS;
    }
    *text = apr_pstrcat(job->p, *text, ", active", NULL);
    return aphd_revision_activate(changes->store, aphd_changes_ref(changes, row), err);
}

static apr_status_t import(aphd_changes_t *changes, const json_t *row, const char *text,
                           aph_error_t *err)
{
    const char *said = NULL;
    int added = 0;
    apr_status_t status = compare(changes, row, &said, err);
    if (status != APR_SUCCESS)
        return status;
    if (said == NULL || aphd_job_flag(changes->job, "activate")) {
        status = aphd_revision_add(changes->store, row, text, strlen(text), &added, err);
        if (said == NULL)
            said = added ? "added" : "known already";
        if (status == APR_SUCCESS)
            status = activate(changes, row, &said, err);
    }
    if (status == APR_SUCCESS)
        aphd_changes_say(changes, row, said);
    return status;
}

apr_status_t aphd_story_revision_import(aphd_job_t *job, aph_error_t *err)
{
    const char *text = NULL, *format = aphd_job_text(job, "format");
    json_auto_t *entry = NULL, *row = NULL;
    aphd_changes_t changes = {.job = job};
    apr_status_t status = get_text(job, &text, err);
    if (status == APR_SUCCESS)
        status = aphd_revision_read(format != NULL ? format : "apphost", text, &entry, err);
    if (status == APR_SUCCESS) {
        row = aphd_revision_of_entry(entry, APHD_CATALOG_LOCAL, aphd_job_text(job, "url"),
                                     aphd_sha256(text, strlen(text), job->p));
        status = aphd_changes_begin(&changes, job, err);
    }
    if (status == APR_SUCCESS)
        status = import(&changes, row, text, err);
    return aphd_changes_end(&changes, status, err);
}
