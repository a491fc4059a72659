/* SPDX-License-Identifier: Apache-2.0 */
/* apphostctl storage list, add, remove: the folders of this machine that apps may be given. */
#include "ctl/command.h"

#include <string.h>
#include <apr_strings.h>

#include "ctl/measure.h"
#include "ctl/operation.h"
#include "ctl/table.h"

enum { READ_ONLY };

const aphc_option_t aphc_storage_add_options[] = {
    [READ_ONLY] = {"read-only", 0, NULL, "apps may read what is there, and never write it"},
    {NULL, 0, NULL, NULL},
};

static const aphc_column_t columns[] = {
    {"NAME", 0, 1}, {"FOLDER", 0, 1}, {"FREE", 1, 0}, {"APPS MAY", 0, 0}, {"USED BY", 0, 1}};

enum { NAME, FOLDER, FREE, ACCESS, USED, COLUMNS };

/* "sonarr (tv), jellyfin (films, reads)"; NULL: nobody. */
static const char *users(const json_t *apps, apr_pool_t *p)
{
    const char *text = NULL;
    size_t i;
    const json_t *use;
    json_array_foreach((json_t *)apps, i, use)
    {
        const char *slash = strchr(aphc_get_text(use, "answer"), '/');
        text =
            apr_pstrcat(p, text != NULL ? text : "", text != NULL ? ", " : "",
                        aphc_get_text(use, "app"), " (", slash != NULL ? slash + 1 : "all of it",
                        json_is_true(json_object_get(use, "read_only")) ? ", reads)" : ")", NULL);
    }
    return text;
}

static void print_locations(const aphc_context_t *context, const json_t *locations)
{
    size_t i, count = json_array_size(locations);
    const json_t *location;
    char size[APHC_MEASURE_MAX];
    if (count == 0) {
        aphc_putf(&context->out, "There is no storage location. To name a folder that apps may be "
                                 "given: apphostctl storage add NAME PATH\n");
        return;
    }
    const char **cells = apr_pcalloc(context->p, count * COLUMNS * sizeof *cells);
    json_array_foreach((json_t *)locations, i, location)
    {
        const char **row = cells + i * COLUMNS;
        const json_t *free = json_object_get(location, "free");
        aphc_measure_size(size, json_integer_value(free));
        row[NAME] = aphc_get_text(location, "name");
        row[FOLDER] = aphc_get_text(location, "path");
        row[FREE] = json_is_integer(free) ? apr_pstrdup(context->p, size) : NULL;
        row[ACCESS] = json_is_true(json_object_get(location, "read_only")) ? "read" : "read, write";
        row[USED] = users(json_object_get(location, "apps"), context->p);
    }
    aphc_table_print(&context->out, columns, COLUMNS, cells, count, NULL);
    json_array_foreach((json_t *)locations, i, location)
        if (*aphc_get_text(location, "problem") != '\0')
            aphc_putf(&context->err, "%s\n", aphc_get_text(location, "problem"));
}

apr_status_t aphc_storage_list(aphc_context_t *context, const aphc_arguments_t *arguments,
                               aph_error_t *err)
{
    json_t *answer = NULL;
    apr_status_t status =
        aphc_operation(context, "storage-list", json_object(), APHC_LINES_ARE_LOG, &answer, err);
    if (status != APR_SUCCESS)
        return status;
    if (context->json)
        aphc_print_json(context, answer);
    else
        print_locations(context, json_object_get(answer, "locations"));
    json_decref(answer);
    return APR_SUCCESS;
}

static void say(const aphc_context_t *context, const json_t *answer, const char *what)
{
    aphc_put(&context->out, APHC_BOLD, aphc_get_text(answer, "name"));
    aphc_putf(&context->out, "%s", what);
    aphc_put(&context->out, APHC_PLAIN, aphc_get_text(answer, "path"));
}

apr_status_t aphc_storage_add(aphc_context_t *context, const aphc_arguments_t *arguments,
                              aph_error_t *err)
{
    int read_only = arguments->values[READ_ONLY] != NULL;
    json_t *answer = NULL;
    json_t *args = json_pack("{s:s, s:s, s:b}", "location", arguments->operands[0], "path",
                             arguments->operands[1], "read_only", read_only);
    apr_status_t status =
        aphc_operation(context, "storage-add", args, APHC_LINES_ARE_LOG, &answer, err);
    if (status != APR_SUCCESS)
        return status;
    if (context->json) {
        aphc_print_json(context, answer);
    } else {
        say(context, answer, " is a storage location now: ");
        aphc_putf(&context->out,
                  "\nApps may %s a folder in it when a person answers with %s/FOLDER.\n",
                  read_only ? "read" : "read and write", aphc_get_text(answer, "name"));
    }
    json_decref(answer);
    return APR_SUCCESS;
}

apr_status_t aphc_storage_remove(aphc_context_t *context, const aphc_arguments_t *arguments,
                                 aph_error_t *err)
{
    json_t *answer = NULL;
    apr_status_t status =
        aphc_operation(context, "storage-remove", json_pack("{s:s}", "location",
                                                            arguments->operands[0]),
                       APHC_LINES_ARE_LOG, &answer, err);
    if (status != APR_SUCCESS)
        return status;
    if (context->json) {
        aphc_print_json(context, answer);
    } else {
        say(context, answer, " is no storage location any more. The folder stays as it is: ");
        aphc_putf(&context->out, "\n");
    }
    json_decref(answer);
    return APR_SUCCESS;
}
