/* SPDX-License-Identifier: Apache-2.0 */
/* Octets that arrive in any pieces, handed on as whole lines. A line longer than the limit is
 * handed on cut, once, and its rest is dropped: memory stays bounded whatever the other side
 * sends. */
#ifndef APHD_LINES_H
#define APHD_LINES_H

#include <stddef.h>
#include <apr_errno.h>

#define APHD_LINE_MAX 16384

/* line ends with NUL, without its newline; it may be changed in place. Anything but APR_SUCCESS
 * ends the feeding and is passed on. */
typedef apr_status_t aphd_line_cb(void *baton, char *line, size_t length);

typedef struct aphd_lines_t {
    char *held;      /* malloc'd with the first octets */
    size_t length;
    unsigned cut : 1; /* the limit was met; waiting for the newline */
    aphd_line_cb *line_cb;
    void *baton;
} aphd_lines_t;

void aphd_lines_init(aphd_lines_t *lines, aphd_line_cb *line_cb, void *baton);
apr_status_t aphd_lines_feed(aphd_lines_t *lines, const char *octets, size_t length);

/* Hands on a last line without newline. */
apr_status_t aphd_lines_finish(aphd_lines_t *lines);
void aphd_lines_clear(aphd_lines_t *lines);

#endif
