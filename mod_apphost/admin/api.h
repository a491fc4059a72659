/* SPDX-License-Identifier: Apache-2.0 */
/* The routing table of the API: from method and path to a row of api.def, from what a request gives
 * to the arguments of the operation. Pure: nothing of httpd, so that tests need none. */
#ifndef APHM_API_H
#define APHM_API_H

#include <jansson.h>

#include "common/error.h"
#include "common/ops.h"

#define APHM_API_PREFIX "/api/v1"

#define APHM_API_PUBLIC   0x01u /* see api.def */
#define APHM_API_LINES    0x02u
#define APHM_API_WAIT     0x04u
#define APHM_API_TEXT     0x08u
#define APHM_API_SIGN_IN  0x10u
#define APHM_API_SIGN_OUT 0x20u
#define APHM_API_SESSION  0x40u

#define APHM_API_LIMIT     100  /* items of a list where nobody says how many */
#define APHM_API_LIMIT_MAX 1000
#define APHM_API_WAIT_MAX  60   /* seconds */

typedef struct aphm_api_row_t {
    const char *method; /* HEAD is asked as GET */
    const char *path;   /* below APHM_API_PREFIX */
    const char *op;
    const char *items;
    const char *arguments;
    int status;
    unsigned flags;
} aphm_api_row_t;

/* What a request asks for. args is the owner's; the numbers are -1 where nobody said them. */
typedef struct aphm_asked_t {
    json_t *args;
    int wait;   /* seconds */
    int follow; /* nonzero: live */
    int limit;  /* of a list: never -1 */
    int offset;
} aphm_asked_t;

/* The table in its order; *count receives its length. */
const aphm_api_row_t *aphm_api_rows(size_t *count);

/* The row of a method and a canonical path below APHM_API_PREFIX; params (an empty object) receives
 * what stands for the {x} of its path. NULL: none; then *methods is a list for Allow ("GET, HEAD,
 * OPTIONS"), or empty where no row has the path. methods holds APHM_API_METHODS_MAX octets. Where a
 * row could be found by its words and by {x}, words count. */
#define APHM_API_METHODS_MAX 64
const aphm_api_row_t *aphm_api_find(const char *method, const char *path, json_t *params,
                                    char *methods);

/* The query of a URL (NULL: none) into the empty object query, decoded: texts by name. APH_EUSAGE
 * for a name given twice, a bad escape, NUL, or what is not UTF-8. */
apr_status_t aphm_api_query(const char *text, json_t *query, aph_error_t *err);

/* What row's operation is asked, of params and query, and of body (an object or NULL; rows that
 * change something). All three are borrowed. APH_EUSAGE names what row does not know, or the type
 * it wants. Whether the arguments suit the operation is aph_op_check's to say. */
apr_status_t aphm_api_ask(const aphm_api_row_t *row, const json_t *params, const json_t *query,
                          const json_t *body, aphm_asked_t *asked, aph_error_t *err);

#endif
