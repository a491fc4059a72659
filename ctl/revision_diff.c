/* SPDX-License-Identifier: Apache-2.0 */
/* apphostctl revision diff: which members of two manifests differ, and which lines. */
#include "ctl/command.h"

#include <stdlib.h>

#include "ctl/operation.h"

static void print_value(const aphc_terminal_t *terminal, const char *sign, aphc_style_t style,
                        const json_t *value)
{
    char *text = json_is_string(value) ? NULL : json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
    const char *shown = text != NULL ? text : json_string_value(value);
    if (value != NULL && shown != NULL && !json_is_null(value)) {
        aphc_putf(terminal, "  %s ", sign);
        aphc_put(terminal, style, shown);
        aphc_putf(terminal, "\n");
    }
    free(text);
}

static void print_lines(const aphc_terminal_t *terminal, const char *sign, aphc_style_t style,
                        const json_t *lines)
{
    size_t i;
    const json_t *line;
    json_array_foreach((json_t *)lines, i, line)
    {
        aphc_put(terminal, style, sign);
        aphc_put(terminal, style, json_string_value(line));
        aphc_putf(terminal, "\n");
    }
}

static void print_diff(const aphc_terminal_t *terminal, const json_t *answer)
{
    size_t i;
    const json_t *one;
    json_array_foreach(json_object_get(answer, "members"), i, one)
    {
        aphc_put(terminal, APHC_BOLD, aphc_get_text(one, "member"));
        aphc_putf(terminal, "\n");
        print_value(terminal, "-", APHC_RED, json_object_get(one, "a"));
        print_value(terminal, "+", APHC_GREEN, json_object_get(one, "b"));
    }
    aphc_put(terminal, APHC_BOLD, "lines of the manifest");
    aphc_putf(terminal, "\n");
    print_lines(terminal, "-", APHC_RED, json_object_get(answer, "removed"));
    print_lines(terminal, "+", APHC_GREEN, json_object_get(answer, "added"));
}

apr_status_t aphc_revision_diff(aphc_context_t *context, const aphc_arguments_t *arguments,
                                aph_error_t *err)
{
    json_auto_t *answer = NULL;
    json_t *args =
        json_pack("{s:s, s:s}", "a", arguments->operands[0], "b", arguments->operands[1]);
    apr_status_t status =
        aphc_operation_silent(context, "revision-diff", args, &answer, err);
    if (status != APR_SUCCESS)
        return status;
    int same = json_is_true(json_object_get(answer, "same"));
    if (context->json)
        aphc_print_json(context, answer);
    else if (!same)
        print_diff(&context->out, answer);
    return same ? APR_SUCCESS : APH_EINTERNAL; /* exit code 1 without a word, as of diff */
}
