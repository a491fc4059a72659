/* SPDX-License-Identifier: Apache-2.0 */
/* A stream to a person or a file: how wide it is, whether it can be redrawn, whether it has
 * colours. */
#ifndef APHC_TERMINAL_H
#define APHC_TERMINAL_H

#include <stdio.h>

typedef enum aphc_style_t {
    APHC_PLAIN,
    APHC_BOLD,
    APHC_DIM,
    APHC_GREEN,
    APHC_YELLOW,
    APHC_RED
} aphc_style_t;

typedef struct aphc_terminal_t {
    FILE *file;
    int columns; /* 0: no limit, as for a file or a pipe */
    unsigned is_terminal : 1;
    unsigned color : 1;
} aphc_terminal_t;

/* Looks at file. Colours need a terminal, no NO_COLOR in the environment and a TERM but "dumb". */
void aphc_terminal_init(aphc_terminal_t *terminal, FILE *file, int no_color);

/* Asks the width anew: people resize windows. */
void aphc_terminal_measure(aphc_terminal_t *terminal);

/* Prints text made safe (see ctl/text.h), in a style where there are colours. */
void aphc_put(const aphc_terminal_t *terminal, aphc_style_t style, const char *text);

/* printf for words of our own; foreign text goes through aphc_put. */
void aphc_putf(const aphc_terminal_t *terminal, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Asks question with [Y/n] or [y/N] and reads one line of standard input. Nonzero means yes; an
 * empty line means by_default; end of input means no. */
int aphc_ask(const aphc_terminal_t *terminal, const char *question, int by_default);

/* Reads one line of standard input, without its end; what is too long for it is cut. secret:
 * nothing of it is shown. 0 where the input ends or the person gives up. */
int aphc_ask_line(const aphc_terminal_t *terminal, int secret, char *line, size_t size);

/* Nonzero when a person can be asked: standard input and terminal are both terminals. */
int aphc_can_ask(const aphc_terminal_t *terminal);

#endif
