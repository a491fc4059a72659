/* SPDX-License-Identifier: Apache-2.0 */
/* apphostctl doctor: hands over to apphost-doctor, which works with apphostd dead as well. */
#include "ctl/command.h"

#include "ctl/local_program.h"

enum { CONFIG };

const aphc_option_t aphc_doctor_options[] = {
    [CONFIG] = {"config", 'c', "FILE", "apphostd's configuration (default: " APH_SYSCONFDIR
                                       "/apphostd.conf)"},
    {NULL, 0, NULL, NULL},
};

apr_status_t aphc_doctor(aphc_context_t *context, const aphc_arguments_t *arguments,
                         aph_error_t *err)
{
    const char *argv[5] = {APH_LIBEXECDIR "/apphost-doctor"};
    int count = 1;
    if (arguments->values[CONFIG] != NULL) {
        argv[count++] = "-c";
        argv[count++] = arguments->values[CONFIG];
    }
    if (context->json)
        argv[count++] = "--json";
    return aphc_become(argv, err);
}
