/* SPDX-License-Identifier: Apache-2.0 */
/* apphostctl person, session and token: who may sign in, who is, and what programs use instead. */
#include "ctl/command.h"

#include <stdlib.h>
#include <string.h>
#include <apr_strings.h>

#include "ctl/measure.h"
#include "ctl/operation.h"
#include "ctl/table.h"

enum { ROLE, GROUP, EXTERNAL };

const aphc_option_t aphc_person_add_options[] = {
    [ROLE] = {"role", 0, "ROLE", "admin: all of the web; viewer: looks; user: opens apps"},
    [GROUP] = {"group", 0, "GROUP...", "a group the person is in"},
    [EXTERNAL] = {"external", 0, NULL, "without a password: httpd signs this person in"},
    {NULL, 0, NULL, NULL},
};

enum { CHANGE_ROLE, CHANGE_GROUP, NO_GROUPS, DISABLE, ENABLE };

const aphc_option_t aphc_person_change_options[] = {
    [CHANGE_ROLE] = {"role", 0, "ROLE", "admin, viewer or user"},
    [CHANGE_GROUP] = {"group", 0, "GROUP...",
                      "a group the person is in, in the place of all before"},
    [NO_GROUPS] = {"no-groups", 0, NULL, "the person is in no group"},
    [DISABLE] = {"disable", 0, NULL, "nothing of the person is valid until it is enabled again"},
    [ENABLE] = {"enable", 0, NULL, "the person may sign in again"},
    {NULL, 0, NULL, NULL},
};

enum { SCOPE, DAYS };

const aphc_option_t aphc_token_add_options[] = {
    [SCOPE] = {"scope", 0, "SCOPE...", "self, read, inspect, run, install, catalog or people"},
    [DAYS] = {"days", 0, "N", "valid that long; else until it is removed"},
    {NULL, 0, NULL, NULL},
};

/* NULL where the option was not given. */
static json_t *list_of(const aphc_arguments_t *arguments, int option)
{
    json_t *list = json_array();
    for (int i = 0; i < arguments->repeat_count; i++)
        if (arguments->repeats[i].option == option)
            json_array_append_new(list, json_string(arguments->repeats[i].value));
    if (json_array_size(list) > 0)
        return list;
    json_decref(list);
    return NULL;
}

/* Asks, and prints the answer where programs read it; then *answer is NULL. */
static apr_status_t ask(aphc_context_t *context, const char *op, json_t *args, json_t **answer,
                        aph_error_t *err)
{
    apr_status_t status = aphc_operation(context, op, args, APHC_LINES_ARE_LOG, answer, err);
    if (status != APR_SUCCESS)
        *answer = NULL;
    if (status == APR_SUCCESS && context->json) {
        aphc_print_json(context, *answer);
        json_decref(*answer);
        *answer = NULL;
    }
    return status;
}

static apr_status_t ask_and_say(aphc_context_t *context, const char *op, json_t *args,
                                const char *said, aph_error_t *err)
{
    json_t *answer = NULL;
    apr_status_t status = ask(context, op, args, &answer, err);
    if (answer != NULL)
        aphc_putf(&context->out, "%s\n", said);
    json_decref(answer);
    return status;
}

static const char *joined(const json_t *words, apr_pool_t *p)
{
    const char *text = NULL;
    size_t i;
    const json_t *word;
    json_array_foreach((json_t *)words, i, word)
        text = apr_pstrcat(p, text != NULL ? text : "", text != NULL ? " " : "",
                           json_string_value(word), NULL);
    return text;
}

static const char *date_of(const json_t *row, const char *key, apr_pool_t *p)
{
    char date[APHC_MEASURE_MAX];
    if (!json_is_integer(json_object_get(row, key)))
        return NULL;
    aphc_measure_date(date, aphc_get_number(row, key));
    return apr_pstrdup(p, date);
}

static const char *number_of(const json_t *row, const char *key, apr_pool_t *p)
{
    return apr_psprintf(p, "%d", (int)aphc_get_number(row, key));
}

/* --- people --- */

apr_status_t aphc_person_list(aphc_context_t *context, const aphc_arguments_t *arguments,
                              aph_error_t *err)
{
    static const aphc_column_t columns[] = {
        {"NAME", 0, 1},     {"ROLE", 0, 0},   {"GROUPS", 0, 1}, {"PASSWORD", 0, 0},
        {"SESSIONS", 1, 0}, {"TOKENS", 1, 0}, {"SINCE", 0, 0}};
    json_t *answer = NULL;
    size_t i, width = sizeof columns / sizeof columns[0];
    const json_t *row;
    apr_status_t status = ask(context, "person-list", json_object(), &answer, err);
    json_t *people = json_object_get(answer, "people");
    if (answer == NULL)
        return status;
    if (json_array_size(people) == 0)
        aphc_putf(&context->out,
                  "Nobody may sign in yet. The first one: apphostctl person add NAME "
                  "--role admin\n");
    const char **cells =
        apr_pcalloc(context->p, (json_array_size(people) * width + 1) * sizeof *cells);
    json_array_foreach(people, i, row)
    {
        const char **cell = cells + i * width;
        cell[0] = aphc_get_text(row, "name");
        cell[1] = json_is_true(json_object_get(row, "disabled")) ? "disabled"
                                                                 : aphc_get_text(row, "role");
        cell[2] = joined(json_object_get(row, "groups"), context->p);
        cell[3] = json_is_true(json_object_get(row, "password")) ? "yes" : "no";
        cell[4] = number_of(row, "sessions", context->p);
        cell[5] = number_of(row, "tokens", context->p);
        cell[6] = date_of(row, "created", context->p);
    }
    if (json_array_size(people) > 0)
        aphc_table_print(&context->out, columns, width, cells, json_array_size(people), NULL);
    json_decref(answer);
    return status;
}

/* A secret that is shown this once, alone on standard output, so that a pipe can take it. */
static void show_once(const aphc_context_t *context, const char *what, const char *secret)
{
    aphc_putf(&context->err, "%s\n", what);
    aphc_putf(&context->out, "%s\n", secret);
}

apr_status_t aphc_person_add(aphc_context_t *context, const aphc_arguments_t *arguments,
                             aph_error_t *err)
{
    json_t *answer = NULL;
    if (arguments->values[ROLE] == NULL)
        return aph_error_set(err, APH_EUSAGE, 3060,
                             "person add: --role admin, viewer or user is needed");
    json_t *args = json_pack("{s:s, s:s, s:o*, s:b}", "name", arguments->operands[0], "role",
                             arguments->values[ROLE], "groups", list_of(arguments, GROUP),
                             "external", arguments->values[EXTERNAL] != NULL);
    apr_status_t status = ask(context, "person-add", args, &answer, err);
    if (answer != NULL && json_is_string(json_object_get(answer, "password")))
        show_once(context, "May sign in now, with this password. It is shown only now:",
                  aphc_get_text(answer, "password"));
    else if (answer != NULL)
        aphc_putf(&context->out, "Added, without a password.\n");
    json_decref(answer);
    return status;
}

apr_status_t aphc_person_change(aphc_context_t *context, const aphc_arguments_t *arguments,
                                aph_error_t *err)
{
    json_t *groups = list_of(arguments, CHANGE_GROUP);
    int disable = arguments->values[DISABLE] != NULL, enable = arguments->values[ENABLE] != NULL;
    if ((disable && enable) || (groups != NULL && arguments->values[NO_GROUPS] != NULL)) {
        json_decref(groups);
        return aph_error_set(err, APH_EUSAGE, 3061,
                             "person change: these options exclude each other");
    }
    if (arguments->values[NO_GROUPS] != NULL)
        groups = json_array();
    json_t *args = json_pack("{s:s, s:s*, s:o*}", "name", arguments->operands[0], "role",
                             arguments->values[CHANGE_ROLE], "groups", groups);
    if (disable || enable)
        json_object_set_new(args, "disabled", json_boolean(disable));
    return ask_and_say(context, "person-change", args, "Changed; the person's sessions have ended.",
                       err);
}

apr_status_t aphc_person_password(aphc_context_t *context, const aphc_arguments_t *arguments,
                                  aph_error_t *err)
{
    json_t *answer = NULL;
    apr_status_t status = ask(context, "person-password",
                              json_pack("{s:s}", "name", arguments->operands[0]), &answer, err);
    if (answer != NULL)
        show_once(context,
                  "The new password. It is shown only now:", aphc_get_text(answer, "password"));
    json_decref(answer);
    return status;
}

apr_status_t aphc_person_remove(aphc_context_t *context, const aphc_arguments_t *arguments,
                                aph_error_t *err)
{
    return ask_and_say(context, "person-remove", json_pack("{s:s}", "name", arguments->operands[0]),
                       "Removed, with all sessions and tokens.", err);
}

/* --- what was done --- */

enum { USER, LIMIT, BEFORE };

const aphc_option_t aphc_audit_options[] = {
    [USER] = {"user", 0, "NAME", "only what this person did"},
    [LIMIT] = {"limit", 0, "N", "at most so many, 100 where it is not given, 1000 at most"},
    [BEFORE] = {"before", 0, "N", "only what is older than this record"},
    {NULL, 0, NULL, NULL},
};

static apr_status_t number_from(const char *text, const char *what, json_int_t *number,
                                aph_error_t *err)
{
    if (*text == '\0' || strspn(text, "0123456789") != strlen(text) || strlen(text) > 9)
        return aph_error_set(err, APH_EUSAGE, 3062, "%s is a number, not %.32s", what, text);
    *number = (json_int_t)strtol(text, NULL, 10);
    return APR_SUCCESS;
}

apr_status_t aphc_audit(aphc_context_t *context, const aphc_arguments_t *arguments,
                        aph_error_t *err)
{
    static const aphc_column_t columns[] = {{"NO", 1, 0},   {"WHEN", 0, 0}, {"WHO", 0, 1},
                                            {"VIA", 0, 1},  {"FROM", 0, 1}, {"WHAT", 0, 0},
                                            {"NAME", 0, 1}, {"RESULT", 0, 0}};
    json_t *answer = NULL;
    json_int_t limit = 0, before = 0;
    size_t i, width = sizeof columns / sizeof columns[0];
    const json_t *row;
    apr_status_t status = APR_SUCCESS;
    if (arguments->values[LIMIT] != NULL)
        status = number_from(arguments->values[LIMIT], "--limit", &limit, err);
    if (status == APR_SUCCESS && arguments->values[BEFORE] != NULL)
        status = number_from(arguments->values[BEFORE], "--before", &before, err);
    if (status != APR_SUCCESS)
        return status;
    json_t *args = json_pack("{s:s*, s:s*, s:I, s:I}", "name",
                             arguments->operand_count > 0 ? arguments->operands[0] : NULL, "user",
                             arguments->values[USER], "limit", limit, "before", before);
    status = ask(context, "audit", args, &answer, err);
    json_t *records = json_object_get(answer, "records");
    const char **cells =
        apr_pcalloc(context->p, (json_array_size(records) * width + 1) * sizeof *cells);
    json_array_foreach(records, i, row)
    {
        const char **cell = cells + i * width;
        cell[0] = number_of(row, "id", context->p);
        cell[1] = date_of(row, "at", context->p);
        cell[2] = json_string_value(json_object_get(row, "user"));
        cell[3] = json_string_value(json_object_get(row, "via"));
        cell[4] = json_string_value(json_object_get(row, "from"));
        cell[5] = aphc_get_text(row, "op");
        cell[6] = aphc_get_text(row, "name");
        cell[7] = aphc_get_text(row, "result");
    }
    if (answer != NULL)
        aphc_table_print(&context->out, columns, width, cells, json_array_size(records), NULL);
    json_decref(answer);
    return status;
}

apr_status_t aphc_key_rotate(aphc_context_t *context, const aphc_arguments_t *arguments,
                             aph_error_t *err)
{
    return ask_and_say(
        context, "key-rotate", json_object(),
        "There is a new key. httpd uses the old one until it is reloaded: apphostctl reload", err);
}

/* --- sessions --- */

static json_t *of_name(const aphc_arguments_t *arguments)
{
    return arguments->operand_count > 0 ? json_pack("{s:s}", "name", arguments->operands[0])
                                        : json_object();
}

apr_status_t aphc_session_list(aphc_context_t *context, const aphc_arguments_t *arguments,
                               aph_error_t *err)
{
    static const aphc_column_t columns[] = {{"ID", 0, 0},   {"NAME", 0, 1}, {"SINCE", 0, 0},
                                            {"USED", 0, 0}, {"FROM", 0, 1}, {"WITH", 0, 1}};
    json_t *answer = NULL;
    size_t i, width = sizeof columns / sizeof columns[0];
    const json_t *row;
    apr_status_t status = ask(context, "session-list", of_name(arguments), &answer, err);
    json_t *sessions = json_object_get(answer, "sessions");
    const char **cells =
        apr_pcalloc(context->p, (json_array_size(sessions) * width + 1) * sizeof *cells);
    json_array_foreach(sessions, i, row)
    {
        const char **cell = cells + i * width;
        cell[0] = aphc_get_text(row, "id");
        cell[1] = aphc_get_text(row, "name");
        cell[2] = date_of(row, "created", context->p);
        cell[3] = date_of(row, "seen", context->p);
        cell[4] = json_string_value(json_object_get(row, "from"));
        cell[5] = json_string_value(json_object_get(row, "agent"));
    }
    if (answer != NULL)
        aphc_table_print(&context->out, columns, width, cells, json_array_size(sessions), NULL);
    json_decref(answer);
    return status;
}

apr_status_t aphc_session_end(aphc_context_t *context, const aphc_arguments_t *arguments,
                              aph_error_t *err)
{
    return ask_and_say(context, "session-end", json_pack("{s:s}", "id", arguments->operands[0]),
                       "The session has ended.", err);
}

/* --- tokens --- */

apr_status_t aphc_token_add(aphc_context_t *context, const aphc_arguments_t *arguments,
                            aph_error_t *err)
{
    json_t *answer = NULL;
    json_int_t days = 0;
    apr_status_t status = APR_SUCCESS;
    if (arguments->values[DAYS] != NULL)
        status = number_from(arguments->values[DAYS], "--days", &days, err);
    if (status != APR_SUCCESS)
        return status;
    json_t *args =
        json_pack("{s:s, s:s, s:o*, s:I}", "name", arguments->operands[0], "label",
                  arguments->operands[1], "scopes", list_of(arguments, SCOPE), "days", days);
    status = ask(context, "token-add", args, &answer, err);
    if (answer != NULL)
        show_once(context, "The token. It is shown only now:", aphc_get_text(answer, "token"));
    json_decref(answer);
    return status;
}

apr_status_t aphc_token_list(aphc_context_t *context, const aphc_arguments_t *arguments,
                             aph_error_t *err)
{
    static const aphc_column_t columns[] = {{"ID", 1, 0},     {"NAME", 0, 1}, {"LABEL", 0, 1},
                                            {"SCOPES", 0, 1}, {"USED", 0, 0}, {"UNTIL", 0, 0}};
    json_t *answer = NULL;
    size_t i, width = sizeof columns / sizeof columns[0];
    const json_t *row;
    apr_status_t status = ask(context, "token-list", of_name(arguments), &answer, err);
    json_t *tokens = json_object_get(answer, "tokens");
    const char **cells =
        apr_pcalloc(context->p, (json_array_size(tokens) * width + 1) * sizeof *cells);
    json_array_foreach(tokens, i, row)
    {
        const char **cell = cells + i * width;
        cell[0] = number_of(row, "id", context->p);
        cell[1] = aphc_get_text(row, "name");
        cell[2] = aphc_get_text(row, "label");
        cell[3] = joined(json_object_get(row, "scopes"), context->p);
        cell[4] = date_of(row, "seen", context->p);
        cell[5] = date_of(row, "expires", context->p);
    }
    if (answer != NULL)
        aphc_table_print(&context->out, columns, width, cells, json_array_size(tokens), NULL);
    json_decref(answer);
    return status;
}

apr_status_t aphc_token_remove(aphc_context_t *context, const aphc_arguments_t *arguments,
                               aph_error_t *err)
{
    json_int_t id = 0;
    apr_status_t status = number_from(arguments->operands[0], "ID", &id, err);
    return status == APR_SUCCESS
               ? ask_and_say(context, "token-remove", json_pack("{s:I}", "id", id),
                             "The token is gone.", err)
               : status;
}
