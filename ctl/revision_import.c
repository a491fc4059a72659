/* SPDX-License-Identifier: Apache-2.0 */
/* apphostctl revision import: a manifest from a file, a pipe or the web becomes a revision here. */
#include "ctl/revision.h"

#include <stdlib.h>
#include <string.h>

#include "common/file_replace.h"
#include "ctl/operation.h"

enum { FORMAT, ACTIVATE, FORCE, OBSOLETE, DRY_RUN };

const aphc_option_t aphc_revision_import_options[] = {
    [FORMAT] = {"format", 0, "FORM", "apphost (the default), rockon or amahi"},
    [ACTIVATE] = {"activate", 0, NULL, "make it the one that is found, shown and installed"},
    [FORCE] = {"force", 0, NULL, "take it although nothing changed, or its number was used before"},
    [OBSOLETE] = {"obsolete", 0, NULL, "activate it although it is obsolete"},
    [DRY_RUN] = {"dry-run", 0, NULL, "say what would be done, and do nothing"},
    {NULL, 0, NULL, NULL},
};

static apr_status_t add_text(json_t *args, const char *path, aph_error_t *err)
{
    char *octets = NULL;
    size_t length = 0;
    if (aph_file_read(path, APH_SCRIPT_MAX, &octets, &length, err) != APR_SUCCESS) {
        aph_error_wrap(err, "the manifest cannot be sent");
        return err->status;
    }
    json_t *text = memchr(octets, '\0', length) == NULL ? json_stringn(octets, length) : NULL;
    free(octets);
    if (text == NULL)
        return aph_error_set(err, APH_EUNREADABLE, 2546,
                             "%s is not UTF-8 text; a manifest is needed",
                             strcmp(path, "-") == 0 ? "standard input" : path);
    json_object_set_new(args, "text", text);
    return APR_SUCCESS;
}

apr_status_t aphc_revision_import(aphc_context_t *context, const aphc_arguments_t *arguments,
                                  aph_error_t *err)
{
    const char *from = arguments->operands[0];
    json_auto_t *answer = NULL;
    json_t *args = json_pack("{s:s*, s:b, s:b, s:b, s:b}", "format", arguments->values[FORMAT],
                             "activate", arguments->values[ACTIVATE] != NULL, "force",
                             arguments->values[FORCE] != NULL, "obsolete",
                             arguments->values[OBSOLETE] != NULL, "dry_run",
                             arguments->values[DRY_RUN] != NULL);
    apr_status_t status = APR_SUCCESS;
    if (strstr(from, "://") != NULL)
        json_object_set_new(args, "url", json_string(from));
    else
        status = add_text(args, from, err);
    if (status != APR_SUCCESS) {
        json_decref(args);
        return status;
    }
    status = aphc_operation_silent(context, "revision-import", args, &answer, err);
    if (status == APR_SUCCESS && context->json)
        aphc_print_json(context, answer);
    else if (status == APR_SUCCESS)
        aphc_revision_lines(context, json_object_get(answer, "lines"), 0);
    return status;
}
