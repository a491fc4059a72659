/* SPDX-License-Identifier: Apache-2.0 */
/* apphostctl job: one operation with its log; follow it, or ask it to stop. */
#include "ctl/command.h"

#include "ctl/job_text.h"
#include "ctl/operation.h"
#include "ctl/plan_text.h"

enum { FOLLOW, CANCEL };

const aphc_option_t aphc_job_options[] = {
    [FOLLOW] = {"follow", 'f', NULL, "show its progress until it ends"},
    [CANCEL] = {"cancel", 0, NULL, "ask it to stop; what it did is rolled back"},
    {NULL, 0, NULL, NULL},
};

static apr_status_t cancel(aphc_context_t *context, json_int_t id, aph_error_t *err)
{
    json_t *answer = NULL;
    apr_status_t status = aphc_operation(context, "cancel", json_pack("{s:I}", "job_id", id),
                                         APHC_LINES_ARE_LOG, &answer, err);
    if (status != APR_SUCCESS)
        return status;
    if (context->json)
        aphc_print_json(context, answer);
    else
        aphc_putf(&context->out,
                  "Job %lld was asked to stop. To see how it ends: apphostctl job %lld -f\n",
                  (long long)id, (long long)id);
    json_decref(answer);
    return APR_SUCCESS;
}

/* What nobody was told yet, because who began the job had gone. */
static void say_untold(const aphc_context_t *context, const json_t *job)
{
    const json_t *answer = json_object_get(job, "answer");
    const json_t *told = json_object_get(answer, "credentials") != NULL ? answer : job;
    if (json_object_get(told, "credentials") != NULL)
        aphc_plan_print_told(&context->out, told);
}

/* Whoever follows a job wants its end: one that failed earlier ends like one that fails now. */
static apr_status_t end_followed(const aphc_context_t *context, const json_t *answer,
                                 aph_error_t *err)
{
    const char *code = json_string_value(json_object_get(answer, "code"));
    if (json_object_get(answer, "job_id") != NULL && code != NULL)
        return aph_error_receive(err, code, aphc_get_text(answer, "tag"),
                                 aphc_get_text(answer, "message"));
    if (context->json)
        aphc_print_json(context, answer);
    else
        aphc_putf(&context->out, "It is done.\n");
    if (!context->json)
        say_untold(context, answer);
    return APR_SUCCESS;
}

apr_status_t aphc_job(aphc_context_t *context, const aphc_arguments_t *arguments, aph_error_t *err)
{
    json_int_t id;
    json_t *answer = NULL;
    int follow = arguments->values[FOLLOW] != NULL;
    if (!aphc_read_number(arguments->operands[0], &id))
        return aph_error_set(err, APH_EUSAGE, 1757,
                             "a job has a number, and '%.60s' is none; apphostctl jobs lists them",
                             arguments->operands[0]);
    if (arguments->values[CANCEL] != NULL) {
        apr_status_t status = cancel(context, id, err);
        if (status != APR_SUCCESS || !follow)
            return status;
    }
    apr_status_t status =
        aphc_operation(context, "job", json_pack("{s:I, s:b}", "job_id", id, "follow", follow),
                       APHC_LINES_ARE_LOG, &answer, err);
    if (status != APR_SUCCESS)
        return status;
    if (follow)
        status = end_followed(context, answer, err);
    else if (context->json)
        aphc_print_json(context, answer);
    else {
        aphc_job_print(&context->out, answer);
        say_untold(context, answer);
    }
    json_decref(answer);
    return status;
}
