/* SPDX-License-Identifier: Apache-2.0 */
#include "helper/catalog/storage.h"

#include <string.h>
#include <apr_strings.h>

#include "common/storage_answer.h"
#include "helper/catalog/members.h"

/* "media, backup", or "none"; at most size octets. */
static void list_names(const json_t *locations, char *text, size_t size)
{
    size_t i, used = 0;
    json_t *location;
    apr_cpystrn(text, "none yet: apphostctl storage add NAME PATH makes one", size);
    json_array_foreach((json_t *)locations, i, location) {
        const char *name = text_or_null(location, "name");
        if (name != NULL && used + strlen(name) + 3 < size)
            used += (size_t)apr_snprintf(text + used, size - used, "%s%s", i > 0 ? ", " : "", name);
    }
}

static apr_status_t find_location(aphd_catalog_store_t *store, const char *name,
                                  const char *question, json_t **location, aph_error_t *err)
{
    json_auto_t *all = NULL;
    char names[256];
    aph_error_t why = APH_ERROR_INIT;
    apr_status_t status = aphd_storage_get(store, name, location, &why);
    if (status == APR_SUCCESS)
        return status;
    if (status != APH_ENOTFOUND) {
        *err = why;
        return status;
    }
    status = aphd_storage_list(store, &all, err);
    if (status != APR_SUCCESS)
        return status;
    list_names(all, names, sizeof names);
    return aph_error_set(err, APH_ENOTFOUND, 2662,
                         "%s: there is no storage location %s; there is: %s", question, name,
                         names);
}

/* The reader repeats what it was told; a reader that says something else has been taken over. */
static apr_status_t check_row(const json_t *row, const json_t *answers, aph_error_t *err)
{
    const char *question = text_or_null(row, "question"), *answer = text_or_null(row, "answer");
    if (question == NULL || answer == NULL || text_or_null(row, "service") == NULL ||
        text_or_null(row, "target") == NULL || !json_is_boolean(json_object_get(row, "read_only")))
        return aph_error_set(err, APH_EUNREADABLE, 2663,
                             "the reader's answer is not in the form of a "
                             "storage question");
    const char *given = text_or_null(answers, question);
    if (given == NULL || strcmp(given, answer) != 0)
        return aph_error_set(err, APH_EDENIED, 2660, "%.80s: nobody chose %.200s; a folder in a "
                             "storage location is a person's choice, and never an entry's own",
                             question, answer);
    const char *fault = aph_storage_answer_fault(answer);
    if (fault != NULL)
        return aph_error_set(err, APH_EUSAGE, 2661, "%.80s: %.200s %s", question, answer, fault);
    return APR_SUCCESS;
}

static apr_status_t resolve(aphd_catalog_store_t *store, const json_t *row, json_t *site_rows,
                            aph_error_t *err)
{
    char name[APH_STORAGE_NAME_MAX + 1];
    const char *folder, *answer = text_or_null(row, "answer");
    json_auto_t *location = NULL;
    aph_storage_answer_split(answer, name, &folder);
    apr_status_t status = find_location(store, name, text_or_null(row, "question"), &location, err);
    if (status != APR_SUCCESS)
        return status;
    int read_only = json_is_true(json_object_get(location, "read_only"))
                 || json_is_true(json_object_get(row, "read_only"));
    json_t *site = json_pack("{s:O,s:O,s:O,s:s,s:s,s:s,s:o,s:b}", "question",
                             json_object_get(row, "question"), "service",
                             json_object_get(row, "service"), "target",
                             json_object_get(row, "target"), "answer", answer, "location", name,
                             "folder", folder, "path",
                             json_sprintf("%s%s%s", text_or_null(location, "path"),
                                          *folder != '\0' ? "/" : "", folder),
                             "read_only", read_only);
    if (site == NULL || json_array_append_new(site_rows, site) != 0)
        return aph_error_set(err, APR_ENOMEM, 2677, "no memory for an answer about storage");
    return APR_SUCCESS;
}

apr_status_t aphd_storage_resolve(aphd_catalog_store_t *store, const json_t *answers,
                                  const json_t *rows, json_t **site_rows, aph_error_t *err)
{
    json_auto_t *made = json_array();
    apr_status_t status = APR_SUCCESS;
    size_t i;
    json_t *row;
    json_array_foreach((json_t *)rows, i, row) {
        if (status == APR_SUCCESS)
            status = check_row(row, answers, err);
        if (status == APR_SUCCESS)
            status = resolve(store, row, made, err);
    }
    *site_rows = status == APR_SUCCESS ? json_incref(made) : NULL;
    return status;
}
