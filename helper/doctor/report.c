/* SPDX-License-Identifier: Apache-2.0 */
/* Findings as data; how they are printed is the main program's business. */
#include "helper/doctor/doctor.h"

#include <stdarg.h>
#include <stdio.h>
#include <apr_strings.h>

#include "common/utf8.h"

const char *aphd_level_name(aphd_level_t level)
{
    static const char *const names[] = {
        [APHD_OK] = "ok",
        [APHD_UNCHECKED] = "unchecked",
        [APHD_WARNING] = "warning",
        [APHD_FAULT] = "fault",
    };
    return names[level];
}

/* Not apr_pvsprintf: it does not know %lld. */
__attribute__((format(printf, 2, 0))) static const char *
format_text(apr_pool_t *p, const char *format, va_list args)
{
    va_list again;
    va_copy(again, args);
    int length = vsnprintf(NULL, 0, format, again);
    va_end(again);
    if (length < 0)
        return "";
    char *text = apr_palloc(p, (apr_size_t)length + 1);
    vsnprintf(text, (size_t)length + 1, format, args);
    return text;
}

const char *aphd_doctor_text(const aphd_doctor_t *doctor, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    const char *text = format_text(doctor->p, format, args);
    va_end(args);
    return text;
}

/* Names of programs and containers are not ours: nothing a terminal would obey, nothing JSON could
 * not carry. */
static json_t *harmless(const aphd_doctor_t *doctor, const char *text)
{
    char *copy = apr_pstrdup(doctor->p, text);
    aph_utf8_mend(copy);
    for (char *at = copy; *at != '\0'; at++)
        if ((unsigned char)*at < 0x20 || *at == 0x7F)
            *at = '?';
    return json_string(copy);
}

void aphd_report(aphd_doctor_t *doctor, aphd_level_t level, const char *cure, const char *format,
                 ...)
{
    va_list args;
    va_start(args, format);
    const char *cause = format_text(doctor->p, format, args);
    va_end(args);
    json_t *report = json_object();
    json_object_set_new(report, "check", json_string(doctor->current));
    json_object_set_new(report, "verdict", json_string(aphd_level_name(level)));
    json_object_set_new(report, "cause", harmless(doctor, cause));
    if (level >= APHD_WARNING)
        json_object_set_new(report, "cure",
                            harmless(doctor, cure != NULL ? cure : doctor->current_cure));
    json_array_append_new(doctor->reports, report);
}
