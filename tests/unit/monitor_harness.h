/* SPDX-License-Identifier: Apache-2.0 */
/* A server in this process and clients that speak raw octets to it: the loop turns only while a client
 * waits, so a test decides what happens when. */
#ifndef MONITOR_HARNESS_H
#define MONITOR_HARNESS_H

#include "common/frame.h"
#include "helper/monitor/monitor.h"

typedef struct harness_t {
    char folder[64];
    char socket_path[96];
    aphd_loop_t *loop;
    aphd_server_t *server;
    aphd_timer_t tick; /* bounds every turn of the loop */
} harness_t;

typedef struct client_t {
    harness_t *harness;
    int fd;
    aph_frame_reader_t reader;
    int closed; /* the server hung up */
} client_t;

/* A folder, a loop and a listening socket in it. */
void harness_open(harness_t *harness, const aphd_server_calls_t *calls);
void harness_close(harness_t *harness);

/* Turns the loop for about that long. */
void harness_turn(harness_t *harness, int milliseconds);

void client_connect(client_t *client, harness_t *harness);
void client_close(client_t *client);

/* Sends what the socket takes; a server that hung up is no failure here. */
void client_send(client_t *client, const void *octets, size_t length);
void client_send_json(client_t *client, const char *json);

/* The next frame (new reference); NULL when the server hung up or nothing came in that time. */
json_t *client_receive(client_t *client, int milliseconds);

/* Waits for a frame with that code, then for the end of the connection. */
void client_expect_refusal(client_t *client, const char *code, int milliseconds);

/* Everything below path, and path. */
void remove_folder(const char *path);

#endif
