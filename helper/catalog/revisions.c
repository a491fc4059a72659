/* SPDX-License-Identifier: Apache-2.0 */
/* Which revision of an entry is the active one, and which are kept: activate, deactivate,
 * categorize, clean. Apps hold the text that made them; nothing here touches an app. */
#include "helper/catalog/stories.h"

#include <string.h>
#include <apr_strings.h>

#include "helper/catalog/changes.h"
#include "helper/catalog/labels.h"
#include "helper/catalog/members.h"

/* --- activate --- */

/* The revision that is the active one of row's entry until now: new reference, NULL where none
 * is. */
static json_t *active_one(aphd_changes_t *changes, const json_t *row)
{
    json_auto_t *rows = NULL;
    aph_error_t unheard = APH_ERROR_INIT;
    aphd_revision_filter_t filter = {.catalog = text_of(row, "catalog"), .id = text_of(row, "id"),
                                     .obsolete = 1, .limit = 1};
    if (aphd_revision_list(changes->store, &filter, &rows, NULL, &unheard) != APR_SUCCESS)
        return NULL;
    return json_incref(json_array_get(rows, 0));
}

/* Two of one entry in one request are a mistake, such as a list that was piped in whole. */
static int said_already(const aphd_changes_t *changes, const json_t *row)
{
    size_t i;
    const json_t *line;
    json_array_foreach(json_object_get(changes->answer, "lines"), i, line)
        if (json_equal(json_object_get(line, "entry"), json_object_get(row, "id"))
            && json_equal(json_object_get(line, "catalog"), json_object_get(row, "catalog"))
            && !json_equal(json_object_get(line, "id"), json_object_get(row, "sha256")))
            return 1;
    return 0;
}

static apr_status_t activate_one(aphd_changes_t *changes, const json_t *row, aph_error_t *err)
{
    json_auto_t *before = active_one(changes, row);
    if (said_already(changes, row))
        return aph_error_set(err, APH_EUSAGE, 2537,
                             "two revisions of %s/%s are named, and one can be "
                             "active; name one of them",
                             text_of(row, "catalog"), text_of(row, "id"));
    if (json_is_true(json_object_get(row, "obsolete")) && !aphd_job_flag(changes->job, "obsolete"))
        return aph_error_set(err, APH_EDENIED, 2538,
                             "%s/%s (%.16s) is obsolete; --obsolete activates it "
                             "all the same",
                             text_of(row, "catalog"), text_of(row, "id"), text_of(row, "sha256"));
    apr_status_t status =
        aphd_revision_activate(changes->store, aphd_changes_ref(changes, row), err);
    if (status != APR_SUCCESS)
        return status;
    if (aphd_revision_is_active(row))
        aphd_changes_say(changes, row, "is active already");
    else if (before == NULL)
        aphd_changes_say(changes, row, "activated");
    else
        aphd_changes_say(changes, row, apr_psprintf(changes->job->p, "activated, instead of %.16s",
                                                    text_of(before, "sha256")));
    return APR_SUCCESS;
}

apr_status_t aphd_story_revision_activate(aphd_job_t *job, aph_error_t *err)
{
    aphd_changes_t changes;
    size_t i;
    json_t *ref;
    apr_status_t status = aphd_changes_begin(&changes, job, err);
    json_array_foreach(aphd_job_list(job, "ids"), i, ref) {
        json_auto_t *row = NULL;
        if (status == APR_SUCCESS)
            status = aphd_changes_find(&changes, json_string_value(ref), &row, err);
        if (status == APR_SUCCESS)
            status = activate_one(&changes, row, err);
    }
    return aphd_changes_end(&changes, status, err);
}

/* --- deactivate: the name of an entry means the one that is active --- */

static apr_status_t deactivate_one(aphd_changes_t *changes, const char *ref, aph_error_t *err)
{
    json_auto_t *row = NULL;
    int was = 0;
    apr_status_t status = aphd_revision_find(changes->store, ref, &row, NULL, err);
    if (status == APR_SUCCESS)
        status =
            aphd_revision_deactivate(changes->store, aphd_changes_ref(changes, row), &was, err);
    if (status == APR_SUCCESS)
        aphd_changes_say(changes, row, was ? "deactivated" : "was not active");
    return status;
}

apr_status_t aphd_story_revision_deactivate(aphd_job_t *job, aph_error_t *err)
{
    aphd_changes_t changes;
    size_t i;
    json_t *ref;
    apr_status_t status = aphd_changes_begin(&changes, job, err);
    json_array_foreach(aphd_job_list(job, "ids"), i, ref)
        if (status == APR_SUCCESS)
            status = deactivate_one(&changes, json_string_value(ref), err);
    return aphd_changes_end(&changes, status, err);
}

/* --- categorize --- */

/* Labels belong to the entry, so that its name is enough and a refresh does not undo them. */
static apr_status_t categorize_one(aphd_changes_t *changes, const char *ref, aph_error_t *err)
{
    json_auto_t *row = NULL, *changed = NULL;
    const char *text = "";
    size_t i;
    const json_t *label;
    apr_status_t status = aphd_changes_find_any(changes, ref, &row, err);
    if (status == APR_SUCCESS)
        status = aphd_labels_change(changes->store, text_of(row, "catalog"), text_of(row, "id"),
                                    aphd_job_list(changes->job, "changes"), err);
    if (status == APR_SUCCESS)
        status = aphd_revision_find(changes->store, aphd_changes_ref(changes, row), &changed, NULL,
                                    err);
    json_array_foreach(json_object_get(changed, "categories"), i, label) text =
        apr_pstrcat(changes->job->p, text, i > 0 ? ", " : "", json_string_value(label), NULL);
    if (status == APR_SUCCESS)
        aphd_changes_say(changes, row, *text != '\0' ? text : "without categories of its own");
    return status;
}

apr_status_t aphd_story_revision_categorize(aphd_job_t *job, aph_error_t *err)
{
    aphd_changes_t changes;
    size_t i;
    json_t *ref;
    apr_status_t status = aphd_changes_begin(&changes, job, err);
    if (status == APR_SUCCESS)
        status = aphd_labels_check(aphd_job_list(job, "changes"), err);
    json_array_foreach(aphd_job_list(job, "ids"), i, ref)
        if (status == APR_SUCCESS)
            status = categorize_one(&changes, json_string_value(ref), err);
    return aphd_changes_end(&changes, status, err);
}

/* --- clean --- */

/* How many apps were made from the revision, or could go back to it. */
static int users_of(const json_t *apps, const json_t *row)
{
    int count = 0;
    size_t i;
    const json_t *app, *sha256 = json_object_get(row, "sha256");
    json_array_foreach((json_t *)apps, i, app)
        count += json_equal(json_object_get(app, "revision"), sha256)
                 || json_equal(json_object_get(app, "previous_revision"), sha256);
    return count;
}

/* Nonzero where the index of its catalog names the revision: a refresh would not bring it again.
 * named: {CATALOG: {ID: SHA256}}, filled as it is needed. */
static apr_status_t look_in_index(aphd_changes_t *changes, json_t *named, const json_t *row,
                                  int *in_index, aph_error_t *err)
{
    const char *catalog = text_of(row, "catalog");
    apr_status_t status = APR_SUCCESS;
    if (json_object_get(named, catalog) == NULL) {
        json_t *entries = NULL;
        status = aphd_catalog_named(changes->store, catalog, &entries, err);
        json_object_set_new(named, catalog, entries != NULL ? entries : json_object());
    }
    *in_index = json_equal(json_object_get(json_object_get(named, catalog), text_of(row, "id")),
                           json_object_get(row, "sha256"));
    return status;
}

static apr_status_t clean_one(aphd_changes_t *changes, const json_t *apps, json_t *named,
                              const json_t *row, aph_error_t *err)
{
    int users = users_of(apps, row), in_index = 0;
    apr_status_t status = look_in_index(changes, named, row, &in_index, err);
    if (status != APR_SUCCESS)
        return status;
    if (users == 0 && !in_index) {
        aphd_changes_say(changes, row, "0");
        return aphd_revision_delete(changes->store, aphd_changes_ref(changes, row), err);
    }
    json_array_append_new(json_object_get(changes->answer, "kept"),
                          aphd_changes_line(row, apr_psprintf(changes->job->p, "%d%s", users,
                                                              in_index ? ", and its catalog has it"
                                                                       : "")));
    return APR_SUCCESS;
}

apr_status_t aphd_story_revision_clean(aphd_job_t *job, aph_error_t *err)
{
    aphd_changes_t changes;
    json_auto_t *apps = NULL, *rows = NULL, *named = json_object();
    aphd_revision_filter_t filter = {.inactive = 1, .obsolete = 1, .limit = 1000000};
    size_t i;
    json_t *row;
    apr_status_t status = aphd_changes_begin(&changes, job, err);
    json_object_set_new(changes.answer, "kept", json_array());
    if (status == APR_SUCCESS)
        status = aphd_ask_apps(job->ask, &apps, err);
    if (status == APR_SUCCESS)
        status = aphd_revision_list(changes.store, &filter, &rows, NULL, err);
    json_array_foreach(rows, i, row)
        if (status == APR_SUCCESS && !aphd_revision_is_active(row))
            status = clean_one(&changes, apps, named, row, err);
    return aphd_changes_end(&changes, status, err);
}
