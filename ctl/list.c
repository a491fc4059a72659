/* SPDX-License-Identifier: Apache-2.0 */
/* apphostctl list: the apps, one line each. */
#include "ctl/command.h"

#include <stdlib.h>
#include <string.h>
#include <apr_strings.h>

#include "ctl/operation.h"
#include "ctl/table.h"

static const aphc_column_t columns[] = {
    {"NAME", 0, 1}, {"STATE", 0, 0}, {"PORT", 1, 0}, {"ADDRESS", 0, 1}};

enum { NAME, STATE, PORT, ADDRESS, COLUMNS };

static aphc_style_t style_cb(size_t column, const char *cell)
{
    if (column != STATE)
        return APHC_PLAIN;
    return strcmp(cell, "running") == 0                                ? APHC_GREEN
           : strcmp(cell, "failing") == 0                              ? APHC_RED
           : strcmp(cell, "stopped") == 0 || strcmp(cell, "kept") == 0 ? APHC_DIM
                                                                       : APHC_YELLOW;
}

static void print_apps(const aphc_context_t *context, const json_t *apps)
{
    size_t i, count = json_array_size(apps);
    const json_t *app;
    if (count == 0) {
        aphc_putf(&context->out,
                  "No app is installed. To install one: apphostctl install SCRIPT --name NAME\n");
        return;
    }
    const char **cells = apr_pcalloc(context->p, count * COLUMNS * sizeof *cells);
    json_array_foreach((json_t *)apps, i, app)
    {
        const char **row = cells + i * COLUMNS;
        json_int_t port = aphc_get_number(app, "port");
        int web = !json_is_false(json_object_get(app, "web"));
        row[NAME] = aphc_get_text(app, "name");
        row[STATE] = aphc_get_text(app, "state");
        row[PORT] = web && port > 0 ? apr_psprintf(context->p, "%d", (int)port) : NULL;
        row[ADDRESS] = json_string_value(json_array_get(json_object_get(app, "url"), 0));
    }
    aphc_table_print(&context->out, columns, COLUMNS, cells, count, style_cb);
}

apr_status_t aphc_list(aphc_context_t *context, const aphc_arguments_t *arguments, aph_error_t *err)
{
    json_t *answer = NULL;
    apr_status_t status =
        aphc_operation(context, "list", json_object(), APHC_LINES_ARE_LOG, &answer, err);
    if (status != APR_SUCCESS)
        return status;
    if (context->json)
        aphc_print_json(context, answer);
    else
        print_apps(context, json_object_get(answer, "apps"));
    json_decref(answer);
    return APR_SUCCESS;
}
