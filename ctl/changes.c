/* SPDX-License-Identifier: Apache-2.0 */
/* apphostctl changes: which files an app's containers changed. */
#include "ctl/command.h"

#include <apr_strings.h>

#include "ctl/operation.h"
#include "ctl/table.h"

enum { SERVICE };

const aphc_option_t aphc_changes_options[] = {
    [SERVICE] = {"service", 0, "SERVICE", "of one service only"},
    {NULL, 0, NULL, NULL},
};

static const aphc_column_t columns[] = {
    {"NUMBER", 1, 0}, {"KIND", 0, 0}, {"SERVICE", 0, 1}, {"PATH", 0, 1}};

enum { NUMBER, KIND, NAME, PATH, COLUMNS };

static void print_changes(const aphc_context_t *context, const json_t *answer)
{
    const json_t *changes = json_object_get(answer, "changes"), *change;
    size_t i, count = json_array_size(changes);
    json_int_t more = aphc_get_number(answer, "total") - (json_int_t)count;
    if (count == 0) {
        aphc_putf(&context->out, "Nothing changed outside of volumes and bind mounts.\n");
        return;
    }
    const char **cells = apr_pcalloc(context->p, count * COLUMNS * sizeof *cells);
    json_array_foreach((json_t *)changes, i, change)
    {
        const char **row = cells + i * COLUMNS;
        row[NUMBER] = apr_psprintf(context->p, "%d", (int)aphc_get_number(change, "number"));
        row[KIND] = aphc_get_text(change, "kind");
        row[NAME] = aphc_get_text(change, "service");
        row[PATH] = aphc_get_text(change, "path");
    }
    aphc_table_print(&context->out, columns, COLUMNS, cells, count, NULL);
    if (more > 0)
        aphc_putf(&context->err, "and %d more\n", (int)more);
}

apr_status_t aphc_changes(aphc_context_t *context, const aphc_arguments_t *arguments,
                          aph_error_t *err)
{
    json_t *answer = NULL;
    json_t *args = json_pack("{s:s}", "name", arguments->operands[0]);
    if (arguments->values[SERVICE] != NULL)
        json_object_set_new(args, "service", json_string(arguments->values[SERVICE]));
    apr_status_t status =
        aphc_operation(context, "changes", args, APHC_LINES_ARE_LOG, &answer, err);
    if (status != APR_SUCCESS)
        return status;
    if (context->json)
        aphc_print_json(context, answer);
    else
        print_changes(context, answer);
    json_decref(answer);
    return APR_SUCCESS;
}
