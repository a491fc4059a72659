/* SPDX-License-Identifier: Apache-2.0 */
/* The shapes of keys.def, for the reader, which links nothing else of the policy. */
#include <string.h>

#include "helper/policy/model.h"

typedef struct row_t {
    aphd_section_t section;
    const char *key;
    aphd_shape_t shape;
} row_t;

static const row_t rows[] = {
#define APHD_KEY(section, key, shape, verdict, judge, reason)                                      \
    {APHD_##section, key, APHD_SHAPE_##shape},
#define APHD_PART(section, path, verdict, judge, reason)
#include "helper/policy/keys.def"
#undef APHD_KEY
#undef APHD_PART
};

aphd_shape_t aphd_key_shape(aphd_section_t section, const char *key)
{
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (rows[i].section == section && strcmp(rows[i].key, key) == 0)
            return rows[i].shape;
    return APHD_SHAPE_ANY;
}
