/* SPDX-License-Identifier: Apache-2.0 */
/* Variables of a rock-on. The format has no default: on its own system every field has to be typed.
 * Where one answer would do for most it is offered here; secrets of the app itself are made up. */
#include "helper/read/rockon.h"

#include <string.h>
#include <strings.h>
#include <apr_strings.h>

#include "helper/read/entry_table.h"

#define ID_LAST         2147483647
#define SECRET_LENGTH   24
#define CREDENTIALS_MAX 16

static int ends_with(const char *text, const char *end)
{
    size_t length = strlen(text), tail = strlen(end);
    return length >= tail && strcasecmp(text + length - tail, end) == 0;
}

static int is_number(const char *text)
{
    size_t length = strlen(text);
    return length > 0 && length < 10 && strspn(text, "0123456789") == length &&
           (length == 1 || *text != '0');
}

/* PUID, USER_GID: a user or group the container's programs become. */
static int is_owner(const char *name)
{
    return ends_with(name, "UID") || ends_with(name, "GID") || ends_with(name, "USER_ID") ||
           ends_with(name, "GROUP_ID");
}

/* "http://<your server>:<port>" is where a browser finds the app; apphost knows that by itself. */
static int is_own_address(const char *name, const char *said)
{
    return ends_with(name, "URL") && strstr(said, "://<") != NULL &&
           aphd_rockon_says(said, "port>");
}

/* en_US.UTF-8 */
static int is_locale(const char *text)
{
    return strlen(text) == 11 && text[2] == '_' && strcmp(text + 5, ".UTF-8") == 0;
}

/* What a label gives as example, as in "Web port [e.g. 8080]", where it is a number, a switch or a
 * language: these are what the app is made for. Other examples are somebody else's names. */
static const char *example(const char *label, apr_pool_t *p)
{
    static const char *const switches[] = {"true", "false", "yes", "no", "on", "off"};
    const char *at = strstr(label, "[e.g.");
    if (at == NULL)
        return NULL;
    at += strlen("[e.g.");
    at += strspn(at, " ");
    const char *text = apr_pstrmemdup(p, at, strcspn(at, " ]"));
    if (is_number(text) || is_locale(text))
        return text;
    for (size_t i = 0; i < sizeof switches / sizeof switches[0]; i++)
        if (strcasecmp(switches[i], text) == 0)
            return text;
    return NULL;
}

/* What would do for most, where the author could not say it; NULL: nothing would. */
static const char *usual(const char *name, const char *label, apr_pool_t *p)
{
    const char *text = example(label, p);
    if (is_owner(name))
        return text != NULL && is_number(text) ? text : "1000";
    if (strcmp(name, "TZ") == 0 || strcasecmp(name, "TIMEZONE") == 0)
        return "Etc/UTC";
    if (strcasecmp(name, "UMASK") == 0 || strcasecmp(name, "UMASK_SET") == 0)
        return "022";
    return text;
}

static int is_optional(const char *said)
{
    static const char *const words[] = {"optional",     "leave blank",   "leave empty",
                                        "can be blank", "can be empty",  "may be blank",
                                        "may be empty", "if not needed", "not required"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (aphd_rockon_says(said, words[i]))
            return 1;
    return 0;
}

/* Definitions of earlier years have a default, or a value that means the same. */
static const char *initial_of(aphd_rockon_t *r, const char *name, const json_t *about)
{
    static const char *const keys[] = {"default", "value"};
    for (size_t i = 0; i < 2; i++) {
        const json_t *value = json_object_get(about, keys[i]);
        const char *text = json_is_boolean(value) ? (json_is_true(value) ? "true" : "false")
                                                  : aphd_rockon_text(value, r->p);
        if (text != NULL && *text != '\0')
            return text;
    }
    return usual(name, aphd_rockon_plain(json_object_get(about, "label"), r->p), r->p);
}

/* A number where nothing else would do. */
static void bound(aphd_rockon_question_t *question, const char *name)
{
    int port = ends_with(name, "PORT");
    if ((!is_owner(name) && !port) || (question->initial != NULL && !is_number(question->initial)))
        return;
    if (port && question->initial != NULL &&
        (strlen(question->initial) > 5 || apr_atoi64(question->initial) < 1 ||
         apr_atoi64(question->initial) > 65535))
        return;
    question->type = "integer";
    question->bounded = 1;
    question->min = port;
    question->max = port ? 65535 : ID_LAST;
}

/* The name as docker takes it. One definition writes it as a shell would read it. */
static const char *variable_name(const char *name)
{
    name += *name == '$';
    size_t length = strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");
    return name[length] == '\0' && length > 0 && length <= 128 &&
                   strchr("0123456789", *name) == NULL
               ? name
               : NULL;
}

/* --- secrets two containers agree on --- */

static json_t *question_of(const aphd_rockon_t *r, const char *target, const char *but_service)
{
    size_t i;
    json_t *question;
    json_array_foreach(r->questions, i, question) {
        const char *service = json_string_value(json_object_get(question, "service"));
        const char *name = json_string_value(json_object_get(question, "target"));
        if (name != NULL && strcmp(name, target) == 0 && service != NULL &&
            strcmp(service, but_service) != 0 &&
            strcmp(json_string_value(json_object_get(question, "kind")), "environment") == 0)
            return question;
    }
    return NULL;
}

/* "Database password [same as above]", of the name another container's password has: one question
 * for both, whose answer both get. */
static int share(aphd_rockon_t *r, const aphd_rockon_container_t *c, const char *name,
                 const char *said)
{
    json_t *question = aphd_rockon_says(said, "same as") ? question_of(r, name, c->name) : NULL;
    if (question == NULL)
        return 0;
    const char *service = json_string_value(json_object_get(question, "service"));
    aphd_rockon_container_t *other = aphd_rockon_find(r, service);
    json_t *word =
        json_sprintf("{{answer.%s}}", json_string_value(json_object_get(question, "id")));
    json_object_set(json_object_get(other->service, "environment"), name, word);
    json_object_set(json_object_get(c->service, "environment"), name, word);
    json_object_set_new(question, "kind", json_string("custom"));
    json_object_del(question, "service");
    json_object_del(question, "target");
    json_decref(word);
    return 1;
}

/* Who has a password made up has to be told it, once; that of a database nobody types. */
static void tell(aphd_rockon_t *r, const aphd_rockon_container_t *c, const char *id)
{
    const json_t *asked = json_array_get(r->questions, json_array_size(r->questions) - 1);
    if (json_object_get(c->text, "ports") != NULL &&
        json_array_size(r->credentials) < CREDENTIALS_MAX)
        json_array_append_new(r->credentials,
                              json_pack("{s:O,s:s,s:o}", "label", json_object_get(asked, "label"),
                                        "user", "", "password", json_sprintf("{{answer.%s}}", id)));
}

static apr_status_t take_variable(aphd_rockon_t *r, aphd_rockon_container_t *c, const char *key,
                                  json_t *about)
{
    const char *name = variable_name(key), *bare = aphd_rockon_text(about, r->p);
    if (name == NULL)
        return aphd_rockon_malformed(r, c, "environment", key, "is not the name of a variable");
    if (!json_is_object(about) && bare == NULL)
        return aphd_rockon_malformed(r, c, "environment", key,
                                     "is not an object with label and description");
    const char *said = bare != NULL ? aphd_rockon_plain(about, r->p) : aphd_rockon_said(r, about);
    aphd_rockon_question_t question = {
        .id = name, .kind = "environment", .type = "text", .target = name, .from = about};
    if (bare != NULL) { /* a value, or a text that says what the value is */
        question.label = name;
        question.text = strchr(bare, ' ') != NULL ? said : "";
        question.initial = strchr(bare, ' ') != NULL ? usual(name, "", r->p) : bare;
    } else {
        question.initial = initial_of(r, name, about);
    }
    if (question.initial == NULL && is_own_address(name, said)) {
        json_object_set_new(json_object_get(c->service, "environment"), name,
                            json_string("{{url}}"));
        return APR_SUCCESS;
    }
    if (question.initial != NULL && *question.initial == '\0')
        question.initial = NULL;
    if (question.initial != NULL && !aphd_plain_fits(question.initial, 0))
        return aphd_rockon_malformed(r, c, "environment", key,
                                     "its default has a control character");
    bound(&question, name);
    aphd_rockon_secret_t secret = aphd_rockon_secret(name, said);
    if (secret != APHD_SECRET_NONE && share(r, c, name, said))
        return APR_SUCCESS;
    if (secret != APHD_SECRET_NONE)
        question.type = "secret";
    /* What others have to agree on cannot be made up here. */
    if (secret == APHD_SECRET_OWN && question.initial == NULL && !aphd_rockon_says(said, "same as"))
        question.generate = SECRET_LENGTH;
    question.required = question.initial == NULL && question.generate == 0 && !is_optional(said);
    const char *id = aphd_rockon_ask(r, c, &question);
    if (question.generate > 0)
        tell(r, c, id);
    return APR_SUCCESS;
}

apr_status_t aphd_rockon_environment(aphd_rockon_t *r, aphd_rockon_container_t *c)
{
    return aphd_rockon_each(r, c, "environment", take_variable);
}
