/* SPDX-License-Identifier: Apache-2.0 */
/* What apphostd asks httpd about itself. */
#include "mod_apphost/probe.h"

#include <stdlib.h>
#include <string.h>
#include <ap_mpm.h>
#include <apr_strings.h>
#include <http_protocol.h>
#include <scoreboard.h>
#include <util_cfgtree.h>

#include "common/hostname.h"

static const char label[] = "apphost-probe.";

int aphm_probe_is_host(const aphm_config_t *config, const char *host)
{
    if (strncmp(host, label, sizeof label - 1) != 0)
        return 0;
    for (int i = 0; i < config->domains->nelts; i++)
        if (strcmp(host + sizeof label - 1, APR_ARRAY_IDX(config->domains, i, const char *)) == 0)
            return 1;
    return 0;
}

/* Only the connection counts, never what a header or mod_remoteip says. Who comes through a proxy
 * on this machine is not from this machine. */
static int is_from_here(const request_rec *r)
{
    static const char *const passed_on[] = {"X-Forwarded-For", "Forwarded", "Via"};
    const char *ip = r->connection->client_ip;
    for (size_t i = 0; i < sizeof passed_on / sizeof passed_on[0]; i++)
        if (apr_table_get(r->headers_in, passed_on[i]) != NULL)
            return 0;
    return ip != NULL && (strncmp(ip, "127.", 4) == 0 || strcmp(ip, "::1") == 0);
}

/* Every request of the whole server comes by: what is cheap and tells most is asked first. */
static int is_probe(const request_rec *r, const aphm_config_t *config)
{
    char host[APH_HOST_MAX + 1];
    size_t length;
    return r->hostname != NULL && ap_cstr_casecmpn(r->hostname, label, sizeof label - 1) == 0 &&
           r->method_number == M_GET && config->context != NULL && config->enabled != 0 &&
           config->domains != NULL && r->proxyreq == PROXYREQ_NONE &&
           aph_host_normalise(r->hostname, host, &length) == APR_SUCCESS &&
           aphm_probe_is_host(config, host) && is_from_here(r);
}

/* -- the scoreboard -------------------------------------------------------------------------- */

typedef struct board_t {
    int total, used, quiescing, busy, idle;
} board_t;

/* As mod_status counts: a thread of a process that goes away is neither busy nor idle. */
static void count_threads(board_t *board, int slot, int threads)
{
    for (int i = 0; i < threads; i++) {
        worker_score score;
        ap_copy_scoreboard_worker(&score, slot, i);
        if (score.status == SERVER_READY)
            board->idle++;
        else if (score.status != SERVER_DEAD && score.status != SERVER_STARTING &&
                 score.status != SERVER_IDLE_KILL)
            board->busy++;
    }
}

static board_t read_board(void)
{
    board_t board = {0};
    const global_score *global = ap_get_scoreboard_global();
    int threads = 1;
    ap_mpm_query(AP_MPMQ_HARD_LIMIT_DAEMONS, &board.total);
    ap_mpm_query(AP_MPMQ_HARD_LIMIT_THREADS, &threads);
    for (int slot = 0; slot < board.total; slot++) {
        const process_score *process = ap_get_scoreboard_process(slot);
        if (process == NULL || process->pid == 0)
            continue;
        board.used++;
        if (process->quiescing ||
            (global != NULL && process->generation != global->running_generation))
            board.quiescing++;
        else
            count_threads(&board, slot, threads > 0 ? threads : 1);
    }
    return board;
}

/* -- the answer ------------------------------------------------------------------------------ */

/* text as the inside of a JSON string. */
static const char *json_text(const char *text, apr_pool_t *p)
{
    char *out = apr_palloc(p, strlen(text) * 6 + 1), *at = out;
    for (const char *c = text; *c != '\0'; c++) {
        if ((unsigned char)*c < 0x20 || *c == '"' || *c == '\\')
            at += apr_snprintf(at, 7, "\\u%04x", (unsigned)*c);
        else
            *at++ = *c;
    }
    *at = '\0';
    return out;
}

static const char *make_answer(const aphm_context_t *context, apr_pool_t *p)
{
    board_t board = read_board();
    const global_score *global = ap_get_scoreboard_global();
    int generation = 0;
    ap_mpm_query(AP_MPMQ_GENERATION, &generation);
    return apr_psprintf(
        p,
        "{\"module\":\"%s\",\"parent\":%" APR_PID_T_FMT ",\"generation\":%d,\"set\":\"%s\","
        "\"routes\":\"%s\",\"start_servers\":%d,"
        "\"slots\":{\"total\":%d,\"used\":%d,\"quiescing\":%d},"
        "\"threads\":{\"busy\":%d,\"idle\":%d},\"restart_time\":%" APR_TIME_T_FMT "}\n",
        APH_VERSION, context->parent, generation, json_text(context->vhost_set, p),
        json_text(context->routes_path, p), context->start_servers, board.total, board.used,
        board.quiescing, board.busy, board.idle,
        global != NULL ? apr_time_sec(global->restart_time) : (apr_time_t)0);
}

int aphm_probe_handle(request_rec *r, int lookup)
{
    const aphm_config_t *config = aphm_config_of(r->server);
    if (lookup || !is_probe(r, config))
        return DECLINED;
    const char *answer = make_answer(config->context, r->pool);
    apr_table_setn(r->headers_out, "Cache-Control", "no-store");
    /* The next question is meant for a new connection: this child may be an old one by then. */
    r->connection->keepalive = AP_CONN_CLOSE;
    ap_set_content_type(r, "application/json");
    ap_set_content_length(r, (apr_off_t)strlen(answer));
    if (!r->header_only)
        ap_rputs(answer, r);
    return OK;
}

/* -- the configuration ----------------------------------------------------------------------- */

/* The last one counts. 0: not said. */
static int find_number(const ap_directive_t *first, const char *name)
{
    int number = 0;
    for (const ap_directive_t *each = first; each != NULL; each = each->next) {
        if (ap_cstr_casecmp(each->directive, name) == 0)
            number = atoi(each->args);
        int inside = find_number(each->first_child, name);
        if (inside != 0)
            number = inside;
    }
    return number;
}

/* httpd tells everything about its children but this; the values for "not said" are its own. */
int aphm_probe_start_servers(void)
{
    int number = find_number(ap_conftree, "StartServers"), threaded = 0, most = 0;
    ap_mpm_query(AP_MPMQ_IS_THREADED, &threaded);
    ap_mpm_query(AP_MPMQ_MAX_DAEMONS, &most);
    if (number <= 0)
        number = threaded != AP_MPMQ_NOT_SUPPORTED ? 3 : 5;
    return most > 0 && number > most ? most : number;
}
