/* SPDX-License-Identifier: Apache-2.0 */
/* apphostctl catalog sign and check: for who makes a catalog. No apphostd. */
#include "ctl/command.h"

#include "ctl/local_program.h"

enum { SIGN_KEY, SIGN_NEW_KEY, SIGN_NAME, SIGN_DAYS };

const aphc_option_t aphc_catalog_sign_options[] = {
    [SIGN_KEY] = {"key", 'k', "FILE", "the secret key to sign with"},
    [SIGN_NEW_KEY] = {"new-key", 0, "FILE", "make a secret key there, and sign with it"},
    [SIGN_NAME] = {"name", 0, "NAME", "what the catalog calls itself"},
    [SIGN_DAYS] = {"days", 0, "N", "how long it is believed without a new index; usually 90"},
    {NULL, 0, NULL, NULL},
};

const aphc_option_t aphc_catalog_check_options[] = {
    {NULL, 0, NULL, NULL},
};

apr_status_t aphc_catalog_sign(aphc_context_t *context, const aphc_arguments_t *arguments,
                               aph_error_t *err)
{
    static const char *const names[] = {[SIGN_KEY] = "--key", [SIGN_NEW_KEY] = "--new-key",
                                        [SIGN_NAME] = "--name", [SIGN_DAYS] = "--days"};
    const char *argv[16] = {APH_LIBEXECDIR "/apphost-sign"};
    int count = 1;
    if (context->json)
        argv[count++] = "--json";
    for (int i = SIGN_KEY; i <= SIGN_DAYS; i++)
        if (arguments->values[i] != NULL) {
            argv[count++] = names[i];
            argv[count++] = arguments->values[i];
        }
    argv[count++] = "--";
    argv[count++] = arguments->operands[0];
    return aphc_become(argv, err);
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
