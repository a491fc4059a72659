/* SPDX-License-Identifier: Apache-2.0 */
/* The cage foreign text is read in. */
#ifndef APHD_SANDBOX_H
#define APHD_SANDBOX_H

#include "common/error.h"

/* Gives up, for the rest of this process: every descriptor above 2, new files, other processes,
 * further privileges, memory and CPU above a bound, and every system call but reading and writing
 * descriptors it has, memory, and exit. Any other call ends the process with SIGSYS. There is no
 * way back. On an error the caller must not go on. */
apr_status_t aphd_sandbox_enter(aph_error_t *err);

#endif
