/* SPDX-License-Identifier: Apache-2.0 */
/* The app of the streaming tests: a static program that fits into an image of its own.
 *   /ws      upgrades to a WebSocket and sends every frame back
 *   /events  sends three server-sent events, one each time a request for /tick arrives
 *   others   answers with the request exactly as it came in */
#include <apr_base64.h>
#include <apr_sha1.h>
#include <arpa/inet.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t ticked = PTHREAD_COND_INITIALIZER;
static int ticks;

static void put(int fd, const char *text, size_t length)
{
    while (length > 0) {
        ssize_t sent = send(fd, text, length, MSG_NOSIGNAL);
        if (sent <= 0)
            return;
        text += sent;
        length -= (size_t)sent;
    }
}

static void puts_to(int fd, const char *text)
{
    put(fd, text, strlen(text));
}

static void websocket(int fd, const char *request)
{
    const char *key = strstr(request, "Sec-WebSocket-Key: ");
    if (key == NULL) {
        puts_to(fd, "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
        return;
    }
    key += strlen("Sec-WebSocket-Key: ");
    apr_sha1_ctx_t sha;
    unsigned char digest[APR_SHA1_DIGESTSIZE];
    char accept[64], answer[256];
    apr_sha1_init(&sha);
    apr_sha1_update(&sha, key, (unsigned)strcspn(key, "\r"));
    apr_sha1_update(&sha, "258EAFA5-E914-47DA-95CA-C5AB0DC85B11", 36);
    apr_sha1_final(digest, &sha);
    apr_base64_encode(accept, (const char *)digest, sizeof digest);
    snprintf(answer, sizeof answer,
             "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
             "Sec-WebSocket-Accept: %s\r\n\r\n", accept);
    puts_to(fd, answer);

    unsigned char frame[2 + 4 + 125];
    while (recv(fd, frame, 6, MSG_WAITALL) == 6) {
        size_t length = frame[1] & 0x7f;
        if (length > 125 || recv(fd, frame + 6, length, MSG_WAITALL) != (ssize_t)length)
            return;
        for (size_t i = 0; i < length; i++)
            frame[6 + i] ^= frame[2 + i % 4];
        unsigned char head[2] = {frame[0], (unsigned char)length};
        put(fd, (char *)head, 2);
        put(fd, (char *)frame + 6, length);
        if ((frame[0] & 0x0f) == 8)
            return;
    }
}

static void events(int fd)
{
    puts_to(fd, "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n");
    for (int sent = 0; sent < 3; sent++) {
        char event[32];
        pthread_mutex_lock(&lock);
        while (ticks <= sent)
            pthread_cond_wait(&ticked, &lock);
        pthread_mutex_unlock(&lock);
        snprintf(event, sizeof event, "data: %d\n\n", sent + 1);
        puts_to(fd, event);
    }
}

static void tick(int fd)
{
    pthread_mutex_lock(&lock);
    ticks++;
    pthread_cond_broadcast(&ticked);
    pthread_mutex_unlock(&lock);
    puts_to(fd, "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n");
}

static void echo(int fd, const char *request)
{
    char head[96];
    snprintf(head, sizeof head,
             "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Type: text/plain\r\nContent-Length: %zu\r\n\r\n",
             strlen(request));
    puts_to(fd, head);
    puts_to(fd, request);
}

static void *serve(void *argument)
{
    int fd = (int)(long)argument;
    char request[16384];
    size_t have = 0;
    request[0] = '\0';
    while (have < sizeof request - 1 && strstr(request, "\r\n\r\n") == NULL) {
        ssize_t got = recv(fd, request + have, sizeof request - 1 - have, 0);
        if (got <= 0)
            break;
        have += (size_t)got;
        request[have] = '\0';
    }
    if (strncmp(request, "GET /ws ", 8) == 0)
        websocket(fd, request);
    else if (strncmp(request, "GET /events ", 12) == 0)
        events(fd);
    else if (strncmp(request, "GET /tick ", 10) == 0)
        tick(fd);
    else
        echo(fd, request);
    close(fd);
    return NULL;
}

/* Process 1 of a container has no default action for SIGTERM. */
static void end(int number)
{
    (void)number;
    _exit(0);
}

int main(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(80)};
    int yes = 1, listener = socket(AF_INET, SOCK_STREAM, 0);
    signal(SIGTERM, end);
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (bind(listener, (struct sockaddr *)&address, sizeof address) != 0 || listen(listener, 64) != 0)
        return 1;
    for (;;) {
        pthread_t thread;
        int fd = accept(listener, NULL, NULL);
        if (fd >= 0 && pthread_create(&thread, NULL, serve, (void *)(long)fd) == 0)
            pthread_detach(thread);
    }
}
