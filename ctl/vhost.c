/* SPDX-License-Identifier: Apache-2.0 */
/* apphostctl vhost, render and reload: the apps as httpd sees them. */
#include "ctl/command.h"

#include "ctl/operation.h"

static apr_status_t ask(aphc_context_t *context, const char *op, json_t *args, json_t **answer,
                        aph_error_t *err)
{
    apr_status_t status = aphc_operation(context, op, args, APHC_LINES_ARE_LOG, answer, err);
    if (status == APR_SUCCESS && context->json)
        aphc_print_json(context, *answer);
    return status;
}

apr_status_t aphc_vhost(aphc_context_t *context, const aphc_arguments_t *arguments,
                        aph_error_t *err)
{
    json_t *answer = NULL;
    apr_status_t status =
        ask(context, "vhost", json_pack("{s:s}", "name", arguments->operands[0]), &answer, err);
    if (status == APR_SUCCESS && !context->json) {
        fputs(aphc_get_text(answer, "text"), context->out.file);
        /* Beside the text, which may be redirected into a file. */
        if (!context->quiet)
            aphc_putf(&context->err, "# %s: %s\n", aphc_get_text(answer, "file"),
                      json_is_true(json_object_get(answer, "enabled"))
                          ? "enabled"
                          : "not enabled, because the route says as much");
    }
    json_decref(answer);
    return status;
}

/* One line for each app whose virtual host changed: {"name","change"}. */
static void print_changes(const aphc_context_t *context, const json_t *answer)
{
    const json_t *changes = json_object_get(answer, "changed");
    size_t i;
    const json_t *change;
    if (json_array_size(changes) == 0)
        aphc_putf(&context->out, "No virtual host changed.\n");
    json_array_foreach((json_t *)changes, i, change)
    {
        aphc_put(&context->out, APHC_BOLD, aphc_get_text(change, "name"));
        aphc_putf(&context->out, ": %s\n", aphc_get_text(change, "change"));
    }
}

apr_status_t aphc_render(aphc_context_t *context, const aphc_arguments_t *arguments,
                         aph_error_t *err)
{
    json_t *answer = NULL;
    apr_status_t status = ask(context, "render", json_object(), &answer, err);
    if (status == APR_SUCCESS && !context->json) {
        print_changes(context, answer);
        aphc_put(&context->out, APHC_PLAIN, aphc_get_text(answer, "httpd"));
        aphc_putf(&context->out, "\n");
    }
    json_decref(answer);
    return status;
}

apr_status_t aphc_reload(aphc_context_t *context, const aphc_arguments_t *arguments,
                         aph_error_t *err)
{
    json_t *answer = NULL;
    apr_status_t status = ask(context, "reload", json_object(), &answer, err);
    if (status == APR_SUCCESS && !context->json) {
        aphc_put(&context->out, APHC_PLAIN, aphc_get_text(answer, "httpd"));
        aphc_putf(&context->out, "\n");
    }
    json_decref(answer);
    return status;
}
