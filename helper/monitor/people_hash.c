/* SPDX-License-Identifier: Apache-2.0 */
/* Operations with a password. First what can be refused without looking at it, then the child, then
 * what its answer means. A name that is no person's takes the same way, as long, to the same words.
 */
#include <stdio.h>
#include <string.h>

#include "common/hostname.h"
#include "helper/monitor/people_ops.h"

#define PASSWORD_MIN 10
#define PASSWORD_MAX 1024
#define AGENT_MAX 200

static const char *text_of(const json_t *args, const char *key)
{
    return json_string_value(json_object_get(args, key));
}

static int64_t seconds(void)
{
    return aphd_loop_now() / 1000;
}

/* Whether the account may be tried, and that it is tried now. */
static apr_status_t take_try(aphd_monitor_t *monitor, const aphd_who_t *who, const char *op,
                             const char *name, aph_error_t *err)
{
    int64_t wait = aphd_back_off_wait(&monitor->back_off, name, seconds());
    if (wait > 0) {
        aphd_people_refused(monitor, who, op, "");
        return aph_error_set(err, APH_ETOOFAST, 3040,
                             "wait %d seconds: there were too many tries with a wrong password",
                             (int)wait);
    }
    aphd_back_off_tried(&monitor->back_off, name, seconds());
    return APR_SUCCESS;
}

static apr_status_t check_new(const char *password, aph_error_t *err)
{
    size_t length = strlen(password);
    if (length >= PASSWORD_MIN && length <= PASSWORD_MAX)
        return APR_SUCCESS;
    return aph_error_set(err, APH_EUSAGE, 3041, "a password has %d to %d octets; this one has %d",
                         PASSWORD_MIN, PASSWORD_MAX, (int)length);
}

/* --- what the child is sent: {"given":TEXT,"hash":TEXT|null} to compare, {"make":TEXT|true} to
 * hash --- */

static apr_status_t ask_sign_in(aphd_monitor_t *monitor, const aphd_order_t *order,
                                json_t **request, aph_error_t *err)
{
    aphd_person_t person;
    const char *name = text_of(order->args, "name");
    const char *password = text_of(order->args, "password");
    const char *hash = NULL;
    if (strlen(password) > PASSWORD_MAX)
        return check_new(password, err);
    apr_status_t status = take_try(monitor, order->who, "sign-in", name, err);
    if (status != APR_SUCCESS)
        return status;
    status = aphd_store_person(monitor->store, name, &person, NULL);
    if (status != APR_SUCCESS && status != APH_ENOTFOUND)
        return status;
    if (status == APR_SUCCESS && !person.disabled && person.password[0] != '\0')
        hash = person.password;
    *request = json_pack("{s:s, s:s?}", "given", password, "hash", hash);
    return APR_SUCCESS;
}

static apr_status_t ask_password(aphd_monitor_t *monitor, const aphd_order_t *order,
                                 json_t **request, aph_error_t *err)
{
    aphd_person_t person;
    const char *old = text_of(order->args, "old"), *new = text_of(order->args, "new");
    if (order->who->user_id == 0)
        return aph_error_set(
            err, APH_EUSAGE, 3042,
            "password is for a person who is signed in; root uses person password");
    apr_status_t status = check_new(new, err);
    if (status == APR_SUCCESS && strlen(old) > PASSWORD_MAX)
        status = check_new(old, err);
    if (status == APR_SUCCESS)
        status = take_try(monitor, order->who, "password", order->who->user, err);
    if (status == APR_SUCCESS)
        status = aphd_store_person(monitor->store, order->who->user, &person, err);
    if (status == APR_SUCCESS)
        *request = json_pack("{s:s, s:s?, s:s}", "given", old, "hash",
                             person.password[0] != '\0' ? person.password : NULL, "make", new);
    return status;
}

static apr_status_t ask_person_add(aphd_monitor_t *monitor, const aphd_order_t *order,
                                   json_t **request, aph_error_t *err)
{
    aphd_person_t there;
    const char *name = text_of(order->args, "name"), *role = text_of(order->args, "role");
    const char *password = text_of(order->args, "password");
    size_t i;
    const json_t *group;
    if (aph_role_scopes(role) == 0)
        return aph_error_set(err, APH_EUSAGE, 3043, "a role is admin, viewer or user, not %s",
                             role);
    json_array_foreach(json_object_get(order->args, "groups"), i, group)
        if (!aph_label_valid(json_string_value(group)))
            return aph_error_set(err, APH_EUSAGE, 3044,
                                 "groups: a group's name is 1 to 63 characters a-z, 0-9 and -");
    if (aphd_store_person(monitor->store, name, &there, NULL) == APR_SUCCESS)
        return aph_error_set(err, APH_ETAKEN, 3045, "there is a person %s already", name);
    apr_status_t status = password != NULL ? check_new(password, err) : APR_SUCCESS;
    if (status == APR_SUCCESS && json_is_true(json_object_get(order->args, "external")))
        *request = json_object();
    else if (status == APR_SUCCESS)
        *request =
            json_pack("{s:o}", "make", password != NULL ? json_string(password) : json_true());
    return status;
}

static apr_status_t ask_person_password(aphd_monitor_t *monitor, const aphd_order_t *order,
                                        json_t **request, aph_error_t *err)
{
    aphd_person_t person;
    apr_status_t status =
        aphd_store_person(monitor->store, text_of(order->args, "name"), &person, err);
    if (status == APR_SUCCESS)
        *request = json_pack("{s:b}", "make", 1);
    return status;
}

/* --- what its answer means --- */

typedef struct found_t {
    const json_t *said, *request;
    const char *hash; /* of the new password, or NULL */
    aphd_who_t who;   /* for the record */
} found_t;

/* The hash that was compared is still the person's. */
static apr_status_t still_so(aphd_monitor_t *monitor, const char *name, const found_t *found,
                             aphd_person_t *person, aph_error_t *err)
{
    const char *compared = text_of(found->request, "hash");
    apr_status_t status = aphd_store_person(monitor->store, name, person, NULL);
    if (!json_is_true(json_object_get(found->said, "matches")) || compared == NULL
        || status == APH_ENOTFOUND || (status == APR_SUCCESS && person->disabled)
        || (status == APR_SUCCESS && strcmp(person->password, compared) != 0))
        return aph_error_set(err, APH_ESIGNEDOUT, 3046, "the name or the password is wrong");
    return status;
}

static apr_status_t did_sign_in(aphd_monitor_t *monitor, const aphd_order_t *order, found_t *found,
                                json_t **answer, aph_error_t *err)
{
    aphd_person_t person;
    char text[APHD_SECRET_MAX], agent[AGENT_MAX + 1];
    const char *given = text_of(order->args, "agent");
    int64_t now = aphd_monitor_clock();
    apr_status_t status =
        still_so(monitor, text_of(order->args, "name"), found, &person, err);
    if (status == APR_SUCCESS)
        status = aphd_secret_make("", text, found->who.session, err);
    if (status != APR_SUCCESS)
        return status;
    /* Cut between characters. */
    size_t length = given != NULL ? strlen(given) : 0;
    for (length = length < AGENT_MAX ? length : AGENT_MAX;
         length > 0 && given[length] != '\0' && (given[length] & 0xc0) == 0x80;)
        length--;
    snprintf(agent, sizeof agent, "%.*s", (int)length, given != NULL ? given : "");
    found->who.user_id = person.user_id;
    snprintf(found->who.user, sizeof found->who.user, "%s", person.name);
    snprintf(found->who.via, sizeof found->who.via, "session");
    aphd_back_off_right(&monitor->back_off, person.name);
    status = aphd_store_session_add(monitor->store, &found->who, agent, now, err);
    json_auto_t *people = NULL;
    if (status == APR_SUCCESS)
        status = aphd_store_people(monitor->store, person.name, &people, err);
    if (status == APR_SUCCESS)
        *answer = json_pack("{s:s, s:I, s:O}", "session", text, "expires",
                            (json_int_t)now + APHD_SESSION_SECONDS, "person",
                            json_array_get(people, 0));
    return status;
}

static apr_status_t did_password(aphd_monitor_t *monitor, const aphd_order_t *order, found_t *found,
                                 json_t **answer, aph_error_t *err)
{
    aphd_person_t person;
    aphd_person_change_t change = {
        .disabled = -1, .hash = found->hash, .keep = order->who->session};
    apr_status_t status = still_so(monitor, order->who->user, found, &person, err);
    if (status == APH_ESIGNEDOUT && err != NULL) {
        *err = (aph_error_t)APH_ERROR_INIT;
        return aph_error_set(err, APH_EDENIED, 3047, "the old password is wrong");
    }
    if (status != APR_SUCCESS)
        return status;
    aphd_back_off_right(&monitor->back_off, person.name);
    return aphd_store_person_change(monitor->store, &person, &change, aphd_monitor_clock(), err);
}

static apr_status_t did_person_add(aphd_monitor_t *monitor, const aphd_order_t *order,
                                   found_t *found, json_t **answer, aph_error_t *err)
{
    json_auto_t *people = NULL;
    apr_status_t status = aphd_store_person_add(monitor->store, order->args, found->hash,
                                                aphd_monitor_clock(), err);
    if (status == APR_SUCCESS)
        status = aphd_store_people(monitor->store, text_of(order->args, "name"), &people, err);
    if (status == APR_SUCCESS)
        *answer = json_pack("{s:O, s:s?}", "person", json_array_get(people, 0), "password",
                            text_of(found->said, "password"));
    return status;
}

static apr_status_t did_person_password(aphd_monitor_t *monitor, const aphd_order_t *order,
                                        found_t *found, json_t **answer, aph_error_t *err)
{
    aphd_person_t person;
    aphd_person_change_t change = {.disabled = -1, .hash = found->hash};
    apr_status_t status =
        aphd_store_person(monitor->store, text_of(order->args, "name"), &person, err);
    if (status == APR_SUCCESS)
        status =
            aphd_store_person_change(monitor->store, &person, &change, aphd_monitor_clock(), err);
    if (status == APR_SUCCESS) {
        aphd_back_off_right(&monitor->back_off, person.name);
        *answer = json_pack("{s:s, s:s?}", "name", person.name, "password",
                            text_of(found->said, "password"));
    }
    return status;
}

static const struct {
    const char *name;
    apr_status_t (*ask)(aphd_monitor_t *monitor, const aphd_order_t *order, json_t **request,
                        aph_error_t *err);
    apr_status_t (*did)(aphd_monitor_t *monitor, const aphd_order_t *order, found_t *found,
                        json_t **answer, aph_error_t *err);
} rows[] = {
    {"sign-in", ask_sign_in, did_sign_in},
    {"password", ask_password, did_password},
    {"person-add", ask_person_add, did_person_add},
    {"person-password", ask_person_password, did_person_password},
};

static int find_row(const char *name)
{
    for (int i = 0; i < (int)(sizeof rows / sizeof rows[0]); i++)
        if (strcmp(rows[i].name, name) == 0)
            return i;
    return -1;
}

/* A name that is no person's may be a password that was typed in the wrong field. */
static void record_refusal(aphd_monitor_t *monitor, const aphd_order_t *order)
{
    aphd_person_t person;
    const char *name = text_of(order->args, "name");
    int known = name != NULL
             && aphd_store_person(monitor->store, name, &person, NULL) == APR_SUCCESS;
    aphd_people_refused(monitor, order->who, order->op->name, known ? name : order->who->user);
}

apr_status_t aphd_people_hashed(aphd_monitor_t *monitor, const aphd_order_t *order,
                                const json_t *said, const json_t *request, json_t **answer,
                                aph_error_t *err)
{
    int row = find_row(order->op->name);
    found_t found = {said, request, text_of(said, "hash"), *order->who};
    if (row < 0 || (json_object_get(request, "make") != NULL && found.hash == NULL
                    && !json_is_false(json_object_get(said, "matches"))))
        return aph_error_set(err, APH_EINTERNAL, 3048, "%s: no hash came back", order->op->name);
    apr_status_t status = aphd_sql_begin(monitor->store, err);
    if (status != APR_SUCCESS)
        return status;
    status = rows[row].did(monitor, order, &found, answer, err);
    json_auto_t *detail = json_copy((json_t *)order->args);
    json_object_del(detail, "password");
    json_object_del(detail, "old");
    json_object_del(detail, "new");
    const char *name = text_of(order->args, "name");
    aphd_audit_t record = {order->op->name, name != NULL ? name : found.who.user, "done", detail};
    if (status == APR_SUCCESS)
        status = aphd_store_audit(monitor->store, &found.who, &record, aphd_monitor_clock(), err);
    status = aphd_sql_end(monitor->store, status, err);
    if (status == APH_ESIGNEDOUT || status == APH_EDENIED)
        record_refusal(monitor, order);
    if (status != APR_SUCCESS) {
        json_decref(*answer);
        *answer = NULL;
    } else if (*answer == NULL) {
        *answer = json_object();
    }
    return status;
}

apr_status_t aphd_people_hash(aphd_monitor_t *monitor, aphd_conn_t *conn, const aphd_order_t *order,
                              int *ours, aph_error_t *err)
{
    int row = find_row(order->op->name);
    json_t *request = NULL, *answer = NULL;
    *ours = row >= 0;
    if (row < 0)
        return APR_SUCCESS;
    apr_status_t status = rows[row].ask(monitor, order, &request, err);
    if (status != APR_SUCCESS)
        return status;
    if (json_object_size(request) > 0)
        return aphd_jobs_hash(monitor->jobs, conn, order, request, err);
    status = aphd_people_hashed(monitor, order, request, request, &answer, err);
    json_decref(request);
    if (status == APR_SUCCESS)
        aphd_conn_answer(conn, answer);
    return status;
}
