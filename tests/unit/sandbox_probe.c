/* SPDX-License-Identifier: Apache-2.0 */
/* Enters the cage of apphost-read and tries one thing; only test_sandbox runs it.
 *   sandbox_probe open|socket|fork|exec|write|memory|spin|descriptor */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "helper/read/sandbox.h"

/* A lasting effect the compiler cannot drop. */
static volatile size_t sink;

static int eat_memory(void)
{
    for (size_t eaten = 0; eaten < 64; eaten++) {
        char *piece = malloc(16u << 20);
        if (piece == NULL)
            return 9;
        memset(piece, 1, 16u << 20);
        sink += (size_t)piece[eaten];
    }
    return 0;
}

static int attempt(const char *what)
{
    static char *const argv[] = {(char *)"/bin/true", NULL};
    if (strcmp(what, "open") == 0)
        return open("/etc/passwd", O_RDONLY) >= 0 ? 0 : 1;
    if (strcmp(what, "socket") == 0)
        return socket(AF_UNIX, SOCK_STREAM, 0) >= 0 ? 0 : 1;
    if (strcmp(what, "fork") == 0)
        return fork() >= 0 ? 0 : 1;
    if (strcmp(what, "exec") == 0)
        return execv(argv[0], argv);
    if (strcmp(what, "memory") == 0)
        return eat_memory();
    if (strcmp(what, "spin") == 0)
        for (;;)
            sink++;
    if (strcmp(what, "descriptor") == 0)
        return write(5, "x", 1) == 1 ? 0 : 8;
    return write(STDOUT_FILENO, "fine\n", 5) == 5 ? 0 : 1;
}

int main(int argc, char **argv)
{
    aph_error_t err = APH_ERROR_INIT;
    if (argc != 2)
        return 99;
    /* A descriptor somebody forgot: it must not work inside. */
    if (dup2(STDOUT_FILENO, 5) != 5 || aphd_sandbox_enter(&err) != APR_SUCCESS)
        return 98;
    _exit(attempt(argv[1]));
}
