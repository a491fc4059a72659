/* SPDX-License-Identifier: Apache-2.0 */
/* From a port to a process by /proc alone: /proc/net/tcp has the socket's inode, and the process
 * that holds it has a link to it among its descriptors. */
#include "helper/base/listeners.h"

#include <ctype.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define STATE_LISTEN 0x0A

/* Addresses are written as the machine stores them: words of four octets, little end first. */
static int reaches_loopback(const char *address)
{
    static const char *const those[] = {
        "0100007F",
        "00000000",
        "00000000000000000000000000000000",
        "0000000000000000FFFF00000100007F",
    };
    for (size_t i = 0; i < sizeof those / sizeof those[0]; i++)
        if (strcmp(address, those[i]) == 0)
            return 1;
    return 0;
}

/* The port of a line that is such a socket; 0 for all others. */
static int port_of_line(const char *line, unsigned long *inode)
{
    char address[33];
    unsigned local_port, state;
    if (sscanf(line, " %*d: %32[0-9A-Fa-f]:%4X %*[0-9A-Fa-f]:%*4X %2X %*s %*s %*s %*s %*s %lu",
               address, &local_port, &state, inode) != 4)
        return 0;
    return state == STATE_LISTEN && reaches_loopback(address) ? (int)local_port : 0;
}

int aphd_listener_line(const char *line, int port, unsigned long *inode)
{
    return port_of_line(line, inode) == port;
}

static int find_inode(const char *table, int port, unsigned long *inode)
{
    char line[512];
    int found = 0;
    FILE *file = fopen(table, "re");
    while (file != NULL && !found && fgets(line, sizeof line, file) != NULL)
        found = aphd_listener_line(line, port, inode);
    if (file != NULL)
        fclose(file);
    return found;
}

static int holds_socket(const char *pid, unsigned long inode)
{
    char folder[64], wanted[64], target[64];
    snprintf(folder, sizeof folder, "/proc/%.20s/fd", pid);
    snprintf(wanted, sizeof wanted, "socket:[%lu]", inode);
    DIR *fds = opendir(folder);
    struct dirent *entry;
    int holds = 0;
    while (fds != NULL && !holds && (entry = readdir(fds)) != NULL) {
        ssize_t length = readlinkat(dirfd(fds), entry->d_name, target, sizeof target - 1);
        if (length > 0) {
            target[length] = '\0';
            holds = strcmp(target, wanted) == 0;
        }
    }
    if (fds != NULL)
        closedir(fds);
    return holds;
}

static void read_program(aphd_listener_t *listener)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/comm", (int)listener->pid);
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return;
    if (fgets(listener->program, sizeof listener->program, file) != NULL)
        listener->program[strcspn(listener->program, "\n")] = '\0';
    fclose(file);
}

int aphd_listener_find(int port, aphd_listener_t *listener)
{
    *listener = (aphd_listener_t){.pid = 0};
    if (!find_inode("/proc/net/tcp", port, &listener->inode) &&
        !find_inode("/proc/net/tcp6", port, &listener->inode))
        return 0;
    DIR *processes = opendir("/proc");
    struct dirent *entry;
    while (processes != NULL && listener->pid == 0 && (entry = readdir(processes)) != NULL)
        if (isdigit((unsigned char)entry->d_name[0]) &&
            holds_socket(entry->d_name, listener->inode))
            listener->pid = (pid_t)strtol(entry->d_name, NULL, 10);
    if (processes != NULL)
        closedir(processes);
    if (listener->pid != 0)
        read_program(listener);
    return 1;
}

/* Adds the ports of one table; returns how many there are now. */
static int add_ports(const char *table, const char *pid, int *ports, int count, int room)
{
    char line[512];
    unsigned long inode;
    FILE *file = fopen(table, "re");
    while (file != NULL && count < room && fgets(line, sizeof line, file) != NULL) {
        int port = port_of_line(line, &inode), known = port == 0;
        for (int i = 0; i < count; i++)
            known |= ports[i] == port;
        if (!known && holds_socket(pid, inode))
            ports[count++] = port;
    }
    if (file != NULL)
        fclose(file);
    return count;
}

int aphd_listener_ports(pid_t pid, int *ports, int room)
{
    char digits[24];
    snprintf(digits, sizeof digits, "%d", (int)pid);
    int count = add_ports("/proc/net/tcp", digits, ports, 0, room);
    return add_ports("/proc/net/tcp6", digits, ports, count, room);
}
