/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers as people read them. out always ends up a whole string. */
#ifndef APHC_MEASURE_H
#define APHC_MEASURE_H

#include <stddef.h>
#include <stdint.h>

#define APHC_MEASURE_MAX 32

/* "0 B", "999 B", "1.0 kB", "67.1 MB", "1.3 GB": powers of 1000, as registries and disks count. */
void aphc_measure_size(char out[APHC_MEASURE_MAX], int64_t octets);

/* "850 ms", "12 s", "3 min 5 s", "2 h 7 min", "4 d 1 h". */
void aphc_measure_time(char out[APHC_MEASURE_MAX], int64_t milliseconds);

/* Local time "2026-11-23 12:17:45" of seconds since 1970; "-" for 0. */
void aphc_measure_date(char out[APHC_MEASURE_MAX], int64_t seconds);

#endif
