/* SPDX-License-Identifier: Apache-2.0 */
/* apphostctl check: hands over to apphost-check, which holds the reader and the policy. No
 * apphostd. */
#include "ctl/command.h"

#include "ctl/local_program.h"

enum { RENDERED, ALLOW, CONSENT, UNINSTALL };

const aphc_option_t aphc_check_options[] = {
    [RENDERED] = {"rendered", 0, NULL, "print the compose file that would run"},
    [ALLOW] = {"allow", 0, "RULE...", "override a refusal; see: apphostctl help rules"},
    [CONSENT] = {"consent", 0, "ID...", "consent to one thing that is asked"},
    [UNINSTALL] = {"uninstall", 0, NULL, "it is an uninstall script"},
    {NULL, 0, NULL, NULL},
};

apr_status_t aphc_check(aphc_context_t *context, const aphc_arguments_t *arguments,
                        aph_error_t *err)
{
    const char *argv[2 * APHC_REPEATS_MAX + 8] = {APH_LIBEXECDIR "/apphost-check"};
    int count = 1;
    if (context->json)
        argv[count++] = "--json";
    if (arguments->values[RENDERED] != NULL)
        argv[count++] = "--rendered";
    if (arguments->values[UNINSTALL] != NULL)
        argv[count++] = "--uninstall";
    for (int i = 0; i < arguments->repeat_count; i++) {
        argv[count++] = arguments->repeats[i].option == ALLOW ? "--allow" : "--consent";
        argv[count++] = arguments->repeats[i].value;
    }
    argv[count++] = "--";
    argv[count++] = arguments->operands[0];
    return aphc_become(argv, err);
}
