/* SPDX-License-Identifier: Apache-2.0 */
#include "helper/job/lines.h"

#include <stdlib.h>
#include <string.h>

void aphd_lines_init(aphd_lines_t *lines, aphd_line_cb *line_cb, void *baton)
{
    memset(lines, 0, sizeof *lines);
    lines->line_cb = line_cb;
    lines->baton = baton;
}

static apr_status_t hand_on(aphd_lines_t *lines)
{
    size_t length = lines->length;
    if (length > 0 && lines->held[length - 1] == '\r')
        length--;
    lines->held[length] = '\0';
    lines->length = 0;
    return lines->line_cb(lines->baton, lines->held, length);
}

static void hold(aphd_lines_t *lines, const char *octets, size_t length)
{
    size_t room = APHD_LINE_MAX - lines->length;
    if (length > room)
        lines->cut = 1;
    if (length > room)
        length = room;
    memcpy(lines->held + lines->length, octets, length);
    lines->length += length;
}

apr_status_t aphd_lines_feed(aphd_lines_t *lines, const char *octets, size_t length)
{
    if (lines->held == NULL && (lines->held = malloc(APHD_LINE_MAX + 1)) == NULL)
        return APR_ENOMEM;
    while (length > 0) {
        const char *newline = memchr(octets, '\n', length);
        size_t piece = newline != NULL ? (size_t)(newline - octets) : length;
        if (!lines->cut)
            hold(lines, octets, piece);
        octets += piece;
        length -= piece;
        if (newline == NULL)
            return APR_SUCCESS;
        octets++;
        length--;
        lines->cut = 0;
        apr_status_t status = hand_on(lines);
        if (status != APR_SUCCESS)
            return status;
    }
    return APR_SUCCESS;
}

apr_status_t aphd_lines_finish(aphd_lines_t *lines)
{
    return lines->length > 0 ? hand_on(lines) : APR_SUCCESS;
}

void aphd_lines_clear(aphd_lines_t *lines)
{
    free(lines->held);
    lines->held = NULL;
    lines->length = 0;
}
