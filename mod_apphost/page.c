/* SPDX-License-Identifier: Apache-2.0 */
/* The pages the module answers with itself. */
#include "mod_apphost/page.h"

#include <string.h>
#include <apr_strings.h>
#include <http_protocol.h>
#include <util_filter.h>

#define HANDLER "apphost-page"

typedef struct text_t {
    int status;
    int retry_after; /* seconds, 0: no use in trying again by itself */
    const char *word;  /* for programs */
    const char *title;
    const char *sentence; /* goes on after the host's name */
} text_t;

static const text_t texts[] = {
    [APHM_PAGE_UNKNOWN] = {404, 0, "unknown", "No such app",
        "is not the address of an app here. Check the spelling, or ask whoever runs this server."},
    [APHM_PAGE_NO_ROUTES] = {503, 5, "no-routes", "Getting ready",
        "cannot be reached yet: the list of apps is not there so far. This page looks again by "
        "itself."},
    [APHM_PAGE_INSTALLING] = {503, 5, "installing", "Being installed",
        "is being installed. This page looks again by itself and opens the app when it is ready."},
    [APHM_PAGE_STARTING] = {503, 2, "starting", "Starting",
        "is starting. This page looks again by itself and opens the app when it is ready."},
    [APHM_PAGE_STOPPED] = {503, 60, "stopped", "Stopped",
        "was stopped on purpose. Whoever runs this server can start it again."},
    [APHM_PAGE_FAILING] = {503, 15, "failing", "Not working",
        "should be running, but does not answer. Its log says more; this page looks again by "
        "itself."},
    [APHM_PAGE_NOT_HERE] = {503, 15, "not-here", "Not served here",
        "is served by a virtual host of its own, which does not answer at this scheme and port. "
        "Try the other of http and https. This page looks again by itself."},
    [APHM_PAGE_BUSY] = {503, 1, "busy", "Too busy",
        "has as many requests under way as it may. This page tries again by itself."},
    [APHM_PAGE_NO_ANSWER] = {503, 5, "no-answer", "No answer",
        "is running, but gave no answer to this request. This page tries again by itself."},
};

static const char style[] =
    ":root{color-scheme:light dark}"
    "body{margin:0;min-height:100vh;display:grid;place-items:center;"
    "font:1rem/1.6 system-ui,sans-serif;background:Canvas;color:CanvasText}"
    "main{max-width:34rem;padding:2rem;margin:1rem;border:1px solid GrayText;border-radius:.75rem}"
    "h1{margin:0 0 .5rem;font-size:1.5rem;line-height:1.25}"
    "p{margin:0}b{overflow-wrap:anywhere}small{display:block;margin-top:1.5rem;opacity:.7}";

void aphm_page_prepare(request_rec *r)
{
    r->handler = HANDLER;
    r->filename = apr_pstrdup(r->pool, "apphost:page");
}

int aphm_page_is_handler(const request_rec *r)
{
    return r->handler != NULL && strcmp(r->handler, HANDLER) == 0;
}

aphm_page_t aphm_page_of(const aphm_request_t *request)
{
    if (request->answer == APHM_UNKNOWN_PAGE)
        return APHM_PAGE_UNKNOWN;
    if (request->answer == APHM_NO_ROUTES_PAGE)
        return APHM_PAGE_NO_ROUTES;
    if (request->answer == APHM_NOT_HERE_PAGE)
        return APHM_PAGE_NOT_HERE;
    switch (request->route.state) {
    case APH_ROUTE_INSTALLING:
        return APHM_PAGE_INSTALLING;
    case APH_ROUTE_STARTING:
        return APHM_PAGE_STARTING;
    case APH_ROUTE_STOPPED:
        return APHM_PAGE_STOPPED;
    default:
        return APHM_PAGE_FAILING;
    }
}

/* A browser's Accept names text/html, a program's that wants JSON does not. */
static int wants_json(const request_rec *r)
{
    const char *accept = apr_table_get(r->headers_in, "Accept");
    return accept != NULL && ap_strcasestr(accept, "json") != NULL &&
           ap_strcasestr(accept, "text/html") == NULL;
}

/* Names are of [a-z0-9.-] only; they are escaped all the same, so that this function can be read
 * without knowing that. */
static char *html_body(request_rec *r, const aphm_request_t *request, const text_t *text)
{
    int refreshes = text->retry_after != 0 && r->method_number == M_GET;
    return apr_pstrcat(
        r->pool,
        "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
        "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">"
        "<meta name=\"robots\" content=\"noindex\">",
        refreshes ? apr_psprintf(r->pool, "<meta http-equiv=\"refresh\" content=\"%d\">",
                                 text->retry_after)
                  : "",
        "<title>", text->title, " \xC2\xB7 ", ap_escape_html(r->pool, request->host),
        "</title><style>", style, "</style></head><body><main><h1>", text->title, "</h1><p><b>",
        ap_escape_html(r->pool, request->host), "</b> ", text->sentence,
        "</p><small>apphost</small></main></body></html>\n", NULL);
}

static char *json_body(request_rec *r, const aphm_request_t *request, const text_t *text)
{
    return apr_psprintf(r->pool,
                        "{\"type\":\"about:blank\",\"title\":\"%s\",\"status\":%d,"
                        "\"detail\":\"%s %s\",\"app\":\"%s\",\"state\":\"%s\"}\n",
                        text->title, text->status, request->host, text->sentence,
                        request->name, text->word);
}

static void set_headers(request_rec *r, const text_t *text)
{
    /* What an app that failed half-way left behind does not belong to this answer. */
    r->headers_out = apr_table_make(r->pool, 8);
    apr_table_setn(r->headers_out, "Cache-Control", "no-store");
    apr_table_setn(r->headers_out, "Content-Security-Policy",
                   "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; "
                   "form-action 'none'; frame-ancestors 'none'");
    apr_table_setn(r->headers_out, "X-Content-Type-Options", "nosniff");
    apr_table_setn(r->headers_out, "Referrer-Policy", "no-referrer");
    apr_table_setn(r->headers_out, "Vary", "Accept");
    if (text->retry_after != 0)
        apr_table_setn(r->headers_out, "Retry-After", apr_itoa(r->pool, text->retry_after));
}

static int has_body(const request_rec *r)
{
    const char *length = apr_table_get(r->headers_in, "Content-Length");
    return apr_table_get(r->headers_in, "Transfer-Encoding") != NULL ||
           (length != NULL && strcmp(length, "0") != 0);
}

int aphm_page_send(request_rec *r, const aphm_request_t *request, aphm_page_t page)
{
    const text_t *text = &texts[page];
    int json = wants_json(r);
    const char *body = json ? json_body(r, request, text) : html_body(r, request, text);
    size_t length = strlen(body);

    /* Reading a body only to throw it away would hold this thread as long as the sender likes. */
    if (has_body(r))
        r->connection->keepalive = AP_CONN_CLOSE;
    r->status = text->status;
    r->status_line = NULL;
    r->no_cache = 1;
    set_headers(r, text);
    ap_set_content_type(r, json ? "application/problem+json" : "text/html; charset=utf-8");
    ap_set_content_length(r, (apr_off_t)length);
    if (!r->header_only)
        ap_rwrite(body, (int)length, r);
    return OK;
}
