/* SPDX-License-Identifier: Apache-2.0 */
/* The rows of sessions and tokens: found by the digest of what was shown. */
#include <stdio.h>
#include <string.h>

#include "helper/monitor/people.h"
#include "helper/monitor/store_private.h"

/* The columns user_id, name, role, seen, which both kinds begin with. *stale: seen is to be
 * written. */
static apr_status_t read_who(aphd_store_t *store, aphd_sql_t number, int64_t now, aphd_who_t *who,
                             int *stale, aph_error_t *err)
{
    apr_status_t status = aphd_sql_next(store, number, err);
    if (status != APR_SUCCESS)
        return status;
    who->user_id = aphd_sql_int(store, number, 0);
    snprintf(who->user, sizeof who->user, "%s", aphd_sql_text(store, number, 1));
    snprintf(who->role, sizeof who->role, "%s", aphd_sql_text(store, number, 2));
    who->scopes = aph_role_scopes(who->role);
    *stale = aphd_sql_int(store, number, 3) + APHD_SEEN_SECONDS <= now;
    return APR_SUCCESS;
}

apr_status_t aphd_store_session(aphd_store_t *store, const char *digest, int64_t now,
                                aphd_who_t *who, aph_error_t *err)
{
    int stale = 0;
    apr_status_t status = aphd_sql_bind(store, SQL_SESSION, err, "tii", digest, now,
                                        now - APHD_SESSION_IDLE_SECONDS);
    if (status == APR_SUCCESS)
        status = read_who(store, SQL_SESSION, now, who, &stale, err);
    if (status != APR_SUCCESS)
        return status;
    aphd_sql_reset(store, SQL_SESSION);
    snprintf(who->via, sizeof who->via, "session");
    snprintf(who->session, sizeof who->session, "%s", digest);
    /* A full disk must not sign anybody out. */
    if (stale)
        aphd_sql_run(store, SQL_SESSION_SEEN, NULL, "ti", digest, now);
    return APR_SUCCESS;
}

/* What of its person's scopes a token has. */
static unsigned cut_scopes(unsigned scopes, const json_t *words)
{
    unsigned given = 0;
    size_t i;
    const json_t *word;
    json_array_foreach((json_t *)words, i, word)
        if (json_is_string(word))
            given |= aph_scope_parse(json_string_value(word));
    return scopes & given;
}

apr_status_t aphd_store_token(aphd_store_t *store, const char *digest, int64_t now, aphd_who_t *who,
                              aph_error_t *err)
{
    int stale = 0;
    apr_status_t status = aphd_sql_bind(store, SQL_TOKEN, err, "ti", digest, now);
    if (status == APR_SUCCESS)
        status = read_who(store, SQL_TOKEN, now, who, &stale, err);
    if (status != APR_SUCCESS)
        return status;
    json_auto_t *words = aphd_sql_json(store, SQL_TOKEN, 6);
    int64_t token_id = aphd_sql_int(store, SQL_TOKEN, 4);
    snprintf(who->via, sizeof who->via, "token %s", aphd_sql_text(store, SQL_TOKEN, 5));
    who->scopes = cut_scopes(who->scopes, words);
    aphd_sql_reset(store, SQL_TOKEN);
    if (stale)
        aphd_sql_run(store, SQL_TOKEN_SEEN, NULL, "ii", token_id, now);
    return APR_SUCCESS;
}

apr_status_t aphd_store_session_add(aphd_store_t *store, const aphd_who_t *who, const char *agent,
                                    int64_t now, aph_error_t *err)
{
    apr_status_t status =
        aphd_sql_run(store, SQL_SESSION_ADD, err, "tiiitt", who->session, who->user_id, now,
                     now + APHD_SESSION_SECONDS, who->from, agent);
    if (status != APR_SUCCESS)
        return status;
    return aphd_sql_run(store, SQL_SESSIONS_PRUNE, err, "iiii", now,
                        now - APHD_SESSION_IDLE_SECONDS, who->user_id,
                        (int64_t)APHD_SESSIONS_PER_PERSON);
}

static json_t *read_session(aphd_store_t *store)
{
    return json_pack("{s:s, s:s, s:I, s:I, s:I, s:s?, s:s?, s:b}", "id",
                     aphd_sql_text(store, SQL_SESSIONS, 0), "name",
                     aphd_sql_text(store, SQL_SESSIONS, 1), "created",
                     (json_int_t)aphd_sql_int(store, SQL_SESSIONS, 2), "seen",
                     (json_int_t)aphd_sql_int(store, SQL_SESSIONS, 3), "expires",
                     (json_int_t)aphd_sql_int(store, SQL_SESSIONS, 4), "from",
                     aphd_sql_text(store, SQL_SESSIONS, 5), "agent",
                     aphd_sql_text(store, SQL_SESSIONS, 6), "current",
                     (int)aphd_sql_int(store, SQL_SESSIONS, 7));
}

apr_status_t aphd_store_sessions(aphd_store_t *store, int64_t user_id, const char *current,
                                 json_t **sessions, aph_error_t *err)
{
    apr_status_t status = aphd_sql_bind(store, SQL_SESSIONS, err, "it", user_id, current);
    return status == APR_SUCCESS ? aphd_sql_list(store, SQL_SESSIONS, read_session, sessions, err)
                                 : status;
}

apr_status_t aphd_store_session_end(aphd_store_t *store, int64_t user_id, const char *id,
                                    aph_error_t *err)
{
    apr_status_t status = aphd_sql_run(store, SQL_SESSION_END, err, "ti", id, user_id);
    if (status == APR_SUCCESS && sqlite3_changes(store->db) == 0)
        status = aph_error_set(err, APH_ENOTFOUND, 3003,
                               "there is no such session; `apphostctl session list` shows them");
    return status;
}

apr_status_t aphd_store_token_add(aphd_store_t *store, const aphd_token_new_t *token, int64_t now,
                                  int64_t *token_id, aph_error_t *err)
{
    int64_t count = 0;
    apr_status_t status = aphd_sql_bind(store, SQL_TOKENS_COUNT, err, "i", token->user_id);
    if (status == APR_SUCCESS)
        status = aphd_sql_next(store, SQL_TOKENS_COUNT, err);
    if (status != APR_SUCCESS)
        return status;
    count = aphd_sql_int(store, SQL_TOKENS_COUNT, 0);
    aphd_sql_reset(store, SQL_TOKENS_COUNT);
    if (count >= APHD_TOKENS_PER_PERSON)
        return aph_error_set(err, APH_EEXHAUSTED, 3004,
                             "a person has at most %d tokens; remove one that is not needed",
                             APHD_TOKENS_PER_PERSON);
    status = aphd_sql_run(store, SQL_TOKEN_ADD, err, "titjii", token->digest, token->user_id,
                          token->label, token->scopes, now,
                          token->expires != 0 ? token->expires : (int64_t)INT64_MAX);
    *token_id = sqlite3_last_insert_rowid(store->db);
    return status;
}

static json_t *moment(aphd_store_t *store, int column)
{
    int64_t at = aphd_sql_int(store, SQL_TOKENS, column);
    return at != 0 && at != INT64_MAX ? json_integer(at) : json_null();
}

static json_t *read_token(aphd_store_t *store)
{
    return json_pack("{s:I, s:s, s:s, s:o, s:I, s:o, s:o}", "id",
                     (json_int_t)aphd_sql_int(store, SQL_TOKENS, 0), "name",
                     aphd_sql_text(store, SQL_TOKENS, 1), "label",
                     aphd_sql_text(store, SQL_TOKENS, 2), "scopes",
                     aphd_sql_json(store, SQL_TOKENS, 3), "created",
                     (json_int_t)aphd_sql_int(store, SQL_TOKENS, 4), "expires",
                     moment(store, 5), "seen", moment(store, 6));
}

apr_status_t aphd_store_tokens(aphd_store_t *store, int64_t user_id, json_t **tokens,
                               aph_error_t *err)
{
    apr_status_t status = aphd_sql_bind(store, SQL_TOKENS, err, "i", user_id);
    return status == APR_SUCCESS ? aphd_sql_list(store, SQL_TOKENS, read_token, tokens, err)
                                 : status;
}

apr_status_t aphd_store_token_remove(aphd_store_t *store, int64_t user_id, int64_t token_id,
                                     aph_error_t *err)
{
    apr_status_t status = aphd_sql_run(store, SQL_TOKEN_REMOVE, err, "ii", token_id, user_id);
    if (status == APR_SUCCESS && sqlite3_changes(store->db) == 0)
        status = aph_error_set(err, APH_ENOTFOUND, 3005,
                               "there is no such token; `apphostctl token list` shows them");
    return status;
}
