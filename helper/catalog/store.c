/* SPDX-License-Identifier: Apache-2.0 */
#include "helper/catalog/store.h"

apr_status_t aphd_catalog_store_open(aphd_catalog_store_t **store, const char *state_dir, int write,
                                     apr_pool_t *p, aph_error_t *err)
{
    *store = NULL;
    return aph_error_set(err, APH_EINTERNAL, 2560, "the store is not built yet");
}

void aphd_catalog_store_close(aphd_catalog_store_t *store)
{
}
