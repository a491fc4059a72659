/* SPDX-License-Identifier: Apache-2.0 */
/* Runs a fuzz target once over every file below tests/cases/KIND, without a fuzzer: what was found or
 * thought of once stays tried in every build. A target that sees something wrong aborts. */
#define _XOPEN_SOURCE 700
#include <ftw.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t size);

static int replayed;

static int replay_cb(const char *path, const struct stat *about, int type, struct FTW *where)
{
    if (type != FTW_F)
        return 0;
    size_t size = (size_t)about->st_size;
    uint8_t *octets = malloc(size > 0 ? size : 1); /* exactly as long, so that a sanitizer sees the end */
    FILE *file = fopen(path, "re");
    if (octets == NULL || file == NULL || fread(octets, 1, size, file) != size)
        return 1;
    fclose(file);
    printf("# %s\n", path);
    fflush(stdout);
    LLVMFuzzerTestOneInput(octets, size);
    free(octets);
    replayed++;
    return 0;
}

/* No seed at all is a failure: somebody moved the cases. */
int main(void)
{
    char folder[4096];
    const char *srcdir = getenv("srcdir");
    snprintf(folder, sizeof folder, "%s/tests/cases/" APH_SEEDS, srcdir != NULL ? srcdir : ".");
    LLVMFuzzerTestOneInput((const uint8_t *)"", 0);
    int failed = nftw(folder, replay_cb, 16, FTW_PHYS) != 0 || replayed == 0;
    printf("1..1\n%sok 1 - replay %s, %d files\n", failed ? "not " : "", folder, replayed);
    return failed;
}
