/* SPDX-License-Identifier: Apache-2.0 */
#include "helper/monitor/who.h"

#include <stdio.h>
#include <string.h>
#include <sodium.h>

#include "helper/monitor/people_ops.h"

#define SECRET_OCTETS 32
#define SECRET_DIGITS 43
#define TOKEN_PREFIX "aph_"

/* --- secrets --- */

void aphd_secret_digest(const char *text, char digest[APHD_DIGEST_DIGITS + 1])
{
    unsigned char octets[crypto_hash_sha256_BYTES];
    _Static_assert(sizeof octets * 2 == APHD_DIGEST_DIGITS, "digits of a digest");
    crypto_hash_sha256(octets, (const unsigned char *)text, strlen(text));
    sodium_bin2hex(digest, APHD_DIGEST_DIGITS + 1, octets, sizeof octets);
}

apr_status_t aphd_secret_make(const char *prefix, char text[APHD_SECRET_MAX],
                              char digest[APHD_DIGEST_DIGITS + 1], aph_error_t *err)
{
    unsigned char octets[SECRET_OCTETS];
    size_t length = strlen(prefix);
    if (sodium_init() < 0 || length + SECRET_DIGITS >= APHD_SECRET_MAX)
        return aph_error_set(err, APH_EINTERNAL, 3010, "no random number can be had");
    randombytes_buf(octets, sizeof octets);
    snprintf(text, APHD_SECRET_MAX, "%s", prefix);
    sodium_bin2base64(text + length, APHD_SECRET_MAX - length, octets, sizeof octets,
                      sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    sodium_memzero(octets, sizeof octets);
    aphd_secret_digest(text, digest);
    return APR_SUCCESS;
}

/* --- reading --- */

/* Only what we could have made is looked for. */
static int well_formed(const char *text, const char *prefix)
{
    size_t length = strlen(prefix);
    return text != NULL && strncmp(text, prefix, length) == 0 &&
           strspn(text + length,
                  "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") ==
               SECRET_DIGITS &&
           text[length + SECRET_DIGITS] == '\0';
}

static apr_status_t read_secret(aphd_monitor_t *monitor, const json_t *auth, aphd_who_t *who,
                                aph_error_t *err)
{
    char digest[APHD_DIGEST_DIGITS + 1];
    const char *session = json_string_value(json_object_get(auth, "session"));
    const char *token = json_string_value(json_object_get(auth, "token"));
    apr_status_t status = APR_NOTFOUND;
    if (json_object_size(auth) != 1 || (session == NULL && token == NULL))
        return aph_error_set(err, APH_EUSAGE, 3011,
                             "auth is {\"session\":TEXT} or {\"token\":TEXT}");
    if (monitor->store != NULL && session != NULL && well_formed(session, "")) {
        aphd_secret_digest(session, digest);
        status = aphd_store_session(monitor->store, digest, aphd_monitor_clock(), who, err);
    } else if (monitor->store != NULL && token != NULL && well_formed(token, TOKEN_PREFIX)) {
        aphd_secret_digest(token, digest);
        status = aphd_store_token(monitor->store, digest, aphd_monitor_clock(), who, err);
    }
    who->stale = status == APR_NOTFOUND;
    return who->stale ? APR_SUCCESS : status;
}

/* Whom httpd has authenticated counts where he is a person here: with the role he has here. */
static apr_status_t read_proof(aphd_monitor_t *monitor, aphd_nonce_t *nonce, const aph_op_t *op,
                               const json_t *auth, aphd_who_t *who, aph_error_t *err)
{
    aphd_person_t person;
    const json_t *groups = json_object_get(auth, "groups");
    size_t known = 2 + (groups != NULL);
    if (json_object_size(auth) != known || !json_is_string(json_object_get(auth, "user")) ||
        !json_is_string(json_object_get(auth, "proof")) ||
        (groups != NULL && !json_is_array(groups)))
        return aph_error_set(err, APH_EUSAGE, 3083,
                             "auth of httpd is {\"user\":NAME,\"groups\":[...],\"proof\":HEX}");
    who->stale = 1;
    if (!monitor->has_httpd_key || monitor->store == NULL
        || !aphd_proof_holds(nonce, monitor->httpd_key, op->name, auth))
        return APR_SUCCESS;
    apr_status_t status = aphd_store_person(
        monitor->store, json_string_value(json_object_get(auth, "user")), &person, NULL);
    if (status == APH_ENOTFOUND || (status == APR_SUCCESS && person.disabled))
        return APR_SUCCESS;
    if (status != APR_SUCCESS)
        return aph_error_set(err, status, 3084, "people cannot be read");
    who->stale = 0;
    who->user_id = person.user_id;
    who->scopes = aph_role_scopes(person.role);
    snprintf(who->user, sizeof who->user, "%s", person.name);
    snprintf(who->role, sizeof who->role, "%s", person.role);
    snprintf(who->via, sizeof who->via, "httpd");
    return APR_SUCCESS;
}

apr_status_t aphd_who_read(aphd_monitor_t *monitor, aphd_conn_t *conn, const aph_op_t *op,
                           const json_t *request, aphd_who_t *who, aph_error_t *err)
{
    const aphd_peer_t *peer = aphd_conn_peer(conn);
    const json_t *auth = json_object_get(request, "auth");
    const json_t *from = json_object_get(request, "from");
    memset(who, 0, sizeof *who);
    who->uid = peer->uid;
    who->pid = (int)peer->pid;
    if (from != NULL &&
        (!json_is_string(from) || json_string_length(from) > APHD_FROM_MAX ||
         strspn(json_string_value(from), "0123456789abcdefABCDEF.:%") < json_string_length(from)))
        return aph_error_set(err, APH_EUSAGE, 3012, "from is an address as text");
    if (from != NULL)
        snprintf(who->from, sizeof who->from, "%s", json_string_value(from));
    aphd_nonce_t nonce = *aphd_conn_nonce(conn);
    aphd_conn_nonce(conn)->valid = 0; /* for this request or none */
    if (json_object_get(auth, "proof") != NULL)
        return read_proof(monitor, &nonce, op, auth, who, err);
    if (auth != NULL)
        return read_secret(monitor, auth, who, err);
    who->root = peer->uid == 0;
    if (who->root)
        snprintf(who->via, sizeof who->via, "root");
    return APR_SUCCESS;
}

/* --- deciding --- */

apr_status_t aphd_who_may(const aphd_who_t *who, const aph_op_t *op, const json_t *args,
                          aph_error_t *err)
{
    if (who->root || op->scope == APH_SCOPE_ANYONE)
        return APR_SUCCESS;
    if (who->stale)
        return aph_error_set(err, APH_ESIGNEDOUT, 3013,
                             "%s: the session has ended or the token is not valid; sign in again",
                             op->name);
    if (who->user_id == 0)
        return aph_error_set(err, APH_EFORBIDDEN, 801,
                             "%s: user id %u may not do that; run the command as root", op->name,
                             who->uid);
    return aph_op_may(op, args, who->scopes, err);
}
