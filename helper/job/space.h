/* SPDX-License-Identifier: Apache-2.0 */
/* What an installation leaves to the machine: a twentieth of the disk or 1 GiB, whichever is less. */
#ifndef APHD_SPACE_H
#define APHD_SPACE_H

#include "common/error.h"

/* APH_ENOSPACE with both numbers where the file system of path has less than that free. what says
 * whose place it is: "the data of apps". Where nothing can be learnt of path, nothing is said. */
apr_status_t aphd_space_check(const char *what, const char *path, aph_error_t *err);

#endif
