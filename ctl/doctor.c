/* SPDX-License-Identifier: Apache-2.0 */
/* apphostctl doctor: hands over to apphost-doctor, which works with apphostd dead as well. */
#include "ctl/command.h"

#include <stdlib.h>

#include "ctl/local_program.h"

enum { CONFIG };

const aphc_option_t aphc_doctor_options[] = {
    [CONFIG] = {"config", 'c', "FILE",
                "apphostd's configuration (default: $APPHOST_CONFIG, else " APH_SYSCONFDIR
                "/apphostd.conf)"},
    {NULL, 0, NULL, NULL},
};

apr_status_t aphc_doctor(aphc_context_t *context, const aphc_arguments_t *arguments,
                         aph_error_t *err)
{
    const char *argv[5] = {APH_LIBEXECDIR "/apphost-doctor"};
    const char *config = arguments->values[CONFIG];
    int count = 1;
    if (config == NULL)
        config = getenv("APPHOST_CONFIG");
    if (config != NULL && *config != '\0') {
        argv[count++] = "-c";
        argv[count++] = config;
    }
    if (context->json)
        argv[count++] = "--json";
    return aphc_become(argv, err);
}
