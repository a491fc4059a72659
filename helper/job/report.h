/* SPDX-License-Identifier: Apache-2.0 */
/* Where a step's progress and log lines go. Steps know this pair of callbacks and nothing of the
 * monitor behind it. */
#ifndef APHD_REPORT_H
#define APHD_REPORT_H

#include <jansson.h>

typedef struct aphd_progress_t {
    const char *step;  /* short and stable: "images" */
    const char *text;  /* for a person */
    json_int_t done;
    json_int_t total;  /* 0: not known */
    const char *unit;  /* "bytes", "layers" or "steps" */
} aphd_progress_t;

typedef struct aphd_report_t {
    void (*progress_cb)(void *baton, const aphd_progress_t *progress);
    void (*log_cb)(void *baton, const char *line);
    void *baton;
} aphd_report_t;

void aphd_report_progress(const aphd_report_t *report, const aphd_progress_t *progress);

/* One line, made valid UTF-8 and cut at 4000 octets. */
void aphd_report_log(const aphd_report_t *report, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Replaces what is not UTF-8, and control characters but tabs, by '?' in place. */
void aphd_text_clean(char *text);

#endif
