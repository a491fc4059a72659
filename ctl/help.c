/* SPDX-License-Identifier: Apache-2.0 */
/* apphostctl help: commands and topics. */
#include "ctl/command.h"

#include <stdlib.h>
#include <string.h>
#include <apr_strings.h>

#include "ctl/help_pages.h"
#include "ctl/operation.h"

static const struct {
    const char *name;
    void (*print)(const aphc_terminal_t *terminal);
} topics[] = {
    {"exit-codes", aphc_help_exit_codes},
    {"options", aphc_help_options},
    {"rules", aphc_help_rules},
    {"protocol", aphc_help_protocol},
    {"completion", aphc_help_completion},
};

/* Prints the page about a command or topic; NULL: about all of them. Zero when there is none. */
static int print_page(const aphc_terminal_t *terminal, const char *about)
{
    aphc_command_t command;
    if (about == NULL) {
        aphc_help_overview(terminal);
        return 1;
    }
    for (size_t i = 0; i < sizeof topics / sizeof topics[0]; i++)
        if (strcmp(topics[i].name, about) == 0) {
            topics[i].print(terminal);
            return 1;
        }
    if (aphc_help_group(terminal, about))
        return 1;
    if (!aphc_command_find(about, &command))
        return 0;
    aphc_help_command(terminal, &command);
    return 1;
}

/* The page as one string of an object: a page has no parts a program could want. */
static int print_page_as_json(const aphc_context_t *context, const char *about)
{
    char *text = NULL;
    size_t size = 0;
    aphc_terminal_t page = {.file = open_memstream(&text, &size)};
    if (page.file == NULL)
        return 0;
    int found = print_page(&page, about);
    fclose(page.file);
    if (found) {
        json_t *object = json_pack("{s:s}", "help", text);
        aphc_print_json(context, object);
        json_decref(object);
    }
    free(text);
    return found;
}

apr_status_t aphc_help(aphc_context_t *context, const aphc_arguments_t *arguments, aph_error_t *err)
{
    const char *about = arguments->operands[0];
    if (arguments->operands[1] != NULL)
        about = apr_pstrcat(context->p, about, " ", arguments->operands[1], NULL);
    if (context->json ? print_page_as_json(context, about) : print_page(&context->out, about))
        return APR_SUCCESS;
    return aph_error_set(err, APH_EUSAGE, 1760,
                         "there is no command or topic '%.60s'; see: apphostctl help", about);
}
