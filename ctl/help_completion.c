/* SPDX-License-Identifier: Apache-2.0 */
/* The completion for bash, made from the table of commands. A verb of two words is completed word
 * by word. */
#include "ctl/help_pages.h"

#include <string.h>

static void completion_options(const aphc_terminal_t *terminal, const aphc_option_t *options)
{
    for (int i = 0; options != NULL && options[i].name != NULL; i++)
        aphc_putf(terminal, " --%s", options[i].name);
}

/* What an operand of a command can be: a function or variable of the script below; NULL leaves
 * files to bash. */
static const char *completion_operand(const aphc_command_t *command)
{
    if (strcmp(command->name, "help") == 0)
        return "$commands exit-codes options rules protocol completion";
    if (strcmp(command->name, "job") == 0)
        return "$(_apphostctl_jobs)";
    int takes_app =
        strstr(command->usage, " NAME") != NULL || strstr(command->usage, "[NAME]") != NULL;
    /* What is called NAME there is no app that exists already. */
    if (strcmp(command->name, "install") == 0 || strcmp(command->name, "search") == 0
        || (strchr(command->name, ' ') != NULL && strcmp(command->name, "revision migrate") != 0))
        return NULL;
    return takes_app ? "$(_apphostctl_apps)" : NULL;
}

/* Nonzero where the command at that place is the first of its group: "catalog" of "catalog
 * list". */
static int begins_group(size_t place, const aphc_command_t *command)
{
    aphc_command_t before;
    const char *blank = strchr(command->name, ' ');
    return blank != NULL
           && (place == 0 || !aphc_command_at(place - 1, &before)
               || strncmp(before.name, command->name, (size_t)(blank - command->name) + 1) != 0);
}

/* The words a line may begin with, each once; or only those of verbs that have two. */
static void completion_first_words(const aphc_terminal_t *terminal, int groups_only)
{
    aphc_command_t command;
    const char *gap = "";
    for (size_t i = 0; aphc_command_at(i, &command); i++) {
        int two = strchr(command.name, ' ') != NULL;
        if (two ? !begins_group(i, &command) : groups_only)
            continue;
        aphc_putf(terminal, "%s%.*s", gap, (int)strcspn(command.name, " "), command.name);
        gap = " ";
    }
}

static void completion_group(const aphc_terminal_t *terminal, size_t place,
                             const aphc_command_t *first)
{
    aphc_command_t command;
    size_t length = strcspn(first->name, " ");
    if (!begins_group(place, first))
        return;
    aphc_putf(terminal, "    %.*s) operands='", (int)length, first->name);
    for (size_t i = place; aphc_command_at(i, &command); i++)
        if (strncmp(command.name, first->name, length + 1) == 0)
            aphc_putf(terminal, "%s%s", i == place ? "" : " ", command.name + length + 1);
    aphc_putf(terminal, "';;\n");
}

void aphc_help_completion(const aphc_terminal_t *terminal)
{
    aphc_command_t command;
    aphc_putf(terminal,
              "# SPDX-License-Identifier: Apache-2.0\n"
              "# bash completion for apphostctl; made by: apphostctl help completion\n"
              "_apphostctl_apps()\n{\n"
              "    apphostctl --json list 2>/dev/null | grep -o '\"name\":\"[a-z0-9-]*\"' | "
              "cut -d'\"' -f4\n}\n"
              "_apphostctl_jobs()\n{\n"
              "    apphostctl --json jobs 2>/dev/null | grep -o '\"job_id\":[0-9]*' | "
              "cut -d: -f2\n}\n"
              "_apphostctl()\n{\n"
              "    local word=${COMP_WORDS[COMP_CWORD]} command= commands='");
    completion_first_words(terminal, 0);
    aphc_putf(terminal, "' groups='");
    completion_first_words(terminal, 1);
    aphc_putf(terminal, "' common='");
    completion_options(terminal, aphc_common_options);
    aphc_putf(terminal,
              "'\n    local own= operands= given\n"
              "    for given in \"${COMP_WORDS[@]:1:COMP_CWORD-1}\"; do\n"
              "        if [[ \" $groups \" == *\" $command \"* && $given != -* ]]; then\n"
              "            command=\"$command $given\"\n"
              "        elif [[ -z $command && \" $commands \" == *\" $given \"* ]]; then\n"
              "            command=$given\n"
              "        fi\n"
              "    done\n"
              "    case $command in\n"
              "    '') operands=$commands;;\n");
    for (size_t i = 0; aphc_command_at(i, &command); i++) {
        const char *operands = completion_operand(&command);
        completion_group(terminal, i, &command);
        aphc_putf(terminal, strchr(command.name, ' ') ? "    '%s') own='" : "    %s) own='",
                  command.name);
        completion_options(terminal, command.options);
        aphc_putf(terminal, operands != NULL ? "'; [[ $word == -* ]] || operands=" : "'");
        aphc_putf(terminal, operands != NULL ? "\"%s\";;\n" : ";;\n", operands);
    }
    aphc_putf(terminal, "    esac\n"
                        "    COMPREPLY=()\n"
                        "    if [[ $word == -* ]]; then\n"
                        "        COMPREPLY=($(compgen -W \"$common $own\" -- \"$word\"))\n"
                        "    elif [[ -n $operands ]]; then\n"
                        "        COMPREPLY=($(compgen -W \"$operands\" -- \"$word\"))\n"
                        "    fi\n"
                        "}\n"
                        "complete -o default -F _apphostctl apphostctl\n");
}
