/* SPDX-License-Identifier: Apache-2.0 */
#include "helper/monitor/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

void aphd_log(aphd_level_t level, const char *format, ...)
{
    char line[APH_ERROR_TEXT_MAX + 256];
    int used = 0;
    if (getenv("JOURNAL_STREAM") != NULL)
        used = snprintf(line, sizeof line, "<%d>", (int)level);
    used += snprintf(line + used, sizeof line - (size_t)used, "apphostd: ");
    va_list args;
    va_start(args, format);
    int more = vsnprintf(line + used, sizeof line - (size_t)used - 1, format, args);
    va_end(args);
    int room = (int)sizeof line - used - 2;
    used += more < room ? more : room;
    for (int i = 0; i < used; i++)
        if ((unsigned char)line[i] < 0x20 || line[i] == 0x7f)
            line[i] = '?';
    line[used++] = '\n';
    ssize_t ignored = write(STDERR_FILENO, line, (size_t)used);
    (void)ignored;
}

void aphd_log_error(aphd_level_t level, const char *what, const aph_error_t *err)
{
    aphd_log(level, "%s: %s: %s", err->tag, what, err->message);
}
