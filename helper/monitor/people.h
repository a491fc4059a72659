/* SPDX-License-Identifier: Apache-2.0 */
/* People, their sessions and tokens, and the audit log: rows of the database (store.h). What
 * changes something here is called inside of a transaction (aphd_sql_begin), which also takes the
 * audit record: there is no change without it. */
#ifndef APHD_PEOPLE_H
#define APHD_PEOPLE_H

#include "helper/monitor/store.h"
#include "helper/monitor/who.h"

#define APHD_SESSION_SECONDS (30 * 86400)
#define APHD_SESSION_IDLE_SECONDS (7 * 86400)
#define APHD_SESSIONS_PER_PERSON 64 /* the one unused for longest makes room */
#define APHD_TOKENS_PER_PERSON 64
#define APHD_SEEN_SECONDS 60        /* how exactly it is known when something was last used */
#define APHD_PASSWORD_HASH_MAX 128
#define APHD_REFUSALS_KEPT 1000

typedef struct aphd_person_t {
    int64_t user_id;
    char name[APH_LABEL_MAX + 1];
    char role[8];
    char password[APHD_PASSWORD_HASH_MAX]; /* Argon2id, or "": cannot sign in with one */
    int64_t epoch;                         /* rises with whatever ends what was made before it */
    int disabled;
} aphd_person_t;

/* --- store_people.c --- */

/* APH_ENOTFOUND. */
apr_status_t aphd_store_person(aphd_store_t *store, const char *name, aphd_person_t *person,
                               aph_error_t *err);

/* [{"name","role","groups","password":BOOL,"disabled","created","changed","sessions":N,
 *   "tokens":N}],
 * of all or of name: new reference. */
apr_status_t aphd_store_people(aphd_store_t *store, const char *name, json_t **people,
                               aph_error_t *err);

/* APH_ETAKEN. groups and hash may be NULL. */
apr_status_t aphd_store_person_add(aphd_store_t *store, const json_t *args, const char *hash,
                                   int64_t now, aph_error_t *err);

typedef struct aphd_person_change_t {
    const char *role;     /* NULL: as it is */
    const json_t *groups; /* array of texts; NULL: as they are */
    int disabled;         /* -1: as it is */
    const char *hash;     /* NULL: as it is */
    const char *keep;     /* digest of the session that does not end with it; or NULL */
} aphd_person_change_t;

/* The epoch rises and sessions end. APH_EDENIED where no admin would remain. */
apr_status_t aphd_store_person_change(aphd_store_t *store, const aphd_person_t *person,
                                      const aphd_person_change_t *change, int64_t now,
                                      aph_error_t *err);
apr_status_t aphd_store_person_remove(aphd_store_t *store, const aphd_person_t *person,
                                      aph_error_t *err);

/* --- store_sessions.c: user_id 0 stands for everyone --- */

/* Fills who with the person of that session or token: APR_NOTFOUND where there is none that is
 * valid now. */
apr_status_t aphd_store_session(aphd_store_t *store, const char *digest, int64_t now,
                                aphd_who_t *who, aph_error_t *err);
apr_status_t aphd_store_token(aphd_store_t *store, const char *digest, int64_t now, aphd_who_t *who,
                              aph_error_t *err);

/* Also forgets what has run out. */
apr_status_t aphd_store_session_add(aphd_store_t *store, const aphd_who_t *who, const char *agent,
                                    int64_t now, aph_error_t *err);
apr_status_t aphd_store_sessions(aphd_store_t *store, int64_t user_id, const char *current,
                                 json_t **sessions, aph_error_t *err);
apr_status_t aphd_store_session_end(aphd_store_t *store, int64_t user_id, const char *id,
                                    aph_error_t *err);

typedef struct aphd_token_new_t {
    int64_t user_id;
    const char *digest, *label;
    const json_t *scopes;
    int64_t expires; /* 0: never */
} aphd_token_new_t;

apr_status_t aphd_store_token_add(aphd_store_t *store, const aphd_token_new_t *token, int64_t now,
                                  int64_t *token_id, aph_error_t *err);
apr_status_t aphd_store_tokens(aphd_store_t *store, int64_t user_id, json_t **tokens,
                               aph_error_t *err);
apr_status_t aphd_store_token_remove(aphd_store_t *store, int64_t user_id, int64_t token_id,
                                     aph_error_t *err);

/* --- store_audit.c --- */

typedef struct aphd_audit_t {
    const char *op, *name; /* what was asked for, and of whom or what; name may be "" */
    const char *result;    /* "done", "refused"; a job's own words */
    const json_t *detail;  /* without secrets; or NULL */
} aphd_audit_t;

apr_status_t aphd_store_audit(aphd_store_t *store, const aphd_who_t *who,
                              const aphd_audit_t *record, int64_t now, aph_error_t *err);

typedef struct aphd_audit_query_t {
    int64_t before;         /* records older than that one; 0: the latest */
    const char *name, *user;/* or NULL */
    int limit;
} aphd_audit_query_t;

/* Newest first: [{"id","at","user","via","from","op","name","job_id","result","detail","uid"}]. */
apr_status_t aphd_store_audits(aphd_store_t *store, const aphd_audit_query_t *query,
                               json_t **records, aph_error_t *err);

#endif
