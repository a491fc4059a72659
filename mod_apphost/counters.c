/* SPDX-License-Identifier: Apache-2.0 */
/* How much each app is in use: the shared mapping.
 *
 *   owners[children]   pid of the child that owns the row, 0: free
 *   totals[APPS]       requests ever
 *   rows[children][APPS]
 *
 * It is sized for every possible app id, but a page nobody writes to costs nothing. Column 0, which
 * is no app's id, holds the sum of its row. All access is atomic; nothing is locked. */
#include "mod_apphost/counters.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "common/limits.h"

/* Every app id and 0, rounded up so that a row is whole pages and can be given back as such. */
#define APPS      30720u
#define PAGE_SIZE 4096u
_Static_assert(APPS > APH_APP_ID_MAX && APPS * sizeof(aphm_usage_t) % PAGE_SIZE == 0,
               "a row holds every app and ends with a page");

struct aphm_counters_t {
    unsigned children;
    size_t size;   /* of the mapping, which starts with the owners */
    int own;       /* row of this process, -1: none. Each process has its own copy of this struct */
    pid_t *owners; /* in the mapping, like the two below */
    uint64_t *totals;
    aphm_usage_t (*rows)[APPS];
};

static size_t whole_pages(size_t size)
{
    return (size + PAGE_SIZE - 1) / PAGE_SIZE * PAGE_SIZE;
}

apr_status_t aphm_counters_create(aphm_counters_t **counters, unsigned children, aph_error_t *err)
{
    aphm_counters_t *made = calloc(1, sizeof *made);
    if (made == NULL)
        return aph_error_set(err, APR_ENOMEM, 220, "no memory for the counters");
    size_t owners_size = whole_pages(children * sizeof(pid_t));
    size_t totals_size = whole_pages(APPS * sizeof(uint64_t));
    size_t size = owners_size + totals_size + children * sizeof *made->rows;
    char *octets = mmap(NULL, size, PROT_READ | PROT_WRITE,
                        MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (octets == MAP_FAILED) {
        free(made);
        return aph_error_set(err, APR_FROM_OS_ERROR(errno), 221,
                             "cannot map %zu octets for the counters of %u children", size,
                             children);
    }
    made->children = children;
    made->size = size;
    made->own = -1;
    made->owners = (pid_t *)octets;
    made->totals = (uint64_t *)(octets + owners_size);
    made->rows = (aphm_usage_t(*)[APPS])(octets + owners_size + totals_size);
    *counters = made;
    return APR_SUCCESS;
}

void aphm_counters_close(aphm_counters_t *counters)
{
    munmap(counters->owners, counters->size);
    free(counters);
}

/* Nonzero also where the number is none of httpd's children: foreign code in one of them can write
 * any number here, and that of a process which never ends would count for ever. */
static int process_gone(pid_t pid)
{
    return pid <= 0 || pid == getppid() || getpgid(pid) != getpgrp();
}

/* Gives the row's pages back, which empties it; writing zeros would make pages of all of it. */
static void clear_row(aphm_usage_t *row)
{
    size_t size = APPS * sizeof *row;
    if (madvise(row, size, MADV_REMOVE) != 0)
        memset(row, 0, size);
}

void aphm_counters_attach(aphm_counters_t *counters, pid_t pid)
{
    for (unsigned i = 0; i < counters->children; i++) {
        pid_t owner = __atomic_load_n(&counters->owners[i], __ATOMIC_ACQUIRE);
        if (owner != 0 && !process_gone(owner))
            continue;
        if (__atomic_compare_exchange_n(&counters->owners[i], &owner, pid, 0, __ATOMIC_ACQ_REL,
                                        __ATOMIC_RELAXED)) {
            clear_row(counters->rows[i]);
            counters->own = (int)i;
            return;
        }
    }
    counters->own = -1;
}

void aphm_counters_child_gone(aphm_counters_t *counters, pid_t pid)
{
    for (unsigned i = 0; i < counters->children; i++) {
        pid_t owner = pid;
        __atomic_compare_exchange_n(&counters->owners[i], &owner, 0, 0, __ATOMIC_ACQ_REL,
                                    __ATOMIC_RELAXED);
    }
}

void aphm_counters_forget_dead(aphm_counters_t *counters)
{
    for (unsigned i = 0; i < counters->children; i++) {
        pid_t owner = __atomic_load_n(&counters->owners[i], __ATOMIC_ACQUIRE);
        if (owner != 0 && process_gone(owner))
            aphm_counters_child_gone(counters, owner);
    }
}

static void add(aphm_usage_t *cell, uint32_t inflight, uint32_t upgrades)
{
    __atomic_fetch_add(&cell->inflight, inflight, __ATOMIC_SEQ_CST);
    if (upgrades != 0)
        __atomic_fetch_add(&cell->upgrades, upgrades, __ATOMIC_SEQ_CST);
}

void aphm_counters_enter(aphm_counters_t *counters, uint32_t app_id, int upgrade)
{
    if (counters->own < 0 || app_id >= APPS)
        return;
    aphm_usage_t *row = counters->rows[counters->own];
    add(&row[app_id], 1, upgrade ? 1 : 0);
    add(&row[0], 1, upgrade ? 1 : 0);
    __atomic_fetch_add(&counters->totals[app_id], 1, __ATOMIC_RELAXED);
}

void aphm_counters_leave(aphm_counters_t *counters, uint32_t app_id, int upgrade)
{
    if (counters->own < 0 || app_id >= APPS)
        return;
    aphm_usage_t *row = counters->rows[counters->own];
    add(&row[app_id], (uint32_t)-1, upgrade ? (uint32_t)-1 : 0);
    add(&row[0], (uint32_t)-1, upgrade ? (uint32_t)-1 : 0);
}

aphm_usage_t aphm_counters_usage(const aphm_counters_t *counters, uint32_t app_id)
{
    aphm_usage_t sum = {0, 0};
    for (unsigned i = 0; i < counters->children && app_id < APPS; i++) {
        if (__atomic_load_n(&counters->owners[i], __ATOMIC_ACQUIRE) == 0)
            continue;
        const aphm_usage_t *cell = &counters->rows[i][app_id];
        sum.inflight += __atomic_load_n(&cell->inflight, __ATOMIC_SEQ_CST);
        sum.upgrades += __atomic_load_n(&cell->upgrades, __ATOMIC_SEQ_CST);
    }
    return sum;
}

uint64_t aphm_counters_total(const aphm_counters_t *counters, uint32_t app_id)
{
    return app_id < APPS ? __atomic_load_n(&counters->totals[app_id], __ATOMIC_RELAXED) : 0;
}
