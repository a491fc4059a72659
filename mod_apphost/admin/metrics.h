/* SPDX-License-Identifier: Apache-2.0 */
/* /metrics, in the text format 0.0.4 of Prometheus: what the module counted, and what apphostd
 * says. */
#ifndef APHM_METRICS_H
#define APHM_METRICS_H

#include "mod_apphost/admin/admin.h"

int aphm_metrics_send(aphm_admin_t *admin);

#endif
