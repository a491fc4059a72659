/* SPDX-License-Identifier: Apache-2.0 */
/* apphostctl search: entries of the catalogs, one line each. */
#include "ctl/command.h"

#include <stdlib.h>

#include "ctl/operation.h"
#include "ctl/revision.h"

enum { CATEGORY, CATALOG, LIMIT, ALL };

const aphc_option_t aphc_search_options[] = {
    [CATEGORY] = {"category", 0, "LABEL", "only entries of this category"},
    [CATALOG] = {"catalog", 0, "NAME", "only entries of this catalog"},
    [LIMIT] = {"limit", 0, "N", "how many are shown (default: 100)"},
    [ALL] = {"all", 'a', NULL, "obsolete entries as well"},
    {NULL, 0, NULL, NULL},
};

apr_status_t aphc_search(aphc_context_t *context, const aphc_arguments_t *arguments,
                         aph_error_t *err)
{
    json_t *args = json_pack("{s:s, s:s*, s:s*, s:b}", "text", aphc_words(context, arguments, 0),
                             "category", arguments->values[CATEGORY], "catalog",
                             arguments->values[CATALOG], "all", arguments->values[ALL] != NULL);
    if (arguments->values[LIMIT] != NULL)
        json_object_set_new(args, "limit", json_integer(atoi(arguments->values[LIMIT])));
    return aphc_operation_json(context, "search", args, err);
}
