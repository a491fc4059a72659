/* SPDX-License-Identifier: Apache-2.0 */
/* Reading a body. It is judged by its type before an octet is read: a form of another page can only
 * send types that need no permission, and JSON is none of them. */
#include "mod_apphost/admin/body.h"

#include <string.h>
#include <http_protocol.h>

#include "common/frame.h"

static int is_json(const request_rec *r)
{
    const char *type = apr_table_get(r->headers_in, "Content-Type");
    size_t length = sizeof "application/json" - 1;
    if (type == NULL || ap_cstr_casecmpn(type, "application/json", length) != 0)
        return 0;
    return strchr(" \t;", type[length]) != NULL;
}

static int refuse_size(aph_error_t *err)
{
    aph_error_set(err, APH_ETOOLARGE, 3141, "a body has at most %d octets here", APHM_BODY_MAX);
    return HTTP_REQUEST_ENTITY_TOO_LARGE;
}

/* *used octets into octets, which holds APHM_BODY_MAX + 1. */
static int read_octets(request_rec *r, char *octets, size_t *used, aph_error_t *err)
{
    *used = 0;
    while (*used <= APHM_BODY_MAX) {
        long got = ap_get_client_block(r, octets + *used, APHM_BODY_MAX + 1 - *used);
        if (got < 0) {
            r->connection->keepalive = AP_CONN_CLOSE;
            aph_error_set(err, APH_EUSAGE, 3142, "the body did not arrive whole");
            return HTTP_BAD_REQUEST;
        }
        if (got == 0)
            return 0;
        *used += (size_t)got;
    }
    r->connection->keepalive = AP_CONN_CLOSE;
    return refuse_size(err);
}

int aphm_body_read(const aphm_admin_t *admin, json_t **body, aph_error_t *err)
{
    request_rec *r = admin->r;
    size_t used = 0;
    *body = NULL;
    int status = ap_setup_client_block(r, REQUEST_CHUNKED_DECHUNK);
    if (status != OK) {
        aph_error_set(err, APH_EUSAGE, 3143, "the body of the request cannot be read");
        return status;
    }
    if (!ap_should_client_block(r))
        return 0;
    if (!is_json(r)) {
        aph_error_set(err, APH_EUSAGE, 3144, "a body is JSON here: Content-Type: application/json");
        return HTTP_UNSUPPORTED_MEDIA_TYPE;
    }
    if (r->remaining > APHM_BODY_MAX)
        return refuse_size(err);
    char *octets = apr_palloc(r->pool, APHM_BODY_MAX + 1);
    status = read_octets(r, octets, &used, err);
    if (status != 0 || used == 0)
        return status;
    /* The rules of a frame: one object, no key twice, no deeper than needed, UTF-8. */
    return aph_frame_decode(octets, used, body, err) == APR_SUCCESS ? 0 : HTTP_BAD_REQUEST;
}
