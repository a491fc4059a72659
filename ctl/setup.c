/* SPDX-License-Identifier: Apache-2.0 */
/* apphostctl setup and teardown: hand over to apphost-setup, which works with apphostd dead as
 * well. */
#include "ctl/command.h"

#include <stdlib.h>

#include "ctl/local_program.h"

enum { CONFIG, YES, DOMAIN, PORT, HTTPD };

const aphc_option_t aphc_setup_options[] = {
    [CONFIG] = {"config", 'c', "FILE",
                "apphostd's configuration (default: $APPHOST_CONFIG, else " APH_SYSCONFDIR
                "/apphostd.conf)"},
    [YES] = {"yes", 'y', NULL, "do not ask before anything is written"},
    [DOMAIN] = {"domain", 'd', "DOMAIN",
                "what the apps live under; several are separated by blanks"},
    [PORT] = {"port", 'p', "N", "the port httpd answers on (default: found out)"},
    [HTTPD] = {"httpd", 0, "COMMAND",
               "httpd with the options that find its configuration (default: looked for)"},
    {NULL, 0, NULL, NULL},
};

enum { PURGE = DOMAIN };

const aphc_option_t aphc_teardown_options[] = {
    [CONFIG] = {"config", 'c', "FILE",
                "apphostd's configuration (default: $APPHOST_CONFIG, else " APH_SYSCONFDIR
                "/apphostd.conf)"},
    [YES] = {"yes", 'y', NULL, "do not ask before anything is taken back"},
    [PURGE] = {"purge", 0, NULL, "delete every app's data and all else of apphost's too"},
    {NULL, 0, NULL, NULL},
};

static apr_status_t hand_over(const aphc_context_t *context, const aphc_arguments_t *arguments,
                              const aphc_option_t *options, const char *story, aph_error_t *err)
{
    static const char *const longs[] = {"--config", "--yes", "--domain", "--port", "--httpd"};
    const char *argv[16] = {APH_LIBEXECDIR "/apphost-setup"};
    int count = 1;
    for (int i = 0; options[i].name != NULL; i++) {
        const char *value = arguments->values[i];
        if (value == NULL && i == CONFIG)
            value = getenv("APPHOST_CONFIG");
        if (value == NULL || (i == CONFIG && *value == '\0'))
            continue;
        argv[count++] = options == aphc_teardown_options && i == PURGE ? "--purge" : longs[i];
        if (options[i].value != NULL)
            argv[count++] = value;
    }
    if (context->json)
        argv[count++] = "--json";
    argv[count++] = story;
    return aphc_become(argv, err);
}

apr_status_t aphc_setup(aphc_context_t *context, const aphc_arguments_t *arguments,
                        aph_error_t *err)
{
    return hand_over(context, arguments, aphc_setup_options, "setup", err);
}

apr_status_t aphc_teardown(aphc_context_t *context, const aphc_arguments_t *arguments,
                           aph_error_t *err)
{
    return hand_over(context, arguments, aphc_teardown_options, "teardown", err);
}
