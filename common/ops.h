/* SPDX-License-Identifier: Apache-2.0 */
/* The operation table and the check of a request against it. */
#ifndef APH_OPS_H
#define APH_OPS_H

#include <jansson.h>

#include "common/error.h"

typedef enum aph_op_kind_t { APH_OP_QUERY, APH_OP_JOB, APH_OP_STREAM } aph_op_kind_t;

typedef struct aph_op_t {
    const char *name;      /* on the wire, and the verb of apphostctl */
    aph_op_kind_t kind;
    const char *arguments; /* see ops.def */
    const char *usage;     /* NULL: reached by an option of another verb */
    const char *help;
} aph_op_t;

/* The table in its order; *count receives its length. Constant for the life of the process. */
const aph_op_t *aph_ops(size_t *count);

/* The operation of that name, or NULL. */
const aph_op_t *aph_op_find(const char *name);

/* Checks args (a JSON object, borrowed) against op's arguments: unknown, missing, mistyped, too
 * long or out of range is APH_EUSAGE, naming the argument. */
apr_status_t aph_op_check(const aph_op_t *op, const json_t *args, aph_error_t *err);

#endif
