/* SPDX-License-Identifier: Apache-2.0 */
/* Pages made from the tables. Nothing here lists a command, an option or a code by itself. */
#include "ctl/help_pages.h"

#include <string.h>

#include "common/ops.h"
#include "common/options.h"
#include "common/rules.h"
#include "ctl/text.h"

#define EXIT_CODE_MAX 125 /* above are the shell's own */

static void print_option(const aphc_terminal_t *terminal, const aphc_option_t *option)
{
    char words[64], letter[8] = "    ";
    if (option->letter != 0)
        snprintf(letter, sizeof letter, "-%c, ", option->letter);
    snprintf(words, sizeof words, "%s--%s%s%s", letter, option->name,
             option->value != NULL ? " " : "", option->value != NULL ? option->value : "");
    aphc_putf(terminal, "  %-30s", words);
    aphc_text_wrap(terminal->file, option->help, terminal->columns, 32);
    aphc_putf(terminal, "\n");
}

static void print_options(const aphc_terminal_t *terminal, const aphc_option_t *options)
{
    for (int i = 0; options != NULL && options[i].name != NULL; i++)
        print_option(terminal, &options[i]);
}

static void print_command(const aphc_terminal_t *terminal, const aphc_command_t *command)
{
    aphc_putf(terminal, "  %-21s", command->name);
    aphc_text_wrap(terminal->file, command->help, terminal->columns, 23);
    aphc_putf(terminal, "\n");
}

static int of_group(const aphc_command_t *command, const char *group, size_t length)
{
    return strncmp(command->name, group, length) == 0 && command->name[length] == ' ';
}

int aphc_help_group(const aphc_terminal_t *terminal, const char *group)
{
    aphc_command_t command;
    int found = 0;
    for (size_t i = 0; aphc_command_at(i, &command); i++)
        if (of_group(&command, group, strlen(group))) {
            print_command(terminal, &command);
            found = 1;
        }
    if (found)
        aphc_putf(terminal, "\nMore: apphostctl %s COMMAND --help\n", group);
    return found;
}

void aphc_help_overview(const aphc_terminal_t *terminal)
{
    aphc_command_t command;
    aphc_putf(terminal, "usage: apphostctl [OPTION...] COMMAND [ARGUMENT...]\n\n");
    aphc_put(terminal, APHC_BOLD, "Commands");
    aphc_putf(terminal, "\n");
    for (size_t i = 0; aphc_command_at(i, &command); i++)
        print_command(terminal, &command);
    aphc_putf(terminal, "\n");
    aphc_put(terminal, APHC_BOLD, "Options, before or after the command");
    aphc_putf(terminal, "\n");
    print_options(terminal, aphc_common_options);
    aphc_putf(terminal, "\nMore: apphostctl COMMAND --help, apphostctl help exit-codes, "
                        "man apphostctl\n");
}

void aphc_help_command(const aphc_terminal_t *terminal, const aphc_command_t *command)
{
    aphc_putf(terminal, "usage: apphostctl ");
    aphc_text_wrap(terminal->file, command->usage, terminal->columns, 18);
    aphc_putf(terminal, "\n\n");
    aphc_text_wrap(terminal->file, command->help, terminal->columns, 0);
    aphc_putf(terminal, "\n\n");
    print_options(terminal, command->options);
    print_options(terminal, aphc_common_options);
}

void aphc_help_exit_codes(const aphc_terminal_t *terminal)
{
    static const struct {
        apr_status_t status;
        const char *wire;
    } rows[] = {
#define APH_ERROR_ROW(constant, wire, exit_code, http_status, sentence) {constant, wire},
#include "common/errors.def"
#undef APH_ERROR_ROW
    };
    aphc_putf(terminal, "  0  %-13s it worked\n", "");
    for (int code = 1; code <= EXIT_CODE_MAX; code++)
        for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
            if (aph_error_exit_code(rows[i].status) == code)
                aphc_putf(terminal, "%3d  %-13s %s\n", code, rows[i].wire,
                          aph_error_sentence(rows[i].status));
    aphc_putf(terminal, "130  %-13s interrupted with Ctrl-C; a job goes on\n", "");
}

static void print_app_option(const aphc_terminal_t *terminal, const aph_option_t *option)
{
    char words[64];
    const char *value = option->value != NULL ? option->value : "";
    int optional = *value == '[';
    snprintf(words, sizeof words, "%s%s%s%s", option->name,
             optional         ? "["
             : *value != '\0' ? "="
                              : "",
             optional ? "=" : "", optional ? value + 1 : value);
    aphc_putf(terminal, "  ");
    aphc_put(terminal, APHC_BOLD, words);
    aphc_putf(terminal, "\n      ");
    aphc_text_wrap(terminal->file, option->help, terminal->columns, 6);
    aphc_putf(terminal, "\n      (%s%s)\n", option->becomes,
              option->repeats ? "; may be given more than once" : "");
}

void aphc_help_options(const aphc_terminal_t *terminal)
{
    size_t count;
    const aph_option_t *options = aph_options(&count);
    aphc_putf(terminal,
              "What apphostctl install --option takes. Options of a virtual host give the app one "
              "of its own.\n\n");
    for (size_t i = 0; i < count; i++)
        print_app_option(terminal, &options[i]);
    const aph_header_t *headers = aph_option_headers(&count);
    aphc_putf(terminal, "\nHeaders that --option header=NAME:VALUE may set:\n");
    for (size_t i = 0; i < count; i++)
        aphc_putf(terminal, "  %-36s %s\n", headers[i].name, headers[i].words);
}

void aphc_help_rules(const aphc_terminal_t *terminal)
{
    size_t count;
    const aph_rule_t *rules = aph_rules(&count);
    aphc_putf(terminal, "Refusals that root may override for one app: apphostctl install "
                        "--allow RULE. Then\n\n");
    for (size_t i = 0; i < count; i++) {
        aphc_putf(terminal, "  ");
        aphc_put(terminal, APHC_BOLD, rules[i].name);
        aphc_putf(terminal, "\n      ");
        aphc_text_wrap(terminal->file, rules[i].consequence, terminal->columns, 6);
        aphc_putf(terminal, ".\n");
    }
    aphc_putf(terminal, "\nWhat was overridden is shown by list, status and doctor as long as the "
                        "app is there.\nEvery other refusal stands.\n");
}

void aphc_help_protocol(const aphc_terminal_t *terminal)
{
    static const char *const kinds[] = {
        [APH_OP_QUERY] = "query", [APH_OP_JOB] = "job", [APH_OP_STREAM] = "stream"};
    size_t count;
    const aph_op_t *ops = aph_ops(&count);
    aphc_putf(terminal, "| op | kind | args | what it does |\n|---|---|---|---|\n");
    for (size_t i = 0; i < count; i++)
        aphc_putf(terminal, "| `%s` | %s | %s%s%s | %s |\n", ops[i].name, kinds[ops[i].kind],
                  *ops[i].arguments != '\0' ? "`" : "", ops[i].arguments,
                  *ops[i].arguments != '\0' ? "`" : "none", ops[i].help);
}
