/* SPDX-License-Identifier: Apache-2.0 */
/* apphostctl uninstall: remove an app; its data only when that was asked for, and seen. */
#include "ctl/command.h"

#include <string.h>

#include "ctl/operation.h"

enum { PURGE, YES };

const aphc_option_t aphc_uninstall_options[] = {
    [PURGE] = {"purge", 0, NULL, "delete the app's data too; this cannot be undone"},
    [YES] = {"yes", 'y', NULL, "do not ask before --purge"},
    {NULL, 0, NULL, NULL},
};

/* Prints the paths of answer's array at key, or nothing. */
static void print_paths(const aphc_terminal_t *terminal, const json_t *answer, const char *key,
                        const char *title)
{
    size_t i;
    const json_t *path;
    const json_t *paths = json_object_get(answer, key);
    if (json_array_size(paths) == 0)
        return;
    aphc_putf(terminal, "%s\n", title);
    json_array_foreach((json_t *)paths, i, path) {
        const char *text = json_is_string(path) ? json_string_value(path)
                                                : aphc_get_text(path, "path");
        aphc_putf(terminal, "    ");
        aphc_put(terminal, APHC_PLAIN, text);
        aphc_putf(terminal, "\n");
    }
}

/* Shows what the data is, and asks. The list comes from the app's status: what apphostd would delete. */
static apr_status_t confirm_purge(aphc_context_t *context, const char *name, aph_error_t *err)
{
    json_t *answer = NULL;
    apr_status_t status = aphc_operation(context, "status", json_pack("{s:s}", "name", name),
                                         APHC_LINES_ARE_LOG, &answer, err);
    if (status != APR_SUCCESS)
        return status;
    if (!aphc_can_ask(&context->err) || context->json) {
        json_decref(answer);
        return aph_error_set(err, APH_ECONSENT, 1750,
                             "%s stays: --purge deletes its data, and there is no terminal to ask. "
                             "Give --yes if that is wanted", name);
    }
    const json_t *app = json_object_get(answer, "app") != NULL ? json_object_get(answer, "app")
                                                               : answer;
    print_paths(&context->err, app, "folders", "To be deleted, for good:");
    int yes = aphc_ask(&context->err, "Delete the app and all of its data?", 0);
    json_decref(answer);
    if (!yes)
        return aph_error_set(err, APH_ECONSENT, 1751, "%s stays as it is", name);
    return APR_SUCCESS;
}

apr_status_t aphc_uninstall(aphc_context_t *context, const aphc_arguments_t *arguments,
                            aph_error_t *err)
{
    const char *name = arguments->operands[0];
    int purge = arguments->values[PURGE] != NULL;
    json_t *answer = NULL;
    if (purge && arguments->values[YES] == NULL) {
        apr_status_t status = confirm_purge(context, name, err);
        if (status != APR_SUCCESS)
            return status;
    }
    apr_status_t status = aphc_operation(context, "uninstall",
                                         json_pack("{s:s, s:b}", "name", name, "purge", purge),
                                         APHC_LINES_ARE_LOG, &answer, err);
    if (status != APR_SUCCESS)
        return status;
    if (context->json) {
        aphc_print_json(context, answer);
    }
    else {
        aphc_put(&context->out, APHC_PLAIN, name);
        aphc_putf(&context->out, " is removed%s.\n", purge ? " with its data" : "");
        print_paths(&context->out, answer, "kept", "Its data was kept:");
        print_paths(&context->out, answer, "deleted", "Deleted:");
    }
    json_decref(answer);
    return APR_SUCCESS;
}
