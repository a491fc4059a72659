/* SPDX-License-Identifier: Apache-2.0 */
#include "helper/job/report.h"

#include <stdarg.h>
#include <stdio.h>

void aphd_report_progress(const aphd_report_t *report, const aphd_progress_t *progress)
{
    report->progress_cb(report->baton, progress);
}

void aphd_report_log(const aphd_report_t *report, const char *format, ...)
{
    char line[4000];
    va_list args;
    va_start(args, format);
    vsnprintf(line, sizeof line, format, args);
    va_end(args);
    aphd_text_clean(line);
    report->log_cb(report->baton, line);
}

/* Octets of the well-formed sequence at text (RFC 3629), 0 where there is none. */
static size_t sequence_length(const unsigned char *text)
{
    static const struct { unsigned char first, last, low, high; size_t length; } rows[] = {
        {0x20, 0x7E, 0, 0, 1},       {'\t', '\t', 0, 0, 1},       {0xC2, 0xDF, 0x80, 0xBF, 2},
        {0xE0, 0xE0, 0xA0, 0xBF, 3}, {0xE1, 0xEC, 0x80, 0xBF, 3}, {0xED, 0xED, 0x80, 0x9F, 3},
        {0xEE, 0xEF, 0x80, 0xBF, 3}, {0xF0, 0xF0, 0x90, 0xBF, 4}, {0xF1, 0xF3, 0x80, 0xBF, 4},
        {0xF4, 0xF4, 0x80, 0x8F, 4},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (text[0] < rows[i].first || text[0] > rows[i].last)
            continue;
        if (rows[i].length > 1 && (text[1] < rows[i].low || text[1] > rows[i].high))
            return 0;
        for (size_t k = 2; k < rows[i].length; k++)
            if ((text[k] & 0xC0) != 0x80)
                return 0;
        return rows[i].length;
    }
    return 0;
}

void aphd_text_clean(char *text)
{
    while (*text != '\0') {
        size_t length = sequence_length((const unsigned char *)text);
        if (length == 0)
            *text = '?';
        text += length != 0 ? length : 1;
    }
}
