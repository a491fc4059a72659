/* SPDX-License-Identifier: Apache-2.0 */
/* apphostctl status: one app in full, or apphostd and the engine. */
#include "ctl/command.h"

#include "ctl/job_text.h"
#include "ctl/notices.h"
#include "ctl/operation.h"

/* An app's plan is for programs: --json has it. */
static void print_status(const aphc_terminal_t *terminal, const json_t *answer)
{
    static const char *const long_texts[] = {"plan", "images", "consents"};
    json_t *facts = json_copy((json_t *)answer), *images = json_array();
    size_t i;
    const json_t *image;
    json_array_foreach(json_object_get(answer, "images"), i, image)
        json_array_append(images, json_object_get(image, "ref"));
    for (i = 0; i < sizeof long_texts / sizeof long_texts[0]; i++)
        json_object_del(facts, long_texts[i]);
    if (json_array_size(images) > 0)
        json_object_set(facts, "images", images);
    const char *data = aphc_get_text(json_object_get(answer, "plan"), "data");
    if (*data != '\0')
        json_object_set_new(facts, "data", json_string(data));
    aphc_members_print(terminal, facts, 0);
    json_decref(images);
    json_decref(facts);
}

apr_status_t aphc_status(aphc_context_t *context, const aphc_arguments_t *arguments,
                         aph_error_t *err)
{
    json_t *answer = NULL;
    json_t *args = arguments->operand_count > 0 ? json_pack("{s:s}", "name", arguments->operands[0])
                                                : json_object();
    apr_status_t status = aphc_operation(context, "status", args, APHC_LINES_ARE_LOG, &answer, err);
    if (status != APR_SUCCESS)
        return status;
    json_auto_t *apps = json_pack("[O]", answer);
    if (arguments->operand_count > 0)
        aphc_notices_add(context, apps);
    if (context->json)
        aphc_print_json(context, answer);
    else
        print_status(&context->out, answer);
    json_decref(answer);
    return APR_SUCCESS;
}
