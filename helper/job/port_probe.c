/* SPDX-License-Identifier: Apache-2.0 */
#include "helper/job/port_probe.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define TCP_STATE_LISTEN 0x0A

static int can_have(const char *address, int port, int type)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons((unsigned short)port)};
    int reuse = type == SOCK_STREAM; /* of UDP it would let two have the port */
    int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return 0;
    inet_pton(AF_INET, address, &at.sin_addr);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &reuse, sizeof reuse);
    int is_free = bind(fd, (struct sockaddr *)&at, sizeof at) == 0
               && (type != SOCK_STREAM || listen(fd, 1) == 0);
    close(fd);
    return is_free;
}

int aphd_port_free(const char *address, int port)
{
    return can_have(address, port, SOCK_STREAM);
}

int aphd_port_free_udp(const char *address, int port)
{
    return can_have(address, port, SOCK_DGRAM);
}

unsigned long aphd_port_line_inode(const char *line, int port, int *listening)
{
    unsigned local, state;
    unsigned long inode;
    if (sscanf(line, " %*d: %*[0-9A-Fa-f]:%x %*[0-9A-Fa-f]:%*x %x %*s %*s %*s %*s %*s %lu", &local,
               &state, &inode) != 3 || (int)local != port)
        return 0;
    *listening = state == TCP_STATE_LISTEN;
    return inode;
}

/* A listener first; an outgoing connection may hold the port as well. */
static unsigned long socket_inode(const char *table, int port)
{
    char line[512];
    unsigned long found = 0;
    FILE *stream = fopen(table, "re");
    if (stream == NULL)
        return 0;
    while (fgets(line, sizeof line, stream) != NULL) {
        int listening = 0;
        unsigned long inode = aphd_port_line_inode(line, port, &listening);
        if (inode != 0 && (found == 0 || listening))
            found = inode;
        if (inode != 0 && listening)
            break;
    }
    fclose(stream);
    return found;
}

static int process_has(int proc, const char *pid, const char *link)
{
    char path[300], target[64];
    snprintf(path, sizeof path, "%s/fd", pid);
    int fd = openat(proc, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *directory = fd >= 0 ? fdopendir(fd) : NULL;
    struct dirent *entry;
    int found = 0;
    if (directory == NULL)
        return 0;
    while (!found && (entry = readdir(directory)) != NULL) {
        ssize_t length = readlinkat(fd, entry->d_name, target, sizeof target - 1);
        target[length > 0 ? length : 0] = '\0';
        found = strcmp(target, link) == 0;
    }
    closedir(directory);
    return found;
}

static void name_process(pid_t pid, char owner[APHD_PORT_OWNER_MAX])
{
    char path[64], name[32] = "";
    snprintf(path, sizeof path, "/proc/%d/comm", (int)pid);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t length = fd >= 0 ? read(fd, name, sizeof name - 1) : 0;
    if (fd >= 0)
        close(fd);
    if (length > 0 && name[length - 1] == '\n')
        name[length - 1] = '\0';
    snprintf(owner, APHD_PORT_OWNER_MAX, "process %d (%s)", (int)pid, name);
}

pid_t aphd_port_holder(unsigned long inode)
{
    char link[64];
    pid_t pid = 0;
    struct dirent *entry;
    DIR *proc = inode != 0 ? opendir("/proc") : NULL;
    if (proc == NULL)
        return 0;
    snprintf(link, sizeof link, "socket:[%lu]", inode);
    while (pid == 0 && (entry = readdir(proc)) != NULL)
        if (isdigit((unsigned char)entry->d_name[0])
            && process_has(dirfd(proc), entry->d_name, link))
            pid = (pid_t)strtol(entry->d_name, NULL, 10);
    closedir(proc);
    return pid;
}

void aphd_port_owner(int port, char owner[APHD_PORT_OWNER_MAX])
{
    unsigned long inode = socket_inode("/proc/net/tcp", port);
    if (inode == 0)
        inode = socket_inode("/proc/net/tcp6", port);
    if (inode == 0)
        inode = socket_inode("/proc/net/udp", port);
    snprintf(owner, APHD_PORT_OWNER_MAX, "another process");
    pid_t pid = aphd_port_holder(inode);
    if (pid != 0)
        name_process(pid, owner);
}
