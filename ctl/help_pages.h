/* SPDX-License-Identifier: Apache-2.0 */
/* Pages made from the tables: the commands, the exit codes, the protocol, the shell completion.
 * What stands in the manual and in docs/ is compared with them by guards. */
#ifndef APHC_HELP_PAGES_H
#define APHC_HELP_PAGES_H

#include "ctl/command.h"

/* All commands, one line each, and the common options. */
void aphc_help_overview(const aphc_terminal_t *terminal);

/* The commands whose first word is group, one line each; 0 where there is none. */
int aphc_help_group(const aphc_terminal_t *terminal, const char *group);

/* One command: usage, help, options. */
void aphc_help_command(const aphc_terminal_t *terminal, const aphc_command_t *command);

/* "CODE  wire name  sentence" of errors.def, in order of codes. */
void aphc_help_exit_codes(const aphc_terminal_t *terminal);

/* What `install --option` takes: "NAME=VALUE", what becomes of it, help; and the headers it may
 * set. */
void aphc_help_options(const aphc_terminal_t *terminal);

/* What `install --allow` takes, and what it means. */
void aphc_help_rules(const aphc_terminal_t *terminal);

/* The operations as a Markdown table: name, kind, arguments, help. */
void aphc_help_protocol(const aphc_terminal_t *terminal);

/* A bash completion script. */
void aphc_help_completion(const aphc_terminal_t *terminal);

#endif
