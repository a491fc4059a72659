/* SPDX-License-Identifier: Apache-2.0 */
/* exec without a shell, and with an environment that cannot change what the program does. */
#include "ctl/local_program.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

apr_status_t aphc_become(const char *const *argv, aph_error_t *err)
{
    char kind[64], refusal[16];
    const char *envp[3] = {NULL, NULL, NULL};
    int count = 0;
    if (getenv("TERM") != NULL) {
        snprintf(kind, sizeof kind, "TERM=%s", getenv("TERM"));
        envp[count++] = kind;
    }
    if (getenv("NO_COLOR") != NULL) {
        snprintf(refusal, sizeof refusal, "NO_COLOR=%s", getenv("NO_COLOR"));
        envp[count++] = refusal;
    }
    fflush(NULL);
    execve(argv[0], (char *const *)argv, (char *const *)envp);
    return aph_error_set(err, APH_EINTERNAL, 1758,
                         "%s cannot be run: %s. Is apphost installed whole?", argv[0],
                         strerror(errno));
}
