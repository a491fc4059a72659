/* SPDX-License-Identifier: Apache-2.0 */
/* apphostctl catalog add, remove, list, refresh: whose entries are offered here. */
#include "ctl/command.h"

#include <apr_strings.h>

#include "ctl/measure.h"
#include "ctl/operation.h"
#include "ctl/table.h"

enum { KEY, PRIVATE, REPLACE };

const aphc_option_t aphc_catalog_add_options[] = {
    [KEY] = {"key", 0, "HEX", "the key it is signed with, 64 hexadecimal digits"},
    [PRIVATE] = {"private", 0, NULL, "its server may be in a private network"},
    [REPLACE] = {"replace", 0, NULL,
                 "apps of another catalog of that name are this one's from now on"},
    {NULL, 0, NULL, NULL},
};

enum { NO_ACTIVATE, DRY_RUN };

const aphc_option_t aphc_catalog_refresh_options[] = {
    [NO_ACTIVATE] = {"no-activate", 0, NULL, "take what is new, and offer what was offered before"},
    [DRY_RUN] = {"dry-run", 0, NULL, "say what would be done, and do nothing"},
    {NULL, 0, NULL, NULL},
};

static const aphc_column_t columns[] = {{"CATALOG", 0, 0},
                                        {"ENTRIES", 1, 0},
                                        {"VERSION", 1, 0},
                                        {"REFRESHED", 0, 0},
                                        {"ADDRESS", 0, 1}};

enum { NAME, ENTRIES, VERSION, REFRESHED, ADDRESS, COLUMNS };

static const char *number_of(const aphc_context_t *context, const json_t *catalog,
                             const char *member)
{
    return apr_psprintf(context->p, "%" APR_INT64_T_FMT,
                        (apr_int64_t)aphc_get_number(catalog, member));
}

/* "# home: reason", for what is wrong with a catalog or one of its entries. */
static void say(const aphc_terminal_t *terminal, const char *name, const char *entry,
                const char *reason)
{
    if (*reason == '\0')
        return;
    aphc_putf(terminal, "# %s%s", name, *entry != '\0' ? "/" : "");
    aphc_put(terminal, APHC_PLAIN, entry);
    aphc_putf(terminal, ": ");
    aphc_put(terminal, APHC_PLAIN, reason);
    aphc_putf(terminal, "\n");
}

static void say_what_is_wrong(const aphc_context_t *context, const json_t *catalog)
{
    const aphc_terminal_t *out = &context->err;
    const char *name = aphc_get_text(catalog, "name");
    const json_t *bad = json_object_get(catalog, "bad"), *one;
    json_int_t count = aphc_get_number(catalog, "bad_count");
    size_t i;
    say(out, name, "", aphc_get_text(catalog, "error"));
    say(out, name, "", aphc_get_text(catalog, "warning"));
    json_array_foreach((json_t *)bad, i, one)
        say(out, name, aphc_get_text(one, "id"), aphc_get_text(one, "reason"));
    if (count > (json_int_t)json_array_size(bad))
        aphc_putf(out, "# %s: %lld more entries cannot be read\n", name,
                  (long long)(count - (json_int_t)json_array_size(bad)));
}

static void print_catalogs(const aphc_context_t *context, const json_t *catalogs)
{
    size_t i, count = json_array_size(catalogs);
    const json_t *catalog;
    if (count == 0) {
        aphc_putf(&context->out,
                  "There is no catalog. To add one: apphostctl catalog add NAME URL --key "
                  "HEX\n");
        return;
    }
    const char **cells = apr_pcalloc(context->p, count * COLUMNS * sizeof *cells);
    json_array_foreach((json_t *)catalogs, i, catalog)
    {
        const char **row = cells + i * COLUMNS;
        char *date = apr_palloc(context->p, APHC_MEASURE_MAX);
        aphc_measure_date(date, aphc_get_number(catalog, "refreshed"));
        row[NAME] = aphc_get_text(catalog, "name");
        row[ENTRIES] = number_of(context, catalog, "entries");
        row[VERSION] = number_of(context, catalog, "version");
        row[REFRESHED] = date;
        row[ADDRESS] = aphc_get_text(catalog, "url");
    }
    aphc_table_print(&context->out, columns, COLUMNS, cells, count, NULL);
    json_array_foreach((json_t *)catalogs, i, catalog) say_what_is_wrong(context, catalog);
}

apr_status_t aphc_catalog_list(aphc_context_t *context, const aphc_arguments_t *arguments,
                               aph_error_t *err)
{
    json_auto_t *answer = NULL;
    apr_status_t status =
        aphc_operation_silent(context, "catalog-list", json_object(), &answer, err);
    if (status == APR_SUCCESS && context->json)
        aphc_print_json(context, answer);
    else if (status == APR_SUCCESS)
        print_catalogs(context, json_object_get(answer, "catalogs"));
    return status;
}

apr_status_t aphc_catalog_add(aphc_context_t *context, const aphc_arguments_t *arguments,
                              aph_error_t *err)
{
    const char *name = arguments->operands[0];
    json_auto_t *answer = NULL;
    json_t *args = json_pack("{s:s, s:s, s:s*, s:b, s:b}", "catalog", name, "url",
                             arguments->operands[1], "key", arguments->values[KEY], "private",
                             arguments->values[PRIVATE] != NULL, "replace",
                             arguments->values[REPLACE] != NULL);
    apr_status_t status =
        aphc_operation_silent(context, "catalog-add", args, &answer, err);
    if (status == APR_SUCCESS && context->json)
        aphc_print_json(context, answer);
    else if (status == APR_SUCCESS && !context->quiet)
        aphc_putf(&context->out,
                  "%s is trusted. To fetch its entries: apphostctl catalog refresh %s\n", name,
                  name);
    return status;
}

apr_status_t aphc_catalog_remove(aphc_context_t *context, const aphc_arguments_t *arguments,
                                 aph_error_t *err)
{
    const char *name = arguments->operands[0];
    json_auto_t *answer = NULL;
    json_t *args = json_pack("{s:s}", "catalog", name);
    apr_status_t status = aphc_operation_silent(context, "catalog-remove", args, &answer, err);
    if (status != APR_SUCCESS)
        return status;
    const json_t *apps = json_object_get(answer, "apps");
    if (context->json)
        aphc_print_json(context, answer);
    else if (!context->quiet)
        aphc_putf(&context->out, "%s is forgotten.\n", name);
    for (size_t i = 0; !context->json && i < json_array_size(apps); i++)
        say(&context->err, json_string_value(json_array_get(apps, i)), "",
            "was made from it, and gets no updates any more");
    return APR_SUCCESS;
}

/* "# home: version 7; 3 new, 3 offered, 1 not offered any more, 1 refused" */
static void print_refreshed(const aphc_context_t *context, const json_t *catalog)
{
    const aphc_terminal_t *out = &context->err;
    const char *name = aphc_get_text(catalog, "name"), *error = aphc_get_text(catalog, "error");
    if (*error != '\0')
        return; /* its line has been said already */
    if (json_is_true(json_object_get(catalog, "unchanged")))
        aphc_putf(out, "# %s: version %lld, unchanged\n", name,
                  (long long)aphc_get_number(catalog, "version"));
    else
        aphc_putf(out,
                  "# %s: version %lld; %lld new, %lld activated, %lld not offered any more, %lld "
                  "refused\n",
                  name, (long long)aphc_get_number(catalog, "version"),
                  (long long)aphc_get_number(catalog, "added"),
                  (long long)aphc_get_number(catalog, "activated"),
                  (long long)aphc_get_number(catalog, "deactivated"),
                  (long long)aphc_get_number(catalog, "bad"));
    say(out, name, "", aphc_get_text(catalog, "warning"));
}

/* The lines of the job are what was asked for: "CATALOG/ENTRY@DIGITS # ...", for the next
 * command. */
apr_status_t aphc_catalog_refresh(aphc_context_t *context, const aphc_arguments_t *arguments,
                                  aph_error_t *err)
{
    json_auto_t *answer = NULL;
    size_t i;
    const json_t *catalog;
    json_t *args = json_pack("{s:s*, s:b, s:b}", "catalog", arguments->operands[0], "activate",
                             arguments->values[NO_ACTIVATE] == NULL, "dry_run",
                             arguments->values[DRY_RUN] != NULL);
    aphc_lines_t lines = context->json ? APHC_LINES_ARE_LOG : APHC_LINES_ARE_OUTPUT;
    apr_status_t status = aphc_operation(context, "catalog-refresh", args, lines, &answer, err);
    if (status == APR_SUCCESS && context->json)
        aphc_print_json(context, answer);
    else if (status == APR_SUCCESS && !context->quiet)
        json_array_foreach(json_object_get(answer, "catalogs"), i, catalog)
            print_refreshed(context, catalog);
    return status;
}
