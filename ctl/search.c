/* SPDX-License-Identifier: Apache-2.0 */
/* apphostctl search: entries of the catalogs, one line each. */
#include "ctl/command.h"

#include <string.h>
#include <apr_strings.h>

#include "ctl/job_text.h"
#include "ctl/operation.h"
#include "ctl/revision.h"
#include "ctl/table.h"

enum { CATEGORY, CATALOG, LIMIT, ALL };

const aphc_option_t aphc_search_options[] = {
    [CATEGORY] = {"category", 0, "LABEL", "only entries of this category"},
    [CATALOG] = {"catalog", 0, "NAME", "only entries of this catalog"},
    [LIMIT] = {"limit", 0, "N", "how many are shown (default: 100)"},
    [ALL] = {"all", 'a', NULL, "obsolete entries as well"},
    {NULL, 0, NULL, NULL},
};

static const aphc_column_t columns[] = {
    {"ENTRY", 0, 1}, {"VERSION", 0, 1}, {"TITLE", 0, 1}, {"CATEGORY", 0, 1}, {"SUMMARY", 0, 1}};

enum { ENTRY, VERSION, TITLE, CATEGORY_OF, SUMMARY, COLUMNS };

static int same_id_twice(const json_t *rows, size_t place)
{
    const json_t *id = json_object_get(json_array_get(rows, place), "id");
    for (size_t i = 0; i < json_array_size(rows); i++)
        if (i != place && json_equal(json_object_get(json_array_get(rows, i), "id"), id))
            return 1;
    return 0;
}

/* The name to install it by: with its catalog where an id alone would be ambiguous. */
static const char *entry_name(const aphc_context_t *context, const json_t *rows, size_t place)
{
    const json_t *row = json_array_get(rows, place);
    const char *id = aphc_get_text(row, "id");
    return same_id_twice(rows, place)
               ? apr_pstrcat(context->p, aphc_get_text(row, "catalog"), "/", id, NULL) : id;
}

static const char *marked_title(const aphc_context_t *context, const json_t *row)
{
    const char *mark = json_is_true(json_object_get(row, "obsolete"))        ? " (obsolete)"
                       : json_is_string(json_object_get(row, "advisory"))   ? " (advisory)"
                       : json_is_string(json_object_get(row, "deprecated")) ? " (deprecated)"
                                                                            : "";
    return apr_pstrcat(context->p, aphc_get_text(row, "title"), mark, NULL);
}

static void print_found(const aphc_context_t *context, const json_t *answer)
{
    const json_t *rows = json_object_get(answer, "revisions");
    size_t count = json_array_size(rows);
    json_int_t total = aphc_get_number(answer, "total");
    if (count == 0) {
        aphc_putf(&context->out,
                  "Nothing was found. `apphostctl catalog list` shows which catalogs there "
                  "are.\n");
        return;
    }
    const char **cells = apr_pcalloc(context->p, count * COLUMNS * sizeof *cells);
    for (size_t i = 0; i < count; i++) {
        const json_t *row = json_array_get(rows, i);
        const char **cell = cells + i * COLUMNS;
        cell[ENTRY] = entry_name(context, rows, i);
        cell[VERSION] = aphc_get_text(row, "version");
        cell[TITLE] = marked_title(context, row);
        cell[CATEGORY_OF] = aphc_get_text(row, "category");
        cell[SUMMARY] = aphc_get_text(row, "summary");
    }
    aphc_table_print(&context->out, columns, COLUMNS, cells, count, NULL);
    if (total > (json_int_t)count)
        aphc_putf(&context->err, "%lld more; --limit shows them, or more words find fewer.\n",
                  (long long)(total - (json_int_t)count));
}

apr_status_t aphc_search(aphc_context_t *context, const aphc_arguments_t *arguments,
                         aph_error_t *err)
{
    json_auto_t *answer = NULL;
    json_int_t limit = 100;
    const char *given = arguments->values[LIMIT];
    if (given != NULL && (!aphc_read_number(given, &limit) || limit < 1 || limit > 1000))
        return aph_error_set(err, APH_EUSAGE, 2547, "--limit is a number from 1 to 1000");
    json_t *args =
        json_pack("{s:s, s:s*, s:s*, s:b, s:I}", "text", aphc_words(context, arguments, 0),
                  "category", arguments->values[CATEGORY], "catalog", arguments->values[CATALOG],
                  "all", arguments->values[ALL] != NULL, "limit", limit);
    apr_status_t status = aphc_operation_silent(context, "search", args, &answer, err);
    if (status == APR_SUCCESS && context->json)
        aphc_print_json(context, answer);
    else if (status == APR_SUCCESS)
        print_found(context, answer);
    return status;
}
