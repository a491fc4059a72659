/* SPDX-License-Identifier: Apache-2.0 */
/* The story: a text becomes a manifest (a foreign form is converted into one), the manifest becomes
 * ENTRY, and its services are read with samples in its placeholders, so that what is wrong with
 * them is said when the entry comes and not when somebody installs it. Applying is the same with
 * real words and answers, and then the answers become part of the services. */
#include <string.h>

#include "helper/read/entry_parts.h"

static const aphd_words_t samples = {.host_port = "35001",
                                     .webapp_path = "/srv/sample",
                                     .app_identifier = "apphost-sample-1",
                                     .app_hostname = "sample.home.arpa",
                                     .app_name = "sample",
                                     .app_url = "https://sample.home.arpa",
                                     .app_domain = "home.arpa"};

typedef struct parsed_t {
    json_t *manifest, *entry;
    const char *source; /* NULL: the manifest was made of another form */
    size_t length;
} parsed_t;

static void forget(parsed_t *parsed)
{
    json_decref(parsed->manifest);
    json_decref(parsed->entry);
}

/* Forms without a number of their own count as 0; a manifest has to count. */
static apr_status_t load(aphd_entry_form_t form, const char *text, size_t length, parsed_t *parsed,
                         apr_pool_t *p, aph_error_t *err)
{
    apr_status_t rv = APR_SUCCESS;
    if (form == APHD_ENTRY_APPHOST) {
        parsed->source = text;
        parsed->length = length;
        return aphd_manifest_load(text, length, &parsed->manifest, err);
    }
    rv = form == APHD_ENTRY_ROCKON ? aphd_rockon_convert(text, length, &parsed->manifest, p, err)
                                   : aphd_amahi_convert(text, length, &parsed->manifest, p, err);
    if (rv == APR_SUCCESS)
        rv = json_object_set_new(parsed->manifest, "revision", json_integer(1)) == 0 ? APR_SUCCESS
                                                                                      : APR_ENOMEM;
    return rv;
}

static apr_status_t parse(aphd_entry_form_t form, const char *text, size_t length, parsed_t *parsed,
                          apr_pool_t *p, aph_error_t *err)
{
    apr_status_t rv = load(form, text, length, parsed, p, err);
    if (rv == APR_SUCCESS)
        rv = aphd_manifest_normal(parsed->manifest, &parsed->entry, p, err);
    if (rv != APR_SUCCESS)
        return rv;
    json_object_set_new(parsed->entry, "format", json_string(aphd_form_name(form)));
    if (form != APHD_ENTRY_APPHOST)
        json_object_set_new(parsed->entry, "revision", json_integer(0));
    return aphd_questions_check(json_object_get(parsed->entry, "questions"), p, err);
}

/* answers, with words in place of secrets: notes are kept and shown, and credentials are what tells
 * them. */
static json_t *shown_answers(const json_t *entry, const json_t *answers)
{
    json_t *shown = json_copy((json_t *)answers);
    size_t i;
    json_t *question;
    json_array_foreach(json_object_get(entry, "questions"), i, question) {
        const char *type = json_string_value(json_object_get(question, "type"));
        const char *id = json_string_value(json_object_get(question, "id"));
        if (type != NULL && strcmp(type, "secret") == 0
            && json_string_length(json_object_get(answers, id)) > 0)
            json_object_set_new(shown, id, json_string("(secret)"));
    }
    return shown;
}

static apr_status_t fill_notes(const json_t *entry, aphd_filling_t *filling, const char **notes,
                               aph_error_t *err)
{
    const json_t *answers = filling->answers;
    json_auto_t *shown = shown_answers(entry, answers);
    filling->answers = shown;
    apr_status_t rv =
        aphd_fill(filling, json_string_value(json_object_get(entry, "notes")), notes, err);
    filling->answers = answers;
    if (rv != APR_SUCCESS)
        aph_error_wrap(err, "notes");
    return rv;
}

static apr_status_t fill_texts(json_t *entry, aphd_filling_t *filling, json_t **credentials,
                               const char **notes, aph_error_t *err)
{
    *credentials = json_deep_copy(json_object_get(entry, "credentials"));
    apr_status_t rv = aphd_fill_tree(filling, *credentials, err);
    if (rv != APR_SUCCESS)
        aph_error_wrap(err, "credentials");
    return rv == APR_SUCCESS ? fill_notes(entry, filling, notes, err) : rv;
}

/* Everything that depends on words and answers; the results are new references. */
typedef struct filled_t {
    json_t *answers, *problems, *script, *storage, *credentials;
    const char *notes;
} filled_t;

static apr_status_t fill(const parsed_t *parsed, const json_t *answers, const aphd_words_t *words,
                         filled_t *filled, apr_pool_t *p, aph_error_t *err)
{
    aphd_answers_judge(json_object_get(parsed->entry, "questions"), answers, &filled->answers,
                       &filled->problems, p);
    aphd_filling_t filling = {.words = words,
                              .answers = filled->answers,
                              .left = APH_FOREIGN_MAX,
                              .source = parsed->source,
                              .source_length = parsed->length,
                              .p = p};
    filled->storage = json_array();
    apr_status_t rv = aphd_body_read(parsed->manifest, &filling, &filled->script, err);
    if (rv == APR_SUCCESS)
        rv = aphd_body_names(filled->script, parsed->entry, p, err);
    if (rv == APR_SUCCESS)
        rv = fill_texts(parsed->entry, &filling, &filled->credentials, &filled->notes, err);
    if (rv == APR_SUCCESS)
        aphd_body_grow(filled->script, parsed->entry, &filling, filled->storage);
    return rv;
}

static void forget_filled(filled_t *filled)
{
    json_decref(filled->answers);
    json_decref(filled->problems);
    json_decref(filled->script);
    json_decref(filled->storage);
    json_decref(filled->credentials);
}

apr_status_t aphd_entry_read(aphd_entry_form_t form, const char *text, size_t length,
                             json_t **entry, apr_pool_t *p, aph_error_t *err)
{
    parsed_t parsed = {.manifest = NULL};
    filled_t filled = {.script = NULL};
    apr_status_t rv = parse(form, text, length, &parsed, p, err);
    if (rv == APR_SUCCESS)
        rv = fill(&parsed, NULL, &samples, &filled, p, err);
    if (rv == APR_SUCCESS)
        *entry = json_incref(parsed.entry);
    forget_filled(&filled);
    forget(&parsed);
    return rv;
}

apr_status_t aphd_entry_apply(aphd_entry_form_t form, const char *text, size_t length,
                              const json_t *answers, const aphd_words_t *words, json_t **applied,
                              apr_pool_t *p, aph_error_t *err)
{
    parsed_t parsed = {.manifest = NULL};
    filled_t filled = {.script = NULL};
    apr_status_t rv = parse(form, text, length, &parsed, p, err);
    if (rv == APR_SUCCESS)
        rv = fill(&parsed, answers, words, &filled, p, err);
    if (rv == APR_SUCCESS) {
        int sound = json_array_size(filled.problems) == 0;
        *applied = json_pack(
            "{s:O,s:O,s:o,s:O,s:O,s:s}", "entry", parsed.entry, "problems", filled.problems,
            "script", sound ? json_incref(filled.script) : json_null(), "storage", filled.storage,
            "credentials", filled.credentials, "notes", filled.notes);
    }
    forget_filled(&filled);
    forget(&parsed);
    return rv;
}
