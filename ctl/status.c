/* SPDX-License-Identifier: Apache-2.0 */
/* apphostctl status: one app in full, or apphostd and the engine. */
#include "ctl/command.h"

#include "ctl/job_text.h"
#include "ctl/operation.h"

apr_status_t aphc_status(aphc_context_t *context, const aphc_arguments_t *arguments,
                         aph_error_t *err)
{
    json_t *answer = NULL;
    json_t *args = arguments->operand_count > 0
                       ? json_pack("{s:s}", "name", arguments->operands[0])
                       : json_object();
    apr_status_t status = aphc_operation(context, "status", args, APHC_LINES_ARE_LOG, &answer, err);
    if (status != APR_SUCCESS)
        return status;
    if (context->json)
        aphc_print_json(context, answer);
    else
        aphc_members_print(&context->out, answer, 0);
    json_decref(answer);
    return APR_SUCCESS;
}
