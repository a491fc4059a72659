/* SPDX-License-Identifier: Apache-2.0 */
#include "helper/job/listener.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "helper/job/port_probe.h"

#define FOUND_MAX 16 /* sockets on one port: addresses, and several with SO_REUSEPORT */

/* Addresses are written as the machine stores them: words of four octets, little end first. */
static const struct {
    const char *address;
    int rank;
} ranks[] = {
    {"0100007F", 4},
    {"00000000", 3},
    {"0000000000000000FFFF00000100007F", 2},
    {"00000000000000000000000000000000", 1},
};

int aphd_listener_line(const char *line, int udp, int port, aphd_listener_t *listener)
{
    char address[33];
    unsigned local, state, uid;
    unsigned long inode;
    if (sscanf(line, " %*d: %32[0-9A-Fa-f]:%4X %*[0-9A-Fa-f]:%*4X %2X %*s %*s %*s %u %*s %lu",
               address, &local, &state, &uid, &inode) != 5
        || (int)local != port || state != (udp ? 0x07u : 0x0Au))
        return 0;
    *listener = (aphd_listener_t){.rank = 0, .uid = uid, .inode = inode};
    for (size_t i = 0; i < sizeof ranks / sizeof ranks[0]; i++)
        if (strcasecmp(address, ranks[i].address) == 0)
            listener->rank = ranks[i].rank;
    return 1;
}

/* --- what the engine says ------------------------------------------------------------------ */

static void add_address(const json_t *network, json_t *addresses)
{
    static const char *const members[] = {"IPAddress", "GlobalIPv6Address"};
    for (size_t i = 0; i < 2; i++) {
        json_t *address = json_object_get(network, members[i]);
        if (json_string_length(address) > 0)
            json_array_append(addresses, address);
    }
}

void aphd_listener_addresses(const json_t *container, json_t *addresses)
{
    const json_t *settings = json_object_get(container, "NetworkSettings");
    const char *name;
    json_t *network;
    add_address(settings, addresses);
    json_object_foreach(json_object_get(settings, "Networks"), name, network)
        add_address(network, addresses);
}

int aphd_listener_published(const json_t *container, int port)
{
    const json_t *ports = json_object_get(json_object_get(container, "NetworkSettings"), "Ports");
    const char *target;
    json_t *bindings, *binding;
    size_t i;
    json_object_foreach((json_t *)ports, target, bindings)
        json_array_foreach(bindings, i, binding) {
            const char *address = json_string_value(json_object_get(binding, "HostIp"));
            const char *published = json_string_value(json_object_get(binding, "HostPort"));
            if (address != NULL && published != NULL && strcmp(address, "127.0.0.1") == 0
                && atoi(published) == port && strstr(target, "/udp") == NULL)
                return 1;
        }
    return 0;
}

/* --- what the kernel says ------------------------------------------------------------------ */

static size_t collect(const char *table, const aphd_listener_ask_t *ask, aphd_listener_t *found,
                      size_t count)
{
    char line[512];
    FILE *stream = fopen(table, "re");
    if (stream == NULL)
        return count;
    while (count < FOUND_MAX && fgets(line, sizeof line, stream) != NULL)
        count += (size_t)aphd_listener_line(line, ask->udp, ask->port, &found[count]);
    fclose(stream);
    return count;
}

/* Of the web port only those count that a connection to 127.0.0.1 may reach. */
static size_t choose(const aphd_listener_ask_t *ask, aphd_listener_t *found, size_t count)
{
    int best = 1;
    size_t kept = 0;
    if (ask->everywhere)
        return count;
    for (size_t i = 0; i < count; i++)
        best = found[i].rank > best ? found[i].rank : best;
    for (size_t i = 0; i < count; i++)
        if (found[i].rank == best)
            found[kept++] = found[i];
    return kept;
}

static size_t read_process(pid_t pid, const char *file, char *out, size_t size)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, file);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t length = fd >= 0 ? read(fd, out, size - 1) : 0;
    if (fd >= 0)
        close(fd);
    out[length > 0 ? length : 0] = '\0';
    return length > 0 ? (size_t)length : 0;
}

static int is_engine(const char *name)
{
    static const char *const names[] = {"docker-proxy", "dockerd", "conmon", "podman",
                                        "rootlessport", "rootlesskit", "netavark"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strcmp(name, names[i]) == 0)
            return 1;
    return 0;
}

/* docker-proxy says in its arguments whom it serves. What says nothing may serve anybody. */
static int serves_app(pid_t pid, const json_t *addresses)
{
    char arguments[2048];
    size_t length = read_process(pid, "cmdline", arguments, sizeof arguments), i;
    const char *served = NULL;
    json_t *address;
    for (size_t at = 0; at < length; at += strlen(arguments + at) + 1)
        if (strcmp(arguments + at, "-container-ip") == 0)
            served = arguments + at + strlen("-container-ip") + 1;
    if (served == NULL || served >= arguments + length)
        return 1;
    json_array_foreach((json_t *)addresses, i, address)
        if (strcmp(json_string_value(address), served) == 0)
            return 1;
    return 0;
}

static apr_status_t taken(const aphd_listener_ask_t *ask, const char *owner, aph_error_t *err)
{
    return aph_error_set(err, APH_ETAKEN, 2260, "the app's port %s:%d%s is taken by %s; stop that, "
                         "or see with `ss -ltnup` what it is", ask->everywhere ? "0.0.0.0"
                                                                              : "127.0.0.1",
                         ask->port, ask->udp ? "/udp" : "", owner);
}

static apr_status_t judge(const aphd_listener_ask_t *ask, const aphd_listener_t *listener,
                          aph_error_t *err)
{
    char name[32] = "", owner[APHD_PORT_OWNER_MAX];
    pid_t pid = aphd_port_holder(listener->inode);
    read_process(pid, "comm", name, sizeof name);
    name[strcspn(name, "\n")] = '\0';
    if (pid != 0)
        snprintf(owner, sizeof owner, "process %d (%s)", (int)pid, name);
    else
        snprintf(owner, sizeof owner, "a process of user %u", (unsigned)listener->uid);
    if (listener->uid != 0 && listener->uid != ask->engine_uid)
        return taken(ask, owner, err);
    if (pid == 0) /* root's, and not to be seen from here: the engine's word stands */
        return APR_SUCCESS;
    if (!is_engine(name))
        return taken(ask, owner, err);
    if (!serves_app(pid, ask->addresses))
        return taken(ask, "another container", err);
    return APR_SUCCESS;
}

apr_status_t aphd_listener_check(const aphd_listener_ask_t *ask, aph_error_t *err)
{
    aphd_listener_t found[FOUND_MAX];
    size_t count = collect(ask->udp ? "/proc/net/udp" : "/proc/net/tcp", ask, found, 0);
    count = collect(ask->udp ? "/proc/net/udp6" : "/proc/net/tcp6", ask, found, count);
    count = choose(ask, found, count);
    apr_status_t status = APR_SUCCESS;
    for (size_t i = 0; i < count && status == APR_SUCCESS; i++)
        status = judge(ask, &found[i], err);
    /* The engine's own, but open to everybody: nobody may pass by httpd. */
    if (status == APR_SUCCESS && !ask->everywhere && count > 0
        && (found[0].rank == 3 || found[0].rank == 1))
        return aph_error_set(err, APH_EDENIED, 2262, "the engine opened the app's web port %d on "
                             "every address of this machine, and not on 127.0.0.1 alone; it was "
                             "stopped: look at the engine's settings", ask->port);
    return status;
}
