/* SPDX-License-Identifier: Apache-2.0 */
/* Operations about people that need no hash. Each that changes something is one transaction with
 * its audit record. */
#include "helper/monitor/people_ops.h"

#include <string.h>

#include "common/hostname.h"
#include "helper/monitor/log.h"

#define TOKEN_DAYS_MAX 3650
#define AUDITS_LISTED 100
#define AUDITS_MAX 1000
#define REFUSALS_AT_ONCE 20 /* recorded of a burst; then one every REFUSAL_MILLISECONDS */
#define REFUSAL_MILLISECONDS 3000

static const char *text_of(const json_t *args, const char *key)
{
    return json_string_value(json_object_get(args, key));
}

static apr_status_t needs_person(const aphd_who_t *who, const char *op, aph_error_t *err)
{
    if (who->user_id != 0)
        return APR_SUCCESS;
    return aph_error_set(err, APH_EUSAGE, 3020, "%s is for a person who is signed in; root is none",
                         op);
}

/* Whose things are meant: one's own, or those of name, which takes the scope people. Root without a
 * name means everyone's: 0. */
static apr_status_t subject(aphd_monitor_t *monitor, const aphd_order_t *order, int64_t *user_id,
                            aph_error_t *err)
{
    aphd_person_t person;
    const aphd_who_t *who = order->who;
    const char *name = text_of(order->args, "name");
    *user_id = who->user_id;
    if (name == NULL || (who->user_id != 0 && strcmp(name, who->user) == 0))
        return APR_SUCCESS;
    if (!who->root && (who->scopes & APH_SCOPE_PEOPLE) == 0)
        return aph_error_set(err, APH_EFORBIDDEN, 3021,
                             "%s of somebody else needs the scope people, which is not given here",
                             order->op->name);
    apr_status_t status = aphd_store_person(monitor->store, name, &person, err);
    *user_id = person.user_id;
    return status;
}

static json_t *scope_words(unsigned scopes)
{
    json_t *words = json_array();
    for (unsigned scope = 1; scope <= APH_SCOPES_ADMIN; scope <<= 1)
        if ((scopes & scope) != 0)
            json_array_append_new(words, json_string(aph_scope_name(scope)));
    return words;
}

/* --- looking --- */

static apr_status_t whoami(aphd_monitor_t *monitor, const aphd_order_t *order, json_t **answer,
                           aph_error_t *err)
{
    const aphd_who_t *who = order->who;
    json_auto_t *people = NULL;
    apr_status_t status = APR_SUCCESS;
    if (who->user_id != 0)
        status = aphd_store_people(monitor->store, who->user, &people, err);
    json_t *person = json_array_get(people, 0);
    if (status == APR_SUCCESS)
        *answer =
            json_pack("{s:O?, s:o, s:s}", "person", person, "scopes",
                      scope_words(who->root ? APH_SCOPES_ADMIN : who->scopes), "via", who->via);
    return status;
}

static apr_status_t person_list(aphd_monitor_t *monitor, const aphd_order_t *order, json_t **answer,
                                aph_error_t *err)
{
    json_t *people = NULL;
    apr_status_t status = aphd_store_people(monitor->store, NULL, &people, err);
    *answer = status == APR_SUCCESS ? json_pack("{s:o}", "people", people) : NULL;
    return status;
}

static apr_status_t session_list(aphd_monitor_t *monitor, const aphd_order_t *order,
                                 json_t **answer, aph_error_t *err)
{
    int64_t user_id;
    json_t *sessions = NULL;
    apr_status_t status = subject(monitor, order, &user_id, err);
    if (status == APR_SUCCESS)
        status = aphd_store_sessions(monitor->store, user_id, order->who->session, &sessions, err);
    *answer = status == APR_SUCCESS ? json_pack("{s:o}", "sessions", sessions) : NULL;
    return status;
}

static apr_status_t token_list(aphd_monitor_t *monitor, const aphd_order_t *order, json_t **answer,
                               aph_error_t *err)
{
    int64_t user_id;
    json_t *tokens = NULL;
    apr_status_t status = subject(monitor, order, &user_id, err);
    if (status == APR_SUCCESS)
        status = aphd_store_tokens(monitor->store, user_id, &tokens, err);
    *answer = status == APR_SUCCESS ? json_pack("{s:o}", "tokens", tokens) : NULL;
    return status;
}

static apr_status_t audit(aphd_monitor_t *monitor, const aphd_order_t *order, json_t **answer,
                          aph_error_t *err)
{
    json_int_t limit = json_integer_value(json_object_get(order->args, "limit"));
    aphd_audit_query_t query = {
        .before = json_integer_value(json_object_get(order->args, "before")),
        .name = text_of(order->args, "name"),
        .user = text_of(order->args, "user"),
        .limit = limit < 1 ? AUDITS_LISTED : limit > AUDITS_MAX ? AUDITS_MAX : (int)limit,
    };
    json_t *records = NULL;
    apr_status_t status = aphd_store_audits(monitor->store, &query, &records, err);
    *answer = status == APR_SUCCESS ? json_pack("{s:o}", "records", records) : NULL;
    return status;
}

/* --- changing --- */

static apr_status_t key_rotate(aphd_monitor_t *monitor, const aphd_order_t *order, json_t **answer,
                               aph_error_t *err)
{
    apr_status_t status =
        aphd_proof_rotate(monitor->settings->state_dir, monitor->httpd_key, err);
    monitor->has_httpd_key = status == APR_SUCCESS;
    return status;
}


static apr_status_t sign_out(aphd_monitor_t *monitor, const aphd_order_t *order, json_t **answer,
                             aph_error_t *err)
{
    aphd_person_t person;
    aphd_person_change_t nothing = {.disabled = -1};
    const aphd_who_t *who = order->who;
    char id[33] = "";
    apr_status_t status = needs_person(who, "sign-out", err);
    if (status != APR_SUCCESS)
        return status;
    if (json_is_true(json_object_get(order->args, "everywhere"))) {
        status = aphd_store_person(monitor->store, who->user, &person, err);
        return status == APR_SUCCESS ? aphd_store_person_change(monitor->store, &person, &nothing,
                                                                aphd_monitor_clock(), err)
                                     : status;
    }
    if (who->session[0] == '\0')
        return aph_error_set(err, APH_EUSAGE, 3022,
                             "sign-out is for a session; a token is removed");
    memcpy(id, who->session, sizeof id - 1);
    return aphd_store_session_end(monitor->store, who->user_id, id, err);
}

/* Role and groups of a person, as far as they are given. */
static apr_status_t check_person(const json_t *args, aph_error_t *err)
{
    const char *role = text_of(args, "role");
    size_t i;
    const json_t *group;
    if (role != NULL && aph_role_scopes(role) == 0)
        return aph_error_set(err, APH_EUSAGE, 3023, "a role is admin, viewer or user, not %s",
                             role);
    json_array_foreach(json_object_get(args, "groups"), i, group)
        if (!aph_label_valid(json_string_value(group)))
            return aph_error_set(err, APH_EUSAGE, 3024,
                                 "groups: a group's name is 1 to 63 characters a-z, 0-9 and -");
    return APR_SUCCESS;
}

static apr_status_t person_change(aphd_monitor_t *monitor, const aphd_order_t *order,
                                  json_t **answer, aph_error_t *err)
{
    aphd_person_t person;
    const json_t *disabled = json_object_get(order->args, "disabled");
    aphd_person_change_t change = {
        .role = text_of(order->args, "role"),
        .groups = json_object_get(order->args, "groups"),
        .disabled = disabled != NULL ? json_is_true(disabled) : -1,
    };
    apr_status_t status = check_person(order->args, err);
    if (status == APR_SUCCESS)
        status = aphd_store_person(monitor->store, text_of(order->args, "name"), &person, err);
    if (status == APR_SUCCESS)
        status =
            aphd_store_person_change(monitor->store, &person, &change, aphd_monitor_clock(), err);
    json_auto_t *people = NULL;
    if (status == APR_SUCCESS)
        status = aphd_store_people(monitor->store, person.name, &people, err);
    if (status == APR_SUCCESS)
        *answer = json_pack("{s:O}", "person", json_array_get(people, 0));
    return status;
}

static apr_status_t person_remove(aphd_monitor_t *monitor, const aphd_order_t *order,
                                  json_t **answer, aph_error_t *err)
{
    aphd_person_t person;
    apr_status_t status =
        aphd_store_person(monitor->store, text_of(order->args, "name"), &person, err);
    return status == APR_SUCCESS ? aphd_store_person_remove(monitor->store, &person, err) : status;
}

static apr_status_t session_end(aphd_monitor_t *monitor, const aphd_order_t *order, json_t **answer,
                                aph_error_t *err)
{
    int64_t user_id;
    apr_status_t status = subject(monitor, order, &user_id, err);
    if (status == APR_SUCCESS)
        status = aphd_store_session_end(monitor->store, user_id, text_of(order->args, "id"), err);
    return status;
}

/* The scopes a new token gets: those named, which whoever makes it must have. */
static apr_status_t token_scopes(const aphd_who_t *who, unsigned role, const json_t *named,
                                 unsigned *scopes, aph_error_t *err)
{
    unsigned most = who->root ? role : who->scopes;
    size_t i;
    const json_t *word;
    *scopes = json_array_size(named) == 0 ? APH_SCOPE_READ & most : 0;
    json_array_foreach((json_t *)named, i, word)
    {
        unsigned scope = aph_scope_parse(json_string_value(word));
        if (scope == 0 || (scope & most) == 0)
            return aph_error_set(err, scope == 0 ? APH_EUSAGE : APH_EFORBIDDEN, 3025,
                                 "scopes: %s %s", json_string_value(word),
                                 scope == 0
                                     ? "is none; there are self, read, inspect, run, install, "
                                       "catalog and people"
                                     : "is more than this person or token has itself");
        *scopes |= scope;
    }
    if (*scopes == 0)
        return aph_error_set(err, APH_EUSAGE, 3026, "scopes: name what the token may do");
    return APR_SUCCESS;
}

static apr_status_t token_add(aphd_monitor_t *monitor, const aphd_order_t *order, json_t **answer,
                              aph_error_t *err)
{
    const aphd_who_t *who = order->who;
    const char *name = text_of(order->args, "name");
    json_int_t days = json_integer_value(json_object_get(order->args, "days"));
    char text[APHD_SECRET_MAX], digest[APHD_DIGEST_DIGITS + 1];
    unsigned scopes = 0;
    int64_t token_id = 0, now = aphd_monitor_clock();
    aphd_person_t person;
    if (who->root && name == NULL)
        return aph_error_set(err, APH_EUSAGE, 3027, "token-add: name whose token it is");
    /* Nobody acts in another's name: what a token does is recorded as its person's. */
    if (!who->root && name != NULL && strcmp(name, who->user) != 0)
        return aph_error_set(err, APH_EFORBIDDEN, 3028,
                             "token-add: a token is made by its own person, or by root");
    if (days > TOKEN_DAYS_MAX)
        return aph_error_set(err, APH_EUSAGE, 3029, "days: at most %d", TOKEN_DAYS_MAX);
    apr_status_t status =
        aphd_store_person(monitor->store, name != NULL ? name : who->user, &person, err);
    if (status == APR_SUCCESS)
        status = token_scopes(who, aph_role_scopes(person.role),
                              json_object_get(order->args, "scopes"), &scopes, err);
    if (status == APR_SUCCESS)
        status = aphd_secret_make("aph_", text, digest, err);
    json_auto_t *words = scope_words(scopes);
    aphd_token_new_t token = {person.user_id, digest, text_of(order->args, "label"), words,
                              days > 0 ? now + days * 86400 : 0};
    if (status == APR_SUCCESS)
        status = aphd_store_token_add(monitor->store, &token, now, &token_id, err);
    if (status == APR_SUCCESS)
        *answer = json_pack("{s:I, s:s, s:s, s:s, s:O, s:o}", "id", (json_int_t)token_id, "token",
                            text, "name", person.name, "label", token.label, "scopes", words,
                            "expires", days > 0 ? json_integer(token.expires) : json_null());
    return status;
}

static apr_status_t token_remove(aphd_monitor_t *monitor, const aphd_order_t *order,
                                 json_t **answer, aph_error_t *err)
{
    int64_t user_id;
    apr_status_t status = subject(monitor, order, &user_id, err);
    if (status == APR_SUCCESS)
        status = aphd_store_token_remove(
            monitor->store, user_id, json_integer_value(json_object_get(order->args, "id")), err);
    return status;
}

/* --- dispatch --- */

static const struct {
    const char *name;
    apr_status_t (*answer)(aphd_monitor_t *monitor, const aphd_order_t *order, json_t **answer,
                           aph_error_t *err);
    unsigned changes : 1;
} rows[] = {
    {"whoami", whoami, 0},
    {"person-list", person_list, 0},
    {"session-list", session_list, 0},
    {"token-list", token_list, 0},
    {"audit", audit, 0},
    {"key-rotate", key_rotate, 1},
    {"sign-out", sign_out, 1},
    {"person-change", person_change, 1},
    {"person-remove", person_remove, 1},
    {"session-end", session_end, 1},
    {"token-add", token_add, 1},
    {"token-remove", token_remove, 1},
};

static apr_status_t change(aphd_monitor_t *monitor, const aphd_order_t *order, size_t row,
                           json_t **answer, aph_error_t *err)
{
    const char *name = text_of(order->args, "name");
    aphd_audit_t record = {order->op->name, name != NULL ? name : order->who->user, "done",
                           order->args};
    apr_status_t status = aphd_sql_begin(monitor->store, err);
    if (status != APR_SUCCESS)
        return status;
    status = rows[row].answer(monitor, order, answer, err);
    if (status == APR_SUCCESS)
        status = aphd_store_audit(monitor->store, order->who, &record, aphd_monitor_clock(), err);
    return aphd_sql_end(monitor->store, status, err);
}

apr_status_t aphd_people_answer(aphd_monitor_t *monitor, aphd_conn_t *conn,
                                const aphd_order_t *order, int *ours, aph_error_t *err)
{
    *ours = 0;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (strcmp(rows[i].name, order->op->name) != 0)
            continue;
        json_t *answer = NULL;
        *ours = 1;
        apr_status_t status = rows[i].changes ? change(monitor, order, i, &answer, err)
                                              : rows[i].answer(monitor, order, &answer, err);
        if (status == APR_SUCCESS)
            aphd_conn_answer(conn, answer != NULL ? answer : json_object());
        else
            json_decref(answer);
        return status;
    }
    return aphd_people_hash(monitor, conn, order, ours, err);
}

/* --- what was refused --- */

void aphd_people_refused(aphd_monitor_t *monitor, const aphd_who_t *who, const char *op,
                         const char *name)
{
    int64_t now = aphd_loop_now();
    int64_t more = (now - monitor->refusals_filled) / REFUSAL_MILLISECONDS;
    if (monitor->refusals_filled == 0 || more >= REFUSALS_AT_ONCE)
        more = REFUSALS_AT_ONCE;
    if (more > 0)
        monitor->refusals_filled = now;
    monitor->refusals_left += (int)more;
    if (monitor->refusals_left > REFUSALS_AT_ONCE)
        monitor->refusals_left = REFUSALS_AT_ONCE;
    if (monitor->store == NULL || monitor->refusals_left == 0) {
        monitor->refusals_unrecorded++;
        return;
    }
    json_auto_t *detail = monitor->refusals_unrecorded > 0 ? json_pack("{s:i}", "unrecorded_before",
                                                                       monitor->refusals_unrecorded)
                                                           : NULL;
    aphd_audit_t record = {op, name != NULL ? name : "", "refused", detail};
    monitor->refusals_left--;
    monitor->refusals_unrecorded = 0;
    aphd_store_audit(monitor->store, who, &record, aphd_monitor_clock(), NULL);
}
