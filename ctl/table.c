/* SPDX-License-Identifier: Apache-2.0 */
/* Tables: measured first, printed after; no row is printed before all are known. */
#include "ctl/table.h"

#include "ctl/text.h"

#define GAP        2
#define CELL_MAX   512
#define SHRINK_MIN 8 /* narrower says nothing any more; then the line is too long instead */

typedef struct table_t {
    const aphc_terminal_t *terminal;
    const aphc_column_t *columns;
    size_t column_count;
    int widths[APHC_TABLE_COLUMNS_MAX];
} table_t;

static const char *shown(const char *cell)
{
    return cell != NULL && *cell != '\0' ? cell : "-";
}

static void find_widths(table_t *table, const char *const *cells, size_t row_count)
{
    for (size_t c = 0; c < table->column_count; c++) {
        table->widths[c] = aphc_text_columns(table->columns[c].title);
        for (size_t r = 0; r < row_count; r++) {
            int width = aphc_text_columns(shown(cells[r * table->column_count + c]));
            if (width > table->widths[c])
                table->widths[c] = width;
        }
    }
}

static int total_width(const table_t *table)
{
    int total = GAP * ((int)table->column_count - 1);
    for (size_t c = 0; c < table->column_count; c++)
        total += table->widths[c];
    return total;
}

/* Takes one column of width at a time from the widest that may shrink. */
static void shrink(table_t *table)
{
    int limit = table->terminal->columns;
    while (limit > 0 && total_width(table) > limit) {
        int *widest = NULL;
        for (size_t c = 0; c < table->column_count; c++)
            if (table->columns[c].shrinks && table->widths[c] > SHRINK_MIN &&
                (widest == NULL || table->widths[c] > *widest))
                widest = &table->widths[c];
        if (widest == NULL)
            return;
        --*widest;
    }
}

static void print_cell(const table_t *table, size_t c, const char *text, aphc_style_t style)
{
    char cut[CELL_MAX];
    int padding = table->widths[c] - aphc_text_cut(cut, sizeof cut, text, table->widths[c]);
    int last = c + 1 == table->column_count;
    if (table->columns[c].right)
        aphc_putf(table->terminal, "%*s", padding, "");
    aphc_put(table->terminal, style, cut);
    if (!table->columns[c].right && !last)
        aphc_putf(table->terminal, "%*s", padding, "");
    aphc_putf(table->terminal, "%*s", last ? 0 : GAP, "");
    if (last)
        aphc_putf(table->terminal, "\n");
}

void aphc_table_print(const aphc_terminal_t *terminal, const aphc_column_t *columns,
                      size_t column_count, const char *const *cells, size_t row_count,
                      aphc_style_t (*style_cb)(size_t column, const char *cell))
{
    table_t table = {terminal, columns, column_count, {0}};
    if (column_count == 0 || column_count > APHC_TABLE_COLUMNS_MAX)
        return;
    find_widths(&table, cells, row_count);
    shrink(&table);
    for (size_t c = 0; c < column_count; c++)
        print_cell(&table, c, columns[c].title, APHC_BOLD);
    for (size_t r = 0; r < row_count; r++)
        for (size_t c = 0; c < column_count; c++) {
            const char *text = shown(cells[r * column_count + c]);
            print_cell(&table, c, text, style_cb != NULL ? style_cb(c, text) : APHC_PLAIN);
        }
}
