/* SPDX-License-Identifier: Apache-2.0 */
/* Connects COUNT times to closed ports of apps on 127.0.0.1, in a network namespace of its own (the
 * caller's business), with the ports of apps reserved as conf/ ships it. Says how many of the
 * connections met themselves. One process for each of two halves. */
#include <arpa/inet.h>
#include <fcntl.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/limits.h"

#define RESERVED "/proc/sys/net/ipv4/ip_local_reserved_ports"

static int reserve(void)
{
    char text[64];
    int length = snprintf(text, sizeof text, "%d-%d", APH_PORT_BASE + 1,
                          APH_PORT_BASE + APH_APP_ID_MAX_DEFAULT);
    int fd = open(RESERVED, O_WRONLY | O_CLOEXEC);
    int done = fd >= 0 && write(fd, text, (size_t)length) == length;
    if (fd >= 0)
        close(fd);
    return done;
}

static int raise_loopback(void)
{
    struct ifreq request = {.ifr_name = "lo"};
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    request.ifr_flags = IFF_UP;
    int done = fd >= 0 && ioctl(fd, SIOCSIFFLAGS, &request) == 0;
    if (fd >= 0)
        close(fd);
    return done;
}

/* Nobody listens in this namespace: a connection that is made can only be one to itself. */
static long count_meetings(long rounds, int first)
{
    struct sockaddr_in at = {.sin_family = AF_INET,
                             .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
    long met = 0;
    for (long i = 0; i < rounds; i++) {
        int port = APH_PORT_BASE + 1 + (int)((first + i) % APH_APP_ID_MAX_DEFAULT);
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        at.sin_port = htons((unsigned short)port);
        met += fd < 0 || connect(fd, (struct sockaddr *)&at, sizeof at) == 0;
        if (fd >= 0)
            close(fd);
    }
    return met;
}

int main(int argc, char **argv)
{
    long rounds = argc == 2 ? atol(argv[1]) : 0, other = 0;
    int pipes[2], status;
    if (rounds < 2 || !raise_loopback() || !reserve() || pipe2(pipes, O_CLOEXEC) != 0) {
        fprintf(stderr, "usage, as root in a network namespace: self_connects COUNT\n");
        return 2;
    }
    pid_t half = fork();
    if (half == 0) {
        other = count_meetings(rounds / 2, 500);
        _exit(write(pipes[1], &other, sizeof other) != sizeof other);
    }
    long met = count_meetings(rounds - rounds / 2, 0);
    if (half < 0 || waitpid(half, &status, 0) != half || status != 0
        || read(pipes[0], &other, sizeof other) != sizeof other)
        return 1;
    printf("%ld of %ld connections met themselves\n", met + other, rounds);
    return met + other != 0;
}
