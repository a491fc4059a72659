/* SPDX-License-Identifier: Apache-2.0 */
/* apphostctl start, stop, restart: the same story with another verb, hence one file. */
#include "ctl/command.h"

#include "ctl/operation.h"

static apr_status_t power(aphc_context_t *context, const char *op, const char *outcome,
                          const aphc_arguments_t *arguments, aph_error_t *err)
{
    json_t *answer = NULL;
    const char *name = arguments->operands[0];
    apr_status_t status = aphc_operation(context, op, json_pack("{s:s}", "name", name),
                                         APHC_LINES_ARE_LOG, &answer, err);
    if (status != APR_SUCCESS)
        return status;
    if (context->json)
        aphc_print_json(context, answer);
    else if (!context->quiet)
        aphc_putf(&context->out, "%s %s.\n", name, outcome);
    json_decref(answer);
    return APR_SUCCESS;
}

apr_status_t aphc_start(aphc_context_t *context, const aphc_arguments_t *arguments,
                        aph_error_t *err)
{
    return power(context, "start", "is running", arguments, err);
}

apr_status_t aphc_stop(aphc_context_t *context, const aphc_arguments_t *arguments, aph_error_t *err)
{
    return power(context, "stop", "is stopped, until it is started again", arguments, err);
}

apr_status_t aphc_restart(aphc_context_t *context, const aphc_arguments_t *arguments,
                          aph_error_t *err)
{
    return power(context, "restart", "was restarted and is running", arguments, err);
}
