/* SPDX-License-Identifier: Apache-2.0 */
/* apphostctl revision activate, deactivate, categorize, clean, diff: which revision of an entry is the
 * one people get. */
#include "ctl/revision.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <apr_strings.h>

#include "common/limits.h"
#include "ctl/operation.h"

enum { OBSOLETE, DRY_RUN };

const aphc_option_t aphc_revision_activate_options[] = {
    [OBSOLETE] = {"obsolete", 0, NULL, "obsolete ones as well"},
    [DRY_RUN] = {"dry-run", 0, NULL, "say what would be done, and do nothing"},
    {NULL, 0, NULL, NULL},
};

enum { ONLY_DRY_RUN };

const aphc_option_t aphc_revision_dry_options[] = {
    [ONLY_DRY_RUN] = {"dry-run", 0, NULL, "say what would be done, and do nothing"},
    {NULL, 0, NULL, NULL},
};

const char *aphc_words(const aphc_context_t *context, const aphc_arguments_t *arguments, int first)
{
    const char *text = "";
    for (int i = first; i < arguments->operand_count; i++)
        text = apr_pstrcat(context->p, text, i > first ? " " : "", arguments->operands[i], NULL);
    return text;
}

/* What the lines of other verbs begin with; what stands after "#" is for people. */
static void ids_of_lines(FILE *file, json_t *ids)
{
    char line[4096];
    while (fgets(line, sizeof line, file) != NULL) {
        char *at = line;
        line[strcspn(line, "#\n")] = '\0';
        for (char *word; (word = strsep(&at, " \t\r")) != NULL;)
            if (*word != '\0')
                json_array_append_new(ids, json_string(word));
    }
}

apr_status_t aphc_revision_ids(const aphc_arguments_t *arguments, int first, json_t **ids,
                               aph_error_t *err)
{
    int count = arguments->operand_count - first;
    int piped = count == 0 || (count == 1 && strcmp(arguments->operands[first], "-") == 0);
    *ids = json_array();
    if (piped && count == 0 && isatty(STDIN_FILENO))
        return aph_error_set(err, APH_EUSAGE, 2533, "which revisions? Name them, or pipe them in: "
                             "apphostctl revision list -q --all lists their ids");
    if (piped)
        ids_of_lines(stdin, *ids);
    for (int i = first; !piped && i < arguments->operand_count; i++)
        json_array_append_new(*ids, json_string(arguments->operands[i]));
    return APR_SUCCESS;
}

static apr_status_t change(aphc_context_t *context, const char *op,
                           const aphc_arguments_t *arguments, json_t *args, int first,
                           aph_error_t *err)
{
    json_t *ids = NULL;
    apr_status_t status = aphc_revision_ids(arguments, first, &ids, err);
    json_object_set_new(args, "ids", ids);
    if (status == APR_SUCCESS)
        return aphc_operation_json(context, op, args, err);
    json_decref(args);
    return status;
}

apr_status_t aphc_revision_activate(aphc_context_t *context, const aphc_arguments_t *arguments,
                                    aph_error_t *err)
{
    json_t *args = json_pack("{s:b, s:b}", "obsolete", arguments->values[OBSOLETE] != NULL,
                             "dry_run", arguments->values[DRY_RUN] != NULL);
    return change(context, "revision-activate", arguments, args, 0, err);
}

apr_status_t aphc_revision_deactivate(aphc_context_t *context, const aphc_arguments_t *arguments,
                                      aph_error_t *err)
{
    json_t *args = json_pack("{s:b}", "dry_run", arguments->values[ONLY_DRY_RUN] != NULL);
    return change(context, "revision-deactivate", arguments, args, 0, err);
}

apr_status_t aphc_revision_categorize(aphc_context_t *context, const aphc_arguments_t *arguments,
                                      aph_error_t *err)
{
    aphc_arguments_t revisions = {.operand_count = 0};
    json_t *changes = json_array();
    for (int i = 0; i < arguments->operand_count; i++) {
        const char *word = arguments->operands[i];
        if (strchr("+-=", word[0]) != NULL && word[0] != '\0' && word[1] != '\0')
            json_array_append_new(changes, json_string(word));
        else
            revisions.operands[revisions.operand_count++] = word;
    }
    json_t *args = json_pack("{s:o, s:b}", "changes", changes, "dry_run",
                             arguments->values[ONLY_DRY_RUN] != NULL);
    return change(context, "revision-categorize", &revisions, args, 0, err);
}

apr_status_t aphc_revision_clean(aphc_context_t *context, const aphc_arguments_t *arguments,
                                 aph_error_t *err)
{
    json_t *args = json_pack("{s:b}", "dry_run", arguments->values[ONLY_DRY_RUN] != NULL);
    return aphc_operation_json(context, "revision-clean", args, err);
}

apr_status_t aphc_revision_diff(aphc_context_t *context, const aphc_arguments_t *arguments,
                                aph_error_t *err)
{
    json_t *args = json_pack("{s:s, s:s}", "a", arguments->operands[0], "b", arguments->operands[1]);
    return aphc_operation_json(context, "revision-diff", args, err);
}
