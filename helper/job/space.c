/* SPDX-License-Identifier: Apache-2.0 */
#include "helper/job/space.h"

#include <sys/statvfs.h>

#define MIB         (1024ull * 1024)
#define RESERVE_MAX (1024 * MIB)
#define SMALLEST    (64 * MIB) /* the twentieth of a smaller one would save nobody */

apr_status_t aphd_space_check(const char *what, const char *path, aph_error_t *err)
{
    struct statvfs disk;
    if (statvfs(path, &disk) != 0)
        return APR_SUCCESS;
    unsigned long long whole = (unsigned long long)disk.f_blocks * disk.f_frsize;
    unsigned long long left = (unsigned long long)disk.f_bavail * disk.f_frsize;
    unsigned long long reserve = whole / 20 < RESERVE_MAX ? whole / 20 : RESERVE_MAX;
    if (whole < SMALLEST || left >= reserve)
        return APR_SUCCESS;
    return aph_error_set(err, APH_ENOSPACE, 2321, "only %llu MB are free for %s in %s, and the last "
                         "%llu MB are left to the machine; free some space and install again",
                         left / MIB, what, path, reserve / MIB);
}
