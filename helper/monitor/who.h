/* SPDX-License-Identifier: Apache-2.0 */
/* Who asks: what a frame says of its person, proven.
 *
 * A request carries at most one of three credentials in "auth":
 *   {"session":TEXT}  {"token":TEXT}   43 characters base64url of 32 random octets, a token's after
 *                                      "aph_". The database knows their SHA-256 and nothing else
 *   {"user":NAME,"groups":[...],"proof":HEX}   httpd says whom it has authenticated, and proves
 * that it is httpd (proof.h) Root on the socket needs none and may do all; with one he is that
 * person. Anyone else without one is nobody: a user id grants nothing, for httpd's is shared with
 * every CGI and PHP program. */
#ifndef APHD_WHO_H
#define APHD_WHO_H

#include <stdint.h>
#include <jansson.h>

#include "common/error.h"
#include "common/limits.h"
#include "helper/monitor/peer.h"

#define APHD_DIGEST_DIGITS 64
#define APHD_FROM_MAX 63
#define APHD_SECRET_MAX 48 /* a session or token as text, with its end */

typedef struct aphd_who_t {
    int64_t user_id;                      /* 0: no person: root on the machine, or nobody */
    char user[APH_LABEL_MAX + 1];
    char role[8];
    char via[APH_LABEL_MAX + 8]; /* "root", "session", "token LABEL", "httpd"; "": nobody */
    char session[APHD_DIGEST_DIGITS + 1]; /* its digest, or "" */
    char from[APHD_FROM_MAX + 1];         /* as httpd saw it, for the record only; or "" */
    unsigned scopes;
    unsigned root : 1;                    /* may do all */
    unsigned stale : 1;                   /* what was sent is no credential, or is none any more */
    unsigned uid;                         /* of the peer */
    int pid;
} aphd_who_t;

/* A new session or token: text (shown once) with prefix, and its digest. */
apr_status_t aphd_secret_make(const char *prefix, char text[APHD_SECRET_MAX],
                              char digest[APHD_DIGEST_DIGITS + 1], aph_error_t *err);

/* SHA-256 of text in hexadecimal digits. */
void aphd_secret_digest(const char *text, char digest[APHD_DIGEST_DIGITS + 1]);

/* Whether who may ask for op with args: APH_EFORBIDDEN, APH_ESIGNEDOUT. */
apr_status_t aphd_who_may(const aphd_who_t *who, const aph_op_t *op, const json_t *args,
                          aph_error_t *err);

#endif
