/* SPDX-License-Identifier: Apache-2.0 */
/* What the catalogs say to whoever has an app: that its author warns, gives it up, or offers it no more.
 * It is looked up when apps are listed, for it is said of the entry, after the app was made from it. */
#ifndef APHC_NOTICES_H
#define APHC_NOTICES_H

#include <jansson.h>

#include "ctl/command.h"

/* Adds to each app of the array (borrowed) that has a name and is made from a catalog what there is of
 * "advisory", "deprecated" and "obsolete", texts. The active revision of its entry is asked first, then the
 * one the app is. Where the catalogs cannot be read, that is said on standard error. */
void aphc_notices_add(aphc_context_t *context, json_t *apps);

/* "advisory, deprecated": which there are; in p. NULL: none. */
const char *aphc_notices_text(apr_pool_t *p, const json_t *app);

#endif
