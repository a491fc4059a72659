/* SPDX-License-Identifier: Apache-2.0 */
/* ask_socket PATH: asks the engine behind a socket for its version, and prints what it says. Linked statically, it
 * is all an image needs to try what a container with the engine's socket can do. */
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    static const char request[] = "GET /version HTTP/1.0\r\n\r\n";
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    char octets[4096];
    ssize_t got;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (argc != 2 || strlen(argv[1]) >= sizeof address.sun_path)
        return 2;
    strncpy(address.sun_path, argv[1], sizeof address.sun_path - 1);
    if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address) != 0) {
        perror(argv[1]);
        return 1;
    }
    if (write(fd, request, sizeof request - 1) < 0)
        return 1;
    while ((got = read(fd, octets, sizeof octets)) > 0)
        fwrite(octets, 1, (size_t)got, stdout);
    return 0;
}
