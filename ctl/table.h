/* SPDX-License-Identifier: Apache-2.0 */
/* A table that fits its terminal. */
#ifndef APHC_TABLE_H
#define APHC_TABLE_H

#include "ctl/terminal.h"

#define APHC_TABLE_COLUMNS_MAX 8

typedef struct aphc_column_t {
    const char *title;
    unsigned right : 1;   /* numbers end under each other */
    unsigned shrinks : 1; /* gives way when the terminal is narrow */
} aphc_column_t;

/* Prints the titles and row_count rows. cells holds them row after row, column_count each; NULL is
 * "-". Columns are as wide as their widest cell; where that is too much, the ones that may shrink
 * are cut, the widest first. style_cb (may be NULL) chooses the style of a cell. */
void aphc_table_print(const aphc_terminal_t *terminal, const aphc_column_t *columns,
                      size_t column_count, const char *const *cells, size_t row_count,
                      aphc_style_t (*style_cb)(size_t column, const char *cell));

#endif
