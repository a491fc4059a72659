/* SPDX-License-Identifier: Apache-2.0 */
/* The checks every admin request goes through, in this order: what is cheap and tells nothing comes
 * first. */
#include "mod_apphost/admin/guard.h"

#include <string.h>
#include <apr_strings.h>
#include <http_core.h>
#include <http_protocol.h>
#include <sodium.h>

#include "common/hostname.h"

#define PATH_MAX_OCTETS 1024
#define SECRET_OCTETS   43 /* 32 random octets in base64url */
#define TOKEN_PREFIX    "aph_"
#define KEY_MAX         64
#define BASE64URL "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

int aphm_guard_is_safe(const request_rec *r)
{
    return r->method_number == M_GET || r->method_number == M_OPTIONS; /* M_GET is HEAD as well */
}

/* -- the host -------------------------------------------------------------------------------- */

/* A name somebody typed, against the list: those AppHostAdminHost names, or apps.DOMAIN. */
static int host_is_ours(const aphm_config_t *config, const char *typed)
{
    char host[APH_HOST_MAX + 1];
    size_t length;
    if (aph_host_normalise(typed, host, &length) != APR_SUCCESS)
        return 0;
    for (int i = 0; config->admin_hosts != NULL && i < config->admin_hosts->nelts; i++)
        if (strcmp(APR_ARRAY_IDX(config->admin_hosts, i, const char *), host) == 0)
            return 1;
    for (int i = 0;
         config->admin_hosts == NULL && config->domains != NULL && i < config->domains->nelts; i++)
        if (length > 5 && memcmp(host, "apps.", 5) == 0
            && strcmp(host + 5, APR_ARRAY_IDX(config->domains, i, const char *)) == 0)
            return 1;
    return 0;
}

/* Also the host of an absolute-form target, which httpd lets win over the header. */
static int judge_host(const aphm_admin_t *admin, aph_error_t *err)
{
    const request_rec *r = admin->r;
    const char *header = apr_table_get(r->headers_in, "Host");
    if (header != NULL && host_is_ours(admin->config, header)
        && (r->parsed_uri.hostname == NULL || host_is_ours(admin->config, r->parsed_uri.hostname)))
        return 0;
    aph_error_set(err, APH_EFORBIDDEN, 3111,
                  "this is not the address of the admin pages here. They answer at apps. and the "
                  "domain of the apps, or where AppHostAdminHost says");
    return HTTP_MISDIRECTED_REQUEST;
}

/* -- the path -------------------------------------------------------------------------------- */

static int refuse_path(aph_error_t *err)
{
    aph_error_set(err, APH_EUSAGE, 3112,
                  "the path may have letters, digits and . _ ~ - between single slashes, and no "
                  "escapes: names have none that would need one");
    return HTTP_BAD_REQUEST;
}

/* What others decided on (r->uri: access control) and what is dispatched on must be the same
 * octets. */
static int judge_path(aphm_admin_t *admin, aph_error_t *err)
{
    const request_rec *r = admin->r;
    const char *raw = r->parsed_uri.path;
    if (raw == NULL || *raw != '/' || strcmp(raw, r->uri) != 0)
        return refuse_path(err);
    if (strlen(raw) > PATH_MAX_OCTETS) {
        aph_error_set(err, APH_ETOOLARGE, 3113, "the path is longer than %d octets",
                      PATH_MAX_OCTETS);
        return HTTP_REQUEST_URI_TOO_LARGE;
    }
    for (const char *at = raw; *at != '\0'; at++) {
        int plain = (*at >= 'a' && *at <= 'z') || (*at >= 'A' && *at <= 'Z')
                    || (*at >= '0' && *at <= '9') || strchr("/._~-", *at) != NULL;
        int begins_with_dot = *at == '/' && at[1] == '.';
        if (!plain || begins_with_dot || (*at == '/' && at[1] == '/'))
            return refuse_path(err);
    }
    /* The raw target, not what httpd made of it: it decodes, and joins slashes. */
    const char *target =
        *r->unparsed_uri == '/' ? r->unparsed_uri : ap_strstr_c(r->unparsed_uri, "://");
    size_t length = strlen(raw);
    if (target != NULL && *target == ':')
        target = strchr(target + 3, '/');
    if (target == NULL || strncmp(target, raw, length) != 0 || strchr("?", target[length]) == NULL)
        return refuse_path(err);
    admin->path = raw;
    return 0;
}

/* -- who made the request -------------------------------------------------------------------- */

/* "host:port" or "host" as one comparable text; the port of the scheme is left out. NULL: no host.
 */
static const char *authority(const aphm_admin_t *admin, const char *typed, const char *scheme)
{
    char host[APH_HOST_MAX + 1];
    size_t length;
    if (aph_host_normalise(typed, host, &length) != APR_SUCCESS)
        return NULL;
    const char *colon = strrchr(typed, ':');
    const char *usual = strcmp(scheme, "https") == 0 ? "443" : "80";
    if (colon == NULL || strcmp(colon + 1, usual) == 0 || colon[1] == '\0')
        return apr_pstrdup(admin->r->pool, host);
    return apr_pstrcat(admin->r->pool, host, colon, NULL);
}

static int origin_is_ours(const aphm_admin_t *admin, const char *origin)
{
    const char *scheme = admin->https ? "https" : "http";
    size_t length = strlen(scheme);
    if (strncmp(origin, scheme, length) != 0 || strncmp(origin + length, "://", 3) != 0)
        return 0;
    const char *theirs = authority(admin, origin + length + 3, scheme);
    const char *ours = authority(admin, apr_table_get(admin->r->headers_in, "Host"), scheme);
    return theirs != NULL && ours != NULL && strcmp(theirs, ours) == 0;
}

/* A person may follow a link to the pages from anywhere; everything else must come from them. */
static int is_visit(const aphm_admin_t *admin)
{
    const char *mode = apr_table_get(admin->r->headers_in, "Sec-Fetch-Mode");
    const char *dest = apr_table_get(admin->r->headers_in, "Sec-Fetch-Dest");
    return aphm_guard_is_safe(admin->r) && mode != NULL && strcmp(mode, "navigate") == 0
           && dest != NULL && strcmp(dest, "document") == 0
           && strncmp(admin->path, "/api/", 5) != 0 && strcmp(admin->path, "/metrics") != 0;
}

static int judge_site(const aphm_admin_t *admin, aph_error_t *err)
{
    const char *site = apr_table_get(admin->r->headers_in, "Sec-Fetch-Site");
    const char *origin = apr_table_get(admin->r->headers_in, "Origin");
    if (site != NULL && strcmp(site, "same-origin") != 0 && strcmp(site, "none") != 0
        && !is_visit(admin)) {
        aph_error_set(err, APH_EFORBIDDEN, 3114,
                      "the request was made by a page of another origin (Sec-Fetch-Site)");
        return HTTP_FORBIDDEN;
    }
    if (origin != NULL && !origin_is_ours(admin, origin)) {
        aph_error_set(err, APH_EFORBIDDEN, 3115,
                      "the request was made by a page of another origin (Origin)");
        return HTTP_FORBIDDEN;
    }
    return 0;
}

/* As it is for apps: by TLS here, or by what the admin says of a front proxy he trusts. */
static int is_https(request_rec *r)
{
    const char *said = apr_table_get(r->subprocess_env, "HTTPS");
    return (said != NULL && ap_cstr_casecmp(said, "on") == 0) ||
           strcmp(ap_http_scheme(r), "https") == 0;
}

int aphm_guard_request(aphm_admin_t *admin, aph_error_t *err)
{
    admin->https = is_https(admin->r);
    int status = judge_host(admin, err);
    if (status == 0)
        status = judge_path(admin, err);
    return status != 0 ? status : judge_site(admin, err);
}

/* -- the person ------------------------------------------------------------------------------ */

const char *aphm_guard_cookie_name(const aphm_admin_t *admin)
{
    return admin->https ? "__Host-apphost" : "apphost";
}

static int is_secret(const char *text, size_t length)
{
    return length == SECRET_OCTETS && strspn(text, BASE64URL) >= length;
}

/* Our cookie's value, where it is there once: an app of the same site may have planted another. */
static const char *find_session(const aphm_admin_t *admin)
{
    const char *at = apr_table_get(admin->r->headers_in, "Cookie"),
               *name = aphm_guard_cookie_name(admin);
    const char *value = NULL;
    size_t name_length = strlen(name), value_length = 0;
    int count = 0;
    while (at != NULL && *at != '\0') {
        at += strspn(at, " \t;,");
        size_t length = strcspn(at, ";,");
        if (length > name_length && at[name_length] == '=' && strncmp(at, name, name_length) == 0) {
            value = at + name_length + 1;
            value_length = length - name_length - 1;
            count++;
        }
        at += length;
    }
    while (value_length > 0 && (value[value_length - 1] == ' ' || value[value_length - 1] == '\t'))
        value_length--;
    if (count != 1 || !is_secret(value, value_length))
        return NULL;
    return apr_pstrmemdup(admin->r->pool, value, value_length);
}

static const char *find_token(const aphm_admin_t *admin, const char *authorization)
{
    const char *at = authorization + sizeof "Bearer" - 1;
    if (ap_cstr_casecmpn(authorization, "Bearer ", sizeof "Bearer " - 1) != 0)
        return NULL;
    at += strspn(at, " ");
    if (strncmp(at, TOKEN_PREFIX, sizeof TOKEN_PREFIX - 1) != 0
        || !is_secret(at + sizeof TOKEN_PREFIX - 1, strlen(at + sizeof TOKEN_PREFIX - 1)))
        return NULL;
    return apr_pstrdup(admin->r->pool, at);
}

const char *aphm_guard_csrf(const aphm_admin_t *admin, const char *session)
{
    unsigned char hash[crypto_generichash_BYTES];
    char *hex = apr_palloc(admin->r->pool, sizeof hash * 2 + 1);
    crypto_generichash(hash, sizeof hash, (const unsigned char *)"csrf", 4,
                       (const unsigned char *)session, strlen(session));
    return sodium_bin2hex(hex, sizeof hash * 2 + 1, hash, sizeof hash);
}

static int judge_csrf(const aphm_admin_t *admin, aph_error_t *err)
{
    const char *said = apr_table_get(admin->r->headers_in, "X-Apphost-Csrf");
    const char *want = aphm_guard_csrf(admin, admin->secret);
    if (said != NULL && strlen(said) == strlen(want) &&
        sodium_memcmp(said, want, strlen(want)) == 0)
        return 0;
    aph_error_set(err, APH_EFORBIDDEN, 3116,
                  "a change asked for with a cookie needs the header X-Apphost-Csrf, with what "
                  "GET " APHM_API_PREFIX "/session says in \"csrf\"");
    return HTTP_FORBIDDEN;
}

static int take_key(aphm_admin_t *admin, aph_error_t *err)
{
    const char *key = apr_table_get(admin->r->headers_in, "Idempotency-Key");
    if (key == NULL)
        return 0;
    size_t length = strlen(key);
    if (length == 0 || length > KEY_MAX || strspn(key, BASE64URL) != length) {
        aph_error_set(err, APH_EUSAGE, 3117,
                      "Idempotency-Key is 1 to %d characters A-Z a-z 0-9 - and _", KEY_MAX);
        return HTTP_BAD_REQUEST;
    }
    admin->key = key;
    return 0;
}

int aphm_guard_person(aphm_admin_t *admin, aph_error_t *err)
{
    const char *authorization = apr_table_get(admin->r->headers_in, "Authorization");
    admin->by_token = authorization != NULL;
    admin->secret = admin->by_token ? find_token(admin, authorization) : find_session(admin);
    int is_public = admin->row != NULL && (admin->row->flags & APHM_API_PUBLIC) != 0;
    if (admin->secret == NULL && !is_public) {
        aph_error_set(err, APH_ESIGNEDOUT, 3118,
                      "nobody is signed in here: POST " APHM_API_PREFIX "/session, or send "
                      "Authorization: Bearer with a token");
        return HTTP_UNAUTHORIZED;
    }
    int status = take_key(admin, err);
    if (status != 0 || is_public || admin->by_token || aphm_guard_is_safe(admin->r))
        return status;
    return judge_csrf(admin, err);
}
