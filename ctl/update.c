/* SPDX-License-Identifier: Apache-2.0 */
/* apphostctl update and rollback: show what changes, ask, and do exactly what was shown. */
#include "ctl/command.h"

#include <string.h>

#include "ctl/answers.h"
#include "ctl/operation.h"
#include "ctl/plan_text.h"

/* Both tables begin with what both verbs have. */
enum { PLAN, CONSENT, YES, REVISION, OBSOLETE, SET, ANSWERS, ALLOW };

const aphc_option_t aphc_update_options[] = {
    [PLAN] = {"plan", 0, NULL, "show what would be done, and do nothing"},
    [CONSENT] = {"consent", 0, "ID...", "consent to one thing the plan asks for, and to no more"},
    [YES] = {"yes", 'y', NULL, "do not ask; consent to what needs consent"},
    [REVISION] = {"revision", 0, "REVISION",
                  "another revision of its entry: its number, digits or ID"},
    [OBSOLETE] = {"obsolete", 0, NULL, "to an obsolete revision as well"},
    [SET] = {"set", 0, "KEY=VALUE...", "answer a question of the entry anew"},
    [ANSWERS] = {"answers", 0, "FILE",
                 "answers to its questions: a JSON object, or lines KEY=VALUE"},
    [ALLOW] = {"allow", 0, "RULE...",
               "override a refusal for this app; see: apphostctl help rules"},
    {NULL, 0, NULL, NULL},
};

const aphc_option_t aphc_rollback_options[] = {
    [PLAN] = {"plan", 0, NULL, "show what would be done, and do nothing"},
    [CONSENT] = {"consent", 0, "ID...", "consent to one thing the plan asks for, and to no more"},
    [YES] = {"yes", 'y', NULL, "do not ask; consent to what needs consent"},
    {NULL, 0, NULL, NULL},
};

/* One run of a verb. */
typedef struct moving_t {
    aphc_context_t *context;
    const aphc_arguments_t *arguments;
    const char *op;
    json_t *request;
} moving_t;

static json_t *all_given(const aphc_arguments_t *arguments, int option)
{
    json_t *list = json_array();
    for (int i = 0; i < arguments->repeat_count; i++)
        if (arguments->repeats[i].option == option)
            json_array_append_new(list, json_string(arguments->repeats[i].value));
    return list;
}

/* What only an update is told. */
static apr_status_t put_update(moving_t *moving, aph_error_t *err)
{
    const aphc_arguments_t *arguments = moving->arguments;
    if (arguments->values[REVISION] != NULL)
        json_object_set_new(moving->request, "revision", json_string(arguments->values[REVISION]));
    if (arguments->values[OBSOLETE] != NULL)
        json_object_set_new(moving->request, "obsolete", json_true());
    if (arguments->values[ALLOW] != NULL)
        json_object_set_new(moving->request, "allow", all_given(arguments, ALLOW));
    return aphc_answers_put(arguments, SET, ANSWERS, moving->request, err);
}

static apr_status_t make_request(moving_t *moving, aph_error_t *err)
{
    const aphc_arguments_t *arguments = moving->arguments;
    moving->request = json_pack("{s:s}", "name", arguments->operands[0]);
    if (moving->request == NULL)
        return aph_error_set(err, APH_EUSAGE, 2646, "the name is not UTF-8 text");
    if (arguments->values[CONSENT] != NULL)
        json_object_set_new(moving->request, "consents", all_given(arguments, CONSENT));
    return strcmp(moving->op, "update") == 0 ? put_update(moving, err) : APR_SUCCESS;
}

/* extra (stolen) is laid over the request. */
static apr_status_t ask_daemon(const moving_t *moving, json_t *extra, json_t **answer,
                               aph_error_t *err)
{
    json_t *args = json_copy(moving->request);
    json_object_update_new(args, extra);
    return aphc_operation(moving->context, moving->op, args, APHC_LINES_ARE_LOG, answer, err);
}

/* Whether to go on with a plan: nothing to ask about, or a person who says yes. */
static apr_status_t consent(const moving_t *moving, const json_t *plan, aph_error_t *err)
{
    const aphc_terminal_t *terminal = &moving->context->err;
    aphc_verdict_t verdict = aphc_plan_verdict(plan);
    const char *name = aphc_get_text(plan, "name");
    int can_ask = aphc_can_ask(terminal) && !moving->context->json;
    if (verdict == APHC_PLAN_REFUSED)
        return aph_error_set(err, APH_EDENIED, 2647, "%s stays what it is: the plan names what is "
                             "refused, with its line; what root may override says so", name);
    if (!can_ask && verdict == APHC_PLAN_FREE)
        return APR_SUCCESS;
    if (!can_ask)
        return aph_error_set(
            err, APH_ECONSENT, 2648,
            "%s stays what it is: what is new in its plan needs "
            "consent, and there is no terminal to ask. Read it with --plan, then give "
            "--yes, or --consent for each thing",
            name);
    if (verdict == APHC_PLAN_FREE ? aphc_ask(terminal, "Do it?", 1)
                                  : aphc_ask(terminal, "Consent to this, and do it?", 0))
        return APR_SUCCESS;
    return aph_error_set(err, verdict == APHC_PLAN_FREE ? APH_ECANCELLED : APH_ECONSENT, 2649,
                         "%s stays what it is, as you said", name);
}

static int is_same(const json_t *answer)
{
    return json_is_false(json_object_get(answer, "changed"));
}

static void say_moved(const moving_t *moving, const json_t *answer)
{
    const aphc_terminal_t *out = &moving->context->out;
    const char *url = aphc_get_text(answer, "url");
    int stopped = strcmp(aphc_get_text(answer, "state"), "stopped") == 0;
    aphc_put(out, APHC_GREEN, aphc_get_text(answer, "name"));
    aphc_putf(out, " is at revision %.12s ", aphc_get_text(answer, "revision"));
    if (is_same(answer)) {
        aphc_putf(out, "already, and nothing was done.\n");
        return;
    }
    aphc_putf(out, "now%s%s", stopped ? ", and stopped as before" : "",
              !stopped && *url != '\0' ? ": " : ".");
    aphc_put(out, APHC_BOLD, stopped ? "" : url);
    aphc_putf(out, "\n");
    aphc_plan_print_open_ports(out, json_object_get(answer, "ports"));
    aphc_plan_print_told(out, answer);
}

/* 1. ask for the plan  2. show it  3. ask the person  4. do what has that hash. */
static apr_status_t plan_first(moving_t *moving, json_t **answer, aph_error_t *err)
{
    aphc_context_t *context = moving->context;
    int plan_only = moving->arguments->values[PLAN] != NULL;
    json_auto_t *reply = NULL;
    apr_status_t status = ask_daemon(moving, json_pack("{s:b}", "plan_only", 1), &reply, err);
    if (status != APR_SUCCESS)
        return status;
    if (is_same(reply)) {
        *answer = json_incref(reply);
        return APR_SUCCESS;
    }
    const json_t *plan = json_object_get(reply, "plan");
    int refused = aphc_plan_verdict(plan) == APHC_PLAN_REFUSED;
    if (plan_only && context->json && !refused)
        aphc_print_json(context, reply);
    else if (!context->json)
        aphc_plan_print(&context->out, plan);
    if (plan_only && !refused)
        return APR_SUCCESS;
    status = consent(moving, plan, err);
    if (status == APR_SUCCESS)
        return ask_daemon(moving, json_pack("{s:b, s:s}", "yes", 1, "plan_hash",
                                            aphc_get_text(reply, "plan_hash")), answer, err);
    context->beside = json_incref(reply); /* the reasons stand in the plan */
    return status;
}

static apr_status_t move(aphc_context_t *context, const aphc_arguments_t *arguments, const char *op,
                         aph_error_t *err)
{
    moving_t moving = {.context = context, .arguments = arguments, .op = op};
    json_auto_t *answer = NULL;
    apr_status_t status = make_request(&moving, err);
    /* Who says beforehand what is agreed to is not asked again. */
    int all = arguments->values[YES] != NULL, agreed = all || arguments->values[CONSENT] != NULL;
    if (status == APR_SUCCESS && agreed && arguments->values[PLAN] == NULL)
        status = ask_daemon(&moving, json_pack("{s:b}", "yes", all), &answer, err);
    else if (status == APR_SUCCESS)
        status = plan_first(&moving, &answer, err);
    if (status == APR_SUCCESS && answer != NULL && context->json)
        aphc_print_json(context, answer);
    else if (status == APR_SUCCESS && answer != NULL)
        say_moved(&moving, answer);
    json_decref(moving.request);
    return status;
}

apr_status_t aphc_update(aphc_context_t *context, const aphc_arguments_t *arguments,
                         aph_error_t *err)
{
    return move(context, arguments, "update", err);
}

apr_status_t aphc_rollback(aphc_context_t *context, const aphc_arguments_t *arguments,
                           aph_error_t *err)
{
    return move(context, arguments, "rollback", err);
}
