/* SPDX-License-Identifier: Apache-2.0 */
/* From the apps' rows to the route snapshot the module reads. */
#ifndef APHD_PUBLISH_H
#define APHD_PUBLISH_H

#include "helper/base/settings.h"
#include "helper/monitor/store.h"

/* Writes the snapshot where it differs from what the rows say: every app with a web port under
 * every domain. On disk when this returns APR_SUCCESS. A snapshot that cannot be read is
 * replaced. */
apr_status_t aphd_publish(aphd_store_t *store, const aphd_settings_t *settings, aph_error_t *err);

#endif
