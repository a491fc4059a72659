/* SPDX-License-Identifier: Apache-2.0 */
/* That a request comes from httpd, and not from a script that shares its user id: httpd's parent,
 * which is root, reads StateDir/httpd.key, and answers a challenge with it. The key is never sent.
 *
 * proof = hex(crypto_auth(nonce || op || 0 || user || 0 || groups joined by ",")), nonce as 32
 * octets. */
#ifndef APHD_PROOF_H
#define APHD_PROOF_H

#include <jansson.h>

#include "common/error.h"

#define APHD_HTTPD_KEY "httpd.key"
#define APHD_PROOF_OCTETS 32

/* A nonce is for one request of one connection. */
typedef struct aphd_nonce_t {
    unsigned char octets[APHD_PROOF_OCTETS];
    int valid;
} aphd_nonce_t;

/* Reads the key in state_dir; makes it where there is none, as httpd does: who comes second takes
 * that of the first. APH_ECONFIG where others could have read or made it. */
apr_status_t aphd_proof_key(const char *state_dir, unsigned char key[APHD_PROOF_OCTETS],
                            aph_error_t *err);

/* Another key in its place. */
apr_status_t aphd_proof_rotate(const char *state_dir, unsigned char key[APHD_PROOF_OCTETS],
                               aph_error_t *err);

/* Draws a nonce: hex holds 65 octets. */
void aphd_proof_challenge(aphd_nonce_t *nonce, char *hex);

/* Nonzero where auth ({"user","groups","proof"}) proves op. The nonce is used up in any case. */
int aphd_proof_holds(aphd_nonce_t *nonce, const unsigned char *key, const char *op,
                     const json_t *auth);

#endif
