/* SPDX-License-Identifier: Apache-2.0 */
/* apphostctl revision list: the versions of entries that there are. */
#include "ctl/revision.h"

#include <string.h>
#include <apr_strings.h>

#include "ctl/measure.h"
#include "ctl/operation.h"

#define PAGE 1000

enum { ALL, CATEGORY };

const aphc_option_t aphc_revision_list_options[] = {
    [ALL] = {"all", 'a', NULL, "inactive and obsolete ones as well"},
    [CATEGORY] = {"category", 0, "LABEL", "only those of this category"},
    {NULL, 0, NULL, NULL},
};

static const char *id_of(const aphc_context_t *context, const json_t *row)
{
    const char *entry = apr_pstrcat(context->p, aphc_get_text(row, "catalog"), "/",
                                    aphc_get_text(row, "id"), NULL);
    return aphc_revision_id(context->p, entry, aphc_get_text(row, "sha256"));
}

/* "local/wiki@1a2b3c4d5e6f7a8b # * 1.2 revision 3, Wiki, 2026-01-31"; the # of all below each
 * other. */
static void print_revision(const aphc_context_t *context, const json_t *row, size_t widest)
{
    const aphc_terminal_t *out = &context->out;
    char date[APHC_MEASURE_MAX];
    const char *id = id_of(context, row), *version = aphc_get_text(row, "version");
    json_int_t number = aphc_get_number(row, "revision");
    aphc_put(out, context->quiet ? APHC_PLAIN : APHC_BOLD, id);
    if (context->quiet) {
        aphc_putf(out, "\n");
        return;
    }
    aphc_measure_date(date, aphc_get_number(row, "created"));
    aphc_putf(out, "%*s # %s ", (int)(widest - strlen(id)), "",
              json_is_integer(json_object_get(row, "activated")) ? "*" : " ");
    aphc_put(out, APHC_PLAIN, version);
    if (number > 0)
        aphc_putf(out, "%srevision %lld", *version != '\0' ? " " : "", (long long)number);
    aphc_putf(out, *version != '\0' || number > 0 ? ", " : "");
    aphc_put(out, APHC_PLAIN, aphc_get_text(row, "title"));
    aphc_putf(out, ", %s%s\n", date,
              json_is_true(json_object_get(row, "obsolete")) ? ", obsolete" : "");
}

static void print_page(const aphc_context_t *context, const json_t *rows)
{
    size_t i, widest = 0;
    const json_t *row;
    json_array_foreach((json_t *)rows, i, row)
        widest = strlen(id_of(context, row)) > widest ? strlen(id_of(context, row)) : widest;
    json_array_foreach((json_t *)rows, i, row)
        print_revision(context, row, widest);
}

/* A page of the list after another; with --json each is an object of its own. */
apr_status_t aphc_revision_list(aphc_context_t *context, const aphc_arguments_t *arguments,
                                aph_error_t *err)
{
    json_int_t offset = 0, total = 0;
    do {
        json_auto_t *answer = NULL;
        json_t *args = json_pack("{s:s, s:s*, s:b, s:i, s:I}", "text",
                                 aphc_words(context, arguments, 0), "category",
                                 arguments->values[CATEGORY], "all", arguments->values[ALL] != NULL,
                                 "limit", PAGE, "offset", offset);
        apr_status_t status =
            aphc_operation_silent(context, "revision-list", args, &answer, err);
        if (status != APR_SUCCESS)
            return status;
        const json_t *rows = json_object_get(answer, "revisions");
        total = aphc_get_number(answer, "total");
        if (context->json)
            aphc_print_json(context, answer);
        else
            print_page(context, rows);
        if (json_array_size(rows) == 0)
            break;
        offset += (json_int_t)json_array_size(rows);
    } while (offset < total);
    return APR_SUCCESS;
}
