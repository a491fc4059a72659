/* SPDX-License-Identifier: Apache-2.0 */
/* Which members of two manifests differ, and which lines of their texts.
 *
 *   {"a":REVISION,"b":REVISION,"same":BOOL,
 *    "members":[{"member":S,"a":VALUE|null,"b":VALUE|null}...],   by path: "questions.2.default"
 *    "removed":[LINE...],"added":[LINE...]}           of the texts, where members do not show it all:
 *                                                     services are no member of ENTRY */
#include "helper/catalog/stories.h"

#include <stdlib.h>
#include <string.h>
#include <apr_hash.h>
#include <apr_strings.h>

#include "helper/catalog/changes.h"

#define MEMBERS_MAX 500
#define LINES_MAX   500

typedef struct side_t {
    json_t *row, *entry;
    char *text;
} side_t;

typedef struct comparison_t {
    apr_pool_t *p;
    json_t *members;
} comparison_t;

static void compare(comparison_t *comparison, const char *path, json_t *a, json_t *b);

static void note(comparison_t *comparison, const char *path, json_t *a, json_t *b)
{
    if (json_array_size(comparison->members) < MEMBERS_MAX)
        json_array_append_new(comparison->members,
                              json_pack("{s:s, s:O?, s:O?}", "member", path, "a", a, "b", b));
}

static const char *below(comparison_t *comparison, const char *path, const char *member)
{
    return *path != '\0' ? apr_pstrcat(comparison->p, path, ".", member, NULL) : member;
}

static void compare_objects(comparison_t *comparison, const char *path, json_t *a, json_t *b)
{
    const char *member;
    json_t *value;
    json_object_foreach(a, member, value)
        compare(comparison, below(comparison, path, member), value, json_object_get(b, member));
    json_object_foreach(b, member, value)
        if (json_object_get(a, member) == NULL)
            note(comparison, below(comparison, path, member), NULL, value);
}

static void compare_arrays(comparison_t *comparison, const char *path, json_t *a, json_t *b)
{
    size_t count =
        json_array_size(a) > json_array_size(b) ? json_array_size(a) : json_array_size(b);
    for (size_t i = 0; i < count; i++)
        compare(comparison, below(comparison, path, apr_psprintf(comparison->p, "%d", (int)i + 1)),
                json_array_get(a, i), json_array_get(b, i));
}

static void compare(comparison_t *comparison, const char *path, json_t *a, json_t *b)
{
    if (json_equal(a, b))
        return;
    if (json_is_object(a) && json_is_object(b))
        compare_objects(comparison, path, a, b);
    else if (json_is_array(a) && json_is_array(b))
        compare_arrays(comparison, path, a, b);
    else
        note(comparison, path, a, b);
}

/* The lines of text, each with how often it stands in other beside it. */
static apr_hash_t *count_lines(const char *text, apr_pool_t *p)
{
    apr_hash_t *counts = apr_hash_make(p);
    while (*text != '\0') {
        size_t length = strcspn(text, "\n");
        int *count = apr_hash_get(counts, text, (apr_ssize_t)length);
        if (count == NULL) {
            count = apr_pcalloc(p, sizeof *count);
            apr_hash_set(counts, text, (apr_ssize_t)length, count);
        }
        ++*count;
        text += length + (text[length] == '\n');
    }
    return counts;
}

/* Lines of text that other does not have, or not so often; in their order. */
static json_t *lines_only_in(const char *text, const char *other, apr_pool_t *p)
{
    json_t *lines = json_array();
    apr_hash_t *counts = count_lines(other, p);
    while (*text != '\0' && json_array_size(lines) < LINES_MAX) {
        size_t length = strcspn(text, "\n");
        int *count = apr_hash_get(counts, text, (apr_ssize_t)length);
        if (count != NULL && *count > 0)
            --*count;
        else
            json_array_append_new(lines, json_stringn(text, length));
        text += length + (text[length] == '\n');
    }
    return lines;
}

static apr_status_t read_side(aphd_catalog_store_t *store, const char *ref, side_t *side,
                              aph_error_t *err)
{
    apr_status_t status = aphd_revision_find(store, ref, &side->row, &side->text, err);
    return status == APR_SUCCESS
               ? aphd_revision_read(json_string_value(json_object_get(side->row, "format")),
                                    side->text, &side->entry, err)
               : status;
}

static void forget(side_t *side)
{
    json_decref(side->row);
    json_decref(side->entry);
    free(side->text);
}

apr_status_t aphd_story_revision_diff(aphd_job_t *job, aph_error_t *err)
{
    aphd_catalog_store_t *store = NULL;
    side_t a = {0}, b = {0};
    json_t *answer = NULL;
    apr_status_t status =
        aphd_catalog_store_open(&store, job->settings->state_dir, 0, job->p, err);
    if (status == APR_SUCCESS)
        status = read_side(store, aphd_job_text(job, "a"), &a, err);
    if (status == APR_SUCCESS)
        status = read_side(store, aphd_job_text(job, "b"), &b, err);
    aphd_catalog_store_close(store);
    if (status == APR_SUCCESS) {
        comparison_t comparison = {job->p, json_array()};
        compare(&comparison, "", a.entry, b.entry);
        answer = json_pack("{s:O, s:O, s:b, s:o, s:o, s:o}", "a", a.row, "b", b.row, "same",
                           strcmp(a.text, b.text) == 0, "members", comparison.members, "removed",
                           lines_only_in(a.text, b.text, job->p), "added",
                           lines_only_in(b.text, a.text, job->p));
    }
    forget(&a);
    forget(&b);
    return aphd_job_finish(job, status, answer, err);
}
