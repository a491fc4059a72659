/* SPDX-License-Identifier: Apache-2.0 */
/* Handing over to a program of apphost that apphostctl must not be linked into. */
#ifndef APHC_LOCAL_PROGRAM_H
#define APHC_LOCAL_PROGRAM_H

#include "common/error.h"

/* Becomes argv[0] (absolute; NULL-terminated list), which then prints and exits in our place, with
 * the terminal's kind as its only environment. Returns only when that failed. */
apr_status_t aphc_become(const char *const *argv, aph_error_t *err);

#endif
