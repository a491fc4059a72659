/* SPDX-License-Identifier: Apache-2.0 */
/* The rows of people. */
#include <stdio.h>
#include <string.h>

#include "helper/monitor/people.h"
#include "helper/monitor/store_private.h"

static void copy_column(aphd_store_t *store, aphd_sql_t number, int column, char *text, size_t room)
{
    const char *value = aphd_sql_text(store, number, column);
    snprintf(text, room, "%s", value != NULL ? value : "");
}

apr_status_t aphd_store_person(aphd_store_t *store, const char *name, aphd_person_t *person,
                               aph_error_t *err)
{
    memset(person, 0, sizeof *person);
    apr_status_t status = aphd_sql_bind(store, SQL_PERSON, err, "t", name);
    if (status == APR_SUCCESS)
        status = aphd_sql_next(store, SQL_PERSON, err);
    if (status == APR_NOTFOUND)
        return aph_error_set(err, APH_ENOTFOUND, 3000,
                             "there is no person %s; `apphostctl person list` names them", name);
    if (status != APR_SUCCESS)
        return status;
    person->user_id = aphd_sql_int(store, SQL_PERSON, 0);
    copy_column(store, SQL_PERSON, 1, person->name, sizeof person->name);
    copy_column(store, SQL_PERSON, 2, person->role, sizeof person->role);
    copy_column(store, SQL_PERSON, 3, person->password, sizeof person->password);
    person->disabled = (int)aphd_sql_int(store, SQL_PERSON, 4);
    person->epoch = aphd_sql_int(store, SQL_PERSON, 5);
    aphd_sql_reset(store, SQL_PERSON);
    return APR_SUCCESS;
}

static json_t *read_person(aphd_store_t *store)
{
    return json_pack(
        "{s:s, s:s, s:o, s:b, s:b, s:I, s:I, s:I, s:I}", "name",
        aphd_sql_text(store, SQL_PEOPLE, 0), "role", aphd_sql_text(store, SQL_PEOPLE, 1), "groups",
        aphd_sql_json(store, SQL_PEOPLE, 2), "password", (int)aphd_sql_int(store, SQL_PEOPLE, 3),
        "disabled", (int)aphd_sql_int(store, SQL_PEOPLE, 4), "created",
        (json_int_t)aphd_sql_int(store, SQL_PEOPLE, 5), "changed",
        (json_int_t)aphd_sql_int(store, SQL_PEOPLE, 6), "sessions",
        (json_int_t)aphd_sql_int(store, SQL_PEOPLE, 7), "tokens",
        (json_int_t)aphd_sql_int(store, SQL_PEOPLE, 8));
}

apr_status_t aphd_store_people(aphd_store_t *store, const char *name, json_t **people,
                               aph_error_t *err)
{
    apr_status_t status = aphd_sql_bind(store, SQL_PEOPLE, err, "t", name);
    return status == APR_SUCCESS ? aphd_sql_list(store, SQL_PEOPLE, read_person, people, err)
                                 : status;
}

apr_status_t aphd_store_person_add(aphd_store_t *store, const json_t *args, const char *hash,
                                   int64_t now, aph_error_t *err)
{
    aphd_person_t there;
    const char *name = json_string_value(json_object_get(args, "name"));
    if (aphd_store_person(store, name, &there, NULL) == APR_SUCCESS)
        return aph_error_set(err, APH_ETAKEN, 3001, "there is a person %s already", name);
    return aphd_sql_run(store, SQL_PERSON_ADD, err, "ttjti", name,
                        json_string_value(json_object_get(args, "role")),
                        json_object_get(args, "groups"), hash, now);
}

/* Somebody must be left who can let others in. */
static apr_status_t check_admins(aphd_store_t *store, const aphd_person_t *person, aph_error_t *err)
{
    int64_t admins = 0;
    if (strcmp(person->role, "admin") != 0 || person->disabled)
        return APR_SUCCESS;
    apr_status_t status = aphd_sql_bind(store, SQL_ADMINS, err, "");
    if (status == APR_SUCCESS)
        status = aphd_sql_next(store, SQL_ADMINS, err);
    if (status != APR_SUCCESS)
        return status;
    admins = aphd_sql_int(store, SQL_ADMINS, 0);
    aphd_sql_reset(store, SQL_ADMINS);
    if (admins > 0)
        return APR_SUCCESS;
    return aph_error_set(err, APH_EDENIED, 3002,
                         "%s is the last admin, and stays one; make another person an admin first",
                         person->name);
}

apr_status_t aphd_store_person_change(aphd_store_t *store, const aphd_person_t *person,
                                      const aphd_person_change_t *change, int64_t now,
                                      aph_error_t *err)
{
    apr_status_t status = aphd_sql_run(store, SQL_PERSON_CHANGE, err, "itjiti", person->user_id,
                                       change->role, change->groups, (int64_t)change->disabled,
                                       change->hash, now);
    if (status == APR_SUCCESS)
        status = aphd_sql_run(store, SQL_SESSIONS_END, err, "it", person->user_id, change->keep);
    return status == APR_SUCCESS ? check_admins(store, person, err) : status;
}

apr_status_t aphd_store_person_remove(aphd_store_t *store, const aphd_person_t *person,
                                      aph_error_t *err)
{
    apr_status_t status = aphd_sql_run(store, SQL_PERSON_REMOVE, err, "i", person->user_id);
    return status == APR_SUCCESS ? check_admins(store, person, err) : status;
}
