/* SPDX-License-Identifier: Apache-2.0 */
/* Whole numbers all the way: what people compare must not depend on how a double is rounded. */
#include "ctl/measure.h"

#include <stdio.h>
#include <time.h>

void aphc_measure_size(char out[APHC_MEASURE_MAX], int64_t octets)
{
    static const char *const units[] = {"kB", "MB", "GB", "TB", "PB", "EB"};
    if (octets < 1000) {
        snprintf(out, APHC_MEASURE_MAX, "%lld B", (long long)(octets < 0 ? 0 : octets));
        return;
    }
    /* Tenths, rounded, in whole numbers: 999.95 kB must become 1.0 MB, not 1000.0 kB. */
    int64_t scale = 1000;
    size_t unit = 0;
    while (unit + 1 < sizeof units / sizeof units[0] && octets / scale >= 1000) {
        scale *= 1000;
        unit++;
    }
    int64_t tenths = octets / (scale / 10) + (octets % (scale / 10) >= scale / 20);
    if (tenths >= 10000 && unit + 1 < sizeof units / sizeof units[0]) {
        tenths /= 1000;
        unit++;
    }
    snprintf(out, APHC_MEASURE_MAX, "%lld.%lld %s", (long long)(tenths / 10),
             (long long)(tenths % 10), units[unit]);
}

void aphc_measure_time(char out[APHC_MEASURE_MAX], int64_t milliseconds)
{
    long long seconds = milliseconds < 0 ? 0 : milliseconds / 1000;
    if (seconds == 0)
        snprintf(out, APHC_MEASURE_MAX, "%lld ms",
                 (long long)(milliseconds < 0 ? 0 : milliseconds));
    else if (seconds < 60)
        snprintf(out, APHC_MEASURE_MAX, "%lld s", seconds);
    else if (seconds < 3600)
        snprintf(out, APHC_MEASURE_MAX, "%lld min %lld s", seconds / 60, seconds % 60);
    else if (seconds < 86400)
        snprintf(out, APHC_MEASURE_MAX, "%lld h %lld min", seconds / 3600, seconds / 60 % 60);
    else
        snprintf(out, APHC_MEASURE_MAX, "%lld d %lld h", seconds / 86400, seconds / 3600 % 24);
}

void aphc_measure_date(char out[APHC_MEASURE_MAX], int64_t seconds)
{
    time_t when = (time_t)seconds;
    struct tm parts;
    if (seconds <= 0 || localtime_r(&when, &parts) == NULL ||
        strftime(out, APHC_MEASURE_MAX, "%Y-%m-%d %H:%M:%S", &parts) == 0)
        snprintf(out, APHC_MEASURE_MAX, "-");
}
