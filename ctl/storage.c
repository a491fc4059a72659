/* SPDX-License-Identifier: Apache-2.0 */
/* apphostctl storage list, add, remove: the folders of this machine that apps may be given. */
#include "ctl/command.h"

#include "ctl/operation.h"

enum { READ_ONLY };

const aphc_option_t aphc_storage_add_options[] = {
    [READ_ONLY] = {"read-only", 0, NULL, "apps may read what is there, and never write it"},
    {NULL, 0, NULL, NULL},
};

apr_status_t aphc_storage_list(aphc_context_t *context, const aphc_arguments_t *arguments,
                               aph_error_t *err)
{
    return aphc_operation_json(context, "storage-list", json_object(), err);
}

apr_status_t aphc_storage_add(aphc_context_t *context, const aphc_arguments_t *arguments,
                              aph_error_t *err)
{
    json_t *args = json_pack("{s:s, s:s, s:b}", "location", arguments->operands[0], "path",
                             arguments->operands[1], "read_only",
                             arguments->values[READ_ONLY] != NULL);
    return aphc_operation_json(context, "storage-add", args, err);
}

apr_status_t aphc_storage_remove(aphc_context_t *context, const aphc_arguments_t *arguments,
                                 aph_error_t *err)
{
    return aphc_operation_json(context, "storage-remove",
                               json_pack("{s:s}", "location", arguments->operands[0]), err);
}
