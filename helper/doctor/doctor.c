/* SPDX-License-Identifier: Apache-2.0 */
/* apphost-doctor [-c CONFIG] [--json]: runs the checks, prints what they found. Exit code 0 where
 * no fault was found, that of "unsound" in errors.def otherwise. */
#include "helper/doctor/doctor.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <apr_general.h>
#include <curl/curl.h>

#define INDENT 27 /* columns before the cause: verdict and name of the check */

typedef struct style_t {
    const char *word, *on, *off;
} style_t;

static style_t style_of(const char *verdict, int color)
{
    static const struct {
        const char *verdict, *escape;
    } colors[] = {{"ok", "\033[32m"},
                  {"unchecked", "\033[2m"},
                  {"warning", "\033[33m"},
                  {"fault", "\033[31m"}};
    for (size_t i = 0; color && i < sizeof colors / sizeof colors[0]; i++)
        if (strcmp(colors[i].verdict, verdict) == 0)
            return (style_t){verdict, colors[i].escape, "\033[0m"};
    return (style_t){verdict, "", ""};
}

/* Prints text broken at blanks into lines of width columns (0: one line), all but the first
 * indented. */
static void print_wrapped(const char *text, int indent, int width)
{
    int used = indent;
    while (*text != '\0') {
        int word = (int)strcspn(text, " ");
        if (used > indent && width > 0 && used + 1 + word > width) {
            printf("\n%*s", indent, "");
            used = indent;
        }
        used += printf("%s%.*s", used > indent ? " " : "", word, text);
        text += word;
        text += strspn(text, " ");
    }
    putchar('\n');
}

static int terminal_width(void)
{
    struct winsize size;
    return isatty(STDOUT_FILENO) && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

static int count_of(const json_t *reports, const char *verdict)
{
    size_t i;
    const json_t *report;
    int count = 0;
    json_array_foreach((json_t *)reports, i, report) count +=
        strcmp(json_string_value(json_object_get(report, "verdict")), verdict) == 0;
    return count;
}

static void print_text(const json_t *reports)
{
    const char *refusal = getenv("NO_COLOR"), *kind = getenv("TERM");
    int color = isatty(STDOUT_FILENO) && (refusal == NULL || *refusal == '\0') && kind != NULL &&
                strcmp(kind, "dumb") != 0;
    int width = terminal_width();
    size_t i;
    const json_t *report;
    json_array_foreach((json_t *)reports, i, report)
    {
        style_t style = style_of(json_string_value(json_object_get(report, "verdict")), color);
        const char *cure = json_string_value(json_object_get(report, "cure"));
        printf("%s%-9s%s  %-14s  ", style.on, style.word, style.off,
               json_string_value(json_object_get(report, "check")));
        print_wrapped(json_string_value(json_object_get(report, "cause")), INDENT, width);
        if (cure != NULL) {
            printf("%*scure: ", INDENT, "");
            print_wrapped(cure, INDENT + 6, width);
        }
    }
    int faults = count_of(reports, "fault"), warnings = count_of(reports, "warning");
    printf("%d fault%s, %d warning%s\n", faults, faults == 1 ? "" : "s", warnings,
           warnings == 1 ? "" : "s");
}

static void print_json(json_t *reports)
{
    json_t *all = json_pack("{s:O, s:i, s:i}", "checks", reports, "faults",
                            count_of(reports, "fault"), "warnings", count_of(reports, "warning"));
    json_dumpf(all, stdout, JSON_COMPACT);
    putchar('\n');
    json_decref(all);
}

static int usage(void)
{
    fprintf(stderr, "usage: apphost-doctor [-c CONFIG] [--json]\n");
    return aph_error_exit_code(APH_EUSAGE);
}

int main(int argc, char **argv)
{
    static const struct option options[] = {{"config", required_argument, NULL, 'c'},
                                            {"json", no_argument, NULL, 'j'},
                                            {NULL, 0, NULL, 0}};
    aphd_doctor_t doctor = {.config_path = APHD_SETTINGS_PATH};
    int found, json = 0;
    while ((found = getopt_long(argc, argv, "c:", options, NULL)) != -1) {
        if (found == 'c')
            doctor.config_path = optarg;
        else if (found == 'j')
            json = 1;
        else
            return usage();
    }
    if (optind < argc)
        return usage();
    if (apr_initialize() != APR_SUCCESS || apr_pool_create(&doctor.p, NULL) != APR_SUCCESS ||
        curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        return aph_error_exit_code(APH_EINTERNAL);
    doctor.reports = json_array();

    size_t count;
    const aphd_check_t *checks = aphd_checks(&count);
    for (size_t i = 0; i < count; i++)
        aphd_check_run(&doctor, &checks[i]);
    if (json)
        print_json(doctor.reports);
    else
        print_text(doctor.reports);

    int unsound = count_of(doctor.reports, "fault") > 0;
    json_decref(doctor.containers);
    json_decref(doctor.engine_info);
    json_decref(doctor.reports);
    curl_global_cleanup();
    apr_terminate();
    return unsound ? aph_error_exit_code(APH_EUNSOUND) : 0;
}
