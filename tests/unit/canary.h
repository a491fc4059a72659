/* SPDX-License-Identifier: Apache-2.0 */
/* A tree outside an app's folder that must stay exactly as it is, the app's folder beside it, and a
 * kernel that does not know openat2. */
#ifndef TEST_CANARY_H
#define TEST_CANARY_H

#include <stdint.h>

#include "helper/job/folders.h"

typedef struct canary_t {
    char path[64];    /* of both, in memory where there is such a file system; or APPHOST_CANARY_DIR */
    char data[96];    /* the app's folder */
    char outside[96]; /* the canary: outside/b/precious, outside/b/only-outside/, outside/large */
    uint64_t digest;
    aphd_folders_t folders;
} canary_t;

canary_t *canary_open(void);
void canary_close(canary_t *canary);

/* Fails the test where the tree outside is not what it was: a name, a mode, a time, an octet. */
void canary_check(const canary_t *canary);

/* From now on this thread's openat2 fails with ENOSYS, as under an old kernel or sandbox. */
void canary_without_openat2(void);

void canary_put(int directory, const char *name, const char *text);

#endif
