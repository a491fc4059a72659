/* SPDX-License-Identifier: Apache-2.0 */
/* How often a password may be tried. Pure: the clock (seconds of any origin) is passed in.
 *
 * A try is counted before its hash is computed, so that hanging up or many at once gain nothing;
 * the right password takes it back. From the fifth failure on the account waits: 1 second, then
 * twice as long each time, up to 15 minutes. All accounts together wait from the fiftieth on, up to
 * 30 seconds, so that many names are no way around it and nobody can shut everybody out for long. A
 * name that is no person's waits like any other. */
#ifndef APHD_BACK_OFF_H
#define APHD_BACK_OFF_H

#include <stdint.h>

#include "common/limits.h"

#define APHD_BACK_OFF_ACCOUNTS 64 /* remembered; the one with the fewest failures makes room */
#define APHD_BACK_OFF_FREE 5
#define APHD_BACK_OFF_MAX 900
#define APHD_BACK_OFF_ALL_FREE 50
#define APHD_BACK_OFF_ALL_MAX 30
#define APHD_BACK_OFF_FORGET 3600 /* without a try, after the last wait is over */

typedef struct aphd_back_off_row_t {
    char name[APH_LABEL_MAX + 1];
    int failures;
    int64_t until;
} aphd_back_off_row_t;

/* Zero-initialise. */
typedef struct aphd_back_off_t {
    aphd_back_off_row_t accounts[APHD_BACK_OFF_ACCOUNTS];
    aphd_back_off_row_t all;
} aphd_back_off_t;

/* Seconds until name may be tried again; 0: now. */
int64_t aphd_back_off_wait(aphd_back_off_t *back_off, const char *name, int64_t now);

void aphd_back_off_tried(aphd_back_off_t *back_off, const char *name, int64_t now);

/* The password was right. */
void aphd_back_off_right(aphd_back_off_t *back_off, const char *name);

#endif
