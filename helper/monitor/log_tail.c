/* SPDX-License-Identifier: Apache-2.0 */
#include "helper/monitor/log_tail.h"

#include <stdlib.h>
#include <string.h>

/* Drops whole lines until need octets fit. */
static void make_room(aphd_log_tail_t *tail, size_t need)
{
    size_t from = 0;
    while (tail->length - from + need > APHD_LOG_TAIL_MAX) {
        const char *newline = memchr(tail->text + from, '\n', tail->length - from);
        from = newline != NULL ? (size_t)(newline - tail->text) + 1 : tail->length;
    }
    if (from == 0)
        return;
    memmove(tail->text, tail->text + from, tail->length - from);
    tail->length -= from;
}

void aphd_log_tail_add(aphd_log_tail_t *tail, const char *line)
{
    size_t length = strlen(line);
    if (length + 2 > APHD_LOG_TAIL_MAX)
        return;
    if (tail->text != NULL)
        make_room(tail, length + 2);
    if (tail->text == NULL || tail->length + length + 2 > tail->room) {
        size_t room = (tail->length + length + 2) * 2;
        char *grown = realloc(tail->text, room);
        if (grown == NULL)
            return;
        tail->text = grown;
        tail->room = room;
    }
    memcpy(tail->text + tail->length, line, length);
    tail->length += length;
    tail->text[tail->length++] = '\n';
    tail->text[tail->length] = '\0';
}

const char *aphd_log_tail_text(const aphd_log_tail_t *tail)
{
    return tail->text != NULL ? tail->text : "";
}

void aphd_log_tail_clear(aphd_log_tail_t *tail)
{
    free(tail->text);
    memset(tail, 0, sizeof *tail);
}
