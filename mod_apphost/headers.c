/* SPDX-License-Identifier: Apache-2.0 */
/* Headers on their way to an app and back. */
#include "mod_apphost/headers.h"

#include <string.h>
#include <apr_lib.h>
#include <apr_strings.h>
#include <http_core.h>

/* Nonzero for what only a proxy in front may say: Forwarded, X-Real-IP and all of X-Forwarded-*, of
 * which some (X-Forwarded-User) name a person. '_' counts as '-': CGI cannot tell them apart. */
static int is_about_forwarding(const char *name)
{
    static const char *const whole[] = {"forwarded", "x-real-ip"};
    static const char prefix[] = "x-forwarded-";
    char plain[sizeof prefix] = "";
    for (size_t i = 0; i + 1 < sizeof plain && name[i] != '\0'; i++)
        plain[i] = name[i] == '_' ? '-' : (char)apr_tolower(name[i]);
    for (size_t i = 0; i < sizeof whole / sizeof whole[0]; i++)
        if (strlen(name) == strlen(whole[i]) && strcmp(plain, whole[i]) == 0)
            return 1;
    return strcmp(plain, prefix) == 0;
}

static void remove_client_words(apr_table_t *headers, apr_pool_t *p)
{
    const apr_array_header_t *all = apr_table_elts(headers);
    apr_array_header_t *doomed = apr_array_make(p, 4, sizeof(const char *));
    for (int i = 0; i < all->nelts; i++)
        if (is_about_forwarding(APR_ARRAY_IDX(all, i, apr_table_entry_t).key))
            APR_ARRAY_PUSH(doomed, const char *) = APR_ARRAY_IDX(all, i, apr_table_entry_t).key;
    for (int i = 0; i < doomed->nelts; i++)
        apr_table_unset(headers, APR_ARRAY_IDX(doomed, i, const char *));
}

void aphm_headers_request(request_rec *r)
{
    apr_table_t *headers = r->headers_in;
    remove_client_words(headers, r->pool);
    const char *host = apr_table_get(headers, "Host");
    /* useragent_ip is the connection's, or what mod_remoteip made of a trusted proxy's word. */
    apr_table_setn(headers, "X-Forwarded-For", r->useragent_ip);
    apr_table_setn(headers, "X-Forwarded-Host", host != NULL ? host : r->hostname);
    apr_table_setn(headers, "X-Forwarded-Proto", ap_http_scheme(r));
    apr_table_setn(headers, "X-Forwarded-Port", apr_itoa(r->pool, ap_get_server_port(r)));
}

static int is_host_of_app(const aphm_request_t *request, const char *host, size_t length)
{
    static const char *const loopback[] = {"127.0.0.1", "localhost", "[::1]"};
    for (size_t i = 0; i < sizeof loopback / sizeof loopback[0]; i++)
        if (strlen(loopback[i]) == length && ap_cstr_casecmpn(host, loopback[i], length) == 0)
            return 1;
    /* APP_HOSTNAME:HOST_PORT of an install script: the app's name in any of its domains. */
    size_t label = strlen(request->name);
    return length >= label && ap_cstr_casecmpn(host, request->name, label) == 0 &&
           (length == label || host[label] == '.');
}

/* The octets of url up to its path, when it names the app's private port; else 0. */
static size_t private_origin(const aphm_request_t *request, const char *url)
{
    const char *host;
    if (ap_cstr_casecmpn(url, "http://", 7) == 0)
        host = url + 7;
    else if (ap_cstr_casecmpn(url, "https://", 8) == 0)
        host = url + 8;
    else
        return 0;
    const char *end = host + strcspn(host, "/?#");
    const char *colon = end;
    while (colon > host && *colon != ':')
        colon--;
    if (*colon != ':' || !is_host_of_app(request, host, (size_t)(colon - host)))
        return 0;
    char port[8];
    int length = apr_snprintf(port, sizeof port, "%u", (unsigned)request->route.port);
    return end - colon - 1 == length && memcmp(colon + 1, port, (size_t)length) == 0
               ? (size_t)(end - url)
               : 0;
}

/* NULL where the URL may stay. */
static const char *public_url(request_rec *r, const aphm_request_t *request, const char *url)
{
    size_t origin = private_origin(request, url);
    const char *host = apr_table_get(r->headers_in, "Host");
    if (origin == 0)
        return NULL;
    return apr_pstrcat(r->pool, ap_http_scheme(r), "://", host != NULL ? host : request->host,
                       url + origin, NULL);
}

static void fix_location(request_rec *r, const aphm_request_t *request, const char *name)
{
    const char *url = apr_table_get(r->headers_out, name);
    const char *fixed = url != NULL ? public_url(r, request, url) : NULL;
    if (fixed != NULL)
        apr_table_setn(r->headers_out, name, fixed);
}

/* Refresh: 5; url=http://127.0.0.1:35007/login */
static void fix_refresh(request_rec *r, const aphm_request_t *request)
{
    const char *value = apr_table_get(r->headers_out, "Refresh");
    const char *equals = value != NULL ? ap_strchr_c(value, '=') : NULL;
    if (equals == NULL)
        return;
    const char *fixed = public_url(r, request, equals + 1 + strspn(equals + 1, " "));
    if (fixed != NULL)
        apr_table_setn(r->headers_out, "Refresh",
                       apr_pstrcat(r->pool, apr_pstrmemdup(r->pool, value, equals + 1 - value),
                                   fixed, NULL));
}

/* Nonzero when a cookie for domain reaches no further than this app. */
static int domain_is_own(const aphm_request_t *request, const char *domain, size_t length)
{
    if (length > 0 && *domain == '.') {
        domain++;
        length--;
    }
    return strlen(request->host) == length &&
           ap_cstr_casecmpn(domain, request->host, length) == 0;
}

/* Nonzero when attribute (length octets after a ';') would send the cookie to more than this app.
 * Without a value it counts too: some clients take it for the whole domain. */
static int is_foreign_domain(const aphm_request_t *request, const char *attribute, size_t length)
{
    const char *end = attribute + length;
    const char *word = attribute + strspn(attribute, " \t");
    if (end - word < 6 || ap_cstr_casecmpn(word, "domain", 6) != 0)
        return 0;
    const char *equals = word + 6 + strspn(word + 6, " \t");
    if (equals == end)
        return 1;
    return *equals == '=' && !domain_is_own(request, equals + 1, (size_t)(end - equals - 1));
}

/* Without the attribute a cookie belongs to exactly the host that set it, which is what a cookie
 * for 127.0.0.1 means here, and all that one for a whole domain may have: the apps beside are
 * strangers. Every attribute is looked at, for of several a browser takes the last. */
static const char *own_cookie(apr_pool_t *p, const aphm_request_t *request, const char *cookie)
{
    char *kept = apr_palloc(p, strlen(cookie) + 1);
    char *at = kept;
    for (const char *part = cookie; *part != '\0';) {
        size_t length = 1 + strcspn(part + 1, ";"); /* with the ';' it starts with */
        if (part == cookie || !is_foreign_domain(request, part + 1, length - 1)) {
            memcpy(at, part, length);
            at += length;
        }
        part += length;
    }
    *at = '\0';
    return kept;
}

typedef struct cookies_t {
    const aphm_request_t *request;
    apr_pool_t *pool;
    apr_table_t *kept;
} cookies_t;

static int keep_cookie_cb(void *data, const char *key, const char *value)
{
    cookies_t *cookies = data;
    apr_table_addn(cookies->kept, key, own_cookie(cookies->pool, cookies->request, value));
    return 1;
}

static void fix_cookies(request_rec *r, const aphm_request_t *request)
{
    if (apr_table_get(r->headers_out, "Set-Cookie") == NULL)
        return;
    cookies_t cookies = {request, r->pool, apr_table_make(r->pool, 4)};
    apr_table_do(keep_cookie_cb, &cookies, r->headers_out, "Set-Cookie", NULL);
    apr_table_unset(r->headers_out, "Set-Cookie");
    r->headers_out = apr_table_overlay(r->pool, r->headers_out, cookies.kept);
}

void aphm_headers_response(request_rec *r, const aphm_request_t *request)
{
    fix_location(r, request, "Location");
    fix_location(r, request, "Content-Location");
    fix_refresh(r, request);
    fix_cookies(r, request);
}
