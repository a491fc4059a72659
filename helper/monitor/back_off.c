/* SPDX-License-Identifier: Apache-2.0 */
#include "helper/monitor/back_off.h"

#include <stdio.h>
#include <string.h>

static aphd_back_off_row_t *find(aphd_back_off_t *back_off, const char *name)
{
    for (int i = 0; i < APHD_BACK_OFF_ACCOUNTS; i++)
        if (back_off->accounts[i].failures > 0 && strcmp(back_off->accounts[i].name, name) == 0)
            return &back_off->accounts[i];
    return NULL;
}

static void forget_old(aphd_back_off_row_t *row, int64_t now)
{
    if (row->failures > 0 && now > row->until + APHD_BACK_OFF_FORGET)
        memset(row, 0, sizeof *row);
}

int64_t aphd_back_off_wait(aphd_back_off_t *back_off, const char *name, int64_t now)
{
    const aphd_back_off_row_t *row = find(back_off, name);
    int64_t until = row != NULL ? row->until : now;
    if (until < back_off->all.until)
        until = back_off->all.until;
    return until > now ? until - now : 0;
}

static aphd_back_off_row_t *make_room(aphd_back_off_t *back_off, const char *name)
{
    aphd_back_off_row_t *least = &back_off->accounts[0];
    for (int i = 1; i < APHD_BACK_OFF_ACCOUNTS; i++) {
        aphd_back_off_row_t *row = &back_off->accounts[i];
        if (row->failures < least->failures
            || (row->failures == least->failures && row->until < least->until))
            least = row;
    }
    memset(least, 0, sizeof *least);
    snprintf(least->name, sizeof least->name, "%s", name);
    return least;
}

static void count(aphd_back_off_row_t *row, int free, int most, int64_t now)
{
    int64_t wait = 0;
    row->failures++;
    if (row->failures >= free)
        wait = row->failures - free < 10 ? (int64_t)1 << (row->failures - free) : most;
    row->until = now + (wait < most ? wait : most);
}

void aphd_back_off_tried(aphd_back_off_t *back_off, const char *name, int64_t now)
{
    for (int i = 0; i < APHD_BACK_OFF_ACCOUNTS; i++)
        forget_old(&back_off->accounts[i], now);
    forget_old(&back_off->all, now);
    aphd_back_off_row_t *row = find(back_off, name);
    count(row != NULL ? row : make_room(back_off, name), APHD_BACK_OFF_FREE, APHD_BACK_OFF_MAX,
          now);
    count(&back_off->all, APHD_BACK_OFF_ALL_FREE, APHD_BACK_OFF_ALL_MAX, now);
}

void aphd_back_off_right(aphd_back_off_t *back_off, const char *name)
{
    aphd_back_off_row_t *row = find(back_off, name);
    if (row != NULL)
        memset(row, 0, sizeof *row);
    if (back_off->all.failures > 0)
        back_off->all.failures--;
    if (back_off->all.failures < APHD_BACK_OFF_ALL_FREE)
        back_off->all.until = 0;
}
