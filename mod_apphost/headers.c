/* SPDX-License-Identifier: Apache-2.0 */
/* Headers on their way to an app and back. */
#include "mod_apphost/headers.h"

#include <string.h>
#include <apr_lib.h>
#include <apr_strings.h>
#include <http_core.h>

#include "mod_apphost/addresses.h"

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

/* How the client came: by what httpd itself knows (its own TLS, or a ServerName that starts with
 * https://), or by the variable HTTPS, which the admin may set behind a front proxy he trusts. */
static const char *scheme_of(const request_rec *r)
{
    const char *said = apr_table_get(r->subprocess_env, "HTTPS");
    return said != NULL && ap_cstr_casecmp(said, "on") == 0 ? "https" : ap_http_scheme(r);
}

/* The port this server listens on says nothing about one the front proxy speaks https on. */
static apr_port_t port_of(const request_rec *r)
{
    if (r->parsed_uri.port_str != NULL || strcmp(scheme_of(r), ap_http_scheme(r)) == 0)
        return ap_get_server_port(r);
    return DEFAULT_HTTPS_PORT;
}

/* Nonzero for a cookie that is ours: what opens the admin pages is no app's to see. */
static int is_our_cookie(const char *cookie, size_t length)
{
    static const char *const names[] = {"apphost", "__Host-apphost", "apphost_app",
                                        "__Host-apphost_app"};
    size_t name_length = strcspn(cookie, "=;, \t");
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (name_length <= length && name_length == strlen(names[i])
            && memcmp(cookie, names[i], name_length) == 0)
            return 1;
    return 0;
}

/* Leaves a Cookie header as it is, octet for octet, unless one of ours is in it. */
static void remove_our_cookies(apr_table_t *headers, apr_pool_t *p)
{
    const char *at = apr_table_get(headers, "Cookie"), *kept = "";
    int found = 0;
    if (at == NULL || ap_strstr_c(at, "apphost") == NULL)
        return;
    while (*at != '\0') {
        at += strspn(at, "; \t");
        size_t length = strcspn(at, ";");
        if (is_our_cookie(at, length))
            found = 1;
        else if (length > 0)
            kept = apr_pstrcat(p, kept, *kept != '\0' ? "; " : "", apr_pstrmemdup(p, at, length),
                               NULL);
        at += length;
    }
    if (found && *kept == '\0')
        apr_table_unset(headers, "Cookie");
    else if (found)
        apr_table_setn(headers, "Cookie", kept);
}

void aphm_headers_request(request_rec *r)
{
    apr_table_t *headers = r->headers_in;
    remove_client_words(headers, r->pool);
    remove_our_cookies(headers, r->pool);
    const char *host = apr_table_get(headers, "Host");
    /* useragent_ip is the connection's, or what mod_remoteip made of a trusted proxy's word. */
    apr_table_setn(headers, "X-Forwarded-For", r->useragent_ip);
    apr_table_setn(headers, "X-Forwarded-Host", host != NULL ? host : r->hostname);
    apr_table_setn(headers, "X-Forwarded-Proto", scheme_of(r));
    apr_table_setn(headers, "X-Forwarded-Port", apr_itoa(r->pool, port_of(r)));
}

static void fix_location(request_rec *r, const aphm_addresses_t *addresses, const char *name)
{
    const char *url = apr_table_get(r->headers_out, name);
    const char *fixed = url != NULL ? aphm_address_public(addresses, url, r->pool) : NULL;
    if (fixed != NULL)
        apr_table_setn(r->headers_out, name, fixed);
}

static void fix_refresh(request_rec *r, const aphm_addresses_t *addresses)
{
    const char *value = apr_table_get(r->headers_out, "Refresh");
    const char *fixed = value != NULL ? aphm_address_refresh(addresses, value, r->pool) : NULL;
    if (fixed != NULL)
        apr_table_setn(r->headers_out, "Refresh", fixed);
}

typedef struct cookies_t {
    const aphm_addresses_t *addresses;
    apr_pool_t *pool;
    apr_table_t *kept;
} cookies_t;

static int keep_cookie_cb(void *data, const char *key, const char *value)
{
    cookies_t *cookies = data;
    apr_table_addn(cookies->kept, key,
                   aphm_address_cookie(cookies->addresses, value, cookies->pool));
    return 1;
}

static void fix_cookies(request_rec *r, const aphm_addresses_t *addresses)
{
    if (apr_table_get(r->headers_out, "Set-Cookie") == NULL)
        return;
    cookies_t cookies = {addresses, r->pool, apr_table_make(r->pool, 4)};
    apr_table_do(keep_cookie_cb, &cookies, r->headers_out, "Set-Cookie", NULL);
    apr_table_unset(r->headers_out, "Set-Cookie");
    r->headers_out = apr_table_overlay(r->pool, r->headers_out, cookies.kept);
}

void aphm_headers_response(request_rec *r, const aphm_request_t *request)
{
    const char *authority = apr_table_get(r->headers_in, "Host");
    aphm_addresses_t addresses = {
        .name = request->name,
        .domains = aphm_config_of(r->server)->domains,
        .port = request->route.port,
        .host = request->host,
        .scheme = scheme_of(r),
        .authority = authority != NULL ? authority : request->host,
    };
    fix_location(r, &addresses, "Location");
    fix_location(r, &addresses, "Content-Location");
    fix_refresh(r, &addresses);
    fix_cookies(r, &addresses);
}
