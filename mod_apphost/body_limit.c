/* SPDX-License-Identifier: Apache-2.0 */
/* LimitRequestBody for what is sent to apps. */
#include "mod_apphost/body_limit.h"

#include <apr_strings.h>
#include <http_core.h>
#include <http_log.h>
#include <util_filter.h>

#include "mod_apphost/context.h"

APLOG_USE_MODULE(apphost);

#define FILTER "APPHOST_BODY_LIMIT"

typedef struct count_t {
    apr_off_t octets;
    apr_off_t most;
} count_t;

static int refuse(request_rec *r, apr_off_t most)
{
    ap_log_rerror(APLOG_MARK, APLOG_INFO, 0, r,
                  "APH0255: a body of more than %" APR_OFF_T_FMT " octets (LimitRequestBody)",
                  most);
    return HTTP_REQUEST_ENTITY_TOO_LARGE;
}

/* mod_proxy makes a 413 of APR_ENOSPC. */
static apr_status_t count_cb(ap_filter_t *f, apr_bucket_brigade *brigade, ap_input_mode_t mode,
                             apr_read_type_e block, apr_off_t wanted)
{
    count_t *count = f->ctx;
    apr_off_t length = 0;
    apr_status_t rv = ap_get_brigade(f->next, brigade, mode, block, wanted);
    if (rv != APR_SUCCESS)
        return rv;
    if (apr_brigade_length(brigade, 0, &length) == APR_SUCCESS && length > 0)
        count->octets += length;
    if (count->octets <= count->most)
        return APR_SUCCESS;
    refuse(f->r, count->most);
    apr_brigade_cleanup(brigade);
    return APR_ENOSPC;
}

void aphm_body_limit_register(void)
{
    ap_register_input_filter(FILTER, count_cb, NULL, AP_FTYPE_CONTENT_SET);
}

static int is_chunked(const request_rec *r)
{
    return apr_table_get(r->headers_in, "Transfer-Encoding") != NULL;
}

/* HTTP/1 announces every body; and where there is none, an upgraded connection may follow, which
 * must not meet the filter. */
static int may_have_body(const request_rec *r)
{
    return apr_table_get(r->headers_in, "Content-Length") != NULL || is_chunked(r) ||
           r->proto_num >= HTTP_VERSION(2, 0);
}

void aphm_body_limit_lift(request_rec *r)
{
    const core_dir_config *said = ap_get_core_module_config(r->per_dir_config);
    if (said->limit_req_body >= 0 || !may_have_body(r))
        return;
    core_dir_config *lifted = apr_pmemdup(r->pool, said, sizeof *lifted);
    lifted->limit_req_body = 0;
    ap_set_core_module_config(r->per_dir_config, lifted);
}

int aphm_body_limit_start(request_rec *r)
{
    apr_off_t most = ap_get_limit_req_body(r), length;
    const char *said = apr_table_get(r->headers_in, "Content-Length");
    if (most <= 0 || !may_have_body(r))
        return OK;
    if (is_chunked(r) || said == NULL) {
        count_t *count = apr_pcalloc(r->pool, sizeof *count);
        count->most = most;
        ap_add_input_filter(FILTER, count, r, r->connection);
        return OK;
    }
    /* httpd has refused a length that is none; one beyond all numbers is too long as well. */
    if (apr_strtoff(&length, said, NULL, 10) != APR_SUCCESS || length > most)
        return refuse(r, most);
    return OK;
}
