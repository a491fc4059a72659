/* SPDX-License-Identifier: Apache-2.0 */
/* The rows of keys.def, and how a key finds its own. */
#ifndef APHD_TABLE_H
#define APHD_TABLE_H

#include "helper/policy/judge.h"

typedef struct aphd_row_t {
    aphd_section_t section;
    const char *path; /* a key, or for a part its key, a dot and what is below it */
    aphd_shape_t shape;
    aphd_verdict_t verdict;
    aphd_judge_cb judge;
    const char *reason;
    unsigned part : 1;
} aphd_row_t;

/* All rows in their order; *count receives how many. */
const aphd_row_t *aphd_table(size_t *count);

/* The row of a key; NULL: there is none. */
const aphd_row_t *aphd_table_key(aphd_section_t section, const char *key);

/* The first row that fits a leaf of key's tree; NULL: there is none. */
const aphd_row_t *aphd_table_part(aphd_section_t section, const char *key, const json_t *leaf);

/* The row of a part that is written down as text: "ports.#", "mode". */
const aphd_row_t *aphd_table_option(aphd_section_t section, const char *list, const char *name);

/* How a section begins in the paths people write: "services.*.". */
const char *aphd_table_place(aphd_section_t section);

#endif
