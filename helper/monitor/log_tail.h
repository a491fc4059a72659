/* SPDX-License-Identifier: Apache-2.0 */
/* The last lines of a job's log, bounded. */
#ifndef APHD_LOG_TAIL_H
#define APHD_LOG_TAIL_H

#include <stddef.h>

#define APHD_LOG_TAIL_MAX 65536

/* Zero-initialise. */
typedef struct aphd_log_tail_t {
    char *text; /* lines, each ended by a newline; NULL while there is none */
    size_t length;
    size_t room;
} aphd_log_tail_t;

/* Appends a line; whole lines at the front go when there are more than APHD_LOG_TAIL_MAX octets. A
 * line that finds no memory is dropped. */
void aphd_log_tail_add(aphd_log_tail_t *tail, const char *line);
const char *aphd_log_tail_text(const aphd_log_tail_t *tail); /* never NULL */
void aphd_log_tail_clear(aphd_log_tail_t *tail);

#endif
