/* SPDX-License-Identifier: Apache-2.0 */
#include "helper/read/entry.h"

apr_status_t aphd_amahi_convert(const char *text, size_t length, json_t **manifest, apr_pool_t *p,
                                 aph_error_t *err)
{
    return aph_error_set(err, APH_EINTERNAL, 2401, "not built yet");
}
