/* SPDX-License-Identifier: Apache-2.0 */
/* Labels of entries ("categories"), and how a person changes them. Pure.
 *
 *   CHANGE  "+LABEL" adds, "-LABEL" takes away, "=LABEL" sets the only one. A list of them holds in
 *           its order; what was noted of an entry is such a list, without what later ones undo. */
#ifndef APHD_CATALOG_LABELS_H
#define APHD_CATALOG_LABELS_H

#include <jansson.h>

#include "common/error.h"

#define APHD_LABELS_MAX 32 /* of one revision, and changes that are noted of one entry */

/* What a person may call one: a-z, 0-9, - and _, at most 63. */
int aphd_label_valid(const char *label);

/* APH_EUSAGE where one of the changes is none. */
apr_status_t aphd_labels_check(const json_t *changes, aph_error_t *err);

/* Makes changes to categories; what is no change is left out. Beyond the most there may be, those
 * that stand first are dropped: what was set by hand stands last. */
void aphd_labels_apply(json_t *categories, const json_t *changes);

/* Adds changes to those that were noted: APH_EEXHAUSTED where these become too many. */
apr_status_t aphd_labels_merge(json_t *noted, const json_t *changes, aph_error_t *err);

#endif
