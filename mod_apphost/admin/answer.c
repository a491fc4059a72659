/* SPDX-License-Identifier: Apache-2.0 */
/* Answers, and the conditions of HTTP on them. */
#include "mod_apphost/admin/answer.h"

#include <stdlib.h>
#include <string.h>
#include <apr_strings.h>
#include <http_core.h>
#include <http_log.h>
#include <http_protocol.h>
#include <sodium.h>

#include "mod_apphost/admin/call.h"

#define RETRY_DAEMON 5 /* seconds */

void aphm_answer_guard(const aphm_admin_t *admin)
{
    static const char *const headers[][2] = {
        {"Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; "
                                    "img-src 'self'; connect-src 'self'; "
                                    "font-src 'self'; manifest-src 'self'; frame-ancestors 'none'; "
                                    "base-uri 'none'; form-action 'self'"},
        {"X-Frame-Options", "DENY"},
        {"X-Content-Type-Options", "nosniff"},
        {"Referrer-Policy", "no-referrer"},
        {"Cross-Origin-Resource-Policy", "same-origin"},
        {"Cross-Origin-Opener-Policy", "same-origin"},
        {"Vary", "Accept, Authorization, Cookie"},
    };
    for (size_t i = 0; i < sizeof headers / sizeof headers[0]; i++) {
        apr_table_setn(admin->r->headers_out, headers[i][0], headers[i][1]);
        apr_table_unset(admin->r->err_headers_out, headers[i][0]);
    }
}

/* -- Accept ---------------------------------------------------------------------------------- */

static int covers(const char *range, size_t length, const char *type)
{
    size_t major = strcspn(type, "/");
    if (length == 3 && strncmp(range, "*/*", 3) == 0)
        return 1;
    if (length == strlen(type) && ap_cstr_casecmpn(range, type, length) == 0)
        return 1;
    return length == major + 2 && ap_cstr_casecmpn(range, type, major + 1) == 0 &&
           range[major + 1] == '*';
}

int aphm_answer_takes(const request_rec *r, const char *type)
{
    const char *at = apr_table_get(r->headers_in, "Accept");
    if (at == NULL)
        return 1;
    while (*at != '\0') {
        at += strspn(at, ", \t");
        size_t whole = strcspn(at, ","), length = strcspn(at, ",; \t");
        const char *weight = ap_strstr_c(at, "q=0");
        int refused = weight != NULL && weight < at + whole &&
                      strspn(weight + 3, ".0") >= strcspn(weight + 3, ",; ");
        if (length > 0 && covers(at, length, type) && !refused)
            return 1;
        at += whole;
    }
    return 0;
}

/* -- octets ---------------------------------------------------------------------------------- */

static const char *make_etag(apr_pool_t *p, const char *octets, size_t length)
{
    unsigned char hash[crypto_generichash_BYTES_MIN];
    char hex[sizeof hash * 2 + 1];
    crypto_generichash(hash, sizeof hash, (const unsigned char *)octets, length, NULL, 0);
    return apr_pstrcat(p, "\"", sodium_bin2hex(hex, sizeof hex, hash, sizeof hash), "\"", NULL);
}

/* Whether a header's list of tags has etag, or is *. */
static int names_tag(const char *list, const char *etag)
{
    return strcmp(list, "*") == 0 || ap_strstr_c(list, etag) != NULL;
}

static int send_octets(aphm_admin_t *admin, int status, const char *type, const char *octets,
                       size_t length)
{
    request_rec *r = admin->r;
    int is_get = r->method_number == M_GET && status == HTTP_OK;
    const char *known = apr_table_get(r->headers_in, "If-None-Match");
    r->status = status;
    r->status_line = NULL;
    apr_table_setn(r->headers_out, "Cache-Control", is_get ? "private, no-cache" : "no-store");
    if (is_get) {
        const char *etag = make_etag(r->pool, octets, length);
        apr_table_setn(r->headers_out, "ETag", etag);
        if (known != NULL && names_tag(known, etag)) {
            r->status = HTTP_NOT_MODIFIED;
            return OK;
        }
    }
    ap_set_content_type(r, type);
    ap_set_content_length(r, (apr_off_t)length);
    if (!r->header_only)
        ap_rwrite(octets, (int)length, r);
    return OK;
}

int aphm_answer_text(aphm_admin_t *admin, const char *type, const char *text, size_t length)
{
    return send_octets(admin, HTTP_OK, type, text, length);
}

int aphm_answer_json(aphm_admin_t *admin, int status, const json_t *value)
{
    char *text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
    if (text == NULL)
        return HTTP_INTERNAL_SERVER_ERROR;
    int answered = send_octets(admin, status, "application/json", text, strlen(text));
    free(text);
    return answered;
}

/* -- problems -------------------------------------------------------------------------------- */

static const char *title_of(int status)
{
    const char *line = ap_get_status_line(status);
    return strlen(line) > 4 ? line + 4 : line;
}

/* apphostd says "wait N seconds" to who tries too fast. */
static void set_retry(aphm_admin_t *admin, const aph_error_t *err)
{
    const char *words = ap_strstr_c(err->message, "wait ");
    int seconds = words != NULL ? atoi(words + 5) : 0;
    if (err->status == APH_ETOOFAST && seconds > 0)
        apr_table_setn(admin->r->headers_out, "Retry-After", apr_itoa(admin->r->pool, seconds));
}

static void set_problem_headers(aphm_admin_t *admin, int status, const aph_error_t *err)
{
    apr_table_t *out = admin->r->headers_out;
    set_retry(admin, err);
    if (status == HTTP_UNAUTHORIZED)
        apr_table_setn(out, "WWW-Authenticate", "Bearer realm=\"apphost\"");
    if (status == HTTP_SERVICE_UNAVAILABLE || status == HTTP_TOO_MANY_REQUESTS)
        if (apr_table_get(out, "Retry-After") == NULL)
            apr_table_setn(out, "Retry-After", apr_itoa(admin->r->pool, RETRY_DAEMON));
}

/* A body nobody reads would hold this thread as long as its sender likes. */
static void drop_body(request_rec *r)
{
    const char *length = apr_table_get(r->headers_in, "Content-Length");
    if (apr_table_get(r->headers_in, "Transfer-Encoding") != NULL ||
        (length != NULL && strcmp(length, "0") != 0))
        if (r->remaining > 0 || !r->read_length)
            r->connection->keepalive = AP_CONN_CLOSE;
}

int aphm_answer_problem(aphm_admin_t *admin, int status, const aph_error_t *err)
{
    request_rec *r = admin->r;
    if (status == 0)
        status = aph_error_http_status(err->status);
    ap_log_rerror(APLOG_MARK, status >= 500 && status != 503 ? APLOG_WARNING : APLOG_INFO, 0, r,
                  "%s: %s", err->tag, err->message);
    json_auto_t *problem =
        json_pack("{s:s, s:s, s:i, s:s, s:s, s:s}", "type", "about:blank", "title",
                  title_of(status), "status", status, "detail",
                  err->message[0] != '\0' ? err->message : aph_error_sentence(err->status), "code",
                  aph_error_wire(err->status), "tag", err->tag);
    char *text = json_dumps(problem, JSON_COMPACT);
    if (text == NULL)
        return HTTP_INTERNAL_SERVER_ERROR;
    set_problem_headers(admin, status, err);
    drop_body(r);
    int answered = send_octets(admin, status, "application/problem+json", text, strlen(text));
    free(text);
    return answered;
}

/* -- lists and jobs -------------------------------------------------------------------------- */

static const char *page_link(const aphm_admin_t *admin, int offset, const char *rel)
{
    request_rec *r = admin->r;
    json_auto_t *query = json_object();
    const char *key, *text = "", *join = "?";
    json_t *value;
    aphm_api_query(r->args, query, NULL);
    json_object_set_new(query, "limit", json_string(apr_itoa(r->pool, admin->asked.limit)));
    json_object_set_new(query, "offset", json_string(apr_itoa(r->pool, offset)));
    json_object_foreach(query, key, value) {
        text = apr_pstrcat(r->pool, text, join, ap_escape_urlencoded(r->pool, key), "=",
                           ap_escape_urlencoded(r->pool, json_string_value(value)), NULL);
        join = "&";
    }
    return apr_psprintf(r->pool, "<%s%s>; rel=\"%s\"", admin->path, text, rel);
}

static void set_links(aphm_admin_t *admin, json_int_t total)
{
    int limit = admin->asked.limit, offset = admin->asked.offset;
    const char *links = page_link(admin, 0, "first");
    if (offset > 0)
        links = apr_pstrcat(admin->r->pool, links, ", ",
                            page_link(admin, offset > limit ? offset - limit : 0, "prev"), NULL);
    if ((json_int_t)offset + limit < total)
        links = apr_pstrcat(admin->r->pool, links, ", ", page_link(admin, offset + limit, "next"),
                            NULL);
    apr_table_setn(admin->r->headers_out, "Link", links);
}

/* The piece of all that was asked for. */
static json_t *cut(const aphm_admin_t *admin, const json_t *all)
{
    json_t *items = json_array();
    size_t end = (size_t)admin->asked.offset + (size_t)admin->asked.limit;
    for (size_t i = (size_t)admin->asked.offset; i < json_array_size(all) && i < end; i++)
        json_array_append(items, json_array_get(all, i));
    return items;
}

int aphm_answer_list(aphm_admin_t *admin, const json_t *answer)
{
    json_t *all = json_object_get(answer, admin->row->items);
    json_auto_t *out = json_copy((json_t *)answer);
    int cut_there = aph_op_type(admin->op, "limit") != NULL;
    json_int_t total = cut_there ? json_integer_value(json_object_get(answer, "total"))
                                 : (json_int_t)json_array_size(all);
    json_object_del(out, admin->row->items);
    json_object_set_new(out, "items", cut_there ? json_incref(all) : cut(admin, all));
    json_object_set_new(out, "total", json_integer(total));
    set_links(admin, total);
    return aphm_answer_json(admin, HTTP_OK, out);
}

int aphm_answer_begun(aphm_admin_t *admin, json_int_t job_id)
{
    json_auto_t *job =
        json_pack("{s:I, s:s, s:s}", "job_id", job_id, "op", admin->op->name, "state", "running");
    apr_table_setn(admin->r->headers_out, "Location",
                   apr_psprintf(admin->r->pool, APHM_API_PREFIX "/jobs/%" APR_INT64_T_FMT,
                                (apr_int64_t)job_id));
    return aphm_answer_json(admin, HTTP_ACCEPTED, job);
}

/* -- conditions ------------------------------------------------------------------------------ */

int aphm_answer_match(aphm_admin_t *admin, aph_error_t *err)
{
    const char *wanted = apr_table_get(admin->r->headers_in, "If-Match");
    char methods[APHM_API_METHODS_MAX];
    json_auto_t *params = json_object(), *none = json_object();
    json_t *answer = NULL;
    aphm_asked_t asked;
    const aphm_api_row_t *row =
        aphm_api_find("GET", admin->path + sizeof APHM_API_PREFIX - 1, params, methods);
    if (wanted == NULL)
        return 0;
    /* What cannot be looked at has no tag that could be the same. */
    if (row == NULL || row->items != NULL ||
        aphm_api_ask(row, params, none, NULL, &asked, err) != APR_SUCCESS) {
        aph_error_set(err, APH_EPLAN, 3167, "%.200s has no ETag that If-Match could name",
                      admin->path);
        return HTTP_PRECONDITION_FAILED;
    }
    apr_status_t status = aphm_call_once(admin, row->op, asked.args, &answer, err);
    json_decref(asked.args);
    if (status != APR_SUCCESS)
        return aph_error_http_status(err->status);
    char *text = json_dumps(answer, JSON_COMPACT | JSON_ENCODE_ANY);
    int same = text != NULL && names_tag(wanted, make_etag(admin->r->pool, text, strlen(text)));
    free(text);
    json_decref(answer);
    if (same)
        return 0;
    aph_error_set(err, APH_EPLAN, 3140, "it is not any more what If-Match names: look at it again");
    return HTTP_PRECONDITION_FAILED;
}
