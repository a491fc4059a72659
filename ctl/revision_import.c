/* SPDX-License-Identifier: Apache-2.0 */
/* apphostctl revision import: a manifest from a file, a pipe or the web becomes a revision here. */
#include "ctl/revision.h"

#include "ctl/operation.h"

enum { FORMAT, ACTIVATE, FORCE, OBSOLETE, DRY_RUN };

const aphc_option_t aphc_revision_import_options[] = {
    [FORMAT] = {"format", 0, "FORM", "apphost (the default), rockon or amahi"},
    [ACTIVATE] = {"activate", 0, NULL, "make it the one that is found, shown and installed"},
    [FORCE] = {"force", 0, NULL, "take it although nothing changed"},
    [OBSOLETE] = {"obsolete", 0, NULL, "activate it although it is obsolete"},
    [DRY_RUN] = {"dry-run", 0, NULL, "say what would be done, and do nothing"},
    {NULL, 0, NULL, NULL},
};

apr_status_t aphc_revision_import(aphc_context_t *context, const aphc_arguments_t *arguments,
                                  aph_error_t *err)
{
    json_t *args = json_pack("{s:s, s:s*, s:b, s:b, s:b, s:b}", "url", arguments->operands[0],
                             "format", arguments->values[FORMAT], "activate",
                             arguments->values[ACTIVATE] != NULL, "force",
                             arguments->values[FORCE] != NULL, "obsolete",
                             arguments->values[OBSOLETE] != NULL, "dry_run",
                             arguments->values[DRY_RUN] != NULL);
    return aphc_operation_json(context, "revision-import", args, err);
}
