/* SPDX-License-Identifier: Apache-2.0 */
/* apphostctl update and rollback: an app goes to another revision of its entry, and back. */
#include "ctl/command.h"

#include "ctl/operation.h"

const aphc_option_t aphc_update_options[] = {
    {"to", 0, "REVISION", "another revision than the active one"},
    {"set", 0, "KEY=VALUE...", "answer a question of the entry anew"},
    {"answers", 0, "FILE", "answers to its questions, a JSON object"},
    {"allow", 0, "RULE...", "override a refusal for this app; see: apphostctl help rules"},
    {"plan", 0, NULL, "show what would be done, and do nothing"},
    {"consent", 0, "ID...", "consent to one thing the plan asks for, and to no more"},
    {"yes", 'y', NULL, "do not ask; consent to what needs consent"},
    {NULL, 0, NULL, NULL},
};

const aphc_option_t aphc_rollback_options[] = {
    {"plan", 0, NULL, "show what would be done, and do nothing"},
    {"consent", 0, "ID...", "consent to one thing the plan asks for, and to no more"},
    {"yes", 'y', NULL, "do not ask; consent to what needs consent"},
    {NULL, 0, NULL, NULL},
};

apr_status_t aphc_update(aphc_context_t *context, const aphc_arguments_t *arguments,
                         aph_error_t *err)
{
    return aphc_operation_json(context, "update",
                               json_pack("{s:s}", "name", arguments->operands[0]), err);
}

apr_status_t aphc_rollback(aphc_context_t *context, const aphc_arguments_t *arguments,
                           aph_error_t *err)
{
    return aphc_operation_json(context, "rollback",
                               json_pack("{s:s}", "name", arguments->operands[0]), err);
}
