/* SPDX-License-Identifier: Apache-2.0 */
/* apphostctl help: commands and topics. */
#include "ctl/command.h"

#include <string.h>

#include "ctl/help_pages.h"

static const struct {
    const char *name;
    void (*print)(const aphc_terminal_t *terminal);
} topics[] = {
    {"exit-codes", aphc_help_exit_codes},
    {"protocol", aphc_help_protocol},
    {"completion", aphc_help_completion},
};

apr_status_t aphc_help(aphc_context_t *context, const aphc_arguments_t *arguments, aph_error_t *err)
{
    aphc_command_t command;
    const char *about = arguments->operands[0];
    if (about == NULL) {
        aphc_help_overview(&context->out);
        return APR_SUCCESS;
    }
    for (size_t i = 0; i < sizeof topics / sizeof topics[0]; i++)
        if (strcmp(topics[i].name, about) == 0) {
            topics[i].print(&context->out);
            return APR_SUCCESS;
        }
    if (!aphc_command_find(about, &command))
        return aph_error_set(err, APH_EUSAGE, 1760,
                             "there is no command or topic '%.60s'; see: apphostctl help", about);
    aphc_help_command(&context->out, &command);
    return APR_SUCCESS;
}
