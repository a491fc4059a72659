/* SPDX-License-Identifier: Apache-2.0 */
/* apphostctl catalog sign and check: for who makes a catalog. No apphostd. */
#include "ctl/command.h"

#include "ctl/local_program.h"

const aphc_option_t aphc_catalog_sign_options[] = {
    {"key", 'k', "FILE", "the secret key; made where it is not there"},
    {NULL, 0, NULL, NULL},
};

const aphc_option_t aphc_catalog_check_options[] = {
    {NULL, 0, NULL, NULL},
};

apr_status_t aphc_catalog_sign(aphc_context_t *context, const aphc_arguments_t *arguments,
                               aph_error_t *err)
{
    return aph_error_set(err, APH_EINTERNAL, 2531, "catalog sign is not built yet");
}

apr_status_t aphc_catalog_check(aphc_context_t *context, const aphc_arguments_t *arguments,
                                aph_error_t *err)
{
    const char *argv[6] = {APH_LIBEXECDIR "/apphost-check", "--catalog"};
    int count = 2;
    if (context->json)
        argv[count++] = "--json";
    argv[count++] = "--";
    argv[count++] = arguments->operands[0];
    return aphc_become(argv, err);
}
