/* SPDX-License-Identifier: Apache-2.0 */
/* apphost-check: what apphost would read, rewrite, ask and refuse of a script or compose file.
 * Needs no daemon, no engine and no rights; apphostctl runs it for its verb check.
 *
 *   apphost-check [--json] [--rendered] [--uninstall] FILE|-
 *
 * One line per finding, FILE:LINE: VERDICT: KEY: REASON, and a summary line. With --json one
 * object instead; with --rendered the compose file that would run, when nothing is refused. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <apr_general.h>

#include "common/file_replace.h"
#include "helper/policy/policy.h"
#include "helper/read/reader.h"

typedef struct check_t {
    const char *path;
    int as_json, rendered, uninstall;
    json_t *normal;
    aphd_policy_result_t result;
} check_t;

/* A sample app. The port is the first that apphost gives out. */
static const aphd_words_t sample_words = {.host_port = "35001",
                                          .webapp_path = "/var/lib/apphost/data/1",
                                          .app_identifier = "apphost-00000000-1",
                                          .app_hostname = "app.home.arpa"};
static const aphd_policy_site_t sample_site = {.app_id = 1,
                                               .port = APH_PORT_BASE + 1,
                                               .max_app_id = APH_APP_ID_MAX_DEFAULT,
                                               .project = "apphost-00000000-1",
                                               .instance = "00000000-0000-0000-0000-000000000000",
                                               .data_dir = "/var/lib/apphost/data/1"};

static const char usage[] =
    "usage: apphost-check [--json] [--rendered] [--uninstall] FILE|-\n"
    "exit: 0 accepted, 3 refused by policy, 4 needs consent, 5 cannot be read\n";

static int parse_options(check_t *check, int argc, char **argv)
{
    static const struct option options[] = {{"json", no_argument, NULL, 'j'},
                                            {"rendered", no_argument, NULL, 'r'},
                                            {"uninstall", no_argument, NULL, 'u'},
                                            {"help", no_argument, NULL, 'h'},
                                            {NULL, 0, NULL, 0}};
    int option;
    while ((option = getopt_long(argc, argv, "h", options, NULL)) != -1) {
        if (option == 'j')
            check->as_json = 1;
        else if (option == 'r')
            check->rendered = 1;
        else if (option == 'u')
            check->uninstall = 1;
        else
            return option == 'h' ? 1 : -1;
    }
    if (argc - optind != 1)
        return -1;
    check->path = argv[optind];
    return 0;
}

static apr_status_t read_and_judge(check_t *check, aph_error_t *err)
{
    char *text = NULL;
    size_t length = 0;
    apr_status_t rv = aph_file_read(check->path, APH_FOREIGN_MAX, &text, &length, err);
    if (rv != APR_SUCCESS)
        return rv;
    aphd_reader_kind_t kind = check->uninstall ? APHD_READ_UNINSTALL : APHD_READ_INSTALL;
    rv = aphd_reader_run(kind, text, length, &sample_words, &check->normal, err);
    free(text);
    if (rv == APR_SUCCESS && !check->uninstall)
        rv = aphd_policy_judge(json_object_get(check->normal, "compose"), &sample_site,
                               &check->result, err);
    return rv;
}

static apr_status_t verdict_status(const check_t *check)
{
    static const apr_status_t statuses[] = {[APHD_ALLOW] = APR_SUCCESS,
                                            [APHD_REWRITE] = APR_SUCCESS,
                                            [APHD_ASK] = APH_ECONSENT,
                                            [APHD_DENY] = APH_EDENIED};
    return check->uninstall ? APR_SUCCESS : statuses[check->result.verdict];
}

static void print_findings(const check_t *check)
{
    size_t i, counts[APHD_DENY + 1] = {0};
    json_t *finding;
    json_array_foreach(check->result.findings, i, finding) {
        const char *verdict = json_string_value(json_object_get(finding, "verdict"));
        for (size_t v = 0; v <= APHD_DENY; v++)
            counts[v] += strcmp(aphd_verdict_name((aphd_verdict_t)v), verdict) == 0;
        printf("%s:%d: %s: %s: %s\n", check->path,
               (int)json_integer_value(json_object_get(finding, "line")), verdict,
               json_string_value(json_object_get(finding, "key")),
               json_string_value(json_object_get(finding, "reason")));
    }
    static const char *const ends[] = {"accepted as it is", "accepted with the changes above",
                                       "accepted once the questions above are agreed to",
                                       "refused"};
    printf("%s: %s (%zu rewritten, %zu asked, %zu refused", check->path,
           ends[check->result.verdict], counts[APHD_REWRITE], counts[APHD_ASK], counts[APHD_DENY]);
    if (check->result.verdict != APHD_DENY && check->result.web_service == NULL)
        printf("; no web page");
    printf(")\n");
}

static void print_uninstall(const check_t *check)
{
    const json_t *purge = json_object_get(check->normal, "purge");
    size_t i;
    json_t *row;
    json_array_foreach(purge, i, row)
        printf("%s:%d: data: %s: is deleted by uninstall --purge only\n", check->path,
               (int)json_integer_value(json_object_get(row, "line")),
               json_string_value(json_object_get(row, "path")));
    printf("%s: read (%zu data folders named)\n", check->path, json_array_size(purge));
}

static int print_json(json_t *value)
{
    if (value == NULL || json_dumpf(value, stdout, JSON_INDENT(2)) != 0)
        return -1;
    putchar('\n');
    json_decref(value);
    return 0;
}

static json_t *outcome(const check_t *check)
{
    const aphd_policy_result_t *r = &check->result;
    if (check->uninstall)
        return json_pack("{s:s,s:s,s:O}", "file", check->path, "verdict", "allow", "script",
                         check->normal);
    json_t *script = json_copy(check->normal);
    json_object_del(script, "compose");
    return json_pack("{s:s,s:s,s:O,s:O,s:O,s:O,s:O,s:s?,s:i,s:o,s:O?}", "file", check->path,
                     "verdict", aphd_verdict_name(r->verdict), "findings", r->findings, "images",
                     r->images, "binds", r->binds, "ports", r->ports, "order", r->order,
                     "web_service", r->web_service, "web_target", r->web_target, "script", script,
                     "compose", r->compose);
}

static apr_status_t print_rendered(const check_t *check, aph_error_t *err)
{
    char *text = NULL;
    apr_status_t rv = aphd_render(check->result.compose, NULL, &text, err);
    if (rv != APR_SUCCESS)
        return rv;
    printf("%s\n", text);
    free(text);
    return APR_SUCCESS;
}

static apr_status_t print_outcome(const check_t *check, aph_error_t *err)
{
    if (check->as_json)
        return print_json(outcome(check)) == 0 ? APR_SUCCESS : APR_EGENERAL;
    if (check->rendered && check->result.compose != NULL)
        return print_rendered(check, err);
    if (check->uninstall)
        print_uninstall(check);
    else
        print_findings(check);
    return APR_SUCCESS;
}

static int report_error(const check_t *check, const aph_error_t *err)
{
    if (check->as_json)
        print_json(json_pack("{s:s,s:s,s:s,s:s}", "file", check->path, "code",
                             aph_error_wire(err->status), "tag", err->tag, "message",
                             err->message));
    else
        fprintf(stderr, "%s: %s [%s]\n", check->path, err->message, err->tag);
    return aph_error_exit_code(err->status);
}

int main(int argc, char **argv)
{
    check_t check = {0};
    aph_error_t err = APH_ERROR_INIT;
    int odd = parse_options(&check, argc, argv);
    if (odd != 0) {
        fputs(usage, odd > 0 ? stdout : stderr);
        return odd > 0 ? 0 : aph_error_exit_code(APH_EUSAGE);
    }
    apr_initialize();
    int code;
    apr_status_t rv = read_and_judge(&check, &err);
    if (rv == APR_SUCCESS)
        rv = print_outcome(&check, &err);
    if (rv == APR_SUCCESS)
        code = aph_error_exit_code(verdict_status(&check));
    else
        code = report_error(&check, &err);
    json_decref(check.normal);
    aphd_policy_result_clear(&check.result);
    apr_terminate();
    return code;
}
