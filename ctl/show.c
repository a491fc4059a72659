/* SPDX-License-Identifier: Apache-2.0 */
/* apphostctl show: an entry of a catalog in full, as people decide by. */
#include "ctl/command.h"

#include <string.h>
#include <apr_strings.h>

#include "ctl/measure.h"
#include "ctl/operation.h"
#include "ctl/revision.h"
#include "ctl/text.h"

#define LABEL_WIDTH 14

static void heading(const aphc_terminal_t *out, const char *text)
{
    aphc_putf(out, "\n");
    aphc_put(out, APHC_BOLD, text);
    aphc_putf(out, "\n");
}

/* "label         text", wrapped; nothing where there is no text. */
static void field(const aphc_terminal_t *out, const char *label, const char *text)
{
    if (text == NULL || *text == '\0')
        return;
    aphc_putf(out, "%-*s", LABEL_WIDTH, label);
    aphc_text_wrap(out->file, text, out->columns, LABEL_WIDTH);
    aphc_putf(out, "\n");
}

/* Paragraphs as their author broke them. */
static void text_block(const aphc_context_t *context, const char *title, const char *text)
{
    const aphc_terminal_t *out = &context->out;
    if (*text == '\0')
        return;
    heading(out, title);
    while (*text != '\0') {
        size_t length = strcspn(text, "\n");
        aphc_putf(out, "  ");
        aphc_text_wrap(out->file, apr_pstrmemdup(context->p, text, length), out->columns, 2);
        aphc_putf(out, "\n");
        text += length + (text[length] == '\n');
    }
}

static const char *joined(const aphc_context_t *context, const json_t *list)
{
    const char *text = "";
    size_t i;
    const json_t *one;
    json_array_foreach((json_t *)list, i, one)
        text = apr_pstrcat(context->p, text, i > 0 ? ", " : "", json_string_value(one), NULL);
    return text;
}

/* What a browser meets. */
static const char *web_of(const aphc_context_t *context, const json_t *web)
{
    if (!json_is_object(web))
        return "none; it has no page of its own";
    return apr_psprintf(context->p, "%s port %d of %s, beginning at %s",
                        aphc_get_text(web, "scheme"), (int)aphc_get_number(web, "port"),
                        aphc_get_text(web, "service"), aphc_get_text(web, "path"));
}

static void print_head(const aphc_context_t *context, const json_t *row, const json_t *entry)
{
    const aphc_terminal_t *out = &context->out;
    json_int_t number = aphc_get_number(row, "revision"), memory = aphc_get_number(entry, "memory");
    const char *active = json_is_integer(json_object_get(row, "activated")) ? "" : ", not active";
    const char *name, *value;
    json_t *link;
    aphc_put(out, APHC_BOLD, aphc_get_text(entry, "title"));
    aphc_putf(out, "\n");
    field(out, "", aphc_get_text(entry, "summary"));
    field(out, "entry", apr_pstrcat(context->p, aphc_get_text(row, "catalog"), "/",
                                    aphc_get_text(row, "id"), NULL));
    value = number > 0 ? apr_psprintf(context->p, ", number %" APR_INT64_T_FMT, (apr_int64_t)number)
                       : "";
    field(out, "revision", apr_psprintf(context->p, "%.*s%s%s", APHC_ID_SHOWN,
                                        aphc_get_text(row, "sha256"), value, active));
    field(out, "version", aphc_get_text(entry, "version"));
    field(out, "category", aphc_get_text(row, "category"));
    field(out, "categories", joined(context, json_object_get(row, "categories")));
    field(out, "made for", joined(context, json_object_get(entry, "architectures")));
    field(out, "web page", web_of(context, json_object_get(entry, "web")));
    if (memory > 0)
        field(out, "memory",
              apr_psprintf(context->p, "%" APR_INT64_T_FMT " MiB", (apr_int64_t)memory));
    json_object_foreach(json_object_get(entry, "links"), name, link)
        field(out, name, json_string_value(link));
    field(out, "deprecated", aphc_get_text(entry, "deprecated"));
    field(out, "advisory", aphc_get_text(entry, "advisory"));
    if (json_is_true(json_object_get(entry, "obsolete")))
        field(out, "obsolete", "yes; it is installed only when that is asked for");
}

static const char *choices_of(const aphc_context_t *context, const json_t *question)
{
    const char *text = "";
    size_t i;
    const json_t *choice;
    json_array_foreach(json_object_get(question, "choices"), i, choice) text =
        apr_pstrcat(context->p, text, i > 0 ? ", " : "", aphc_get_text(choice, "value"), NULL);
    return text;
}

/* "port, of web 8080/tcp, default 8080, required" */
static const char *nature_of(const aphc_context_t *context, const json_t *question)
{
    apr_pool_t *p = context->p;
    const char *text = apr_pstrcat(p, aphc_get_text(question, "kind"), ", ",
                                   aphc_get_text(question, "type"), NULL);
    const char *service = aphc_get_text(question, "service");
    const char *target = aphc_get_text(question, "target"),
               *choices = choices_of(context, question);
    const json_t *by_default = json_object_get(question, "default");
    if (*service != '\0')
        text = apr_pstrcat(p, text, ", of ", service, " ", target, NULL);
    if (*choices != '\0')
        text = apr_pstrcat(p, text, ", one of: ", choices, NULL);
    if (json_is_string(by_default))
        text = apr_pstrcat(p, text, ", default ", json_string_value(by_default), NULL);
    else if (aphc_get_number(question, "generate") > 0)
        text = apr_pstrcat(p, text, ", made up where it is not given", NULL);
    return json_is_true(json_object_get(question, "required"))
               ? apr_pstrcat(p, text, ", required", NULL) : text;
}

static void print_questions(const aphc_context_t *context, const json_t *questions)
{
    const aphc_terminal_t *out = &context->out;
    size_t i;
    const json_t *question;
    if (json_array_size(questions) == 0)
        return;
    heading(out, "Questions");
    json_array_foreach((json_t *)questions, i, question)
    {
        aphc_putf(out, "  ");
        aphc_put(out, APHC_BOLD, aphc_get_text(question, "id"));
        aphc_putf(out, "  ");
        aphc_text_wrap(out->file, aphc_get_text(question, "label"), out->columns, 6);
        aphc_putf(out, "\n      ");
        aphc_text_wrap(out->file, nature_of(context, question), out->columns, 6);
        if (*aphc_get_text(question, "text") != '\0') {
            aphc_putf(out, "\n      ");
            aphc_text_wrap(out->file, aphc_get_text(question, "text"), out->columns, 6);
        }
        aphc_putf(out, "\n");
    }
}

/* Rows of a list, "  NAME  TEXT", under a heading. */
static void print_rows(const aphc_context_t *context, const char *title, const json_t *rows,
                       const char *name, const char *text)
{
    const aphc_terminal_t *out = &context->out;
    size_t i;
    const json_t *row;
    if (json_array_size(rows) > 0)
        heading(out, title);
    json_array_foreach((json_t *)rows, i, row)
    {
        aphc_putf(out, "  ");
        aphc_put(out, APHC_BOLD, aphc_get_text(row, name));
        aphc_putf(out, "  ");
        aphc_text_wrap(out->file, aphc_get_text(row, text), out->columns, 6);
        aphc_putf(out, "\n");
    }
}

/* What of its data is worth a backup, says its author. */
static void print_data(const aphc_context_t *context, const json_t *rows)
{
    const aphc_terminal_t *out = &context->out;
    size_t i;
    const json_t *row;
    if (json_array_size(rows) > 0)
        heading(out, "Data");
    json_array_foreach((json_t *)rows, i, row)
    {
        const char *text = aphc_get_text(row, "text");
        const char *hint = strcmp(aphc_get_text(row, "backup"), "rebuild") != 0
                               ? "to be backed up" : "can be rebuilt, needs no backup";
        aphc_putf(out, "  ");
        aphc_put(out, APHC_BOLD, aphc_get_text(row, "path"));
        aphc_putf(out, "  ");
        aphc_text_wrap(out->file,
                       apr_pstrcat(context->p, text, *text != '\0' ? "; " : "", hint, NULL),
                       out->columns, 6);
        aphc_putf(out, "\n");
    }
}

/* How to log in, as far as it is known before. */
static void print_credentials(const aphc_context_t *context, const json_t *rows)
{
    const aphc_terminal_t *out = &context->out;
    size_t i;
    const json_t *row;
    if (json_array_size(rows) > 0)
        heading(out, "To log in");
    json_array_foreach((json_t *)rows, i, row)
    {
        const char *user = aphc_get_text(row, "user"), *password = aphc_get_text(row, "password");
        aphc_putf(out, "  ");
        aphc_put(out, APHC_BOLD, aphc_get_text(row, "label"));
        aphc_putf(out, "  ");
        aphc_text_wrap(out->file, apr_pstrcat(context->p, *user != '\0' ? "user " : "", user,
                                              *user != '\0' && *password != '\0' ? ", " : "",
                                              *password != '\0' ? "password " : "", password, NULL),
                       out->columns, 6);
        aphc_putf(out, "\n");
    }
}

static void print_installed(const aphc_context_t *context, const json_t *apps)
{
    const aphc_terminal_t *out = &context->out;
    size_t i;
    const json_t *app;
    if (json_array_size(apps) > 0)
        heading(out, "Installed here");
    json_array_foreach((json_t *)apps, i, app)
    {
        int active = json_is_true(json_object_get(app, "active"));
        aphc_putf(out, "  %s, %s, revision %.*s%s%s\n", aphc_get_text(app, "name"),
                  aphc_get_text(app, "state"), APHC_ID_SHOWN, aphc_get_text(app, "revision"),
                  active ? "" : ": to go to this one: apphostctl update ",
                  active ? "" : aphc_get_text(app, "name"));
    }
}

static void print_entry(const aphc_context_t *context, const json_t *answer)
{
    const json_t *row = json_object_get(answer, "revision"),
                 *entry = json_object_get(answer, "entry");
    print_head(context, row, entry);
    field(&context->out, "warning", aphc_get_text(answer, "warning"));
    text_block(context, "Description", aphc_get_text(entry, "description"));
    text_block(context, "What changed", aphc_get_text(entry, "changes"));
    print_questions(context, json_object_get(entry, "questions"));
    print_rows(context, "Wants to be allowed", json_object_get(entry, "permissions"), "id",
               "reason");
    print_data(context, json_object_get(entry, "data"));
    print_credentials(context, json_object_get(answer, "credentials"));
    text_block(context, "Notes", aphc_get_text(answer, "notes"));
    print_installed(context, json_object_get(answer, "installed"));
}

apr_status_t aphc_show(aphc_context_t *context, const aphc_arguments_t *arguments,
                       aph_error_t *err)
{
    json_auto_t *answer = NULL;
    json_t *args = json_pack("{s:s}", "entry", arguments->operands[0]);
    apr_status_t status = aphc_operation_silent(context, "show", args, &answer, err);
    if (status == APR_SUCCESS && context->json)
        aphc_print_json(context, answer);
    else if (status == APR_SUCCESS)
        print_entry(context, answer);
    return status;
}
