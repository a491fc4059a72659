/* SPDX-License-Identifier: Apache-2.0 */
/* apphost-check: what apphost would read, rewrite, ask and refuse of a script or compose file.
 * Needs no daemon, no engine and no rights; apphostctl runs it for its verb check.
 *
 *   apphost-check [--json] [--rendered] [--uninstall] [--allow RULE]... [--consent ID]...
 *                 FILE|-|DIR
 *
 *   apphost-check --catalog [--json] DIR
 *
 * Two lines per finding at most, FILE:LINE: VERDICT: KEY: REASON and what can be done about it, and
 * a summary line. Of a folder one line a file, and the sum. With --json one object instead; with
 * --rendered the compose file that would run, when nothing is refused. --keys prints the table. */
#include "helper/policy/check.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include <apr_general.h>

#include "common/rules.h"
#include "helper/policy/check_catalog.h"

static const char usage[] =
    "usage: apphost-check [--json] [--rendered] [--uninstall] [--allow RULE]... [--consent ID]...\n"
    "                     FILE|-|DIR\n"
    "       apphost-check --catalog [--json] DIR\n"
    "       apphost-check --keys\n"
    "exit: 0 accepted, 3 refused by policy, 4 needs consent, 5 cannot be read; of a folder the\n"
    "      worst, in the order 0 4 3 5; of a catalog 5 where an entry is malformed\n";

typedef struct request_t {
    aphd_check_options_t options;
    const char *path;
    int keys, help, catalog;
} request_t;

static apr_status_t take_option(request_t *request, int option, const char *value, aph_error_t *err)
{
    switch (option) {
    case 'j':
        request->options.as_json = 1;
        return APR_SUCCESS;
    case 'r':
        request->options.rendered = 1;
        return APR_SUCCESS;
    case 'u':
        request->options.uninstall = 1;
        return APR_SUCCESS;
    case 'k':
        request->keys = 1;
        return APR_SUCCESS;
    case 'C':
        request->catalog = 1;
        return APR_SUCCESS;
    case 'h':
        request->help = 1;
        return APR_SUCCESS;
    case 'c':
        json_array_append_new(request->options.consents, json_string(value));
        return APR_SUCCESS;
    case 'a':
        json_array_append_new(request->options.allowed, json_string(value));
        if (aph_rule_find(value) != NULL)
            return APR_SUCCESS;
        return aph_error_set(err, APH_EUSAGE, 2225, "no refusal called %.60s can be overridden; "
                             "those that can: apphostctl help rules", value);
    default:
        return aph_error_set(err, APH_EUSAGE, 2226, "not an option, or without its value");
    }
}

static apr_status_t parse(request_t *request, int argc, char **argv, aph_error_t *err)
{
    static const struct option options[] = {
        {"json", no_argument, NULL, 'j'},         {"rendered", no_argument, NULL, 'r'},
        {"uninstall", no_argument, NULL, 'u'},    {"keys", no_argument, NULL, 'k'},
        {"allow", required_argument, NULL, 'a'},  {"consent", required_argument, NULL, 'c'},
        {"help", no_argument, NULL, 'h'},         {"catalog", no_argument, NULL, 'C'},
        {NULL, 0, NULL, 0}};
    int option;
    apr_status_t rv = APR_SUCCESS;
    while (rv == APR_SUCCESS && (option = getopt_long(argc, argv, "h", options, NULL)) != -1)
        rv = take_option(request, option, optarg, err);
    if (rv != APR_SUCCESS || request->help || request->keys)
        return rv;
    if (argc - optind != 1)
        return aph_error_set(err, APH_EUSAGE, 2227, "give one file, - or a folder");
    request->path = argv[optind];
    return APR_SUCCESS;
}

static apr_status_t check_one(const request_t *request, int *code, aph_error_t *err)
{
    aphd_check_t check = {.path = request->path, .uninstall = request->options.uninstall};
    apr_status_t rv = aphd_check_run(&check, &request->options, err);
    if (rv == APR_SUCCESS)
        rv = aphd_check_print(&check, &request->options, err);
    *code = aphd_check_exit_code(&check);
    aphd_check_clear(&check);
    return rv;
}

static int is_uninstall(const char *path)
{
    const char *slash = strrchr(path, '/');
    return strstr(slash != NULL ? slash + 1 : path, "uninstall") != NULL;
}

typedef struct sum_t {
    size_t counts[APHD_ENDS];
    aphd_check_end_t worst;
    int code;
    json_t *files; /* with --json */
} sum_t;

static apr_status_t add_file(sum_t *sum, const request_t *request, const char *path,
                             aph_error_t *err)
{
    aphd_check_t check = {.path = path,
                          .uninstall = request->options.uninstall || is_uninstall(path)};
    apr_status_t rv = aphd_check_run(&check, &request->options, err);
    if (rv == APR_SUCCESS) {
        aphd_check_end_t end = aphd_check_end(&check);
        sum->counts[end]++;
        if (end >= sum->worst) {
            sum->worst = end;
            sum->code = aphd_check_exit_code(&check);
        }
        if (request->options.as_json)
            json_array_append_new(sum->files, aphd_check_summary(&check));
        else
            aphd_check_print_line(&check);
    }
    aphd_check_clear(&check);
    return rv;
}

static void print_sum(const sum_t *sum, const request_t *request, int files)
{
    json_t *counts = json_object();
    if (!request->options.as_json)
        printf("%d files:", files);
    for (int end = 0; end < APHD_ENDS; end++) {
        const char *name = aphd_check_end_name((aphd_check_end_t)end);
        json_object_set_new(counts, name, json_integer((json_int_t)sum->counts[end]));
        if (!request->options.as_json)
            printf("%s %zu %s", end > 0 ? "," : "", sum->counts[end], name);
    }
    if (request->options.as_json) {
        json_t *all = json_pack("{s:s,s:O,s:O}", "folder", request->path, "files", sum->files,
                                "counts", counts);
        json_dumpf(all, stdout, JSON_INDENT(2));
        json_decref(all);
    }
    putchar('\n');
    json_decref(counts);
}

static apr_status_t check_folder(const request_t *request, int *code, apr_pool_t *p,
                                 aph_error_t *err)
{
    apr_array_header_t *paths = NULL;
    sum_t sum = {.files = json_array()};
    apr_status_t rv =
        request->options.rendered || json_array_size(request->options.consents) > 0
            ? aph_error_set(err, APH_EUSAGE, 2228, "--rendered and --consent are about one file")
            : aphd_check_tree(request->path, &paths, p, err);
    for (int i = 0; rv == APR_SUCCESS && i < paths->nelts; i++)
        rv = add_file(&sum, request, APR_ARRAY_IDX(paths, i, const char *), err);
    if (rv == APR_SUCCESS)
        print_sum(&sum, request, paths->nelts);
    *code = sum.code;
    json_decref(sum.files);
    return rv;
}

/* A catalog is sound where nothing in it is malformed; an entry by itself ends as any file does. */
static apr_status_t check_catalog(const request_t *request, int *code, apr_pool_t *p,
                                  aph_error_t *err)
{
    size_t counts[APHD_ENTRY_ENDS] = {0};
    apr_status_t rv = aphd_check_catalog(request->path, &request->options, counts, p, err);
    if (counts[APHD_ENTRY_MALFORMED] > 0)
        *code = aph_error_exit_code(APH_EUNREADABLE);
    else if (!request->catalog && counts[APHD_ENTRY_REFUSED] > 0)
        *code = aph_error_exit_code(APH_EDENIED);
    else if (!request->catalog && counts[APHD_ENTRY_ASKS] > 0)
        *code = aph_error_exit_code(APH_ECONSENT);
    return rv;
}

static apr_status_t run(const request_t *request, int *code, apr_pool_t *p, aph_error_t *err)
{
    struct stat seen;
    if (request->help)
        fputs(usage, stdout);
    else if (request->keys)
        aphd_check_print_keys();
    else if (request->catalog || aphd_check_is_entry(request->path))
        return check_catalog(request, code, p, err);
    else if (strcmp(request->path, "-") != 0 && stat(request->path, &seen) == 0
             && S_ISDIR(seen.st_mode))
        return check_folder(request, code, p, err);
    else
        return check_one(request, code, err);
    return APR_SUCCESS;
}

int main(int argc, char **argv)
{
    request_t request = {.options = {.allowed = json_array(), .consents = json_array()}};
    aph_error_t err = APH_ERROR_INIT;
    apr_pool_t *p;
    int code = 0;
    apr_initialize();
    apr_pool_create(&p, NULL);
    apr_status_t rv = parse(&request, argc, argv, &err);
    if (rv == APR_SUCCESS)
        rv = run(&request, &code, p, &err);
    if (rv != APR_SUCCESS) {
        fprintf(stderr, "apphost-check: %s [%s]\n%s", err.message, err.tag,
                rv == APH_EUSAGE ? usage : "");
        code = aph_error_exit_code(rv);
    }
    json_decref(request.options.allowed);
    json_decref(request.options.consents);
    apr_pool_destroy(p);
    apr_terminate();
    return code;
}
