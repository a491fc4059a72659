/* SPDX-License-Identifier: Apache-2.0 */
/* apphostctl revision activate, deactivate, categorize, clean: which revision of an entry is the
 * one people get, and which are kept. */
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

/* --- what they are about --- */

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
                             "apphostctl revision list --all lists them");
    if (piped)
        ids_of_lines(stdin, *ids);
    for (int i = first; !piped && i < arguments->operand_count; i++)
        json_array_append_new(*ids, json_string(arguments->operands[i]));
    return APR_SUCCESS;
}

/* --- what became of them --- */

const char *aphc_revision_id(apr_pool_t *p, const char *entry, const char *sha256)
{
    return *sha256 != '\0' ? apr_psprintf(p, "%s@%.*s", entry, APHC_ID_SHOWN, sha256) : "?";
}

static void print_line(const aphc_context_t *context, const json_t *line, int commented)
{
    const aphc_terminal_t *terminal = commented ? &context->err : &context->out;
    const char *version = aphc_get_text(line, "version");
    json_int_t number = aphc_get_number(line, "revision");
    const char *entry = apr_pstrcat(context->p, aphc_get_text(line, "catalog"), "/",
                                    aphc_get_text(line, "entry"), NULL);
    aphc_putf(terminal, commented ? "# " : "");
    aphc_put(terminal, APHC_PLAIN, aphc_revision_id(context->p, entry, aphc_get_text(line, "id")));
    if (context->quiet && !commented) {
        aphc_putf(terminal, "\n");
        return;
    }
    aphc_putf(terminal, commented ? " " : " # ");
    aphc_put(terminal, APHC_PLAIN, version);
    if (number > 0)
        aphc_putf(terminal, "%srevision %lld", *version != '\0' ? " " : "", (long long)number);
    aphc_putf(terminal, *version != '\0' || number > 0 ? ": " : "");
    aphc_put(terminal, APHC_PLAIN, aphc_get_text(line, "text"));
    aphc_putf(terminal, "\n");
}

void aphc_revision_lines(const aphc_context_t *context, const json_t *lines, int commented)
{
    size_t i;
    const json_t *line;
    json_array_foreach((json_t *)lines, i, line)
        print_line(context, line, commented);
}

static void print_answer(const aphc_context_t *context, const json_t *answer)
{
    if (context->json) {
        aphc_print_json(context, answer);
        return;
    }
    aphc_revision_lines(context, json_object_get(answer, "lines"), 0);
    aphc_revision_lines(context, json_object_get(answer, "kept"), 1);
    if (json_is_true(json_object_get(answer, "dry_run")) && !context->quiet)
        aphc_putf(&context->err, "# Nothing was changed.\n");
}

/* Up to as many ids as one request may have, out of ids. */
static json_t *take_some(json_t *ids, size_t *at)
{
    json_t *some = json_array();
    for (; *at < json_array_size(ids) && json_array_size(some) < APH_LIST_MAX; ++*at)
        json_array_append(some, json_array_get(ids, *at));
    return some;
}

apr_status_t aphc_revision_change(aphc_context_t *context, const char *op, json_t *args,
                                  json_t *ids, aph_error_t *err)
{
    apr_status_t status = APR_SUCCESS;
    size_t at = 0;
    do {
        json_auto_t *answer = NULL;
        json_t *request = json_copy(args);
        json_object_set_new(request, "ids", take_some(ids, &at));
        status = aphc_operation_silent(context, op, request, &answer, err);
        if (status == APR_SUCCESS)
            print_answer(context, answer);
    } while (status == APR_SUCCESS && at < json_array_size(ids));
    json_decref(args);
    json_decref(ids);
    return status;
}

static apr_status_t change(aphc_context_t *context, const char *op,
                           const aphc_arguments_t *arguments, json_t *args, aph_error_t *err)
{
    json_t *ids = NULL;
    apr_status_t status = aphc_revision_ids(arguments, 0, &ids, err);
    if (status == APR_SUCCESS && json_array_size(ids) > 0)
        return aphc_revision_change(context, op, args, ids, err);
    json_decref(args);
    json_decref(ids);
    return status; /* an empty pipe is about nothing, and all of it was done */
}

apr_status_t aphc_revision_activate(aphc_context_t *context, const aphc_arguments_t *arguments,
                                    aph_error_t *err)
{
    json_t *args = json_pack("{s:b, s:b}", "obsolete", arguments->values[OBSOLETE] != NULL,
                             "dry_run", arguments->values[DRY_RUN] != NULL);
    return change(context, "revision-activate", arguments, args, err);
}

apr_status_t aphc_revision_deactivate(aphc_context_t *context, const aphc_arguments_t *arguments,
                                      aph_error_t *err)
{
    json_t *args = json_pack("{s:b}", "dry_run", arguments->values[ONLY_DRY_RUN] != NULL);
    return change(context, "revision-deactivate", arguments, args, err);
}

apr_status_t aphc_revision_categorize(aphc_context_t *context, const aphc_arguments_t *arguments,
                                      aph_error_t *err)
{
    aphc_arguments_t revisions = {.operand_count = 0};
    json_t *changes = json_array();
    for (int i = 0; i < arguments->operand_count; i++) {
        const char *word = arguments->operands[i];
        if (*word != '\0' && strchr("+-=", word[0]) != NULL && word[1] != '\0')
            json_array_append_new(changes, json_string(word));
        else
            revisions.operands[revisions.operand_count++] = word;
    }
    if (json_array_size(changes) == 0) {
        json_decref(changes);
        return aph_error_set(err, APH_EUSAGE, 2545,
                             "which categories? +LABEL adds one, -LABEL takes one "
                             "away, =LABEL sets the only one");
    }
    json_t *args = json_pack("{s:o, s:b}", "changes", changes, "dry_run",
                             arguments->values[ONLY_DRY_RUN] != NULL);
    return change(context, "revision-categorize", &revisions, args, err);
}

apr_status_t aphc_revision_clean(aphc_context_t *context, const aphc_arguments_t *arguments,
                                 aph_error_t *err)
{
    json_auto_t *answer = NULL;
    json_t *args = json_pack("{s:b}", "dry_run", arguments->values[ONLY_DRY_RUN] != NULL);
    apr_status_t status =
        aphc_operation_silent(context, "revision-clean", args, &answer, err);
    if (status == APR_SUCCESS)
        print_answer(context, answer);
    return status;
}
