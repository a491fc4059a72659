/* SPDX-License-Identifier: Apache-2.0 */
/* mod_apphost: requests for apps go to their containers, whatever the virtual host says.
 *
 * The hooks, in the order httpd runs them:
 *
 *   pre_config            mod_proxy's functions are looked up
 *   check_config          apps' virtual hosts are found, the directives judged, also by `httpd -t`
 *   post_config           the context and the shared counters are made
 *   child_init            routes and workers of this child
 *   quick_handler         apphostd's question is answered
 *   pre_translate_name    the request is decided: proxy, page, or not ours
 *   translate_name        nobody else maps it
 *   map_to_storage        a page is no file
 *   (access control, as configured)
 *   fixups                handler and mod_proxy's settings are put in place
 *   insert_filter         the answer's head will pass by
 *   handler               limits; then mod_proxy, or a page
 *   proxy pre_request     mod_proxy is handed our worker
 *   proxy fixups          the headers for the app
 *   proxy create_req      the head of the answer gets its bound
 *   (the app answers)
 *   output filter         the headers from the app
 *   proxy request_status  everything is let go; no answer becomes a page
 *   child_status          a child is gone, and what it had under way
 */
#include <string.h>
#include <unistd.h>
#include <apr_strings.h>
#include <ap_mpm.h>
#include <http_config.h>
#include <http_log.h>
#include <http_protocol.h>
#include <http_request.h>
#include <http_ssl.h>
#include <mpm_common.h>
#include <sodium.h>

#include "mod_apphost/admin/admin.h"
#include "mod_apphost/body_limit.h"
#include "mod_apphost/config.h"
#include "mod_apphost/head_limit.h"
#include "mod_apphost/headers.h"
#include "mod_apphost/page.h"
#include "mod_apphost/probe.h"
#include "mod_apphost/request.h"
#include "mod_apphost/vhosts.h"

#define FILTER       "APPHOST_HEAD"
#define RETAINED_KEY "apphost-counters"
#define FOLLOWERS_KEY "apphost-followers"

/* -- start ----------------------------------------------------------------------------------- */

static int pre_request_cb(proxy_worker **worker, proxy_balancer **balancer, request_rec *r,
                          proxy_server_conf *conf, char **url);

/* Here every LoadModule line has been read, and a hook added now is still sorted in. Without
 * mod_proxy none is; check_config says so if AppHost is On. */
static int pre_config_cb(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp)
{
    aphm_proxy_api_t proxy;
    aph_error_t err = APH_ERROR_INIT;
    apr_status_t rv = aphm_proxy_api_find(&proxy, &err);
    if (rv == APR_NOTFOUND)
        return OK;
    if (rv != APR_SUCCESS) {
        ap_log_perror(APLOG_MARK, APLOG_STARTUP | APLOG_CRIT, 0, plog, "%s: %s", err.tag,
                      err.message);
        return HTTP_INTERNAL_SERVER_ERROR;
    }
    proxy.hook_pre_request(pre_request_cb, NULL, NULL, APR_HOOK_REALLY_FIRST);
    return OK;
}

/* What cannot be made is only a warning here: httpd knows best whether it needs it. */
static void make_logs(server_rec *s)
{
    aph_error_t err = APH_ERROR_INIT;
    if (aphm_vhosts_make_logs(aphm_config_routes_path(s), &err) != APR_SUCCESS)
        ap_log_error(APLOG_MARK, APLOG_STARTUP | APLOG_WARNING, 0, s, "%s: %s", err.tag,
                     err.message);
}

/* Before httpd's own look at the folders of error logs, which is a hook of the same name. */
static int check_config_cb(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp, server_rec *s)
{
    aph_error_t err = APH_ERROR_INIT;
    aphm_vhosts_adopt(s, pconf);
    make_logs(s);
    if (aphm_config_judge(s, &err) == APR_SUCCESS)
        return OK;
    ap_log_error(APLOG_MARK, APLOG_STARTUP | APLOG_CRIT, 0, s, "%s: %s", err.tag, err.message);
    return HTTP_INTERNAL_SERVER_ERROR;
}

/* One mapping for the life of this parent: children of old generations still count in it. */
static apr_status_t keep_counters(aphm_counters_t **counters, aph_error_t *err)
{
    aphm_counters_t **kept = ap_retained_data_get(RETAINED_KEY);
    if (kept == NULL)
        kept = ap_retained_data_create(RETAINED_KEY, sizeof *kept);
    int children = 0;
    ap_mpm_query(AP_MPMQ_HARD_LIMIT_DAEMONS, &children);
    if (*kept == NULL) {
        apr_status_t rv = aphm_counters_create(kept, (unsigned)(children > 0 ? children : 1), err);
        if (rv != APR_SUCCESS)
            return rv;
    }
    *counters = *kept;
    return APR_SUCCESS;
}

/* What an app's request asks of mod_proxy, in every virtual host: the Host header stays, forwarding
 * headers are ours, and the app's own error pages are passed on. */
static ap_conf_vector_t *make_proxy_dir(const aphm_proxy_api_t *proxy, apr_pool_t *p)
{
    ap_conf_vector_t *dir = ap_create_per_dir_config(p);
    proxy_dir_conf *conf = proxy->proxy_module->create_dir_config(p, NULL);
    conf->preserve_host = 1;
    conf->preserve_host_set = 1;
    conf->add_forwarded_headers = 0;
    conf->add_forwarded_headers_set = 1;
    conf->error_override = 0;
    conf->error_override_set = 1;
    ap_set_module_config(dir, proxy->proxy_module, conf);
    return dir;
}

/* As the counters are: streams of an old generation still hold threads. */
static apr_status_t keep_followers(aphm_followers_t **followers, aph_error_t *err)
{
    aphm_followers_t **kept = ap_retained_data_get(FOLLOWERS_KEY);
    if (kept == NULL)
        kept = ap_retained_data_create(FOLLOWERS_KEY, sizeof *kept);
    if (sodium_init() < 0)
        return aph_error_set(err, APH_EINTERNAL, 3166, "libsodium finds nothing random here");
    apr_status_t rv = *kept == NULL ? aphm_followers_create(kept, err) : APR_SUCCESS;
    *followers = *kept;
    return rv;
}

static apr_status_t make_context(aphm_context_t **context, apr_pool_t *p, server_rec *s,
                                 aph_error_t *err)
{
    aphm_context_t *made = apr_pcalloc(p, sizeof *made);
    apr_status_t rv = aphm_proxy_api_find(&made->proxy, err);
    if (rv == APR_SUCCESS)
        rv = keep_counters(&made->counters, err);
    if (rv == APR_SUCCESS)
        rv = keep_followers(&made->followers, err);
    if (rv != APR_SUCCESS)
        return rv;
    made->limits = aphm_config_limits(s);
    made->max_followers = aphm_config_max_followers(s);
    made->routes_path = aphm_config_routes_path(s);
    made->vhost_set = aphm_vhosts_set(made->routes_path, p);
    made->start_servers = aphm_probe_start_servers();
    made->parent = getpid();
    made->proxy_dir = make_proxy_dir(&made->proxy, p);
    *context = made;
    return APR_SUCCESS;
}

static int post_config_cb(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp, server_rec *s)
{
    aphm_context_t *context;
    aph_error_t err = APH_ERROR_INIT;
    /* httpd reads its configuration twice at the start; the first time is only a rehearsal. */
    if (ap_state_query(AP_SQ_MAIN_STATE) == AP_SQ_MS_CREATE_PRE_CONFIG ||
        !aphm_config_any_enabled(s))
        return OK;
    if (make_context(&context, pconf, s, &err) != APR_SUCCESS) {
        ap_log_error(APLOG_MARK, APLOG_CRIT, 0, s, "%s: %s", err.tag, err.message);
        return HTTP_INTERNAL_SERVER_ERROR;
    }
    for (server_rec *each = s; each != NULL; each = each->next)
        aphm_config_of(each)->context = context;
    return OK;
}

static void child_init_cb(apr_pool_t *pchild, server_rec *s)
{
    aphm_context_t *context = aphm_config_of(s)->context;
    if (context == NULL)
        return;
    aphm_counters_attach(context->counters, getpid());
    apr_status_t rv = aphm_workers_create(&context->workers, &context->proxy, s, pchild);
    if (rv == APR_SUCCESS)
        rv = aphm_routes_create(&context->routes, context->routes_path, s, pchild);
    if (rv != APR_SUCCESS)
        ap_log_error(APLOG_MARK, APLOG_CRIT, rv, s,
                     "APH0250: this child cannot serve apps: no memory or no lock for it");
}

static void child_status_cb(server_rec *s, pid_t pid, ap_generation_t generation, int slot,
                            mpm_child_status state)
{
    aphm_counters_t **kept = ap_retained_data_get(RETAINED_KEY);
    if (state == MPM_CHILD_EXITED && kept != NULL && *kept != NULL)
        aphm_counters_child_gone(*kept, pid);
}

/* -- a request ------------------------------------------------------------------------------- */

static int pre_translate_name_cb(request_rec *r)
{
    return aphm_request_decide(r);
}

static int translate_name_cb(request_rec *r)
{
    return aphm_request_of(r) != NULL ? OK : DECLINED;
}

static int map_to_storage_cb(request_rec *r)
{
    return aphm_request_of(r) != NULL && aphm_page_is_handler(r) ? OK : DECLINED;
}

static int fixups_cb(request_rec *r)
{
    const aphm_request_t *request = aphm_request_of(r);
    if (request == NULL)
        return DECLINED;
    if (request->answer != APHM_PROXY) {
        aphm_page_prepare(r);
        return DECLINED;
    }
    r->handler = "proxy-server";
    r->per_dir_config = ap_merge_per_dir_configs(r->pool, r->per_dir_config,
                                                 request->context->proxy_dir);
    aphm_body_limit_lift(r); /* in the merged settings, which are this request's own */
    return DECLINED;
}

static void insert_filter_cb(request_rec *r)
{
    const aphm_request_t *request = aphm_request_of(r);
    if (request != NULL && request->answer == APHM_PROXY)
        ap_add_output_filter(FILTER, NULL, r, r->connection);
}

/* Gives back what the request holds; harmless when it holds nothing any more. */
static apr_status_t let_go_cb(void *data)
{
    request_rec *r = data;
    aphm_request_t *request = aphm_request_of(r);
    if (request->worker != NULL)
        aphm_worker_release(request->context->workers, request->worker);
    request->worker = NULL;
    aphm_head_limit_end(&request->head_limit);
    if (request->counted) {
        aphm_limits_leave(request->context->counters, &request->route, request->upgrade);
        r->connection->keepalives += request->keepalives;
    }
    request->counted = 0;
    return APR_SUCCESS;
}

/* On a client connection that was used before, mod_proxy hangs up without a word when the app gives
 * no answer. It tells by this number, so for the time of the answer it is 0; MaxKeepAliveRequests
 * is applied here instead. */
static void put_keepalives_aside(request_rec *r, aphm_request_t *request)
{
    conn_rec *c = r->connection;
    if (r->server->keep_alive_max > 0 && c->keepalives + 1 >= r->server->keep_alive_max)
        c->keepalive = AP_CONN_CLOSE;
    request->keepalives = c->keepalives;
    c->keepalives = 0;
}

static int handler_cb(request_rec *r)
{
    aphm_request_t *request = aphm_request_of(r);
    aph_error_t err = APH_ERROR_INIT;
    if (request == NULL)
        return DECLINED;
    if (request->answer != APHM_PROXY)
        return aphm_page_send(r, request, aphm_page_of(request));
    int rv = aphm_body_limit_start(r);
    if (rv != OK)
        return rv;
    if (aphm_limits_enter(&request->context->limits, request->context->counters, &request->route,
                          request->upgrade, &err) != APR_SUCCESS) {
        ap_log_rerror(APLOG_MARK, APLOG_INFO, 0, r, "%s: %s", err.tag, err.message);
        return aphm_page_send(r, request, APHM_PAGE_BUSY);
    }
    request->counted = 1;
    put_keepalives_aside(r, request);
    apr_pool_cleanup_register(r->pool, r, let_go_cb, apr_pool_cleanup_null);
    return DECLINED;
}

static int pre_request_cb(proxy_worker **worker, proxy_balancer **balancer, request_rec *r,
                          proxy_server_conf *conf, char **url)
{
    aphm_request_t *request = aphm_request_of(r);
    aph_error_t err = APH_ERROR_INIT;
    if (request == NULL || request->answer != APHM_PROXY)
        return DECLINED;
    int https = (request->route.flags & APH_ROUTE_HTTPS) != 0;
    if (https && !ap_ssl_has_outgoing_handlers()) {
        ap_log_rerror(APLOG_MARK, APLOG_ERR, 0, r,
                      "APH0251: app %u speaks https on its port, but no module for that is loaded: "
                      "enable ssl_module (Debian: a2enmod ssl)",
                      request->route.app_id);
        return HTTP_SERVICE_UNAVAILABLE;
    }
    aphm_worker_key_t key = {request->route.port, https, aphm_config_timeout(r->server)};
    if (aphm_worker_acquire(request->context->workers, key, &request->worker, &err) !=
        APR_SUCCESS) {
        ap_log_rerror(APLOG_MARK, APLOG_ERR, err.status, r, "%s: %s", err.tag, err.message);
        return HTTP_SERVICE_UNAVAILABLE;
    }
    *worker = aphm_worker_proxy(request->worker);
    return OK;
}

static int proxy_fixups_cb(request_rec *r)
{
    const aphm_request_t *request = aphm_request_of(r);
    if (request == NULL || request->answer != APHM_PROXY)
        return DECLINED;
    aphm_headers_request(r);
    return OK;
}

/* mod_proxy has connected and starts to read. */
static int create_answer_cb(request_rec *r, request_rec *answer)
{
    aphm_request_t *request = aphm_request_of(r);
    if (request == NULL || request->answer != APHM_PROXY)
        return DECLINED;
    aphm_head_limit_start(&request->head_limit, r, answer);
    return OK;
}

static apr_status_t head_filter_cb(ap_filter_t *f, apr_bucket_brigade *brigade)
{
    request_rec *r = f->r;
    aphm_request_t *request = aphm_request_of(r);
    ap_remove_output_filter(f);
    /* After an internal redirect f->r is another request, whose head is no app's. */
    if (request != NULL && request->answer == APHM_PROXY) {
        aphm_head_limit_end(&request->head_limit);
        aphm_headers_response(r, request);
    }
    return ap_pass_brigade(f->next, brigade);
}

/* Nonzero when mod_proxy ends without having passed on anything of an answer. With an error of the
 * app's own it ends well: that one has been passed on. */
static int gave_no_answer(const request_rec *r, int status)
{
    return (status == HTTP_INTERNAL_SERVER_ERROR || status == HTTP_BAD_GATEWAY ||
            status == HTTP_SERVICE_UNAVAILABLE || status == HTTP_GATEWAY_TIME_OUT) &&
           !r->sent_bodyct && r->bytes_sent == 0 &&
           apr_table_get(r->notes, "proxy-error-override") == NULL;
}

static int request_status_cb(int *status, request_rec *r)
{
    const aphm_request_t *request = aphm_request_of(r);
    if (request == NULL || request->answer != APHM_PROXY)
        return DECLINED;
    let_go_cb(r);
    if (gave_no_answer(r, *status))
        *status = aphm_page_send(r, request, APHM_PAGE_NO_ANSWER);
    return OK;
}

/* -------------------------------------------------------------------------------------------- */

static void register_hooks(apr_pool_t *p)
{
    ap_hook_pre_config(pre_config_cb, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_check_config(check_config_cb, NULL, NULL, APR_HOOK_REALLY_FIRST);
    ap_hook_post_config(post_config_cb, NULL, NULL, APR_HOOK_LAST);
    ap_hook_child_init(child_init_cb, NULL, NULL, APR_HOOK_LAST);
    ap_hook_child_status(child_status_cb, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_quick_handler(aphm_probe_handle, NULL, NULL, APR_HOOK_REALLY_FIRST);
    ap_hook_pre_translate_name(pre_translate_name_cb, NULL, NULL, APR_HOOK_REALLY_FIRST);
    ap_hook_translate_name(translate_name_cb, NULL, NULL, APR_HOOK_REALLY_FIRST);
    ap_hook_map_to_storage(map_to_storage_cb, NULL, NULL, APR_HOOK_REALLY_FIRST);
    ap_hook_fixups(fixups_cb, NULL, NULL, APR_HOOK_REALLY_LAST);
    ap_hook_insert_filter(insert_filter_cb, NULL, NULL, APR_HOOK_LAST);
    ap_hook_handler(handler_cb, NULL, NULL, APR_HOOK_REALLY_FIRST);
    ap_hook_handler(aphm_admin_handle, NULL, NULL, APR_HOOK_MIDDLE);
    APR_OPTIONAL_HOOK(proxy, fixups, proxy_fixups_cb, NULL, NULL, APR_HOOK_REALLY_LAST);
    APR_OPTIONAL_HOOK(proxy, create_req, create_answer_cb, NULL, NULL, APR_HOOK_MIDDLE);
    APR_OPTIONAL_HOOK(proxy, request_status, request_status_cb, NULL, NULL, APR_HOOK_REALLY_LAST);
    aphm_head_limit_register();
    aphm_body_limit_register();
    ap_register_output_filter(FILTER, head_filter_cb, NULL, AP_FTYPE_CONTENT_SET);
}

AP_DECLARE_MODULE(apphost) = {STANDARD20_MODULE_STUFF,
                              NULL,
                              NULL,
                              aphm_config_create,
                              aphm_config_merge,
                              aphm_config_commands,
                              register_hooks,
                              0};
