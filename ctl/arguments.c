/* SPDX-License-Identifier: Apache-2.0 */
/* One parser for every command. getopt_long is driven by tables made from the option lists, so that
 * what help shows, what completion offers and what is accepted cannot differ. */
#include "ctl/arguments.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

/* getopt's val for the row of a list: common options first, then the command's own. Above every
 * character, so that a letter can be told from a row. */
#define ROW_BASE 256
#define ROW_OWN  (ROW_BASE + 64)

typedef struct getopt_tables_t {
    struct option longs[APHC_OPTIONS_MAX + 16];
    size_t count;
    char letters[64];
} getopt_tables_t;

static void add_options(getopt_tables_t *tables, const aphc_option_t *options, int base)
{
    size_t used = strlen(tables->letters);
    for (int i = 0; options != NULL && options[i].name != NULL; i++) {
        int has_value = options[i].value != NULL ? required_argument : no_argument;
        tables->longs[tables->count++] =
            (struct option){options[i].name, has_value, NULL, base + i};
        if (options[i].letter != 0) {
            tables->letters[used++] = options[i].letter;
            if (options[i].value != NULL)
                tables->letters[used++] = ':';
        }
    }
    tables->letters[used] = '\0';
}

static int may_repeat(const aphc_option_t *option)
{
    return option->value != NULL && strstr(option->value, "...") != NULL;
}

static apr_status_t take_own(const aphc_command_t *command, int row, const char *value,
                             aphc_arguments_t *arguments, aph_error_t *err)
{
    arguments->values[row] = value != NULL ? value : "";
    if (!may_repeat(&command->options[row]))
        return APR_SUCCESS;
    if (arguments->repeat_count == APHC_REPEATS_MAX)
        return aph_error_set(err, APH_EUSAGE, 1704, "--%s is there too often: at most %d such "
                             "options are taken", command->options[row].name, APHC_REPEATS_MAX);
    arguments->repeats[arguments->repeat_count].option = row;
    arguments->repeats[arguments->repeat_count++].value = arguments->values[row];
    return APR_SUCCESS;
}

/* The row a short option stands for; getopt returns the letter itself. */
static int row_of_letter(const aphc_option_t *options, int base, int letter)
{
    for (int i = 0; options != NULL && options[i].name != NULL; i++)
        if (options[i].letter == letter)
            return base + i;
    return -1;
}

static void apply_common(aphc_context_t *context, int row, const char *value, int *help)
{
    const char *name = aphc_common_options[row].name;
    if (strcmp(name, "socket") == 0)
        context->socket_path = value;
    else if (strcmp(name, "json") == 0)
        context->json = 1;
    else if (strcmp(name, "quiet") == 0)
        context->quiet = 1;
    else if (strcmp(name, "no-color") == 0)
        context->no_color = 1;
    else
        *help = 1;
}

/* Why getopt stopped, as a sentence. "?" is an unknown option, ":" one without its value. */
static apr_status_t complain(int why, const char *word, const char *command, aph_error_t *err)
{
    const char *next = command != NULL ? command : "";
    const char *gap = command != NULL ? " " : "";
    if (why == ':')
        return aph_error_set(err, APH_EUSAGE, 1700, "%s needs a value; see: apphostctl %s%s--help",
                             word, next, gap);
    return aph_error_set(err, APH_EUSAGE, 1701,
                         "%s is not an option here; see: apphostctl %s%s--help", word, next, gap);
}

apr_status_t aphc_arguments_common(aphc_context_t *context, int argc, char **argv, int *rest,
                                   int *help, aph_error_t *err)
{
    /* "+" stops at the first operand: the command; ":" keeps getopt from printing. */
    getopt_tables_t tables = {.letters = "+:"};
    add_options(&tables, aphc_common_options, ROW_BASE);
    optind = 0; /* GNU: start over, with new tables */
    int found;
    while ((found = getopt_long(argc, argv, tables.letters, tables.longs, NULL)) != -1) {
        if (found == '?' || found == ':')
            return complain(found, argv[optind - 1], NULL, err);
        if (found < ROW_BASE)
            found = row_of_letter(aphc_common_options, ROW_BASE, found);
        apply_common(context, found - ROW_BASE, optarg, help);
    }
    *rest = optind;
    return APR_SUCCESS;
}

static apr_status_t take_operands(const aphc_command_t *command, int argc, char **argv,
                                  aphc_arguments_t *arguments, aph_error_t *err)
{
    if (argc > command->operands_max)
        return aph_error_set(err, APH_EUSAGE, 1702,
                             "'%.100s' is one word too many; usage: apphostctl %s",
                             argv[command->operands_max], command->usage);
    if (argc < command->operands_min && !arguments->help)
        return aph_error_set(err, APH_EUSAGE, 1703, "something is missing; usage: apphostctl %s",
                             command->usage);
    for (int i = 0; i < argc; i++)
        arguments->operands[i] = argv[i];
    arguments->operand_count = argc;
    return APR_SUCCESS;
}

static int ends_options(int argc, char **argv)
{
    for (int i = 0; i < argc; i++)
        if (strcmp(argv[i], "--") == 0)
            return 1;
    return 0;
}

/* Takes "-word" out of the line and keeps it as an operand: after "--", where getopt leaves it
 * alone. A letter after the hyphen remains an option. Returns the number of words in line. */
static int hide_minus_words(int argc, char **argv, char **line)
{
    static char end[] = "--";
    int count = 0, hidden = 0;
    for (int i = 0; i < argc; i++)
        if (argv[i][0] != '-' || argv[i][1] == '-' || strlen(argv[i]) < 3)
            line[count++] = argv[i];
    line[count++] = end;
    for (int i = 0; i < argc; i++)
        if (argv[i][0] == '-' && argv[i][1] != '-' && strlen(argv[i]) >= 3) {
            line[count++] = argv[i];
            hidden++;
        }
    return hidden > 0 ? count : count - 1;
}

apr_status_t aphc_arguments_parse(aphc_context_t *context, const aphc_command_t *command, int argc,
                                  char **argv, aphc_arguments_t *arguments, aph_error_t *err)
{
    *arguments = (aphc_arguments_t){.operand_count = 0};
    getopt_tables_t tables = {.letters = ":"};
    if (command->minus_operands && !ends_options(argc, argv)) {
        char **line = apr_pcalloc(context->p, ((size_t)argc + 2) * sizeof *line);
        argc = hide_minus_words(argc, argv, line);
        argv = line;
    }
    add_options(&tables, aphc_common_options, ROW_BASE);
    add_options(&tables, command->options, ROW_OWN);
    optind = 0;
    int found, help = 0;
    while ((found = getopt_long(argc, argv, tables.letters, tables.longs, NULL)) != -1) {
        if (found < ROW_BASE && found != '?' && found != ':') {
            int own = row_of_letter(command->options, ROW_OWN, found);
            found = own >= 0 ? own : row_of_letter(aphc_common_options, ROW_BASE, found);
        }
        if (found < ROW_BASE)
            return complain(found, argv[optind - 1], command->name, err);
        if (found >= ROW_OWN) {
            apr_status_t status = take_own(command, found - ROW_OWN, optarg, arguments, err);
            if (status != APR_SUCCESS)
                return status;
        } else {
            apply_common(context, found - ROW_BASE, optarg, &help);
        }
    }
    arguments->help = help != 0;
    return take_operands(command, argc - optind, argv + optind, arguments, err);
}
