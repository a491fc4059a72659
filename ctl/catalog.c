/* SPDX-License-Identifier: Apache-2.0 */
/* apphostctl catalog add, remove, list, refresh: whose entries are offered here. */
#include "ctl/command.h"

#include "ctl/operation.h"

enum { KEY, PRIVATE };

const aphc_option_t aphc_catalog_add_options[] = {
    [KEY] = {"key", 0, "HEX", "the key it is signed with, 64 hexadecimal digits"},
    [PRIVATE] = {"private", 0, NULL, "its server may be in a private network"},
    {NULL, 0, NULL, NULL},
};

enum { NO_ACTIVATE, DRY_RUN };

const aphc_option_t aphc_catalog_refresh_options[] = {
    [NO_ACTIVATE] = {"no-activate", 0, NULL, "take what is new, and offer what was offered before"},
    [DRY_RUN] = {"dry-run", 0, NULL, "say what would be done, and do nothing"},
    {NULL, 0, NULL, NULL},
};

apr_status_t aphc_catalog_list(aphc_context_t *context, const aphc_arguments_t *arguments,
                               aph_error_t *err)
{
    return aphc_operation_json(context, "catalog-list", json_object(), err);
}

apr_status_t aphc_catalog_add(aphc_context_t *context, const aphc_arguments_t *arguments,
                              aph_error_t *err)
{
    json_t *args = json_pack("{s:s, s:s, s:s*, s:b}", "catalog", arguments->operands[0], "url",
                             arguments->operands[1], "key", arguments->values[KEY], "private",
                             arguments->values[PRIVATE] != NULL);
    return aphc_operation_json(context, "catalog-add", args, err);
}

apr_status_t aphc_catalog_remove(aphc_context_t *context, const aphc_arguments_t *arguments,
                                 aph_error_t *err)
{
    return aphc_operation_json(context, "catalog-remove",
                               json_pack("{s:s}", "catalog", arguments->operands[0]), err);
}

apr_status_t aphc_catalog_refresh(aphc_context_t *context, const aphc_arguments_t *arguments,
                                  aph_error_t *err)
{
    json_t *args = json_pack("{s:s*, s:b, s:b}", "catalog", arguments->operands[0], "activate",
                             arguments->values[NO_ACTIVATE] == NULL, "dry_run",
                             arguments->values[DRY_RUN] != NULL);
    return aphc_operation_json(context, "catalog-refresh", args, err);
}
