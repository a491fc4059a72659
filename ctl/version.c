/* SPDX-License-Identifier: Apache-2.0 */
/* apphostctl version. */
#include "config.h"

#include "ctl/command.h"

#include "ctl/operation.h"

apr_status_t aphc_version(aphc_context_t *context, const aphc_arguments_t *arguments,
                          aph_error_t *err)
{
    if (context->json) {
        json_t *answer =
            json_pack("{s:s, s:i}", "version", PACKAGE_VERSION, "protocol", APH_PROTOCOL_VERSION);
        aphc_print_json(context, answer);
        json_decref(answer);
    } else {
        aphc_putf(&context->out, "apphostctl %s (protocol %d)\n", PACKAGE_VERSION,
                  APH_PROTOCOL_VERSION);
    }
    return APR_SUCCESS;
}
