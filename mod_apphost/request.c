/* SPDX-License-Identifier: Apache-2.0 */
/* Host -> route, and what that means for the request. */
#include "mod_apphost/request.h"

#include <string.h>
#include <apr_strings.h>

#include "common/hostname.h"
#include "mod_apphost/page.h"
#include "mod_apphost/probe.h"

aphm_request_t *aphm_request_of(const request_rec *r)
{
    return ap_get_module_config(r->request_config, &apphost_module);
}

/* Nonzero when the server names host itself, not by a wildcard: a site of the admin's, which keeps
 * its name although that lies in one of our domains. */
static int server_claims(const server_rec *s, const char *host)
{
    if (s->server_hostname != NULL && ap_cstr_casecmp(s->server_hostname, host) == 0)
        return 1;
    for (int i = 0; s->names != NULL && i < s->names->nelts; i++)
        if (ap_cstr_casecmp(APR_ARRAY_IDX(s->names, i, const char *), host) == 0)
            return 1;
    return 0;
}

typedef enum place_t { OUTSIDE, RESERVED, BELOW } place_t;

/* Where host lies. A domain's bare name and apps.DOMAIN are the server's own. */
static place_t place_of(const aphm_config_t *config, const char *host, size_t length)
{
    for (int i = 0; i < config->domains->nelts; i++) {
        const char *domain = APR_ARRAY_IDX(config->domains, i, const char *);
        size_t tail = strlen(domain);
        if (length < tail || strcmp(host + length - tail, domain) != 0)
            continue;
        if (length == tail)
            return RESERVED;
        if (host[length - tail - 1] != '.')
            continue;
        return length == tail + 5 && memcmp(host, "apps", 4) == 0 ? RESERVED : BELOW;
    }
    return OUTSIDE;
}

/* A name without a dot stands for itself in the first domain that has such an app. Fails as
 * aphm_routes_find does. */
static apr_status_t find_short(const aphm_config_t *config, const char *label, size_t length,
                               aph_route_t *route)
{
    char host[APH_HOST_MAX + 1];
    apr_status_t rv = APR_NOTFOUND;
    for (int i = 0; i < config->domains->nelts; i++) {
        const char *domain = APR_ARRAY_IDX(config->domains, i, const char *);
        int used = apr_snprintf(host, sizeof host, "%s.%s", label, domain);
        if (length + 1 + strlen(domain) > APH_HOST_MAX)
            continue;
        if (place_of(config, host, (size_t)used) != BELOW)
            continue;
        rv = aphm_routes_find(config->context->routes, host, (size_t)used, route);
        if (rv == APR_SUCCESS)
            return rv;
    }
    return rv;
}

/* An app whose access rules stand in a virtual host of its own is served there only: over another
 * port, where just the wildcard server answers, nobody would ask for the password. While it is
 * being installed that virtual host is not there yet, and the page says nothing worth a rule. */
static aphm_answer_t answer_for(const request_rec *r, const char *host, const aph_route_t *route)
{
    if (route->state == APH_ROUTE_INSTALLING)
        return APHM_STATE_PAGE;
    if ((route->flags & (APH_ROUTE_OWN_VHOST | APH_ROUTE_FILES)) != 0 &&
        !server_claims(r->server, host))
        return APHM_NOT_HERE_PAGE;
    if (route->state != APH_ROUTE_RUNNING)
        return APHM_STATE_PAGE;
    return (route->flags & APH_ROUTE_FILES) != 0 ? APHM_FILES : APHM_PROXY;
}

static aphm_answer_t answer_without_route(apr_status_t why)
{
    return why == APR_EAGAIN ? APHM_NO_ROUTES_PAGE : APHM_UNKNOWN_PAGE;
}

/* A name without a dot counts where AppHostShortNames says so, and in the app's own virtual host
 * where that has it (Amahi's template names it so). */
static aphm_answer_t answer_of_short(const request_rec *r, const aphm_config_t *config,
                                     const char *host, size_t length, aph_route_t *route)
{
    int own = config->own_vhost && server_claims(r->server, host);
    if (config->short_names != 1 && !own)
        return 0;
    apr_status_t rv = find_short(config, host, length, route);
    if (rv == APR_SUCCESS)
        return answer_for(r, host, route);
    return own ? answer_without_route(rv) : 0;
}

/* 0: not ours. */
static aphm_answer_t answer_of(const request_rec *r, const aphm_config_t *config, const char *host,
                               size_t length, aph_route_t *route)
{
    if (strchr(host, '.') == NULL)
        return answer_of_short(r, config, host, length, route);
    if (aphm_probe_is_host(config, host))
        return APHM_UNKNOWN_PAGE;
    place_t place = place_of(config, host, length);
    if (place == RESERVED)
        return 0;
    apr_status_t rv = aphm_routes_find(config->context->routes, host, length, route);
    if (rv == APR_SUCCESS)
        return answer_for(r, host, route);
    /* An app's own virtual host has its names because of the app: without it nothing answers
     * there. */
    int claimed = server_claims(r->server, host);
    if (!(claimed && config->own_vhost) && (claimed || place == OUTSIDE))
        return 0;
    return answer_without_route(rv);
}

/* Path and query exactly as the client wrote them. NULL: neither origin nor absolute form. */
static const char *raw_url(const request_rec *r)
{
    const char *url = r->unparsed_uri;
    if (*url == '/')
        return url;
    const char *authority = ap_strstr_c(url, "://");
    if (authority == NULL || r->parsed_uri.scheme == NULL)
        return NULL;
    const char *rest = strpbrk(authority + 3, "/?#");
    if (rest == NULL)
        return "/";
    return *rest == '/' ? rest : apr_pstrcat(r->pool, "/", rest, NULL);
}

/* Decodes r->uri as "AllowEncodedSlashes NoDecode" would, in every virtual host: that directive is
 * not inherited by them, and its default answers 404 to a URL with %2F in it. Access control sees
 * the decoded path; the app gets the raw one. */
static int decode_path(request_rec *r)
{
    if (r->parsed_uri.path == NULL)
        return OK;
    return ap_unescape_url_ex(r->parsed_uri.path,
                              AP_UNESCAPE_URL_KEEP_UNRESERVED | AP_UNESCAPE_URL_KEEP_SLASHES) == OK
               ? OK
               : HTTP_BAD_REQUEST;
}

static int asks_for_websocket(const request_rec *r)
{
    const char *upgrade = apr_table_get(r->headers_in, "Upgrade");
    return upgrade != NULL && ap_cstr_casecmp(upgrade, "websocket") == 0;
}

/* What mod_proxy needs to forward the URL untouched. */
static void prepare_proxy(request_rec *r, const aphm_request_t *request, const char *url)
{
    r->filename = apr_psprintf(r->pool, "proxy:%s://127.0.0.1:%u%s",
                               request->route.flags & APH_ROUTE_HTTPS ? "https" : "http",
                               (unsigned)request->route.port, url);
    r->proxyreq = PROXYREQ_REVERSE;
    r->handler = "proxy-server";
    apr_table_setn(r->notes, "proxy-nocanon", "1");
    /* A body is passed on as it arrives, not first collected. */
    apr_table_setn(r->subprocess_env, "proxy-prefetch-nonblocking", "1");
}

/* For the log, whoever answers. route: NULL for none. Returns the app's name. */
static const char *note_app(request_rec *r, const char *host, const aph_route_t *route)
{
    const char *name = route != NULL && route->name[0] != '\0'
                           ? apr_pstrdup(r->pool, route->name)
                           : apr_pstrmemdup(r->pool, host, strcspn(host, "."));
    if (route != NULL) {
        apr_table_setn(r->notes, "apphost-name", name);
        apr_table_setn(r->notes, "apphost-id", apr_itoa(r->pool, (int)route->app_id));
    }
    return name;
}

static aphm_request_t *remember(request_rec *r, aphm_context_t *context, aphm_answer_t answer,
                                const char *host, const aph_route_t *route)
{
    int is_app = answer != APHM_UNKNOWN_PAGE && answer != APHM_NO_ROUTES_PAGE;
    aphm_request_t *request = apr_pcalloc(r->pool, sizeof *request);
    request->answer = answer;
    request->host = apr_pstrdup(r->pool, host);
    request->name = note_app(r, host, is_app ? route : NULL);
    request->context = context;
    request->upgrade = asks_for_websocket(r);
    if (is_app)
        request->route = *route;
    ap_set_module_config(r->request_config, &apphost_module, request);
    return request;
}

/* Served by httpd itself, as its virtual host says; only counted and logged as the app's. */
static int leave_to_httpd(request_rec *r, const aphm_config_t *config, const char *host,
                          const aph_route_t *route)
{
    note_app(r, host, route);
    if (ap_is_initial_req(r)) {
        aphm_counters_enter(config->context->counters, route->app_id, 0);
        aphm_counters_leave(config->context->counters, route->app_id, 0);
    }
    return DECLINED;
}

int aphm_request_decide(request_rec *r)
{
    const aphm_config_t *config = aphm_config_of(r->server);
    char host[APH_HOST_MAX + 1];
    size_t length;
    aph_route_t route;
    /* A forward proxy's request (ProxyRequests On) is not for us, whatever it names. */
    if (config->enabled != 1 || config->context == NULL || config->context->routes == NULL ||
        r->hostname == NULL || r->proxyreq != PROXYREQ_NONE)
        return DECLINED;
    if (aph_host_normalise(r->hostname, host, &length) != APR_SUCCESS)
        return DECLINED;
    const char *url = raw_url(r);
    aphm_answer_t answer = url != NULL ? answer_of(r, config, host, length, &route) : 0;
    if (answer == 0)
        return DECLINED;
    if (answer == APHM_FILES)
        return leave_to_httpd(r, config, host, &route);

    aphm_request_t *request = remember(r, config->context, answer, host, &route);
    if (answer == APHM_PROXY)
        prepare_proxy(r, request, url);
    else
        aphm_page_prepare(r);
    int rv = decode_path(r);
    return rv == OK ? DONE : rv;
}
