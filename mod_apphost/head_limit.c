/* SPDX-License-Identifier: Apache-2.0 */
/* The head of an app's answer may be large, but not endless. */
#include "mod_apphost/head_limit.h"

#include <http_log.h>
#include <util_filter.h>

#include "mod_apphost/request.h"

APLOG_USE_MODULE(apphost);

#define FILTER   "APPHOST_HEAD_LIMIT"
#define HEAD_MAX 262144 /* octets, interim answers (1xx) included */

typedef struct count_t {
    request_rec *r; /* the client's side */
    apr_off_t octets;
} count_t;

static apr_status_t count_cb(ap_filter_t *f, apr_bucket_brigade *brigade, ap_input_mode_t mode,
                             apr_read_type_e block, apr_off_t wanted)
{
    count_t *count = f->ctx;
    apr_off_t length = 0;
    apr_status_t rv = ap_get_brigade(f->next, brigade, mode, block, wanted);
    /* The head is read line by line; everything else has other bounds. */
    if (rv != APR_SUCCESS || mode != AP_MODE_GETLINE)
        return rv;
    if (apr_brigade_length(brigade, 0, &length) == APR_SUCCESS && length > 0)
        count->octets += length;
    if (count->octets <= HEAD_MAX)
        return APR_SUCCESS;
    ap_log_rerror(APLOG_MARK, APLOG_ERR, 0, count->r,
                  "APH0252: app %u sent more than %d octets of headers; the answer is given up",
                  aphm_request_of(count->r)->route.app_id, HEAD_MAX);
    return APR_EGENERAL;
}

void aphm_head_limit_register(void)
{
    ap_register_input_filter(FILTER, count_cb, NULL, AP_FTYPE_PROTOCOL);
}

static apr_status_t forget_cb(void *data)
{
    ap_filter_t **filter = data;
    *filter = NULL;
    return APR_SUCCESS;
}

void aphm_head_limit_start(ap_filter_t **filter, request_rec *r, request_rec *answer)
{
    count_t *count = apr_pcalloc(answer->pool, sizeof *count);
    count->r = r;
    *filter = ap_add_input_filter(FILTER, count, answer, answer->connection);
    apr_pool_cleanup_register(answer->pool, filter, forget_cb, apr_pool_cleanup_null);
}

void aphm_head_limit_end(ap_filter_t **filter)
{
    ap_filter_t *started = *filter;
    if (started == NULL)
        return;
    apr_pool_cleanup_kill(started->r->pool, filter, forget_cb);
    ap_remove_input_filter(started);
    *filter = NULL;
}
