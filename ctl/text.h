/* SPDX-License-Identifier: Apache-2.0 */
/* Text for terminals. Names, reasons and log lines come from authors and containers: what a
 * terminal would obey instead of show (escapes, other controls, direction overrides) is shown as
 * "?". */
#ifndef APHC_TEXT_H
#define APHC_TEXT_H

#include <stddef.h>
#include <stdio.h>

/* Columns a terminal needs for text: wide characters count two, combining ones none. */
int aphc_text_columns(const char *text);

/* Copies as much of text as fits into columns, made safe, with an ellipsis where something was left
 * out; never half a character, neither at the border of columns nor at that of out. columns 0 means
 * no limit but size. Returns the columns used. */
int aphc_text_cut(char *out, size_t size, const char *text, int columns);

/* Prints text made safe; a tab stays a tab. */
void aphc_text_print(FILE *file, const char *text);

/* Prints text made safe, broken at blanks into lines of at most columns (0: one line), every line
 * but the first indented. */
void aphc_text_wrap(FILE *file, const char *text, int columns, int indent);

#endif
