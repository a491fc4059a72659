/* SPDX-License-Identifier: Apache-2.0 */
/* What a plan needs of the machine, what there is, and whether the one fits into the other. */
#ifndef APHD_PLAN_NEEDS_H
#define APHD_PLAN_NEEDS_H

#include <jansson.h>

#include "common/error.h"

/* {"memory_free":N, "memory_all":N,                what programs could have without swapping; all
 *  "disk_free":N,                                  where apphost keeps data
 *  "images_disk_free":N|null, "images_disk":S|null where the engine keeps images, as far as it can
 *                                                  be seen from here}
 * engine_root may be NULL. New reference. */
json_t *aphd_plan_machine(const char *state_dir, const char *engine_root);

/* Octets of memory the model's services reserve or, where they reserve nothing, are limited to;
 * null where no service says a number. New reference. Pure. */
json_t *aphd_plan_memory(const json_t *compose);

/* MemAvailable of /proc/meminfo's text, in octets; -1 where it has none. Pure. */
json_int_t aphd_plan_available(const char *meminfo);

/* What is worth a warning: [{"id":"disk"|"memory"|"size","text":S}...]. New reference. Pure. */
json_t *aphd_plan_warnings(const json_t *needs, const json_t *machine, const json_t *images);

/* APH_ENOSPACE, with both numbers, where plan's images cannot fit on the engine's disk. Pure. */
apr_status_t aphd_plan_fits(const json_t *plan, aph_error_t *err);

#endif
