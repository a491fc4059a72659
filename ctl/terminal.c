/* SPDX-License-Identifier: Apache-2.0 */
/* What kind of stream a person or a program reads us from; the only place that knows escapes. */
#include "ctl/terminal.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "ctl/text.h"

#define COLUMNS_UNKNOWN 80

#define KEY_INTERRUPT 3
#define KEY_END       4
#define KEY_ERASE     127

void aphc_terminal_measure(aphc_terminal_t *terminal)
{
    if (!terminal->is_terminal)
        return;
    struct winsize size;
    int known = ioctl(fileno(terminal->file), TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
    terminal->columns = known ? size.ws_col : COLUMNS_UNKNOWN;
}

void aphc_terminal_init(aphc_terminal_t *terminal, FILE *file, int no_color)
{
    const char *kind = getenv("TERM");
    const char *refusal = getenv("NO_COLOR"); /* https://no-color.org: set and not empty */
    *terminal = (aphc_terminal_t){.file = file, .is_terminal = isatty(fileno(file)) == 1};
    terminal->color = terminal->is_terminal && !no_color && kind != NULL &&
                      strcmp(kind, "dumb") != 0 && (refusal == NULL || *refusal == '\0');
    aphc_terminal_measure(terminal);
}

static const char *escape_of(aphc_style_t style)
{
    static const char *const escapes[] = {
        [APHC_PLAIN] = "",         [APHC_BOLD] = "\033[1m",    [APHC_DIM] = "\033[2m",
        [APHC_GREEN] = "\033[32m", [APHC_YELLOW] = "\033[33m", [APHC_RED] = "\033[31m",
    };
    return escapes[style];
}

void aphc_put(const aphc_terminal_t *terminal, aphc_style_t style, const char *text)
{
    int styled = terminal->color && style != APHC_PLAIN;
    if (styled)
        fputs(escape_of(style), terminal->file);
    aphc_text_print(terminal->file, text);
    if (styled)
        fputs("\033[0m", terminal->file);
}

void aphc_putf(const aphc_terminal_t *terminal, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vfprintf(terminal->file, format, args);
    va_end(args);
}

int aphc_can_ask(const aphc_terminal_t *terminal)
{
    return terminal->is_terminal && isatty(STDIN_FILENO) == 1;
}

/* Keys as they come: an interrupt would leave the terminal without echo, so it is read as a key. */
static int read_unseen(char *line, size_t size)
{
    struct termios seen, unseen;
    size_t length = 0;
    int key = EOF;
    if (tcgetattr(STDIN_FILENO, &seen) != 0)
        return 0;
    unseen = seen;
    unseen.c_lflag &= (tcflag_t)~(ECHO | ICANON | ISIG);
    unseen.c_cc[VMIN] = 1;
    unseen.c_cc[VTIME] = 0;
    if (tcsetattr(STDIN_FILENO, TCSADRAIN, &unseen) != 0)
        return 0;
    while ((key = getc(stdin)) != EOF && key != '\n' && key != '\r' && key != KEY_INTERRUPT
           && key != KEY_END) {
        if (key == KEY_ERASE || key == '\b')
            length -= length > 0;
        else if (length + 1 < size)
            line[length++] = (char)key;
    }
    line[length] = '\0';
    tcsetattr(STDIN_FILENO, TCSADRAIN, &seen);
    return key == '\n' || key == '\r';
}

static int read_seen(char *line, size_t size)
{
    if (fgets(line, (int)size, stdin) == NULL)
        return 0;
    int whole = strchr(line, '\n') != NULL;
    while (!whole) {
        int c = getc(stdin);
        whole = c == '\n' || c == EOF;
    }
    line[strcspn(line, "\r\n")] = '\0';
    return 1;
}

int aphc_ask_line(const aphc_terminal_t *terminal, int secret, char *line, size_t size)
{
    fflush(terminal->file);
    int read = secret ? read_unseen(line, size) : read_seen(line, size);
    if (secret || !read)
        aphc_putf(terminal, "\n");
    return read;
}

int aphc_ask(const aphc_terminal_t *terminal, const char *question, int by_default)
{
    char line[64];
    for (;;) {
        aphc_put(terminal, APHC_BOLD, question);
        aphc_putf(terminal, by_default ? " [Y/n] " : " [y/N] ");
        fflush(terminal->file);
        if (fgets(line, sizeof line, stdin) == NULL) {
            aphc_putf(terminal, "\n");
            return 0;
        }
        /* A line longer than any answer: the rest of it must not count as the next answer. */
        int whole = strchr(line, '\n') != NULL;
        while (!whole) {
            int c = getc(stdin);
            whole = c == '\n' || c == EOF;
        }
        line[strcspn(line, " \t\r\n")] = '\0';
        if (*line == '\0')
            return by_default;
        if (strcasecmp(line, "y") == 0 || strcasecmp(line, "yes") == 0)
            return 1;
        if (strcasecmp(line, "n") == 0 || strcasecmp(line, "no") == 0)
            return 0;
        aphc_putf(terminal, "Please answer y or n.\n");
    }
}
