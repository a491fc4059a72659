/* SPDX-License-Identifier: Apache-2.0 */
/* The answers to an entry's questions: whose word counts, what apphost makes up, and what a plan
 * says of it all. */
#include "helper/job/source.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <apr_strings.h>
#include <sodium.h>

#include "common/limits.h"
#include "helper/catalog/store.h"
#include "helper/job/answers_kept.h"
#include "helper/job/port_probe.h"

#define SECRET_LEAST 8
#define SECRET_MOST  128
#define PORT_TRIES   2000 /* ports that are looked at before a default that is taken is given up */

/* --- questions ----------------------------------------------------------------------------- */

static const char *text_of(const json_t *object, const char *member)
{
    const char *text = json_string_value(json_object_get(object, member));
    return text != NULL ? text : "";
}

const json_t *aphd_source_question(const json_t *manifest, const char *id)
{
    size_t i;
    json_t *question;
    json_array_foreach(json_object_get(manifest, "questions"), i, question)
        if (id != NULL && strcmp(text_of(question, "id"), id) == 0)
            return question;
    return NULL;
}

int aphd_source_is_secret(const json_t *question)
{
    return strcmp(text_of(question, "type"), "secret") == 0;
}

static int is_kind(const json_t *question, const char *kind)
{
    return strcmp(text_of(question, "kind"), kind) == 0;
}

/* --- what was given ------------------------------------------------------------------------ */

/* A new reference to the text of a scalar; NULL for anything else. */
static json_t *scalar_text(const json_t *value)
{
    if (json_is_string(value))
        return json_incref((json_t *)value);
    if (json_is_boolean(value))
        return json_string(json_is_true(value) ? "true" : "false");
    return json_is_integer(value) ? json_sprintf("%lld", (long long)json_integer_value(value))
                                  : NULL;
}

apr_status_t aphd_source_given(const aphd_job_t *job, json_t **given, aph_error_t *err)
{
    const char *text = aphd_job_text(job, "answers");
    const char *id;
    json_t *value;
    json_auto_t *parsed =
        text != NULL ? json_loads(text, JSON_REJECT_DUPLICATES, NULL) : json_object();
    *given = NULL;
    if (!json_is_object(parsed))
        return aph_error_set(err, APH_EUSAGE, 2590,
                             "the answers are not one JSON object of question and "
                             "answer; give {\"QUESTION\":\"ANSWER\",...}");
    *given = json_object();
    json_object_foreach(parsed, id, value) {
        json_t *answer = scalar_text(value);
        if (answer == NULL) {
            json_decref(*given);
            *given = NULL;
            return aph_error_set(err, APH_EUSAGE, 2591,
                                 "the answer to %.60s is not a text, a number or "
                                 "true or false",
                                 id);
        }
        json_object_set_new(*given, id, answer);
    }
    return APR_SUCCESS;
}

static apr_status_t check_known(aphd_job_t *job, const aphd_source_t *source, const json_t *given,
                                aph_error_t *err)
{
    const char *id, *asked = "", *unknown = "";
    json_t *ignored, *question;
    size_t i;
    json_object_foreach((json_t *)given, id, ignored)
        if (aphd_source_question(source->manifest, id) == NULL)
            unknown = apr_psprintf(job->p, "%s%s%.60s", unknown, unknown[0] != '\0' ? ", " : "",
                                   id);
    if (unknown[0] == '\0')
        return APR_SUCCESS;
    json_array_foreach(json_object_get(source->manifest, "questions"), i, question)
        asked = apr_pstrcat(job->p, asked, asked[0] != '\0' ? ", " : "", text_of(question, "id"),
                            NULL);
    return aph_error_set(err, APH_EUSAGE, 2592, "%s does not ask for %s; it asks for: %s",
                         source->name, unknown, asked[0] != '\0' ? asked : "nothing");
}

/* --- what apphost makes up ----------------------------------------------------------------- */

/* Letters and digits, which need no quoting wherever an entry puts them. */
static json_t *make_secret(json_int_t wanted)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    char secret[SECRET_MOST];
    size_t length = wanted < SECRET_LEAST  ? SECRET_LEAST
                    : wanted > SECRET_MOST ? SECRET_MOST
                                           : (size_t)wanted;
    for (size_t i = 0; i < length; i++)
        secret[i] = letters[randombytes_uniform(sizeof letters - 1)];
    json_t *made = json_stringn(secret, length);
    sodium_memzero(secret, sizeof secret);
    return made;
}

/* Nonzero for a text of digits that is a port. */
static int port_of(const char *text)
{
    size_t digits = strspn(text, "0123456789");
    int port = digits > 0 && digits < 6 && text[digits] == '\0' ? atoi(text) : 0;
    return port <= 65535 ? port : 0;
}

typedef struct ports_t {
    aphd_job_t *job;
    const aphd_source_t *source;
    const json_t *own;
} ports_t;

static int is_own(const ports_t *ports, int port)
{
    size_t i;
    json_t *row;
    json_array_foreach((json_t *)ports->own, i, row)
        if (json_integer_value(json_object_get(row, "host")) == port)
            return 1;
    return 0;
}

/* Another question of the entry was answered with it. */
static int is_answered(const ports_t *ports, int port)
{
    size_t i;
    json_t *question;
    json_array_foreach(json_object_get(ports->source->manifest, "questions"), i, question)
        if (is_kind(question, "port")
            && port_of(text_of(ports->source->answers, text_of(question, "id"))) == port)
            return 1;
    return 0;
}

static int is_free(const ports_t *ports, const json_t *question, int port)
{
    const char *protocol = text_of(question, "protocol");
    int last = APH_PORT_BASE + ports->job->settings->max_app_id;
    if ((port > APH_PORT_BASE && port <= last) || is_answered(ports, port))
        return 0;
    if (is_own(ports, port))
        return 1;
    return (strcmp(protocol, "udp") == 0 || aphd_port_free("0.0.0.0", port))
        && (strcmp(protocol, "tcp") == 0 || aphd_port_free_udp("0.0.0.0", port));
}

/* The default, or the next port above it that is free: 1024 or more, and none of apphost's own.
 * Where there is none the default stays, and whoever has it is named by the check of ports. */
static json_t *propose_port(const ports_t *ports, const json_t *question, json_t *moved)
{
    const char *wanted = text_of(question, "default");
    char owner[APHD_PORT_OWNER_MAX] = "another answer";
    const json_t *max = json_object_get(question, "max");
    int first = port_of(wanted);
    int last = json_is_integer(max) && json_integer_value(max) < 65535 ? (int)json_integer_value(max) : 65535;
    if (first == 0 || is_free(ports, question, first))
        return json_string(wanted);
    int port = first < 1024 ? 1024 : first + 1;
    for (int tries = 0; tries < PORT_TRIES && port <= last; tries++, port++) {
        if (!is_free(ports, question, port))
            continue;
        if (!is_answered(ports, first))
            aphd_port_owner(first, owner);
        json_array_append_new(moved, json_pack("{s:s, s:s, s:i, s:i, s:s}", "question",
                                               text_of(question, "id"), "label",
                                               text_of(question, "label"), "wanted", first,
                                               "port", port, "owner", owner));
        return json_sprintf("%d", port);
    }
    return json_string(wanted);
}

/* --- all answers --------------------------------------------------------------------------- */

/* A port nobody chose is kept as long as it still can be had. */
static int is_port_lost(const ports_t *ports, const json_t *question, const json_t *answer)
{
    int port = is_kind(question, "port") ? port_of(json_string_value(answer)) : 0;
    const json_t *min = json_object_get(question, "min"), *max = json_object_get(question, "max");
    return port != 0
        && ((json_is_integer(min) && port < json_integer_value(min))
            || (json_is_integer(max) && port > json_integer_value(max))
            || !is_free(ports, question, port));
}

/* What people said: now, or earlier. An empty answer leaves something out on purpose; but a secret
 * that is needed is made up all the same. */
static void take_given(const ports_t *ports, aphd_source_t *source, const json_t *question,
                       const json_t *given, const json_t *kept)
{
    const char *id = text_of(question, "id");
    json_t *answer = json_object_get(given, id);
    int said = json_is_string(answer);
    if (!said)
        answer = aphd_answers_kept(kept, question, &said);
    if (!json_is_string(answer) || (!said && is_port_lost(ports, question, answer))
        || (json_string_length(answer) == 0 && aphd_source_is_secret(question)))
        return;
    json_object_set(source->answers, id, answer);
    if (said)
        json_object_set(source->given, id, answer);
}

/* The default of a storage question would be its author's word for a folder of this machine: where
 * nobody answers, the reader is told that the answer is a folder of the app's own. */
static void fill(const ports_t *ports, aphd_source_t *source, const json_t *question)
{
    const char *id = text_of(question, "id");
    json_int_t generate = json_integer_value(json_object_get(question, "generate"));
    const json_t *by_default = json_object_get(question, "default");
    if (json_object_get(source->answers, id) != NULL)
        return;
    if (aphd_source_is_secret(question) && generate > 0) {
        json_object_set_new(source->answers, id, make_secret(generate));
        json_array_append_new(source->made, json_string(id));
    } else if (is_kind(question, "port") && json_is_string(by_default)) {
        json_object_set_new(source->answers, id, propose_port(ports, question, source->moved));
    } else if (is_kind(question, "storage")) {
        json_object_set_new(source->answers, id, json_string(""));
    } else if (json_is_string(by_default)) {
        json_object_set(source->answers, id, (json_t *)by_default);
    }
}

static void begin(aphd_source_t *source)
{
    json_decref(source->answers);
    json_decref(source->given);
    json_decref(source->made);
    json_decref(source->moved);
    source->answers = json_object();
    source->given = json_object();
    source->made = json_array();
    source->moved = json_array();
}

apr_status_t aphd_source_answer(aphd_job_t *job, aphd_source_t *source, const json_t *given,
                                const json_t *kept, const json_t *own, aph_error_t *err)
{
    ports_t ports = {job, source, own};
    size_t i;
    json_t *question;
    apr_status_t status = check_known(job, source, given, err);
    if (status != APR_SUCCESS)
        return status;
    if (sodium_init() < 0)
        return aph_error_set(err, APH_EINTERNAL, 2593,
                             "no random numbers are to be had for a secret");
    begin(source);
    json_array_foreach(json_object_get(source->manifest, "questions"), i, question)
        take_given(&ports, source, question, given, kept);
    json_array_foreach(json_object_get(source->manifest, "questions"), i, question)
        fill(&ports, source, question);
    json_auto_t *secrets = aphd_source_hidden(source);
    aphd_ask_hide(job->ask, secrets);
    return APR_SUCCESS;
}

/* --- kept for the next try ----------------------------------------------------------------- */

int aphd_source_was(const aphd_source_t *source, const char *entry)
{
    const char *slash = strchr(entry, '/');
    size_t prefix = slash != NULL ? (size_t)(slash + 1 - entry) : 0, i;
    const json_t *was;
    if (prefix == 0 || strncmp(source->name, entry, prefix) != 0)
        return 0;
    json_array_foreach(source->was, i, was)
        if (json_is_string(was) && strcmp(json_string_value(was), entry + prefix) == 0)
            return 1;
    return 0;
}

/* Secrets belong to the data, whoever has these next. What people said, they said to one entry. */
static json_t *kept_with_data(const aphd_source_t *source, const json_t *row)
{
    const json_t *data = json_object_get(json_object_get(row, "previous"), "kept");
    const char *entry = text_of(data, "entry");
    json_t *all = aphd_answers_of(data), *made;
    if (strcmp(entry, source->name) == 0 || aphd_source_was(source, entry))
        return all;
    made = aphd_answers_made(all);
    json_decref(all);
    return made;
}

apr_status_t aphd_source_kept(aphd_job_t *job, aphd_source_t *source, const char *name,
                              const json_t *row, json_t **kept, aph_error_t *err)
{
    aphd_catalog_store_t *store = NULL;
    json_auto_t *failed = NULL;
    aph_error_t why = APH_ERROR_INIT;
    *kept = kept_with_data(source, row);
    apr_status_t status = aphd_catalog_store_open(&store, job->settings->state_dir, 0, job->p, err);
    if (status != APR_SUCCESS)
        return status;
    status = aphd_answers_find(store, source->name, name, &failed, &why);
    aphd_catalog_store_close(store);
    if (status == APR_SUCCESS) {
        if (!source->remembered)
            aphd_report_log(&job->report,
                            "answers of the last try, which failed, are taken up again");
        source->remembered = 1;
        json_auto_t *tried = aphd_answers_tried(failed, source->revision, *kept);
        aphd_answers_merge(*kept, tried);
    } else if (status != APH_ENOTFOUND) {
        *err = why;
    }
    return status == APH_ENOTFOUND ? APR_SUCCESS : status;
}

apr_status_t aphd_source_remember(aphd_job_t *job, const char *entry, const char *name,
                                  const json_t *answers, aph_error_t *err)
{
    aphd_catalog_store_t *store = NULL;
    apr_status_t status = aphd_catalog_store_open(&store, job->settings->state_dir, 1, job->p, err);
    if (status == APR_SUCCESS)
        status = aphd_catalog_begin(store, err);
    if (status == APR_SUCCESS)
        status = answers != NULL ? aphd_answers_keep(store, entry, name, answers, err)
                                 : aphd_answers_forget(store, entry, name, err);
    if (status == APR_SUCCESS)
        status = aphd_catalog_commit(store, err);
    aphd_catalog_store_close(store);
    return status;
}

/* Where no entry was ever installed there is no store, and none is made for this. */
apr_status_t aphd_source_forget(aphd_job_t *job, const char *name, aph_error_t *err)
{
    aphd_catalog_store_t *store = NULL;
    if (access(apr_pstrcat(job->p, job->settings->state_dir, "/catalog.db", NULL), F_OK) != 0
        && errno == ENOENT)
        return APR_SUCCESS;
    apr_status_t status = aphd_catalog_store_open(&store, job->settings->state_dir, 1, job->p, err);
    if (status == APR_SUCCESS)
        status = aphd_catalog_begin(store, err);
    if (status == APR_SUCCESS)
        status = aphd_answers_forget_name(store, name, err);
    if (status == APR_SUCCESS)
        status = aphd_catalog_commit(store, err);
    aphd_catalog_store_close(store);
    return status;
}
