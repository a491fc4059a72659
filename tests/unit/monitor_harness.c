/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <cmocka.h>

#include "tests/unit/monitor_harness.h"

static void tick_cb(void *self)
{
    harness_t *harness = self;
    aphd_loop_timer(harness->loop, &harness->tick, 5, NULL);
}

void harness_open(harness_t *harness, const aphd_server_calls_t *calls)
{
    int fd = -1;
    aph_error_t err = APH_ERROR_INIT;
    memset(harness, 0, sizeof *harness);
    strcpy(harness->folder, "/tmp/aph-monitor-XXXXXX");
    assert_non_null(mkdtemp(harness->folder));
    snprintf(harness->socket_path, sizeof harness->socket_path, "%s/socket", harness->folder);
    assert_int_equal(aphd_loop_create(&harness->loop, 192, &err), APR_SUCCESS);
    assert_int_equal(aphd_server_bind(harness->socket_path, getgid(), &fd, &err), APR_SUCCESS);
    assert_int_equal(aphd_server_create(&harness->server, harness->loop, fd, calls, &err),
                     APR_SUCCESS);
    harness->tick.due_cb = tick_cb;
    harness->tick.self = harness;
    tick_cb(harness);
}

void remove_folder(const char *path)
{
    DIR *dir = opendir(path);
    struct dirent *entry;
    while (dir != NULL && (entry = readdir(dir)) != NULL) {
        char below[512];
        snprintf(below, sizeof below, "%s/%s", path, entry->d_name);
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        if (entry->d_type == DT_DIR)
            remove_folder(below);
        else
            unlink(below);
    }
    if (dir != NULL)
        closedir(dir);
    rmdir(path);
}

void harness_close(harness_t *harness)
{
    aphd_server_destroy(harness->server);
    aphd_loop_destroy(harness->loop);
    remove_folder(harness->folder);
}

void harness_turn(harness_t *harness, int milliseconds)
{
    int64_t until = aphd_loop_now() + milliseconds;
    do {
        assert_int_equal(aphd_loop_once(harness->loop, NULL), APR_SUCCESS);
        aphd_server_sweep(harness->server);
    } while (aphd_loop_now() < until);
}

void client_connect(client_t *client, harness_t *harness)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    memset(client, 0, sizeof *client);
    client->harness = harness;
    strcpy(address.sun_path, harness->socket_path);
    client->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(client->fd, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(fcntl(client->fd, F_SETFL, O_NONBLOCK), 0);
    aph_frame_reader_init(&client->reader, APH_JOB_FRAME_MAX);
}

void client_close(client_t *client)
{
    aph_frame_reader_clear(&client->reader);
    close(client->fd);
    client->fd = -1;
}

void client_send(client_t *client, const void *octets, size_t length)
{
    size_t sent = 0;
    while (sent < length) {
        ssize_t n = send(client->fd, (const char *)octets + sent, length - sent, MSG_NOSIGNAL);
        if (n > 0)
            sent += (size_t)n;
        else if (n < 0 && errno == EAGAIN)
            harness_turn(client->harness, 1);
        else
            return;
    }
}

void client_send_json(client_t *client, const char *json)
{
    uint32_t head = htonl((uint32_t)strlen(json));
    client_send(client, &head, sizeof head);
    client_send(client, json, strlen(json));
}

json_t *client_receive(client_t *client, int milliseconds)
{
    int64_t until = aphd_loop_now() + milliseconds;
    while (!client->closed) {
        json_t *frame = NULL;
        apr_status_t status = aph_frame_read(&client->reader, client->fd, &frame, NULL);
        if (status == APR_SUCCESS)
            return frame;
        if (status != APR_EAGAIN)
            client->closed = 1;
        else if (aphd_loop_now() >= until)
            return NULL;
        else
            harness_turn(client->harness, 0);
    }
    return NULL;
}

void client_expect_refusal(client_t *client, const char *code, int milliseconds)
{
    json_t *frame = client_receive(client, milliseconds);
    assert_non_null(frame);
    assert_string_equal(json_string_value(json_object_get(frame, "code")), code);
    assert_int_equal(strlen(json_string_value(json_object_get(frame, "tag"))), 7);
    json_decref(frame);
    assert_null(client_receive(client, milliseconds));
    assert_true(client->closed);
}
