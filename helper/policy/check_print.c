/* SPDX-License-Identifier: Apache-2.0 */
/* What is said of a text: for people, for programs, and as the file that would run. */
#include "helper/policy/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "helper/policy/table.h"

static const char *member(const json_t *finding, const char *name)
{
    const char *text = json_string_value(json_object_get(finding, name));
    return text != NULL ? text : "";
}

static int is_set(const json_t *finding, const char *name)
{
    return json_is_true(json_object_get(finding, name));
}

/* FILE:LINE: VERDICT: KEY: REASON */
static void print_finding(const aphd_check_t *check, const json_t *finding)
{
    const char *state = is_set(finding, "overridden") ? ", overridden"
                        : is_set(finding, "consented") ? ", consented"
                                                       : "";
    printf("%s:%d: %s%s: %s: %s\n", check->path, aphd_line(finding), member(finding, "verdict"),
           state, member(finding, "key"), member(finding, "reason"));
    if (strcmp(member(finding, "verdict"), "ask") == 0)
        printf("    consent to it alone: --consent %s\n", member(finding, "id"));
    else if (*member(finding, "consequence") != '\0')
        printf("    %s: --allow %s: %s\n",
               is_set(finding, "overridden") ? "as said" : "root may override it",
               member(finding, "rule"), member(finding, "consequence"));
}

static void count_findings(const aphd_check_t *check, size_t *counts)
{
    size_t i;
    json_t *finding;
    json_array_foreach(check->result.findings, i, finding) {
        const char *verdict = member(finding, "verdict");
        for (size_t v = 0; v <= APHD_DENY; v++)
            counts[v] += strcmp(aphd_verdict_name((aphd_verdict_t)v), verdict) == 0;
    }
}

void aphd_check_print_line(const aphd_check_t *check)
{
    static const char *const ends[] = {"accepted as it is", "accepted with the changes above",
                                       "accepted once the questions above are agreed to",
                                       "refused"};
    size_t counts[APHD_DENY + 1] = {0};
    if (check->error.status != APR_SUCCESS) {
        printf("%s: unreadable: %s [%s]\n", check->path, check->error.message, check->error.tag);
        return;
    }
    if (check->uninstall) {
        printf("%s: read (%zu data folders named)\n", check->path,
               json_array_size(json_object_get(check->normal, "purge")));
        return;
    }
    count_findings(check, counts);
    printf("%s: %s (%zu rewritten, %zu asked, %zu refused", check->path,
           ends[check->result.verdict], counts[APHD_REWRITE], counts[APHD_ASK], counts[APHD_DENY]);
    if (check->result.verdict != APHD_DENY && check->result.web_service == NULL)
        printf("; no web page");
    printf(")\n");
}

static void print_text(const aphd_check_t *check)
{
    size_t i;
    json_t *row;
    json_array_foreach(check->result.findings, i, row)
        print_finding(check, row);
    json_array_foreach(check->uninstall ? json_object_get(check->normal, "purge") : NULL, i, row)
        printf("%s:%d: data: %s: is deleted by uninstall --purge only\n", check->path,
               aphd_line(row), member(row, "path"));
    aphd_check_print_line(check);
}

static int print_json(json_t *value)
{
    if (value == NULL || json_dumpf(value, stdout, JSON_INDENT(2)) != 0)
        return -1;
    putchar('\n');
    json_decref(value);
    return 0;
}

static json_t *outcome(const aphd_check_t *check)
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

static json_t *reason(const aphd_check_t *check)
{
    return json_pack("{s:s,s:s,s:s,s:s}", "file", check->path, "code",
                     aph_error_wire(check->error.status), "tag", check->error.tag, "message",
                     check->error.message);
}

json_t *aphd_check_summary(const aphd_check_t *check)
{
    json_t *summary = check->error.status != APR_SUCCESS
                          ? reason(check)
                          : json_pack("{s:s,s:O*}", "file", check->path, "findings",
                                      check->result.findings);
    const char *end = aphd_check_end_name(aphd_check_end(check));
    json_object_set_new(summary, "verdict", json_string(end));
    return summary;
}

static apr_status_t print_rendered(const aphd_check_t *check, aph_error_t *err)
{
    char *text = NULL;
    apr_status_t rv = aphd_render(check->result.compose, NULL, &text, err);
    if (rv != APR_SUCCESS)
        return rv;
    printf("%s\n", text);
    free(text);
    return APR_SUCCESS;
}

apr_status_t aphd_check_print(const aphd_check_t *check, const aphd_check_options_t *options,
                              aph_error_t *err)
{
    int unreadable = check->error.status != APR_SUCCESS;
    if (options->as_json)
        return print_json(unreadable ? reason(check) : outcome(check)) == 0 ? APR_SUCCESS
                                                                            : APR_EGENERAL;
    if (unreadable)
        fprintf(stderr, "%s: %s [%s]\n", check->path, check->error.message, check->error.tag);
    else if (options->rendered && check->result.compose != NULL)
        return print_rendered(check, err);
    else
        print_text(check);
    return APR_SUCCESS;
}

void aphd_check_print_keys(void)
{
    size_t count;
    const aphd_row_t *rows = aphd_table(&count);
    for (size_t i = 0; i < count; i++) {
        int whole = !rows[i].part && rows[i].shape == APHD_SHAPE_ANY;
        printf("| `%s%s%s` | %s | %s |\n", aphd_table_place(rows[i].section), rows[i].path,
               whole ? ".**" : "", aphd_verdict_name(rows[i].verdict), rows[i].reason);
    }
}
