/* SPDX-License-Identifier: Apache-2.0 */
/* apphostctl list: the apps, one line each. */
#include "ctl/command.h"

#include <stdlib.h>
#include <string.h>
#include <apr_strings.h>

#include "ctl/notices.h"
#include "ctl/operation.h"
#include "ctl/table.h"

static const aphc_column_t columns[] = {
    {"NAME", 0, 1}, {"STATE", 0, 0}, {"PORT", 1, 0}, {"ADDRESS", 0, 1}, {"OVERRIDDEN", 0, 1},
    {"NOTICE", 0, 0}};

/* The last two are there where one app has something in them. */
enum { NAME, STATE, PORT, ADDRESS, OVERRIDDEN, NOTICE, COLUMNS };

static aphc_style_t style_cb(size_t column, const char *cell)
{
    if (column != STATE)
        return APHC_PLAIN;
    return strcmp(cell, "running") == 0                                ? APHC_GREEN
           : strcmp(cell, "failing") == 0                              ? APHC_RED
           : strcmp(cell, "stopped") == 0 || strcmp(cell, "kept") == 0 ? APHC_DIM
                                                                       : APHC_YELLOW;
}

/* "docker-socket, device"; NULL: no refusal was overridden. */
static const char *overridden(const json_t *app, apr_pool_t *p)
{
    const char *text = NULL;
    size_t i;
    const json_t *rule;
    json_array_foreach(json_object_get(app, "allowed"), i, rule)
        text = apr_pstrcat(p, text != NULL ? text : "", text != NULL ? ", " : "",
                           json_string_value(rule), NULL);
    return text;
}

/* The columns that are shown, and how many. */
static size_t choose_columns(const json_t *apps, apr_pool_t *p, aphc_column_t chosen[COLUMNS])
{
    size_t i, width = OVERRIDDEN;
    int any[2] = {0, 0};
    const json_t *app;
    json_array_foreach((json_t *)apps, i, app) {
        any[0] |= overridden(app, p) != NULL;
        any[1] |= aphc_notices_text(p, app) != NULL;
    }
    memcpy(chosen, columns, width * sizeof *chosen);
    for (i = 0; i < 2; i++)
        if (any[i])
            chosen[width++] = columns[OVERRIDDEN + i];
    return width;
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
    aphc_column_t chosen[COLUMNS];
    size_t width = choose_columns(apps, context->p, chosen);
    const char **cells = apr_pcalloc(context->p, count * width * sizeof *cells);
    json_array_foreach((json_t *)apps, i, app)
    {
        const char **row = cells + i * width;
        json_int_t port = aphc_get_number(app, "port");
        int web = !json_is_false(json_object_get(app, "web"));
        row[NAME] = aphc_get_text(app, "name");
        row[STATE] = aphc_get_text(app, "state");
        row[PORT] = web && port > 0 ? apr_psprintf(context->p, "%d", (int)port) : NULL;
        row[ADDRESS] = json_string_value(json_array_get(json_object_get(app, "url"), 0));
        for (size_t c = OVERRIDDEN; c < width; c++)
            row[c] = strcmp(chosen[c].title, "NOTICE") == 0 ? aphc_notices_text(context->p, app)
                                                            : overridden(app, context->p);
    }
    aphc_table_print(&context->out, chosen, width, cells, count, style_cb);
}

apr_status_t aphc_list(aphc_context_t *context, const aphc_arguments_t *arguments, aph_error_t *err)
{
    json_t *answer = NULL;
    apr_status_t status =
        aphc_operation(context, "list", json_object(), APHC_LINES_ARE_LOG, &answer, err);
    if (status != APR_SUCCESS)
        return status;
    aphc_notices_add(context, json_object_get(answer, "apps"));
    if (context->json)
        aphc_print_json(context, answer);
    else
        print_apps(context, json_object_get(answer, "apps"));
    json_decref(answer);
    return APR_SUCCESS;
}
