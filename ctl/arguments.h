/* SPDX-License-Identifier: Apache-2.0 */
/* Taking a command line apart, driven by the option lists of the commands. */
#ifndef APHC_ARGUMENTS_H
#define APHC_ARGUMENTS_H

#include "ctl/command.h"

/* Reads the options before the command into context; *rest receives the index in argv of the
 * command's name (argc where there is none). APH_EUSAGE with the word that is not understood. */
apr_status_t aphc_arguments_common(aphc_context_t *context, int argc, char **argv, int *rest,
                                   int *help, aph_error_t *err);

/* Reads the arguments of command; argv[0] is its name. The common options may stand here too, and
 * change context. */
apr_status_t aphc_arguments_parse(aphc_context_t *context, const aphc_command_t *command, int argc,
                                  char **argv, aphc_arguments_t *arguments, aph_error_t *err);

#endif
