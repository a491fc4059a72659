/* SPDX-License-Identifier: Apache-2.0 */
/* The operation table and the check of a request against it. */
#ifndef APH_OPS_H
#define APH_OPS_H

#include <jansson.h>

#include "common/error.h"

typedef enum aph_op_kind_t { APH_OP_QUERY, APH_OP_JOB, APH_OP_STREAM } aph_op_kind_t;

/* What somebody may ask for. Root on the socket may do all and needs none of them; a person has
 * those of a role, a token those it was made with and its person still has. */
#define APH_SCOPE_ROOT    0u    /* no scope opens it */
#define APH_SCOPE_SELF    0x01u /* what concerns oneself: one's sessions, tokens, password */
#define APH_SCOPE_READ    0x02u /* what is here and how it is */
#define APH_SCOPE_INSPECT 0x04u /* what apps write and hold: logs, files, texts as rendered */
#define APH_SCOPE_RUN     0x08u /* start, stop, restart, cancel */
#define APH_SCOPE_INSTALL 0x10u /* install, update, roll back, uninstall */
#define APH_SCOPE_CATALOG 0x20u /* which revisions are offered */
#define APH_SCOPE_PEOPLE  0x40u /* other people, who may open which app, the audit log */
#define APH_SCOPE_ANYONE  0x80u /* before anybody has signed in */

#define APH_SCOPES_USER   APH_SCOPE_SELF /* opens the apps it was let in to, and nothing else */
#define APH_SCOPES_VIEWER (APH_SCOPES_USER | APH_SCOPE_READ)
#define APH_SCOPES_ADMIN  0x7fu

typedef struct aph_op_t {
    const char *name;      /* on the wire, and the verb of apphostctl */
    aph_op_kind_t kind;
    unsigned scope;        /* one of APH_SCOPE_... */
    const char *arguments; /* see ops.def */
    const char *usage;     /* NULL: reached by an option of another verb */
    const char *help;
} aph_op_t;

/* The table in its order; *count receives its length. Constant for the life of the process. */
const aph_op_t *aph_ops(size_t *count);

/* The operation of that name, or NULL. */
const aph_op_t *aph_op_find(const char *name);

/* "self", "read", ...; "root" and "anyone"; NULL for what is not one scope. And back, without the
 * last two; 0 for another word. */
const char *aph_scope_name(unsigned scope);
unsigned aph_scope_parse(const char *word);

/* The scopes of "admin", "viewer" or "user"; 0 for another word. */
unsigned aph_role_scopes(const char *role);

/* Whether somebody who is not root, with these scopes, may ask for op with args (borrowed, checked
 * by aph_op_check or not). APH_EFORBIDDEN names the scope, or the argument that is root's. */
apr_status_t aph_op_may(const aph_op_t *op, const json_t *args, unsigned scopes, aph_error_t *err);

/* The type of op's argument of that name, as ops.def writes it ("label", "list"...), or NULL where
 * op has no such argument. Constant. */
const char *aph_op_type(const aph_op_t *op, const char *name);

/* Checks args (a JSON object, borrowed) against op's arguments: unknown, missing, mistyped, too
 * long or out of range is APH_EUSAGE, naming the argument. */
apr_status_t aph_op_check(const aph_op_t *op, const json_t *args, aph_error_t *err);

#endif
