/* SPDX-License-Identifier: Apache-2.0 */
/* The table of places. All access is atomic; nothing is locked. Two who enter at the same moment
 * may both see the last place free and both go over a limit by one, which does no harm: the table
 * itself is bounded. */
#include "mod_apphost/admin/followers.h"

#include <errno.h>
#include <signal.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define SLOTS          1024
#define CALLS_MAX      12 /* apphostd takes 16 connections of one user id */
#define STREAMS_MAX    8
#define PER_PERSON_MAX 4
#define SILENT_SECONDS 2

typedef struct slot_t {
    pid_t owner; /* 0: free */
    int kind;
    uint64_t whoever;
} slot_t;

struct aphm_followers_t {
    int64_t silent_until; /* seconds of the monotonic clock */
    slot_t slots[SLOTS];
};

apr_status_t aphm_followers_create(aphm_followers_t **followers, aph_error_t *err)
{
    void *octets =
        mmap(NULL, sizeof **followers, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (octets == MAP_FAILED)
        return aph_error_set(err, APR_FROM_OS_ERROR(errno), 3120,
                             "no memory to count those who follow the admin pages");
    *followers = octets;
    return APR_SUCCESS;
}

static int64_t now(void)
{
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    return at.tv_sec;
}

/* The owner of a slot that somebody holds; 0: free, or the holder is gone. */
static pid_t holder(const slot_t *slot)
{
    pid_t owner = __atomic_load_n(&slot->owner, __ATOMIC_ACQUIRE);
    return owner > 0 && (owner == getpid() || kill(owner, 0) == 0 || errno != ESRCH) ? owner : 0;
}

int aphm_followers_count(const aphm_followers_t *followers, aphm_place_t kind)
{
    int count = 0;
    for (int i = 0; i < SLOTS; i++)
        count += followers->slots[i].kind == (int)kind && holder(&followers->slots[i]) != 0;
    return count;
}

static int count_person(const aphm_followers_t *followers, uint64_t whoever)
{
    int count = 0;
    for (int i = 0; i < SLOTS; i++)
        count += followers->slots[i].whoever == whoever &&
                 followers->slots[i].kind != APHM_PLACE_CALL && holder(&followers->slots[i]) != 0;
    return count;
}

static int may_enter(const aphm_followers_t *followers, aphm_place_t kind, uint64_t whoever,
                     int limit)
{
    if (kind == APHM_PLACE_CALL)
        return aphm_followers_count(followers, kind) < CALLS_MAX;
    int streams = aphm_followers_count(followers, APHM_PLACE_STREAM);
    return count_person(followers, whoever) < PER_PERSON_MAX
           && (kind != APHM_PLACE_STREAM || streams < STREAMS_MAX)
           && streams + aphm_followers_count(followers, APHM_PLACE_FOLLOW) < limit;
}

int aphm_followers_enter(aphm_followers_t *followers, aphm_place_t kind, uint64_t whoever,
                         int limit)
{
    if (!may_enter(followers, kind, whoever, limit))
        return -1;
    for (int i = 0; i < SLOTS; i++) {
        slot_t *slot = &followers->slots[i];
        pid_t owner = __atomic_load_n(&slot->owner, __ATOMIC_ACQUIRE);
        if (owner != 0 && holder(slot) != 0)
            continue;
        if (__atomic_compare_exchange_n(&slot->owner, &owner, getpid(), 0, __ATOMIC_ACQ_REL,
                                        __ATOMIC_RELAXED)) {
            slot->kind = (int)kind;
            slot->whoever = whoever;
            return i;
        }
    }
    return -1;
}

void aphm_followers_leave(aphm_followers_t *followers, int place)
{
    if (place >= 0)
        __atomic_store_n(&followers->slots[place].owner, 0, __ATOMIC_RELEASE);
}

void aphm_followers_note(aphm_followers_t *followers, int silent)
{
    __atomic_store_n(&followers->silent_until, silent ? now() + SILENT_SECONDS : 0,
                     __ATOMIC_RELAXED);
}

int aphm_followers_is_silent(const aphm_followers_t *followers)
{
    return __atomic_load_n(&followers->silent_until, __ATOMIC_RELAXED) > now();
}
