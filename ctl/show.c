/* SPDX-License-Identifier: Apache-2.0 */
/* apphostctl show: an entry of a catalog in full. */
#include "ctl/command.h"

#include "ctl/operation.h"

apr_status_t aphc_show(aphc_context_t *context, const aphc_arguments_t *arguments,
                       aph_error_t *err)
{
    return aphc_operation_json(context, "show", json_pack("{s:s}", "entry", arguments->operands[0]),
                               err);
}
