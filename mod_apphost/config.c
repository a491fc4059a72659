/* SPDX-License-Identifier: Apache-2.0 */
/* The directives, their merging and their judgement. */
#include "mod_apphost/config.h"

#include <stdlib.h>
#include <string.h>
#include <ap_mpm.h>
#include <apr_strings.h>

#include "common/hostname.h"

#define DEFAULT_TIMEOUT_SECONDS 300
#define DEFAULT_SOCKET          "/run/apphost/apphostd.sock"

aphm_config_t *aphm_config_of(const server_rec *s)
{
    return ap_get_module_config(s->module_config, &apphost_module);
}

void *aphm_config_create(apr_pool_t *p, server_rec *s)
{
    aphm_config_t *config = apr_pcalloc(p, sizeof *config);
    config->enabled = -1;
    config->short_names = -1;
    return config;
}

void *aphm_config_merge(apr_pool_t *p, void *base, void *add)
{
    const aphm_config_t *outer = base, *inner = add;
    aphm_config_t *merged = apr_pmemdup(p, outer, sizeof *outer);
    if (inner->enabled != -1)
        merged->enabled = inner->enabled;
    if (inner->short_names != -1)
        merged->short_names = inner->short_names;
    if (inner->domains != NULL)
        merged->domains = inner->domains;
    if (inner->routes_path != NULL)
        merged->routes_path = inner->routes_path;
    if (inner->timeout_seconds != 0)
        merged->timeout_seconds = inner->timeout_seconds;
    if (inner->admin_hosts != NULL)
        merged->admin_hosts = inner->admin_hosts;
    if (inner->admin_socket != NULL)
        merged->admin_socket = inner->admin_socket;
    if (inner->admin_root != NULL)
        merged->admin_root = inner->admin_root;
    return merged;
}

static const char *set_enabled(cmd_parms *cmd, void *unused, int on)
{
    aphm_config_of(cmd->server)->enabled = on;
    return NULL;
}

static const char *set_short_names(cmd_parms *cmd, void *unused, int on)
{
    aphm_config_of(cmd->server)->short_names = on;
    return NULL;
}

/* Adds a name as a person types it to a list that may not be there yet. */
static const char *add_name(cmd_parms *cmd, apr_array_header_t **names, const char *typed)
{
    aph_error_t err = APH_ERROR_INIT;
    char ascii[APH_HOST_MAX + 1];
    if (aph_host_to_ascii(typed, ascii, &err) != APR_SUCCESS)
        return apr_pstrcat(cmd->pool, cmd->cmd->name, ": ", err.message, NULL);
    if (*names == NULL)
        *names = apr_array_make(cmd->pool, 2, sizeof(const char *));
    APR_ARRAY_PUSH(*names, const char *) = apr_pstrdup(cmd->pool, ascii);
    return NULL;
}

static const char *add_domain(cmd_parms *cmd, void *unused, const char *typed)
{
    return add_name(cmd, &aphm_config_of(cmd->server)->domains, typed);
}

static const char *add_admin_host(cmd_parms *cmd, void *unused, const char *typed)
{
    return add_name(cmd, &aphm_config_of(cmd->server)->admin_hosts, typed);
}

static const char *set_path(cmd_parms *cmd, const char **place, const char *path)
{
    const char *absolute = ap_server_root_relative(cmd->pool, path);
    if (absolute == NULL)
        return apr_pstrcat(cmd->pool, cmd->cmd->name, ": \"", path, "\" is not a path", NULL);
    *place = absolute;
    return NULL;
}

static const char *set_routes(cmd_parms *cmd, void *unused, const char *path)
{
    return set_path(cmd, &aphm_config_of(cmd->server)->routes_path, path);
}

static const char *set_admin_socket(cmd_parms *cmd, void *unused, const char *path)
{
    return set_path(cmd, &aphm_config_of(cmd->server)->admin_socket, path);
}

static const char *set_admin_root(cmd_parms *cmd, void *unused, const char *path)
{
    return set_path(cmd, &aphm_config_of(cmd->server)->admin_root, path);
}

/* *value receives a whole number of at least 1; else a sentence. */
static const char *parse_count(cmd_parms *cmd, const char *text, int *value)
{
    char *end;
    long number = strtol(text, &end, 10);
    if (*text == '\0' || *end != '\0' || number < 1 || number > 1000000)
        return apr_psprintf(cmd->pool, "%s: \"%s\" is not a whole number from 1 to 1000000",
                            cmd->cmd->name, text);
    *value = (int)number;
    return NULL;
}

static const char *set_max_upgrades(cmd_parms *cmd, void *unused, const char *total,
                                    const char *per_app)
{
    aphm_limits_t *limits = &aphm_config_of(cmd->server)->limits;
    const char *fault = ap_check_cmd_context(cmd, GLOBAL_ONLY);
    if (fault == NULL)
        fault = parse_count(cmd, total, &limits->upgrades);
    if (fault == NULL && per_app != NULL)
        fault = parse_count(cmd, per_app, &limits->upgrades_per_app);
    return fault;
}

static const char *set_max_inflight(cmd_parms *cmd, void *unused, const char *per_app)
{
    const char *fault = ap_check_cmd_context(cmd, GLOBAL_ONLY);
    if (fault == NULL)
        fault = parse_count(cmd, per_app, &aphm_config_of(cmd->server)->limits.inflight_per_app);
    return fault;
}

static const char *set_max_followers(cmd_parms *cmd, void *unused, const char *count)
{
    const char *fault = ap_check_cmd_context(cmd, GLOBAL_ONLY);
    if (fault == NULL)
        fault = parse_count(cmd, count, &aphm_config_of(cmd->server)->max_followers);
    return fault;
}

static const char *set_timeout(cmd_parms *cmd, void *unused, const char *seconds)
{
    return parse_count(cmd, seconds, &aphm_config_of(cmd->server)->timeout_seconds);
}

const command_rec aphm_config_commands[] = {
    AP_INIT_FLAG("AppHost", set_enabled, NULL, RSRC_CONF,
                 "On: requests for apps are served in this server and its virtual hosts"),
    AP_INIT_ITERATE("AppHostDomain", add_domain, NULL, RSRC_CONF,
                    "domains whose sub-names are apps"),
    AP_INIT_FLAG("AppHostShortNames", set_short_names, NULL, RSRC_CONF,
                 "On: http://NAME/ is the app NAME of the first domain that has it"),
    AP_INIT_TAKE1("AppHostRoutes", set_routes, NULL, RSRC_CONF,
                  "file with the routes, written by apphostd"),
    AP_INIT_TAKE12("AppHostMaxUpgrades", set_max_upgrades, NULL, RSRC_CONF,
                   "upgraded connections (WebSocket) at once: of all apps, and of one app"),
    AP_INIT_TAKE1("AppHostMaxInFlight", set_max_inflight, NULL, RSRC_CONF,
                  "requests of one app under way at once"),
    AP_INIT_TAKE1("AppHostTimeout", set_timeout, NULL, RSRC_CONF,
                  "seconds to wait for an app's next octet"),
    AP_INIT_ITERATE("AppHostAdminHost", add_admin_host, NULL, RSRC_CONF,
                    "names the admin handler answers to; else apps. and each domain"),
    AP_INIT_TAKE1("AppHostAdminSocket", set_admin_socket, NULL, RSRC_CONF,
                  "the socket of apphostd"),
    AP_INIT_TAKE1("AppHostAdminRoot", set_admin_root, NULL, RSRC_CONF,
                  "folder with the admin pages"),
    AP_INIT_TAKE1("AppHostMaxFollowers", set_max_followers, NULL, RSRC_CONF,
                  "requests that may follow something of the admin handler at once"),
    {NULL, {NULL}, NULL, 0, RAW_ARGS, NULL}};

int aphm_config_any_enabled(server_rec *main_server)
{
    for (server_rec *s = main_server; s != NULL; s = s->next)
        if (aphm_config_of(s)->enabled == 1)
            return 1;
    return 0;
}

static const char *place_name(const server_rec *s)
{
    return s->defn_name != NULL ? s->defn_name : "the main configuration";
}

static apr_status_t judge_server(const server_rec *s, aph_error_t *err)
{
    const aphm_config_t *config = aphm_config_of(s);
    if (config->enabled == 1 && config->domains == NULL)
        return aph_error_set(err, APH_ECONFIG, 200,
                             "AppHost is On in the server of %s:%u, but no domain is named: add "
                             "\"AppHostDomain home.arpa\" (or your own) beside it",
                             place_name(s), s->defn_line_number);
    if (config->enabled == 1 && config->routes_path == NULL)
        return aph_error_set(err, APH_ECONFIG, 202,
                             "AppHost is On in the server of %s:%u, but the file with the routes "
                             "is not named: add \"AppHostRoutes /var/lib/apphost/routes\"",
                             place_name(s), s->defn_line_number);
    return APR_SUCCESS;
}

static apr_status_t judge_modules(aph_error_t *err)
{
    static const char *const needed[][2] = {{"mod_proxy.c", "proxy"},
                                            {"mod_proxy_http.c", "proxy_http"}};
    for (size_t i = 0; i < sizeof needed / sizeof needed[0]; i++)
        if (ap_find_linked_module(needed[i][0]) == NULL)
            return aph_error_set(err, APH_ECONFIG, 201,
                                 "AppHost is On, but the module %s_module is not loaded: enable it "
                                 "(Debian: a2enmod %s) and check again",
                                 needed[i][1], needed[i][1]);
    return APR_SUCCESS;
}

const char *aphm_config_routes_path(server_rec *main_server)
{
    for (server_rec *s = main_server; s != NULL; s = s->next) {
        const aphm_config_t *config = aphm_config_of(s);
        if (config->routes_path != NULL && (s == main_server || config->enabled == 1))
            return config->routes_path;
    }
    return NULL;
}

/* A child keeps one snapshot, for all its servers. */
static apr_status_t judge_one_file(server_rec *main_server, aph_error_t *err)
{
    const char *path = aphm_config_routes_path(main_server);
    for (server_rec *s = main_server; s != NULL; s = s->next)
        if (aphm_config_of(s)->enabled == 1 && strcmp(aphm_config_of(s)->routes_path, path) != 0)
            return aph_error_set(err, APH_ECONFIG, 204,
                                 "AppHostRoutes names %s in the server of %s:%u, but %s elsewhere: "
                                 "one httpd has one file of routes, name it once",
                                 aphm_config_of(s)->routes_path, place_name(s),
                                 s->defn_line_number, path);
    return APR_SUCCESS;
}

apr_status_t aphm_config_judge(server_rec *main_server, aph_error_t *err)
{
    const aphm_config_t *config = aphm_config_of(main_server);
    if (!aphm_config_any_enabled(main_server))
        return APR_SUCCESS;
    apr_status_t rv = judge_modules(err);
    for (server_rec *s = main_server; s != NULL && rv == APR_SUCCESS; s = s->next)
        rv = judge_server(s, err);
    if (rv == APR_SUCCESS)
        rv = judge_one_file(main_server, err);
    if (rv == APR_SUCCESS && config->limits.upgrades_per_app > config->limits.upgrades)
        rv = aph_error_set(err, APH_ECONFIG, 203,
                           "AppHostMaxUpgrades %d %d lets one app have more than all together: "
                           "swap or correct the two numbers",
                           config->limits.upgrades, config->limits.upgrades_per_app);
    return rv;
}

static int at_least_one(int number)
{
    return number > 0 ? number : 1;
}

/* What MaxRequestWorkers comes to. */
static int all_threads(void)
{
    int children = 1, threads = 1;
    ap_mpm_query(AP_MPMQ_MAX_DAEMONS, &children);
    ap_mpm_query(AP_MPMQ_MAX_THREADS, &threads);
    return at_least_one(children) * at_least_one(threads);
}

/* Half of the threads for one app, so that the others always find a thread; upgraded connections
 * hold theirs for hours, so all together get half as well. */
aphm_limits_t aphm_config_limits(server_rec *main_server)
{
    aphm_limits_t limits = aphm_config_of(main_server)->limits;
    int all = all_threads();
    if (limits.inflight_per_app == 0)
        limits.inflight_per_app = at_least_one(all / 2);
    if (limits.upgrades == 0)
        limits.upgrades = at_least_one(all / 2);
    if (limits.upgrades_per_app == 0)
        limits.upgrades_per_app = at_least_one(limits.upgrades / 2);
    return limits;
}

int aphm_config_timeout(const server_rec *s)
{
    int said = aphm_config_of(s)->timeout_seconds;
    return said > 0 ? said : DEFAULT_TIMEOUT_SECONDS;
}

const char *aphm_config_admin_socket(const aphm_config_t *config)
{
    return config->admin_socket != NULL ? config->admin_socket : DEFAULT_SOCKET;
}

const char *aphm_config_admin_root(const aphm_config_t *config)
{
    return config->admin_root != NULL ? config->admin_root : APH_UIDIR;
}

int aphm_config_max_followers(server_rec *main_server)
{
    int said = aphm_config_of(main_server)->max_followers;
    return said > 0 ? said : at_least_one(all_threads() / 4);
}
