/* SPDX-License-Identifier: Apache-2.0 */
#include "helper/job/report.h"

#include <stdarg.h>
#include <stdio.h>

#include "common/utf8.h"

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

void aphd_text_clean(char *text)
{
    aph_utf8_mend(text);
    for (; *text != '\0'; text++)
        if (((unsigned char)*text < 0x20 && *text != '\t') || *text == 0x7f)
            *text = '?';
}
