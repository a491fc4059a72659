/* SPDX-License-Identifier: Apache-2.0 */
/* apphostctl install: read the script, or ask what the entry of a catalog asks; show the plan, ask,
 * and install exactly what was shown. */
#include "ctl/command.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <apr_strings.h>

#include "common/file_replace.h"
#include "ctl/answers.h"
#include "ctl/operation.h"
#include "ctl/plan_text.h"
#include "ctl/questions.h"
#include "ctl/text.h"

enum {
    NAME,
    SET,
    ANSWERS,
    OBSOLETE,
    ALIAS,
    OPTION,
    KIND,
    WEBAPP,
    UNINSTALL_SCRIPT,
    ALLOW,
    PLAN,
    CONSENT,
    YES
};

const aphc_option_t aphc_install_options[] = {
    [NAME] = {"name", 'n', "NAME",
              "the app's name: it will answer at NAME.domain; of an entry, "
              "its id where no other is given"},
    [SET] = {"set", 's', "KEY=VALUE...", "answer a question of the entry"},
    [ANSWERS] = {"answers", 0, "FILE",
                 "answers to its questions: a JSON object, or lines KEY=VALUE"},
    [OBSOLETE] = {"obsolete", 0, NULL, "install an entry although its catalog offers it no more"},
    [ALIAS] = {"alias", 'a', "HOST...", "another host name it answers at"},
    [OPTION] = {"option", 'o', "NAME[=VALUE]...", "see: apphostctl help options"},
    [KIND] = {"kind", 0, "KIND",
              "container (the default), webapp, headless, or a kind of yours "
              "with \"container\" in its name and a template"},
    [WEBAPP] = {"webapp", 0, "DIR", "serve the files of this folder; needs no script"},
    [UNINSTALL_SCRIPT] = {"uninstall-script", 0, "FILE", "what removes the app, kept for later"},
    [ALLOW] = {"allow", 0, "RULE...",
               "override a refusal for this app; see: apphostctl help "
               "rules"},
    [PLAN] = {"plan", 0, NULL, "show what would be done, and do nothing"},
    [CONSENT] = {"consent", 0, "ID...", "consent to one thing the plan asks for, and to no more"},
    [YES] = {"yes", 'y', NULL, "do not ask; consent to what needs consent"},
    {NULL, 0, NULL, NULL},
};

/* A script as JSON text. What cannot travel, or is too long to be one, is refused before anything
 * is sent. */
static json_t *read_script(const char *path, aph_error_t *err)
{
    char *octets = NULL;
    size_t length = 0;
    const char *shown = strcmp(path, "-") == 0 ? "standard input" : path;
    if (aph_file_read(path, APH_SCRIPT_MAX, &octets, &length, err) != APR_SUCCESS) {
        aph_error_wrap(err, "the script cannot be sent");
        return NULL;
    }
    json_t *text = memchr(octets, '\0', length) == NULL ? json_stringn(octets, length) : NULL;
    if (length == 0)
        aph_error_set(err, APH_EUNREADABLE, 1740, "%s is empty; give an install script", shown);
    else if (text == NULL)
        aph_error_set(err, APH_EUNREADABLE, 1741,
                      "%s is not UTF-8 text; an install script or a compose file is needed", shown);
    free(octets);
    if (err->status != APR_SUCCESS) {
        json_decref(text);
        return NULL;
    }
    return text;
}

/* The values of an option that may be given more than once. */
static json_t *all_given(const aphc_arguments_t *arguments, int option)
{
    json_t *list = json_array();
    for (int i = 0; i < arguments->repeat_count; i++)
        if (arguments->repeats[i].option == option)
            json_array_append_new(list, json_string(arguments->repeats[i].value));
    return list;
}

/* What cannot travel as JSON must not be left out: it may be a password file. */
static apr_status_t check_text(const char *value, aph_error_t *err)
{
    json_t *text = value != NULL ? json_string(value) : json_null();
    int fine = text != NULL;
    json_decref(text);
    return fine ? APR_SUCCESS
                : aph_error_set(err, APH_EUSAGE, 1739, "a name or value on the command line is not "
                                "UTF-8 text; write it in UTF-8");
}

static apr_status_t check_texts(const aphc_arguments_t *arguments, aph_error_t *err)
{
    apr_status_t status = check_text(arguments->values[KIND], err);
    if (status == APR_SUCCESS)
        status = check_text(arguments->values[WEBAPP], err);
    for (int i = 0; i < arguments->repeat_count && status == APR_SUCCESS; i++)
        status = check_text(arguments->repeats[i].value, err);
    return status;
}

/* --- an entry or a file --------------------------------------------------------------------- */

/* ENTRY, ENTRY@DIGITS or the digits of a revision (docs/catalog.md). What could only be a file is
 * read as one, so that its reader says what is wrong. */
static int could_be_entry(const char *operand)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789-_.";
    const char *slash = strchr(operand, '/'), *id = slash != NULL ? slash + 1 : operand;
    const char *at = strchr(id, '@');
    return isalnum((unsigned char)operand[0]) && isalnum((unsigned char)id[0])
        && strspn(id, letters) == (at != NULL ? (size_t)(at - id) : strlen(id))
        && (at == NULL || strspn(at + 1, "0123456789abcdef") == strlen(at + 1))
        && (slash == NULL || strspn(operand, letters) == (size_t)(slash - operand));
}

/* Which of the two names the entry, and no file of this folder. */
static const char *entry_alone(const aphc_context_t *context, const char *operand,
                               const json_t *row)
{
    const char *name = apr_pstrcat(context->p, aphc_get_text(row, "catalog"), "/",
                                   aphc_get_text(row, "id"), NULL);
    return strchr(operand, '/') == NULL
               ? name
               : apr_psprintf(context->p, "%s@%.16s", name, aphc_get_text(row, "sha256"));
}

/* A word that is a file here is the file, unless it is an entry, too: which one was meant nobody
 * can tell. One with a dot is a file's name. */
static apr_status_t names_entry(aphc_context_t *context, const char *operand, int *entry,
                                aph_error_t *err)
{
    struct stat there;
    json_auto_t *answer = NULL;
    aph_error_t why = APH_ERROR_INIT;
    int could_be = could_be_entry(operand);
    int is_file = stat(operand, &there) == 0 && !S_ISDIR(there.st_mode);
    *entry = could_be && !is_file;
    if (!could_be || !is_file || strchr(operand, '.') != NULL)
        return APR_SUCCESS;
    json_t *args = json_pack("{s:s}", "entry", operand);
    apr_status_t status = aphc_operation_silent(context, "show", args, &answer, &why);
    if (status == APH_ENOTFOUND)
        return APR_SUCCESS;
    if (status == APH_EUSAGE) /* more than one of that name */
        return aph_error_set(err, APH_EUSAGE, 2910,
                             "%s is a file here, and may be an entry: %s; for the file write ./%s",
                             operand, why.message, operand);
    if (status != APR_SUCCESS)
        return aph_error_set(err, status, 2911,
                             "whether %s, a file here, is an entry as well cannot be found out: "
                             "%s; for the file write ./%s",
                             operand, why.message, operand);
    return aph_error_set(err, APH_EUSAGE, 2912,
                         "%s is a file here and an entry of a catalog; for the file write ./%s, "
                         "for the entry %s",
                         operand, operand,
                         entry_alone(context, operand, json_object_get(answer, "revision")));
}

/* The id of CATALOG/ID@DIGITS as a host label: it has _ and . as well, which no host name has. */
static const char *name_of_entry(const aphc_context_t *context, const char *operand)
{
    const char *slash = strchr(operand, '/');
    char *name = apr_pstrdup(context->p, slash != NULL ? slash + 1 : operand);
    name[strcspn(name, "@")] = '\0';
    for (char *at = name; *at != '\0'; at++)
        if (*at == '_' || *at == '.')
            *at = '-';
    return name;
}

/* Digits that may be those of a revision: no name for an app, unless somebody says so. */
static int is_revision(const char *operand)
{
    size_t length = strlen(operand);
    return length >= 8 && strspn(operand, "0123456789abcdef") == length;
}

/* What is to be installed: an entry, a script, or a folder with files. */
static apr_status_t put_source(const aphc_arguments_t *arguments, int entry, json_t *request,
                               aph_error_t *err)
{
    const char *webapp = arguments->values[WEBAPP];
    if ((webapp != NULL) == (arguments->operand_count > 0))
        return aph_error_set(err, APH_EUSAGE, 1738, "give an entry of a catalog, an install "
                             "script, or --webapp with a folder; usage: apphostctl install "
                             "ENTRY|SCRIPT|--webapp DIR --name NAME");
    if (check_texts(arguments, err) != APR_SUCCESS)
        return err->status;
    if (entry)
        json_object_set_new(request, "entry", json_string(arguments->operands[0]));
    else if (webapp == NULL)
        json_object_set_new(request, "script", read_script(arguments->operands[0], err));
    else
        json_object_set_new(request, "webapp", json_string(webapp));
    if (err->status == APR_SUCCESS && arguments->values[KIND] != NULL)
        json_object_set_new(request, "kind", json_string(arguments->values[KIND]));
    if (err->status == APR_SUCCESS && arguments->values[ALIAS] != NULL)
        json_object_set_new(request, "aliases", all_given(arguments, ALIAS));
    if (err->status == APR_SUCCESS && arguments->values[OPTION] != NULL)
        json_object_set_new(request, "options", all_given(arguments, OPTION));
    if (err->status == APR_SUCCESS && arguments->values[ALLOW] != NULL)
        json_object_set_new(request, "allow", all_given(arguments, ALLOW));
    if (err->status == APR_SUCCESS && arguments->values[CONSENT] != NULL)
        json_object_set_new(request, "consents", all_given(arguments, CONSENT));
    return err->status;
}

/* Answers are for who asks questions. */
static apr_status_t put_answers(const aphc_arguments_t *arguments, json_t *request,
                                aph_error_t *err)
{
    int entry = json_object_get(request, "entry") != NULL;
    int given = arguments->values[SET] != NULL || arguments->values[ANSWERS] != NULL
             || arguments->values[OBSOLETE] != NULL;
    if (given && !entry)
        return aph_error_set(err, APH_EUSAGE, 2616,
                             "--set, --answers and --obsolete are for an entry of a "
                             "catalog, and %s is none; leave them out",
                             arguments->operand_count > 0 ? "this file" : "a folder");
    if (arguments->values[OBSOLETE] != NULL)
        json_object_set_new(request, "obsolete", json_true());
    return aphc_answers_put(arguments, SET, ANSWERS, request, err);
}

static apr_status_t make_request(aphc_context_t *context, const aphc_arguments_t *arguments,
                                 json_t **request, aph_error_t *err)
{
    const char *uninstall = arguments->values[UNINSTALL_SCRIPT], *name = arguments->values[NAME];
    int entry = 0;
    if (arguments->values[WEBAPP] == NULL && arguments->operand_count > 0
        && names_entry(context, arguments->operands[0], &entry, err) != APR_SUCCESS)
        return err->status;
    if (name == NULL && entry && !is_revision(arguments->operands[0]))
        name = name_of_entry(context, arguments->operands[0]);
    if (name == NULL && entry)
        return aph_error_set(err, APH_EUSAGE, 2782,
                             "the app needs a name, for %.64s may be the digits of a "
                             "revision; give it with --name NAME",
                             arguments->operands[0]);
    if (name == NULL)
        return aph_error_set(err, APH_EUSAGE, 1742,
                             "the app needs a name; usage: apphostctl install SCRIPT --name NAME");
    if (uninstall != NULL && strcmp(uninstall, "-") == 0)
        return aph_error_set(err, APH_EUSAGE, 1743,
                             "the uninstall script cannot come from standard input; give a file");
    *request = json_pack("{s:s}", "name", name);
    if (*request == NULL)
        return aph_error_set(err, APH_EUSAGE, 1744, "the name is not UTF-8 text");
    put_source(arguments, entry, *request, err);
    if (err->status == APR_SUCCESS)
        put_answers(arguments, *request, err);
    if (err->status == APR_SUCCESS && uninstall != NULL)
        json_object_set_new(*request, "uninstall_script", read_script(uninstall, err));
    return err->status;
}

/* One install operation; request is borrowed, extra (stolen) is laid over it. */
static apr_status_t ask_daemon(aphc_context_t *context, json_t *request, json_t *extra,
                               json_t **answer, aph_error_t *err)
{
    json_t *args = json_copy(request);
    json_object_update_new(args, extra);
    return aphc_operation(context, "install", args, APHC_LINES_ARE_LOG, answer, err);
}

/* Whether to go on with a plan: nothing to ask about, or a person who says yes. */
static apr_status_t consent(aphc_context_t *context, const json_t *plan, aph_error_t *err)
{
    aphc_verdict_t verdict = aphc_plan_verdict(plan);
    const char *name = aphc_get_text(plan, "name");
    if (verdict == APHC_PLAN_REFUSED)
        return aph_error_set(err, APH_EDENIED, 1745,
                             "%s is not installed: the plan names what is refused, with its line. "
                             "%s; what root may override says so", name,
                             *aphc_get_text(plan, "entry") == '\0'
                                 ? "Change the script and try again"
                                 : "Answer otherwise, or its author has to change the entry");
    int can_ask = aphc_can_ask(&context->err) && !context->json;
    if (!can_ask && verdict == APHC_PLAN_FREE)
        return APR_SUCCESS;
    if (!can_ask)
        return aph_error_set(err, APH_ECONSENT, 1746,
                             "%s is not installed: its plan needs consent, and there is no "
                             "terminal to ask. Read it with --plan, then give --yes, or --consent "
                             "for each thing",
                             name);
    int yes = verdict == APHC_PLAN_FREE
                  ? aphc_ask(&context->err, "Install it?", 1)
                  : aphc_ask(&context->err, "Consent to this, and install it?", 0);
    if (yes)
        return APR_SUCCESS;
    return verdict == APHC_PLAN_FREE
               ? aph_error_set(err, APH_ECANCELLED, 1747, "%s is not installed, as you said", name)
               : aph_error_set(err, APH_ECONSENT, 1748,
                               "%s is not installed: consent was not given", name);
}

static void say_installed(const aphc_context_t *context, const json_t *answer)
{
    const char *url = aphc_get_text(answer, "url");
    aphc_put(&context->out, APHC_GREEN, aphc_get_text(answer, "name"));
    aphc_putf(&context->out, " is installed%s", *url != '\0' ? ": " : ".");
    aphc_put(&context->out, APHC_BOLD, url);
    aphc_putf(&context->out, "\n");
    aphc_plan_print_open_ports(&context->out, json_object_get(answer, "ports"));
    aphc_plan_print_told(&context->out, answer);
}

/* --- questions ------------------------------------------------------------------------------ */

/* Which storage locations there are is known before a person types one. Where it cannot be told,
 * apphostd judges the answer. */
static void add_locations(aphc_context_t *context, const json_t *manifest)
{
    json_auto_t *reply = NULL, *names = json_array();
    aph_error_t unheard = APH_ERROR_INIT;
    int wanted = 0;
    size_t i;
    json_t *question, *location;
    json_array_foreach(json_object_get(manifest, "questions"), i, question)
        wanted |= strcmp(aphc_get_text(question, "kind"), "storage") == 0;
    if (!wanted
        || aphc_operation(context, "storage-list", json_object(), APHC_LINES_ARE_LOG, &reply,
                          &unheard) != APR_SUCCESS)
        return;
    json_array_foreach(json_object_get(reply, "locations"), i, location)
        json_array_append(names, json_object_get(location, "name"));
    json_array_foreach(json_object_get(manifest, "questions"), i, question)
        if (strcmp(aphc_get_text(question, "kind"), "storage") == 0)
            json_object_set(question, "locations", names);
}

/* Asks what was not answered on the command line, where there is somebody to ask. Who is not asked
 * gets the defaults, and hears of all that is missing at once. */
static apr_status_t ask_questions(aphc_context_t *context, json_t *request, aph_error_t *err)
{
    json_auto_t *reply = NULL;
    const char *answers = json_string_value(json_object_get(request, "answers"));
    json_auto_t *given = answers != NULL ? json_loads(answers, 0, NULL) : json_object();
    if (json_object_get(request, "entry") == NULL || context->json || !aphc_can_ask(&context->err))
        return APR_SUCCESS;
    apr_status_t status = ask_daemon(context, request, json_pack("{s:b}", "ask", 1), &reply, err);
    const json_t *manifest = json_object_get(reply, "manifest"),
                 *kept = json_object_get(reply, "answers");
    if (status == APR_SUCCESS && json_object_size(kept) > 0)
        aphc_putf(&context->err, json_is_true(json_object_get(reply, "failed"))
                                     ? "The last try failed; its answers are offered again.\n"
                                     : "Its data was kept; the answers of then are offered.\n");
    if (status == APR_SUCCESS)
        add_locations(context, manifest);
    if (status == APR_SUCCESS)
        status = aphc_questions_ask(&context->err, manifest, kept, given, err);
    if (status != APR_SUCCESS)
        return status;
    char *text = json_dumps(given, JSON_COMPACT);
    json_object_set_new(request, "answers", json_string(text));
    free(text);
    return APR_SUCCESS;
}

/* 1. ask for the plan  2. show it  3. ask the person  4. install what has that hash. */
static apr_status_t plan_first(aphc_context_t *context, json_t *request, int plan_only,
                               json_t **answer, aph_error_t *err)
{
    json_t *reply = NULL;
    apr_status_t status =
        ask_daemon(context, request, json_pack("{s:b}", "plan_only", 1), &reply, err);
    if (status != APR_SUCCESS)
        return status;
    const json_t *plan = json_object_get(reply, "plan");
    int refused = aphc_plan_verdict(plan) == APHC_PLAN_REFUSED;
    if (plan_only && context->json && !refused)
        aphc_print_json(context, reply);
    else if (!context->json)
        aphc_plan_print(&context->out, plan);
    if (plan_only && !refused) {
        json_decref(reply);
        return APR_SUCCESS;
    }
    status = consent(context, plan, err);
    if (status == APR_SUCCESS)
        status = ask_daemon(
            context, request,
            json_pack("{s:b, s:s}", "yes", 1, "plan_hash", aphc_get_text(reply, "plan_hash")),
            answer, err);
    else
        context->beside = json_incref(reply); /* the reasons stand in the plan */
    json_decref(reply);
    return status;
}

apr_status_t aphc_install(aphc_context_t *context, const aphc_arguments_t *arguments,
                          aph_error_t *err)
{
    json_t *request = NULL, *answer = NULL;
    int plan_only = arguments->values[PLAN] != NULL;
    apr_status_t status = make_request(context, arguments, &request, err);
    /* Who says beforehand what is agreed to is not asked again. */
    int all = arguments->values[YES] != NULL, agreed = all || arguments->values[CONSENT] != NULL;
    if (status == APR_SUCCESS && !all)
        status = ask_questions(context, request, err);
    if (status == APR_SUCCESS && agreed && !plan_only)
        status = ask_daemon(context, request, json_pack("{s:b}", "yes", all), &answer, err);
    else if (status == APR_SUCCESS)
        status = plan_first(context, request, plan_only, &answer, err);
    if (status == APR_SUCCESS && answer != NULL) {
        if (context->json)
            aphc_print_json(context, answer);
        else
            say_installed(context, answer);
    }
    json_decref(answer);
    json_decref(request);
    return status;
}
