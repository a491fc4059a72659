/* SPDX-License-Identifier: Apache-2.0 */
#include "helper/policy/table.h"

#include <string.h>

static const aphd_row_t rows[] = {
#define APHD_KEY(section, key, shape, verdict, judge, reason)                                      \
    {APHD_##section, key, APHD_SHAPE_##shape, APHD_##verdict, judge_##judge, reason, 0},
#define APHD_PART(section, path, verdict, judge, reason)                                           \
    {APHD_##section, path, APHD_SHAPE_ANY, APHD_##verdict, judge_##judge, reason, 1},
#include "helper/policy/keys.def"
#undef APHD_KEY
#undef APHD_PART
};

#define ROW_COUNT (sizeof rows / sizeof rows[0])

const aphd_row_t *aphd_table(size_t *count)
{
    *count = ROW_COUNT;
    return rows;
}

const aphd_row_t *aphd_table_key(aphd_section_t section, const char *key)
{
    for (size_t i = 0; i < ROW_COUNT; i++)
        if (!rows[i].part && rows[i].section == section && strcmp(rows[i].path, key) == 0)
            return &rows[i];
    return NULL;
}

/* What of a part's path is below key; NULL: it is a part of another one. */
static const char *below(const aphd_row_t *row, aphd_section_t section, const char *key)
{
    size_t length = strlen(key);
    if (!row->part || row->section != section || strncmp(row->path, key, length) != 0)
        return NULL;
    return row->path[length] == '.' ? row->path + length + 1
           : row->path[length] == '\0' ? row->path + length : NULL;
}

const aphd_row_t *aphd_table_part(aphd_section_t section, const char *key, const json_t *leaf)
{
    for (size_t i = 0; i < ROW_COUNT; i++) {
        const char *pattern = below(&rows[i], section, key);
        if (pattern != NULL && aphd_leaf_is(leaf, pattern))
            return &rows[i];
    }
    return NULL;
}

/* name against a pattern whose last step may be **: whatever follows, also nothing. */
static int fits(const char *pattern, const char *name)
{
    size_t length = strlen(pattern);
    if (length < 3 || strcmp(pattern + length - 3, ".**") != 0)
        return strcmp(pattern, name) == 0;
    length -= 3;
    return strncmp(pattern, name, length) == 0 && (name[length] == '.' || name[length] == '\0');
}

const aphd_row_t *aphd_table_option(aphd_section_t section, const char *list, const char *name)
{
    for (size_t i = 0; i < ROW_COUNT; i++) {
        const char *pattern = below(&rows[i], section, list);
        if (pattern != NULL && fits(pattern, name))
            return &rows[i];
    }
    return NULL;
}

const char *aphd_table_place(aphd_section_t section)
{
    static const char *const places[] = {[APHD_TOP] = "",
                                         [APHD_SERVICE] = "services.*.",
                                         [APHD_NETWORK] = "networks.*.",
                                         [APHD_VOLUME] = "volumes.*.",
                                         [APHD_CONFIG] = "configs.*.",
                                         [APHD_SECRET] = "secrets.*."};
    return places[section];
}
