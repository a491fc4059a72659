/* SPDX-License-Identifier: Apache-2.0 */
/* apphost-setup [OPTION...] setup|teardown: what apphostctl hands over to. */
#include "helper/setup/setup.h"

#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <apr_general.h>
#include <sodium.h>

#include "helper/setup/show.h"

static int usage(void)
{
    fprintf(stderr, "usage: apphost-setup [--config FILE] [--domain D] [--port N] "
                    "[--httpd COMMAND] [--yes] [--json] setup\n"
                    "       apphost-setup [--config FILE] [--purge] [--yes] [--json] teardown\n");
    return aph_error_exit_code(APH_EUSAGE);
}

/* Nonzero when the option is understood. */
static int take_option(aphd_setup_t *setup, int option, const char *value)
{
    switch (option) {
    case 'c':
        setup->config_path = value;
        return value[0] == '/';
    case 'd':
        setup->domain = value;
        return strpbrk(value, "\n\r") == NULL;
    case 'p':
        setup->port = atoi(value);
        return setup->port > 0 && setup->port < 65536 &&
               strspn(value, "0123456789") == strlen(value);
    case 'H':
        setup->command = value;
        return strpbrk(value, "\n\r") == NULL;
    case 'P':
        setup->purge = 1;
        return 1;
    case 'y':
        setup->yes = 1;
        return 1;
    case 'j':
        setup->json = 1;
        return 1;
    default:
        return 0;
    }
}

static apr_status_t run(aphd_setup_t *setup, int teardown, aph_error_t *err)
{
    if (geteuid() != 0)
        return aph_error_set(err, APH_EFORBIDDEN, 2205,
                             "httpd's configuration is root's: run this as root");
    return teardown ? aphd_teardown(setup, err) : aphd_setup(setup, err);
}

int main(int argc, char **argv)
{
    static const struct option options[] = {
        {"config", required_argument, NULL, 'c'}, {"domain", required_argument, NULL, 'd'},
        {"port", required_argument, NULL, 'p'},   {"httpd", required_argument, NULL, 'H'},
        {"purge", no_argument, NULL, 'P'},        {"yes", no_argument, NULL, 'y'},
        {"json", no_argument, NULL, 'j'},         {NULL, 0, NULL, 0}};
    aphd_setup_t setup = {.config_path = APHD_SETTINGS_PATH};
    aph_error_t err = APH_ERROR_INIT;
    int found;
    while ((found = getopt_long(argc, argv, "c:d:p:y", options, NULL)) != -1)
        if (!take_option(&setup, found, optarg))
            return usage();
    if (optind + 1 != argc ||
        (strcmp(argv[optind], "setup") != 0 && strcmp(argv[optind], "teardown") != 0))
        return usage();
    if (apr_initialize() != APR_SUCCESS || apr_pool_create(&setup.p, NULL) != APR_SUCCESS ||
        sodium_init() < 0)
        return aph_error_exit_code(APH_EINTERNAL);
    signal(SIGPIPE, SIG_IGN);
    setup.notes = apr_array_make(setup.p, 8, sizeof(const char *));

    apr_status_t status = run(&setup, strcmp(argv[optind], "teardown") == 0, &err);
    aphd_show_notes(&setup);
    if (setup.json)
        aphd_show_json(&setup, status == APR_SUCCESS, status != APR_SUCCESS ? &err : NULL);
    else if (status != APR_SUCCESS)
        fprintf(stderr, "apphostctl: %s%s (%s)\n", err.message,
                err.message[strlen(err.message) - 1] == '.' ? "" : ".", err.tag);
    fflush(stdout);
    apr_terminate();
    return aph_error_exit_code(status);
}
