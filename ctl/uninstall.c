/* SPDX-License-Identifier: Apache-2.0 */
/* apphostctl uninstall: remove an app; its data only when that was asked for, and seen. */
#include "ctl/command.h"

#include <string.h>

#include "ctl/measure.h"
#include "ctl/operation.h"

enum { PURGE, YES };

const aphc_option_t aphc_uninstall_options[] = {
    [PURGE] = {"purge", 0, NULL, "delete the app's data too; this cannot be undone"},
    [YES] = {"yes", 'y', NULL, "do not ask before --purge"},
    {NULL, 0, NULL, NULL},
};

/* Prints [{"path","octets","backup"}...], or nothing where there is nothing. */
static void print_data(const aphc_terminal_t *terminal, const json_t *data, const char *title)
{
    size_t i;
    const json_t *item;
    char size[APHC_MEASURE_MAX];
    if (json_array_size(data) == 0)
        return;
    aphc_putf(terminal, "%s\n", title);
    json_array_foreach((json_t *)data, i, item)
    {
        aphc_measure_size(size, aphc_get_number(item, "octets"));
        const char *name =
            json_is_string(item) ? json_string_value(item) : aphc_get_text(item, "path");
        aphc_putf(terminal, "    %8s  ", json_is_object(item) ? size : "");
        aphc_put(terminal, APHC_PLAIN, name);
        const char *backup = aphc_get_text(item, "backup");
        aphc_putf(terminal, "%s\n", strcmp(backup, "keep") == 0      ? "  (to be backed up)"
                                    : strcmp(backup, "rebuild") == 0 ? "  (can be rebuilt)"
                                                                     : "");
    }
}

/* Says what would be deleted, and asks. Where the data is, the plan of the installed app knows. */
static apr_status_t confirm_purge(aphc_context_t *context, const char *name, aph_error_t *err)
{
    json_t *answer = NULL;
    apr_status_t status = aphc_operation(context, "status", json_pack("{s:s}", "name", name),
                                         APHC_LINES_ARE_LOG, &answer, err);
    if (status != APR_SUCCESS)
        return status;
    const char *folder = aphc_get_text(json_object_get(answer, "plan"), "data");
    if (!aphc_can_ask(&context->err) || context->json) {
        json_decref(answer);
        return aph_error_set(err, APH_ECONSENT, 1750,
                             "%s stays: --purge deletes its data, and there is no terminal to ask. "
                             "Give --yes if that is wanted",
                             name);
    }
    aphc_putf(&context->err, "To be deleted, for good: the data of %s", name);
    aphc_put(&context->err, APHC_PLAIN, *folder != '\0' ? " in " : "");
    aphc_put(&context->err, APHC_BOLD, folder);
    aphc_putf(&context->err, ", and its volumes.\n");
    int yes = aphc_ask(&context->err, "Delete the app and all of its data?", 0);
    json_decref(answer);
    return yes ? APR_SUCCESS : aph_error_set(err, APH_ECONSENT, 1751, "%s stays as it is", name);
}

static void say_removed(const aphc_context_t *context, const json_t *answer)
{
    int kept = strcmp(aphc_get_text(answer, "data"), "kept") == 0;
    const char *webapp = aphc_get_text(answer, "webapp");
    if (*webapp != '\0') {
        aphc_put(&context->out, APHC_PLAIN, aphc_get_text(answer, "name"));
        aphc_putf(&context->out, " is removed. The folder it served stays as it is: ");
        aphc_put(&context->out, APHC_BOLD, webapp);
        aphc_putf(&context->out, "\n");
        return;
    }
    aphc_put(&context->out, APHC_PLAIN, aphc_get_text(answer, "name"));
    aphc_putf(&context->out, " is removed%s.\n", kept ? "" : ", and nothing of it remains");
    print_data(&context->out, json_object_get(answer, "folders"),
               kept ? "Its data was kept, and is there when it is installed again:" : "Deleted:");
    print_data(&context->out, json_object_get(answer, "volumes"),
               kept ? "Volumes that were kept:" : "Deleted volumes:");
    print_data(&context->out, json_object_get(answer, "storage"),
               "Folders in storage locations, which apphost never deletes:");
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
    apr_status_t status =
        aphc_operation(context, "uninstall", json_pack("{s:s, s:b}", "name", name, "purge", purge),
                       APHC_LINES_ARE_LOG, &answer, err);
    if (status != APR_SUCCESS)
        return status;
    if (context->json)
        aphc_print_json(context, answer);
    else
        say_removed(context, answer);
    json_decref(answer);
    return APR_SUCCESS;
}
