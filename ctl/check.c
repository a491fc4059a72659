/* SPDX-License-Identifier: Apache-2.0 */
/* apphostctl check: hands over to apphost-check, which holds the reader and the policy. No
 * apphostd. */
#include "ctl/command.h"

#include "ctl/local_program.h"

apr_status_t aphc_check(aphc_context_t *context, const aphc_arguments_t *arguments,
                        aph_error_t *err)
{
    const char *argv[5] = {APH_LIBEXECDIR "/apphost-check"};
    int count = 1;
    if (context->json)
        argv[count++] = "--json";
    argv[count++] = "--";
    argv[count++] = arguments->operands[0];
    return aphc_become(argv, err);
}
