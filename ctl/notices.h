/* SPDX-License-Identifier: Apache-2.0 */
/* What the catalogs say to whoever has an app: that its author warns, gives it up, or offers it no
 * more. It is looked up when apps are listed: it is said of the entry, after the app was made. */
#ifndef APHC_NOTICES_H
#define APHC_NOTICES_H

#include <jansson.h>

#include "ctl/command.h"

/* Adds to each app of the array (borrowed) that is made from a catalog what there is of "advisory",
 * "deprecated" and "obsolete", texts: of the active revision of its entry, else of the one the app
 * is. Where the catalogs cannot be read, that is said on standard error. */
void aphc_notices_add(aphc_context_t *context, json_t *apps);

/* "advisory, deprecated": which there are; in p. NULL: none. */
const char *aphc_notices_text(apr_pool_t *p, const json_t *app);

#endif
