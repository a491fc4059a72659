/* SPDX-License-Identifier: Apache-2.0 */
/* apphostctl revision list: the versions of entries that there are. */
#include "ctl/revision.h"

#include "ctl/operation.h"

enum { ALL, CATEGORY };

const aphc_option_t aphc_revision_list_options[] = {
    [ALL] = {"all", 'a', NULL, "inactive and obsolete ones as well"},
    [CATEGORY] = {"category", 0, "LABEL", "only those of this category"},
    {NULL, 0, NULL, NULL},
};

apr_status_t aphc_revision_list(aphc_context_t *context, const aphc_arguments_t *arguments,
                                aph_error_t *err)
{
    json_t *args = json_pack("{s:s, s:s*, s:b}", "text", aphc_words(context, arguments, 0),
                             "category", arguments->values[CATEGORY], "all",
                             arguments->values[ALL] != NULL);
    return aphc_operation_json(context, "revision-list", args, err);
}
